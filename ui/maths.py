r"""A Markdown answer in, the same with maths marked so that the page's KaTeX finds it out: `$x$` becomes `\(x\)`.

Only outside code. A single `$` counts as maths by pandoc's rule (no space just inside, no digit after the closing
one), so that "$5 and $10" stays money; stars between digits are kept from being emphasis. While an answer is still
being written, what may yet become maths or code is held back for a while, so that the text shown only grows and no half
formula flickers.
"""

import re

# How much unfinished maths or code is held back while the answer grows; beyond that it is shown as it is.
HOLD_BACK_CHARACTERS = 600
# A lone dollar is more often money than the start of a long formula.
HOLD_BACK_DOLLAR_CHARACTERS = 120

_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[^\n]*")
_LINE_PREFIX = re.compile(r" {0,3}(?:(?:[-*+]|\d{1,9}[.)]|>)[ \t]+)*[ \t]*\Z")
# Stars between digits are times signs: Markdown would set what stands between two of them in italics.
_SPECIAL = re.compile(r"`+|~+|\\.?|\$+|(?<=\d)\*{1,2}(?=\d|\Z)", re.DOTALL)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")


class _Open(Exception):  # noqa: N818 - not an error: what begins here has no end yet
    """What begins at this place has no end yet, though more text may bring it."""


def for_display(text: str, *, is_final: bool = True) -> str:
    r"""The answer as the Markdown pane is to get it.

    Args:
        is_final: False while the answer grows: its end may be held back.

    >>> for_display("It is $x^2$, costs $5 and `$x$`.")
    'It is \\(x^2\\), costs $5 and `$x$`.'
    >>> for_display("34*78: 3*8=24")
    '34\\*78: 3\\*8=24'
    """
    pieces: list[str] = []
    at = 0
    while (found := _SPECIAL.search(text, at)) is not None:
        pieces.append(text[at : found.start()])
        try:
            piece, at = _piece(text, found, is_final)
        except _Open:
            limit = HOLD_BACK_DOLLAR_CHARACTERS if found.group() == "$" else HOLD_BACK_CHARACTERS
            if len(text) - found.start() <= limit:
                return "".join(pieces)
            piece, at = found.group(), found.end()
        pieces.append(piece)
    return "".join(pieces) + text[at:]


def _piece(text: str, found: re.Match[str], is_final: bool) -> tuple[str, int]:
    """What stands at `found` as it is to be shown, and where to read on."""
    mark, start = found.group(), found.start()
    if mark[0] in "`~" and len(mark) >= 3 and _begins_line(text, start):
        return _fenced(text, start, is_final)
    if mark[0] == "`":
        return _inline_code(text, found, is_final)
    if mark[0] == "~":
        if found.end() == len(text) and not is_final:
            raise _Open
        return mark, found.end()
    if mark[0] == "\\":
        return _escape(text, found, is_final)
    if mark[0] == "*":
        return _times(text, found, is_final)
    if len(mark) == 2:
        return _between(text, start, "$$", "$$", is_final)
    if len(mark) == 1:
        return _single_dollar(text, start, is_final)
    return mark, found.end()


def _times(text: str, found: re.Match[str], is_final: bool) -> tuple[str, int]:
    """One or two stars behind a digit: kept from being emphasis where a digit follows."""
    if found.end() == len(text):
        if not is_final:
            raise _Open
        return found.group(), found.end()
    return found.group().replace("*", "\\*"), found.end()


def _begins_line(text: str, start: int) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    return _LINE_PREFIX.match(text[line_start:start]) is not None


def _fenced(text: str, start: int, is_final: bool) -> tuple[str, int]:
    """A fenced block up to its closing fence, or to the end where it has none (as Markdown reads it)."""
    opening = _FENCE.match(text, start)
    assert opening is not None
    mark = opening.group("mark")
    if "`" in opening.group()[len(mark) :] and mark[0] == "`":
        return mark, start + len(mark)
    if opening.end() == len(text) and not is_final:
        raise _Open
    closing = re.compile(rf"\n[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*(?=\n|\Z)").search(text, opening.end())
    end = closing.end() if closing else len(text)
    return text[start:end], end


def _inline_code(text: str, found: re.Match[str], is_final: bool) -> tuple[str, int]:
    mark, paragraph_end = found.group(), _paragraph_end(text, found.end())
    for run in re.finditer("`+", text[found.end() : paragraph_end]):
        if len(run.group()) == len(mark):
            end = found.end() + run.end()
            if end == len(text) and not is_final:
                break
            return text[found.start() : end], end
    _check_closed(text, paragraph_end, is_final)
    return mark, found.end()


def _escape(text: str, found: re.Match[str], is_final: bool) -> tuple[str, int]:
    mark, start = found.group(), found.start()
    if mark == "\\" and not is_final:
        raise _Open
    if mark == "\\[":
        return _between(text, start, "\\[", "\\]", is_final)
    if mark == "\\(":
        return _between(text, start, "\\(", "\\)", is_final)
    return mark, found.end()


def _between(text: str, start: int, left: str, right: str, is_final: bool) -> tuple[str, int]:
    """Maths that is marked already: taken whole, so that nothing inside is read as something else."""
    paragraph_end = _paragraph_end(text, start)
    end = text.find(right, start + len(left), paragraph_end)
    if end >= 0:
        return text[start : end + len(right)], end + len(right)
    _check_closed(text, paragraph_end, is_final)
    return left, start + len(left)


def _single_dollar(text: str, start: int, is_final: bool) -> tuple[str, int]:
    paragraph_end = _paragraph_end(text, start)
    if start + 1 == len(text) and not is_final:
        raise _Open
    if text[start + 1 : start + 2].isspace() or start + 1 == paragraph_end:
        return "$", start + 1
    # Code binds tighter than a dollar: a formula never reaches over a backtick.
    code = text.find("`", start, paragraph_end)
    end = code if code >= 0 else paragraph_end
    at = start + 1
    while (at := text.find("$", at, end)) >= 0:
        if at + 1 == len(text) and not is_final:
            raise _Open
        before, after = text[at - 1], text[at + 1 : at + 2]
        is_single = before != "$" and after != "$"
        if is_single and before != "\\" and not before.isspace() and not after.isdigit():
            return f"\\({text[start + 1 : at]}\\)", at + 1
        at += 1
    if code < 0:
        _check_closed(text, paragraph_end, is_final)
    return "$", start + 1


def _paragraph_end(text: str, at: int) -> int:
    end = _PARAGRAPH_END.search(text, at)
    return end.start() if end else len(text)


def _check_closed(text: str, paragraph_end: int, is_final: bool) -> None:
    """Raises _Open where the paragraph still grows, so that the end may come yet."""
    if paragraph_end == len(text) and not is_final:
        raise _Open
