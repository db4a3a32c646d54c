"""A model's answer in, the pieces of it that may be code out: what stands in fences, in tags, in boxes."""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_OPEN = re.compile(r"(?P<indent>[ \t]*(?:(?:[-*+>]|\d+[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})(?P<language>[^`\n]*)")
# An inline closing fence is what some models write at the end of the last line of code.
_INLINE_CLOSE = re.compile(r"(?P<code>.*\S)[ \t]*(?:```|~~~)[ \t]*")
_WRAPPERS = re.compile(
    r"<(?P<tag>code|pre|python|solution|answer|program)\b[^>\n]*>(?P<marked>.*?)(?:</(?P=tag)>|\Z)"
    r"|\[PYTHON\](?P<bracketed>.*?)(?:\[/PYTHON\]|\Z)"
    r"|\\begin\{(?P<name>verbatim|lstlisting|minted|python)\}(?:\[[^\]\n]*\])?(?:\{python\})?(?P<latex>.*?)(?:\\end\{(?P=name)\}|\Z)",
    re.DOTALL | re.IGNORECASE,
)
# Beyond these nobody has marked a program so.
_MAX_DEPTH = 2
_MAX_WRAPPERS = 50
_MAX_CHARACTERS = 400_000
_PYTHON = ("python", "py", "python2", "python3", "py3", "python-3", "ipython", "ipython3", "cpython", "sage", "gradio")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an answer that may be code.

    Args:
        language: As the fence names it, in lower case; empty if it names none.
        is_closed: Whether its end was there: an answer that was cut off has none.
    """

    source: str
    language: str = ""
    is_closed: bool = True

    @property
    def may_be_python(self) -> bool:
        """Whether its fence says so, or says nothing."""
        return not self.language or self.language in _PYTHON


def without_thinking(answer: str) -> str:
    """What stands behind the thinking, should there be any; nothing of a thinking that was not closed.

    >>> without_thinking("<think>x = 1</think>y"), without_thinking("y<think>x")
    ('y', 'y')
    """
    behind = answer.rpartition("</think>")[2]
    return behind.partition("<think>")[0]


def blocks_of(answer: str) -> list[Block]:
    r"""The pieces in fences, in their order; those in tags, boxes and the like if there is no fence.

    >>> [block.source for block in blocks_of("```python\nx = 1\n```\nprints\n~~~\n1\n~~~")]
    ['x = 1\n', '1\n']
    """
    return list(_fenced(answer.split("\n"))) or list(_wrapped(answer))


def _fenced(lines: list[str]) -> Iterator[Block]:
    held: list[str] = []
    fence = indent = language = ""
    for line in lines:
        found = _OPEN.fullmatch(line)
        if not fence:
            if found:
                fence, indent, language = found["fence"], found["indent"], _language(found["language"])
            continue
        closing = _INLINE_CLOSE.fullmatch(line)
        if found and found["fence"][0] == fence[0] and len(found["fence"]) >= len(fence):
            yield _block(held, indent, language)
            held, fence = [], ""
            if found["language"].strip():  # the block before it was never closed
                fence, indent, language = found["fence"], found["indent"], _language(found["language"])
        elif closing and fence in ("```", "~~~") and closing["code"].count("```") == 0:
            yield _block([*held, closing["code"]], indent, language)
            held, fence = [], ""
        else:
            held.append(line)
    if fence and any(map(str.strip, held)):
        yield _block(held, indent, language, is_closed=False)


def _language(info: str) -> str:
    r"""The first word, without what some put around it: `{.python}`, `python:main.py`."""
    word = re.match(r"[\s{.:]*([\w+#-]*)", info)
    return word[1].lower() if word else ""


def _block(lines: list[str], indent: str, language: str, is_closed: bool = True) -> Block:
    """With the indentation of its fence taken off."""
    depth = len(indent)
    if depth and all(not line[:depth].strip() for line in lines):
        lines = [line[depth:] for line in lines]
    return Block(_cleaned("\n".join(lines)), language, is_closed)


def _wrapped(answer: str, depth: int = 0) -> Iterator[Block]:
    """What stands in tags and the like, the innermost; in the last box if there are none."""
    if depth > _MAX_DEPTH or len(answer) > _MAX_CHARACTERS:
        return
    found_any = False
    for _, found in zip(range(_MAX_WRAPPERS), _WRAPPERS.finditer(answer), strict=False):
        found_any = True
        held = next(text for text in found.group("marked", "bracketed", "latex") if text is not None)
        inner = list(_wrapped(held, depth + 1))
        if inner:
            yield from inner
            continue
        if found["marked"] is not None and re.search(r"&(?:lt|gt|amp|quot|#\d+);", held):
            held = html.unescape(held)
        if held.strip():
            yield Block(_cleaned(textwrap.dedent(held.strip("\n"))))
    if not found_any and not depth:
        yield from _boxed(answer)


def _boxed(answer: str) -> Iterator[Block]:
    """What the last box holds, up to the brace that closes it or the last one there is."""
    begin = answer.rfind("\\boxed{")
    end = answer.rfind("}")
    if 0 <= begin < end:
        held = answer[begin + len("\\boxed{") : end].strip()
        held = re.sub(r"^\\text(?:tt)?\{(.*)\}$", r"\1", held, flags=re.DOTALL)
        if held:
            yield Block(_cleaned(held))


def _cleaned(source: str) -> str:
    """With one kind of space and one newline at the end."""
    source = source.replace("\u00a0", " ").replace("\u200b", "").replace("\ufeff", "").strip("\n")
    return source.rstrip() + "\n" if source.strip() else ""
