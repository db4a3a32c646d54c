"""Files of every kind read as text or refused with a sentence; what the model is asked holds them whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attachments import check_attachments, names_of, question_with, read_attachment
from model.errors import BadInput
from model.events import Attachment
from model.settings import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_MESSAGE_CHARACTERS


def pdf_with(*pages: str) -> bytes:
    """A PDF of plain text pages, written by hand: nothing here can write one."""
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} "
        "/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> /MediaBox [0 0 300 300] >>",
    ]
    for at, text in enumerate(pages):
        drawn = f"BT /F 12 Tf 20 200 Td ({text}) Tj ET" if text else ""
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {4 + 2 * at} 0 R >>")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    out, places = b"%PDF-1.4\n", list[int]()
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param("naïve — ±".encode(), "naïve — ±", id="utf-8"),
        pytest.param("\ufeffone".encode(), "one", id="utf-8 with a mark"),
        pytest.param("two\n".encode("utf-16"), "two", id="utf-16"),
        pytest.param("café".encode("cp1252"), "café", id="Windows"),
        pytest.param(b"a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param(b"   indented", "   indented", id="leading spaces stay"),
    ],
)
def test_text_file_is_read_in_its_encoding(data: bytes, text: str) -> None:
    assert read_attachment("file.txt", data).text == text


def test_pdf_gives_the_text_of_its_pages_with_their_numbers() -> None:
    found = read_attachment("paper.pdf", pdf_with("First page here", "", "Third page here"))
    assert found.text == "[page 1]\nFirst page here\n\n[page 3]\nThird page here"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        pytest.param("scan.pdf", pdf_with(""), "scan.pdf holds no text", id="a picture"),
        pytest.param("x.pdf", b"no pdf at all", "cannot be read as a PDF", id="called a PDF"),
        pytest.param("x.pdf", b"%PDF-1.4\n" + b"\xff" * 200, "cannot be read as a PDF", id="broken PDF"),
        pytest.param("photo.png", b"\x89PNG\x00\x00", "photo.png is no text file", id="binary"),
        pytest.param("empty.txt", b" \n", "empty.txt holds no text", id="empty"),
        pytest.param("big.txt", b"x" * (MAX_ATTACHMENT_BYTES + 1), r"5\.0 MB and the limit is 5 MB", id="too large"),
    ],
)
def test_file_that_holds_no_text_is_refused_by_name(name: str, data: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read_attachment(name, data)


@pytest.mark.parametrize("name", ["../../etc/passwd.txt", "C:\\Users\\me\\passwd.txt", "/tmp/passwd.txt"])
def test_name_is_shown_without_its_folders(name: str) -> None:
    assert read_attachment(name, b"x").name == "passwd.txt"


@given(st.lists(st.text(st.sampled_from("`a\n "), max_size=40), max_size=4), st.text(max_size=20))
def test_no_file_closes_its_own_fence(texts: list[str], question: str) -> None:
    sent = question_with(question, [Attachment(f"{at}.txt", text) for at, text in enumerate(texts)])
    rest = sent
    for at, text in enumerate(texts):
        opened = re.match(rf"{at}\.txt:\n(`+)\n", rest)
        assert opened, rest
        fence, body = opened[1], rest[opened.end() :]
        closing = re.search(rf"^{fence}$", body, re.MULTILINE)
        assert closing and body[: closing.start()] == f"{text}\n"
        rest = body[closing.end() + 2 :]
    assert rest == question


def test_too_many_or_too_long_files_are_refused_with_the_figures() -> None:
    with pytest.raises(BadInput, match=f"limit is {MAX_ATTACHMENTS}"):
        check_attachments("", [Attachment("a.txt", "x")] * (MAX_ATTACHMENTS + 1))
    with pytest.raises(BadInput, match="characters and the limit is 400,000"):
        check_attachments("q", [Attachment("a.txt", "x" * MAX_MESSAGE_CHARACTERS)])
    check_attachments("q", [Attachment("a.txt", "x")] * MAX_ATTACHMENTS)


def test_files_are_named_with_their_length() -> None:
    assert names_of([Attachment("a.txt", "x" * 1200), Attachment("b.md", "y")]) == (
        "Attached: a.txt (1,200 characters), b.md (1 characters)"
    )
