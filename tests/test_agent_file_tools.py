"""The tools for files: what each kind reads as, what is said of the rest of a long one, and what cannot be reached."""

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from agent.file_tools import MAX_READ_CHARACTERS, file_tools
from agent.scratch import MAX_SCRATCH_BYTES, Scratch
from agent.toolbox import ToolContext, ToolOutput

TOOLS = {tool.name: tool for tool in file_tools()}


class Files:
    """Calls of the tools in one run."""

    def __init__(self, folder: Path) -> None:
        self.scratch = Scratch(folder)

    def call(self, tool: str, *, room: int = 16_000, **arguments: Any) -> ToolOutput:
        return TOOLS[tool].call(ToolContext("run", self.scratch, threading.Event(), 60.0, room), arguments)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "scratch")


def pdf_with(text: str) -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(300, 200)
    if text:
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        named = DictionaryObject({NameObject(name): NameObject(value) for name, value in font.items()})
        fonts = DictionaryObject({NameObject("/F1"): named})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "held", "text"),
    [
        ("notes.txt", b"one\r\ntwo", "one\ntwo"),
        ("table.csv", b"\xef\xbb\xbfa,b\n1,2\n", "a,b\n1,2"),
        ("wide.csv", "a,ü".encode("utf-16"), "a,ü"),
        ("old.txt", "über".encode("latin1"), "über"),
        ("data.json", b'{"a": [1, 2]}', '{"a": [1, 2]}'),
        ("paper.pdf", pdf_with("The sum is 12"), "[page 1]\nThe sum is 12"),
        ("empty.txt", b"", "The file empty.txt is empty."),
    ],
)
def test_read_file_gives_a_file_as_text(files: Files, name: str, held: bytes, text: str) -> None:
    files.scratch.write(name, held)
    output = files.call("read_file", name=name)
    assert output.text == text and not output.is_error


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("picture.png", b"\x89PNG\x00", "no text file"),
        ("broken.pdf", b"%PDF-1.4 nothing", "broken.pdf: The PDF file is damaged"),
        ("scan.pdf", pdf_with(""), "its pages are pictures"),
    ],
)
def test_read_file_says_why_a_file_cannot_be_read(files: Files, name: str, held: bytes, said: str) -> None:
    files.scratch.write(name, held)
    output = files.call("read_file", name=name)
    assert output.is_error and said in output.text


def test_read_file_goes_on_where_it_says(files: Files) -> None:
    lines = [f"line {number}" for number in range(1, 3001)]
    files.scratch.write("long.txt", "\n".join(lines).encode())
    seen: list[str] = []
    while len(seen) < len(lines):
        text = files.call("read_file", name="long.txt", first_line=len(seen) + 1).text
        *shown, note = text.split("\n")
        assert note.startswith(f"[lines {len(seen) + 1:,} to ") and len(text) < MAX_READ_CHARACTERS + 150
        assert ("Go on with" in note) == (len(seen) + len(shown) < len(lines))
        seen += shown
    assert seen == lines


def test_read_file_keeps_to_the_room_of_a_small_context(files: Files) -> None:
    files.scratch.write("wide.txt", b"y" * 20_000)
    text = files.call("read_file", name="wide.txt", room=1_000).text
    assert len(text) < 1_000 and "characters of this line left out" in text


@pytest.mark.parametrize("first_line", [0, -1, 3])
def test_read_file_says_which_lines_there_are(files: Files, first_line: int) -> None:
    files.scratch.write("a.txt", b"one\ntwo")
    output = files.call("read_file", name="a.txt", first_line=first_line)
    assert output.is_error and ("counted from 1" in output.text or "has 2 lines" in output.text)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "a/../../secret", "secret\0"])
def test_file_tools_reach_nothing_outside(files: Files, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    for output in (files.call("read_file", name=name), files.call("write_file", name=name, text="x")):
        assert output.is_error and "no name for a file here" in output.text
    assert (tmp_path / "secret").read_text() == "secret"


def test_read_file_says_which_files_there_are(files: Files) -> None:
    assert "There are no files yet." in files.call("read_file", name="a.txt").text
    files.scratch.write("b.txt", b"x")
    assert files.call("read_file", name="a.txt").text == "There is no file 'a.txt'. There are: b.txt."


def test_write_file_says_what_it_did_and_list_files_lists_it(files: Files) -> None:
    assert files.call("list_files").text == "There are no files yet."
    output = files.call("write_file", name="a.txt", text="one")
    assert (output.text, output.files) == ("a.txt written: 3 bytes.", ("a.txt",))
    assert files.call("write_file", name="a.txt", text="zwölf").text == "a.txt replaced: 6 bytes."
    assert files.call("list_files").text == "a.txt (6 bytes)"


def test_write_file_writes_nothing_of_what_is_too_much(files: Files) -> None:
    output = files.call("write_file", name="a.txt", text="x" * (MAX_SCRATCH_BYTES + 1))
    assert output.is_error and "the limit is 16,777,216" in output.text and files.scratch.names() == ()
    assert files.call("write_file", name="a.txt", text="\ud800").is_error
