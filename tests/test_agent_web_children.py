"""The process that takes pages apart: what it gives back, and what becomes of one that is attacked or hangs."""

import json
import subprocess
import sys
import threading
import zlib

import psutil
import pytest

from agent.web import child, children
from agent.web.children import ask_child
from agent.web.failures import Stopped, WebFailed
from agent.web.patience import Patience
from tests.pdf_files import pdf_of


def read(content: bytes, kind: str = "html", seconds: float = 60, patience: Patience | None = None):
    asked = {"kind": kind, "charset": "", "url": "https://example.com/", "with_links": False, "seconds": seconds}
    return ask_child("read", asked, content, patience or Patience(120), seconds)


def children_of_this_process() -> set[int]:
    return {one.pid for one in psutil.Process().children(recursive=True)}


def test_a_child_gives_back_the_text_of_a_page():
    before = children_of_this_process()
    told = read("<title>T</title><p>Grüße, 漢字 und 😀".encode())
    assert (told["text"], told["is_locked"]) == ("Grüße, 漢字 und 😀", sys.platform == "linux")
    assert children_of_this_process() == before


ARTICLE = f"""<title>On tests</title><nav><a href="/">Menu</a></nav><article><h1>On tests</h1>
<p>{"This sentence is here so that the page has something to say. " * 6}</p></article><footer>Cookies</footer>"""


# Made to break the libraries: nested, long, endless, and after files.
HOSTILE = {
    "nested": "<div>" * 60_000 + "something to say" + "</div>" * 60_000,
    "attribute": "<p title='" + "x" * 1_000_000 + "'>something to say",
    "json": "<script type='application/ld+json'>" + "[" * 100_000 + "</script><p>something to say",
    "entities": "<!DOCTYPE html [<!ENTITY a 'aaa'><!ENTITY b '&a;&a;&a;'>]><p>something to say &b;",
    "file": '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>something to say &x;',
}
SHAPES = {
    "article": ARTICLE,
    "dated": ARTICLE.replace(
        "<h1>", "<meta property='article:published_time' content='2024-05-06'><time>6 May 2024</time><h1>"
    ),
    "links": ARTICLE.replace("<p>", "<p><a href='https://www.bbc.co.uk/a?b=c'>one</a> <a href='/b'>two</a> ")
    + "<a href='//x.co.jp'>x</a>" * 50,
    "short": "<title>On tests</title><p>something to say",
    "list": "<title>On tests</title><ul>" + "<li><a href=/x>something to say</a></li>" * 40 + "</ul>",
    "table": "<title>On tests</title><table>" + "<tr><td>something to say<td>2</tr>" * 30 + "</table>",
    "json": '<title>On tests</title><script type=\'application/ld+json\'>{"@type": "Article", "articleBody": "something to say"}</script><p>something to say',
    "frames": "<title>On tests</title><iframe src=http://127.0.0.1/></iframe><img src=http://127.0.0.1/><p>something to say",
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the lock")
def test_a_child_finds_the_main_text_behind_its_lock_whatever_the_page_is_like():
    """Each shape makes the libraries load other things; one that cannot be loaded leaves a note."""
    program = """
import json, sys
from dataclasses import asdict
from agent.web.child import limit_itself
from agent.web.locking import load_all, lock
from agent.web.page_text import text_of
limit_itself()
shapes = json.load(sys.stdin)
load_all("html")
told = {"is_locked": lock()}
for name, html in shapes.items():
    told[name] = asdict(text_of("html", html, "https://example.com/", True, 60))
print(json.dumps(told))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=children.ROOT,
        input=json.dumps(SHAPES | HOSTILE),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ended.stdout)
    assert told.pop("is_locked") and set(told) == {*SHAPES, *HOSTILE}
    for name, page in told.items():
        assert name in HOSTILE or (name, page["title"], page["note"]) == (name, "On tests", "")
        assert "something to say" in page["text"] and not any(word in page["text"] for word in ("Cookies", "root:")), (
            name
        )


def test_a_child_reads_a_pdf_behind_its_lock():
    assert (
        read(pdf_of(["First words", "Last words"]), kind="pdf")["text"]
        == "[page 1]\nFirst words\n\n[page 2]\nLast words"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the lock")
def test_lock_leaves_a_process_without_files_network_and_other_processes():
    program = """
import os, socket
from agent.web.locking import lock
print("locked", lock())
for attempt in (lambda: open("README.md"), lambda: socket.socket(), lambda: os.listdir("."), os.fork, lambda: os.kill(1, 0)):
    try:
        attempt()
        print("allowed")
    except OSError:
        print("refused")
"""
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=children.ROOT, capture_output=True, text=True, check=False
    )
    assert told.stdout.split("\n")[:-1] == ["locked True", *["refused"] * 5]


def test_a_child_is_killed_when_its_time_is_over():
    before = children_of_this_process()
    with pytest.raises(WebFailed, match=r"Taking the page apart took longer than 0 s\."):
        read(b"<p>words", seconds=0.05)
    assert children_of_this_process() == before


def test_a_child_is_killed_when_the_run_is_stopped():
    before, stop = children_of_this_process(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        read(b"<p " + b" ".join(b"a%d=1" % n for n in range(200_000)), patience=Patience(3600, stop))
    assert children_of_this_process() == before


def test_a_child_is_killed_when_it_has_grown_too_large(monkeypatch):
    monkeypatch.setattr(children, "MEMORY_BYTES", 1 << 20)
    with pytest.raises(WebFailed, match="takes more than 1 MiB"):
        read(b"<p>words")


def test_a_child_holds_its_own_memory_down_when_a_pdf_is_a_bomb():
    packed = zlib.compress(zlib.compress(b"0" * 100_000_000, 1), 1)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(packed) + packed + b"\nendstream",
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, start=1))
    with pytest.raises(WebFailed, match="holds no text|damaged|memory"):
        read(body + b"trailer << /Root 1 0 R >>\n%%EOF", kind="pdf")


def test_a_child_knows_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    process = children._start("read")
    environment = psutil.Process(process.pid).environ()
    process.kill()
    process.communicate()
    assert not {"HF_TOKEN", "HTTPS_PROXY", "HOME"} & set(environment)


@pytest.mark.parametrize("line", [b"", b"no JSON", b"[1]", b'"text"'])
def test_a_child_that_says_nothing_sensible_is_a_sentence(line, monkeypatch):
    monkeypatch.setattr(
        children, "_receive", lambda process, answer, done: (answer.extend(line), process.stdout.close(), done.set())
    )
    with pytest.raises(WebFailed, match="taking it apart failed"):
        read(b"<p>words")


def test_a_child_that_does_not_stop_talking_is_not_listened_to(monkeypatch):
    monkeypatch.setattr(children, "_MAX_ANSWER_BYTES", 100)
    with pytest.raises(WebFailed, match="taking it apart failed"):
        read(b"x" * 100_000, kind="text")


def test_answered_tells_of_an_error_in_a_sentence():
    told = child.answered("read", {"kind": "pdf"}, b"")  # charset is missing
    assert told == {"error": "The page could not be read (TypeError)."}


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows hold no process down by themselves")
def test_limit_itself_leaves_a_process_without_much_memory():
    program = "from agent.web.child import limit_itself\nlimit_itself()\nbytearray(2 << 30)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=children.ROOT, capture_output=True, check=False)
    assert b"MemoryError" in ended.stderr


def test_a_child_without_the_lock_is_told_of_once_in_the_log(monkeypatch, caplog):
    children._say_that_there_is_no_lock.cache_clear()
    monkeypatch.setattr(children, "_asked", lambda *_: {"text": "words", "is_locked": False})
    for _ in range(2):
        assert read(b"<p>words")["text"] == "words"
    assert [record.getMessage() for record in caplog.records] == [
        "Pages of the web and PDF files are taken apart in a process of their own, without the sandbox's lock."
    ]
    children._say_that_there_is_no_lock.cache_clear()
