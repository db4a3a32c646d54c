"""Files of a user in, the text that a question carries along out: read, capped, set before the question.

A file becomes text once, when it is attached: the run keeps the text, so that it can be asked, exported and read again
without the file. PDF text comes from `pypdf`; a page that is only a picture has none.
"""

import io
import re
from collections.abc import Sequence
from pathlib import PurePath

from model.errors import BadInput
from model.events import Attachment
from model.settings import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_MESSAGE_CHARACTERS

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MOST_NAME_CHARACTERS = 120


def read_attachment(name: str, data: bytes) -> Attachment:
    r"""A file as text.

    Raises:
        BadInput: If it is larger than 5 MB, holds no text, is no PDF although it is called one, or is locked.

    >>> read_attachment("a/b/notes.md", b"\xef\xbb\xbfTwo\r\nlines")
    Attachment(name='notes.md', text='Two\nlines')
    """
    shown = PurePath(name.replace("\\", "/")).name[-_MOST_NAME_CHARACTERS:] or "file"
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise BadInput(
            f"{shown} has {len(data) / 1e6:.1f} MB and the limit is {MAX_ATTACHMENT_BYTES / 1e6:.0f} MB. "
            "Attach a part of it."
        )
    text = (
        _pdf_text(shown, data) if data.startswith(b"%PDF") or shown.lower().endswith(".pdf") else _decoded(shown, data)
    )
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not text.strip():
        raise BadInput(f"{shown} holds no text. A scanned page is a picture: copy its text out first.")
    return Attachment(shown, text)


def _decoded(name: str, data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\x00" in data:
        raise BadInput(f"{name} is no text file. Attach text, Markdown, CSV, code or a PDF.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _pdf_text(name: str, data: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadInput(f"{name} is locked with a password. Unlock it, then attach it again.")
        pages = [page.extract_text() for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, RecursionError, OverflowError) as error:
        raise BadInput(
            f"{name} cannot be read as a PDF ({type(error).__name__}). Copy its text out instead."
        ) from error
    return "\n\n".join(f"[page {number}]\n{text.strip()}" for number, text in enumerate(pages, start=1) if text.strip())


def check_attachments(question: str, attachments: Sequence[Attachment]) -> None:
    """Refuse what the question cannot carry.

    Raises:
        BadInput: If there are more than 8, or they and the question are over 400,000 characters together.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise BadInput(f"{len(attachments)} files are attached and the limit is {MAX_ATTACHMENTS}. Remove some.")
    characters = len(question_with(question, attachments))
    if characters > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The question and its files have {characters:,} characters and the limit is {MAX_MESSAGE_CHARACTERS:,}. "
            "Remove a file, or attach a part of it."
        )


def question_with(question: str, attachments: Sequence[Attachment]) -> str:
    """What the model is asked: each file in a fence that its own text cannot close, then the question.

    >>> print(question_with("Sum it up.", [Attachment("a.csv", "1,2")]))
    a.csv:
    ```
    1,2
    ```
    <BLANKLINE>
    Sum it up.
    """
    parts: list[str] = []
    for attachment in attachments:
        ticks = max((len(run) for run in re.findall(r"`{3,}", attachment.text)), default=2)
        fence = "`" * (ticks + 1)
        parts.append(f"{attachment.name}:\n{fence}\n{attachment.text}\n{fence}\n\n")
    return "".join(parts) + question


def names_of(attachments: Sequence[Attachment]) -> str:
    """The files as one line, empty without any.

    >>> names_of([Attachment("a.csv", "1,2")])
    'Attached: a.csv (3 characters)'
    """
    if not attachments:
        return ""
    return "Attached: " + ", ".join(f"{one.name} ({len(one.text):,} characters)" for one in attachments)
