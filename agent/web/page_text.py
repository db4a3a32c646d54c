"""A page in, its title and main text out. Runs in the process that may be killed, whatever a page does."""

import contextlib
import io
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.web.plain_html import texts_of

# A page longer than that is read to here; its reader goes on in pieces.
MAX_CHARACTERS = 1_000_000
# A main text shorter than that may have missed what the page is about: all of its text is taken instead.
_SHORT_CHARACTERS = 250
# Where less than this share of what a page calls its main part was found, that part is taken as it is.
_LEAST_SHARE = 0.6
_MAX_TITLE_CHARACTERS = 300
_CODE_OR_ESCAPE = re.compile(r"(```.*?```|`[^`\n]*`)|\\([!-/:-@\[-`{-~])", re.DOTALL)
_TOO_SLOW = "The PDF file takes too long to be read."
_EVERYTHING = "This is all of its text, menus included, since its main text could not be found."


@dataclass(frozen=True, slots=True)
class PageText:
    """What there is to read.

    Args:
        note: What the reader should know of it, in words of ours; empty if it is all.
    """

    title: str
    text: str
    note: str = ""


def text_of(kind: str, content: str | bytes, url: str, with_links: bool, seconds: float) -> PageText:
    """Title and text of a page.

    Args:
        kind: "html", "text" or "pdf".
        content: The bytes of a PDF file, else a text.
        seconds: After so many, no further page of a PDF file is begun, and the main text of a page not looked for any
            longer: all of its text is taken.

    Raises:
        ValueError: If it cannot be read; the message is a sentence.
    """
    if isinstance(content, bytes):
        return _pdf_text(content, time.monotonic() + seconds)
    if kind == "html":
        return _html_text(content, url, with_links, seconds)
    return _capped("", content.replace("\r\n", "\n"))


def _capped(title: str, text: str, note: str = "") -> PageText:
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS]
        note = f"{note} Only the first {MAX_CHARACTERS:,} characters of its text are there.".strip()
    return PageText(" ".join(title.split())[:_MAX_TITLE_CHARACTERS], text.strip(), note)


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """A `TimeoutError` inside when the time is up, where the system can do that."""
    if not hasattr(signal, "setitimer"):  # Windows: the parent kills the process, and there is no text.
        yield
        return

    def interrupt(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _html_text(html: str, url: str, with_links: bool, seconds: float) -> PageText:
    title, found, everything, own = "", "", "", ""
    # A page may leave these tags out; the library takes it for no page then.
    if "html" not in html[:50].lower():
        html = "<!DOCTYPE html>\n" + html
    # Whatever a page does to one of the two ways to its text, there is the other.
    with contextlib.suppress(Exception), _interrupted_after(seconds):
        import trafilatura

        title = _title_of(trafilatura.load_html(html))
        found = trafilatura.extract(
            html, url=url, output_format="markdown", include_comments=False, include_links=with_links
        )
    with contextlib.suppress(Exception), _interrupted_after(seconds):
        everything, own = texts_of(html)
    if not found and not everything:
        raise ValueError("There is no text on the page, or none that could be found in time.")
    return _capped(title, *_best_of(_unescaped(found or ""), everything, own))


def _best_of(found: str, everything: str, own: str) -> tuple[str, str]:
    """The text to take, and a note on it.

    Args:
        found: The main text that was found by its looks.
        own: What the page itself calls its main part.
    """
    if len(found.split()) < len(own.split()) * _LEAST_SHARE:
        return own, ""
    if not found:
        return everything, _EVERYTHING
    if len(found) < _SHORT_CHARACTERS and len(everything) > 2 * len(found):
        return everything, ""
    return found, ""


def _title_of(tree: Any) -> str:
    """The title of a parsed page, as it gives itself one. Not the library's: that one looks for dates as well."""
    if tree is None:
        return ""
    named = tree.xpath("string(//meta[@property='og:title']/@content)")
    return str(named or tree.xpath("string(//head/title)") or tree.xpath("string(//title)"))


def _unescaped(markdown: str) -> str:
    r"""Markdown whose signs stand as they are meant: a model that copies a name copies the backslash in it too.

    >>> _unescaped(r"snake\_case of `a\_b`")
    'snake_case of `a\\_b`'
    """
    return _CODE_OR_ESCAPE.sub(lambda found: found[1] or found[2], markdown)


def _pdf_text(content: bytes, deadline: float) -> PageText:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    pages: list[str] = []
    note = ""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("The PDF file is locked with a password.")
        title = str((reader.metadata and reader.metadata.title) or "")
        n_characters = 0
        for number, page in enumerate(reader.pages, start=1):
            if time.monotonic() > deadline or n_characters > MAX_CHARACTERS:
                note = f"Of its {len(reader.pages)} pages, the first {number - 1} were read."
                break
            text = page.extract_text().strip()
            n_characters += len(text)
            pages.append(f"[page {number}]\n{text}" if text else "")
    except (PyPdfError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        if not pages:
            raise ValueError("The PDF file is damaged, and cannot be read.") from error
        note = f"Behind page {len(pages)} the file is damaged."
    text = "\n\n".join(filter(None, pages))
    if not text:
        raise ValueError(_TOO_SLOW if note else "The PDF file holds no text; its pages are pictures.")
    return _capped(title, text, note)
