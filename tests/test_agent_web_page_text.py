"""A page to its title and text, and bytes to a page, in the process of the tests."""

import pytest

from agent.web import page_text
from agent.web.charsets import decoded
from agent.web.page_text import MAX_CHARACTERS, text_of
from agent.web.plain_html import texts_of
from tests.pdf_files import pdf_of

SENTENCE = "This sentence is here so that the page has something to say, and says it at some length. "
ARTICLE = f"""<!DOCTYPE html><html><head><title>On tests | The Site</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<article><h1>On tests</h1><p>{SENTENCE * 4}</p><p>See <a href="/more">what comes next</a>. {SENTENCE}</p>
<table><tr><th>name</th><th>age</th></tr><tr><td>Ann</td><td>41</td></tr></table></article>
<script>var hidden = "a script";</script><footer>All rights reserved. Cookie settings.</footer></body></html>"""


def html_text(html: str, with_links: bool = False):
    return text_of("html", html, "https://example.com/a", with_links, 60)


def test_text_of_takes_the_main_text_of_an_article_with_its_table_and_not_what_stands_around_it():
    page = html_text(ARTICLE)
    assert page.title == "On tests | The Site"
    assert SENTENCE.strip() in page.text and "| Ann | 41 |" in page.text
    assert not any(word in page.text for word in ("About us", "Cookie settings", "a script", "/more"))


def test_text_of_gives_whole_addresses_of_links_when_they_are_wanted():
    assert "[what comes next](https://example.com/more)" in html_text(ARTICLE, with_links=True).text


def test_text_of_takes_everything_when_a_page_has_no_article():
    page = html_text("<title>Price</title><body><div>Price: <b>42</b> EUR</div><div><a href=/b>Next</a></div>")
    assert page.text.split() == ["Price:", "42", "EUR", "Next"] and page.title == "Price"


def test_text_of_writes_names_and_code_as_they_are():
    code = "<pre><code>def f_x(a):\n    return re.sub(r'\\[a\\]', '_', a)</code></pre>"
    page = html_text(f"<article><p>Use snake_case and &lt;tags&gt; [so]. {SENTENCE * 4}</p>{code}</article>")
    assert page.text.startswith("Use snake_case and <tags> [so].")
    assert "```\ndef f_x(a):\n    return re.sub(r'\\[a\\]', '_', a)\n```" in page.text


def test_text_of_reads_tags_that_never_close():
    assert "inside" in html_text("<p>" * 3000 + "inside").text


def test_text_of_takes_everything_when_the_main_text_takes_too_long_to_find(monkeypatch):
    import trafilatura

    def never(*_: object, **__: object) -> str:
        while True:
            pass

    monkeypatch.setattr(trafilatura, "extract", never)
    page = text_of("html", "<nav>Menu</nav><script>x()</script><p>The   words", "https://example.com/", False, 0.2)
    assert page.text == "Menu\n\nThe words"
    assert "menus included" in page.note


@pytest.mark.parametrize("text", ['{"a": [1, 2]}', "a,b\n1,2", "# Title\n\n<b>not a tag</b>"])
def test_text_of_leaves_plain_text_as_it_is(text):
    assert text_of("text", text, "https://example.com/", False, 60).text == text


def test_text_of_cuts_a_text_without_end_and_says_so():
    page = text_of("text", "x" * (MAX_CHARACTERS + 5), "https://example.com/", False, 60)
    assert (len(page.text), page.note) == (
        MAX_CHARACTERS,
        "Only the first 1,000,000 characters of its text are there.",
    )


# Character sets.


@pytest.mark.parametrize(
    ("text", "encoding", "charset"),
    [
        ("Grüße", "utf-8", ""),
        ("Grüße", "utf-8-sig", "iso-8859-1"),
        ("Grüße", "utf-16", ""),
        ("“quoted” – Grüße", "cp1252", "ISO-8859-1"),
        ("Привет, мир", "koi8-r", "koi8-r"),
        ("漢字かな", "shift_jis", "Shift_JIS"),
        ("汉字", "gb18030", "GB2312"),
        ("한글", "cp949", "euc-kr"),
        ("Grüße", "utf-8", "no-such-charset"),
        ("Grüße", "utf-8", "base64"),
        ("+ADw-script+AD4-", "ascii", "utf-7"),
    ],
)
def test_decoded_reads_what_was_written(text, encoding, charset):
    assert decoded(text.encode(encoding), charset) == text


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="windows-1251">',
        "<META http-equiv=Content-Type content='text/html; charset=windows-1251'>",
        '<?xml version="1.0" encoding="windows-1251"?>',
    ],
)
def test_decoded_believes_a_page_that_names_its_charset(head):
    html = head + "Привет"
    assert decoded(html.encode("cp1251"), is_html=True) == html


def test_decoded_leaves_out_half_a_character_at_the_end():
    assert decoded("Grüß".encode()[:-1]) == "Grü"


def test_decoded_guesses_when_nobody_says():
    text = "Дорогие друзья, сегодня мы расскажем о том, как читать страницы без указания кодировки. " * 5
    assert decoded(text.encode("cp1251")) == text


def test_decoded_never_fails():
    assert decoded(bytes(range(256)) * 3)
    assert decoded(b"") == ""


# PDF.


def pdf_text(content: bytes, seconds: float = 60):
    return text_of("pdf", content, "https://example.com/a.pdf", False, seconds)


def test_text_of_a_pdf_is_the_text_of_its_pages():
    page = pdf_text(pdf_of(["First words", "", "Last words"]))
    assert (page.title, page.text) == ("A paper", "[page 1]\nFirst words\n\n[page 3]\nLast words")


def test_text_of_a_pdf_says_how_many_pages_were_read_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(page_text, "MAX_CHARACTERS", 25)
    page = pdf_text(pdf_of(["First words", "Second words", "Third words", "Last words"]))
    assert page.text == "[page 1]\nFirst words\n\n[pa"
    assert page.note.startswith("Of its 4 pages, the first 3 were read. Only the first 25 characters")


def test_text_of_a_pdf_fails_with_a_sentence_when_time_is_over_before_its_first_page():
    with pytest.raises(ValueError, match="too long"):
        pdf_text(pdf_of(["First words"]), seconds=-1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf_of([""]), "its pages are pictures"),
        (pdf_of(["words"], password="secret"), "locked with a password"),
        (b"%PDF-1.7 and then nothing", "damaged"),
        (pdf_of(["words"])[:300], "damaged"),
    ],
    ids=["pictures", "locked", "nothing", "cut"],
)
def test_text_of_a_pdf_that_cannot_be_read_is_a_sentence(content, words):
    with pytest.raises(ValueError, match=words):
        pdf_text(content)


def test_text_of_takes_what_a_page_calls_its_main_part_when_most_of_it_would_be_left_out(monkeypatch):
    import trafilatura

    monkeypatch.setattr(trafilatura, "extract", lambda *_, **__: "Only a few words.")
    page = html_text(
        f"<html><nav>Menu</nav><main><h1>On tests</h1><p>{SENTENCE}</p></main><footer>Cookies</footer></html>"
    )
    assert (page.text, page.note) == (f"# On tests\n\n{SENTENCE.strip()}", "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        ("a <b>bold</b> word<br>and another", "a bold word\nand another"),
        ("<pre>def f():\n    return 1</pre>after", "def f():\n    return 1\n\nafter"),
        ("<head><title>T<body>words", "words"),
        ("<script>x < y</script><style>z</style>words", "words"),
        ("<p>1 &lt; 2 &amp; &#x41;</p>", "1 < 2 & A"),
    ],
)
def test_texts_of_sets_blocks_apart_and_keeps_lines_whole(html, text):
    assert texts_of(html)[0] == text


@pytest.mark.parametrize(
    ("html", "own"),
    [
        ("<main>a</main><main>b</main>", "a"),
        ("<article>a</article>", "a"),
        ("<article>a</article><article>b</article>", ""),
    ],
)
def test_texts_of_finds_the_part_that_a_page_calls_its_own(html, own):
    assert texts_of(html)[1] == own
