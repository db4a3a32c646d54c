"""The steps of a run in, the parts of a Markdown or HTML document that show its thinking, calls and results out."""

import re
from collections.abc import Sequence

from model.export_tested import escaped, fenced
from model.steps import Called, Step

# A picture is shown only as what it should be: an export can be made of a run from elsewhere.
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_FENCED = re.compile(r"^(```+|~~~+)[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
NO_RESULT = "The run was stopped before this call came back."


def markdown_of_steps(steps: Sequence[Step], with_thinking: bool) -> list[str]:
    """Headings, quotes and blocks; a run of one step without calls has no headings of steps."""
    if _is_plain(steps):
        return ["## Thinking", quoted(steps[0].thinking)] if with_thinking and steps[0].thinking else []
    parts: list[str] = []
    for number, step in enumerate(steps, 1):
        shown = [quoted(step.thinking)] if with_thinking and step.thinking.strip() else []
        if not step.is_answer:
            shown += [step.answer.strip()] if step.answer.strip() else []
            shown += [part for called in step.calls for part in _markdown_call(called)]
        parts += [f"## Step {number}", *shown] if shown else []
    return parts


def _markdown_call(called: Called) -> list[str]:
    result = called.result
    parts = [f"### {_heading(called)}", fenced(called.call.arguments, "json")]
    parts.append(fenced(result.text) if result is not None else f"*{NO_RESULT}*")
    parts += [f"![Picture {n}](data:image/png;base64,{data})" for n, data in enumerate(_pictures(called), 1)]
    return (
        [*parts, f"Files: {', '.join(map(_one_line, result.files))}"] if result is not None and result.files else parts
    )


def html_of_steps(steps: Sequence[Step], with_thinking: bool) -> list[str]:
    """The same as HTML."""
    if _is_plain(steps):
        return _html_thinking(steps[0].thinking) if with_thinking else []
    parts: list[str] = []
    for number, step in enumerate(steps, 1):
        shown = _html_thinking(step.thinking) if with_thinking else []
        if not step.is_answer:
            shown += [html_text(step.answer)] if step.answer.strip() else []
            shown += [part for called in step.calls for part in _html_call(called)]
        parts += [f"<h2>Step {number}</h2>", *shown] if shown else []
    return parts


def _html_thinking(thinking: str) -> list[str]:
    if not thinking.strip():
        return []
    return [f"<details><summary>Thinking</summary>{html_text(thinking)}</details>"]


def _html_call(called: Called) -> list[str]:
    result = called.result
    came_back = f"<pre>{escaped(result.text)}</pre>" if result is not None else f"<p><em>{NO_RESULT}</em></p>"
    parts = [f"<h3>{escaped(_heading(called))}</h3>", f"<pre>{escaped(called.call.arguments)}</pre>", came_back]
    parts += [
        f'<img src="data:image/png;base64,{data}" alt="Picture {n}">' for n, data in enumerate(_pictures(called), 1)
    ]
    if result is not None and result.files:
        parts.append(f'<p class="facts">{escaped("Files: " + ", ".join(result.files))}</p>')
    return parts


def html_text(text: str) -> str:
    """Text as it stands, with fenced code in a box of its own."""
    parts = []
    at = 0
    for block in _FENCED.finditer(text):
        parts += [_paragraph(text[at : block.start()]), f"<pre>{escaped(block.group(2))}</pre>"]
        at = block.end()
    return "".join([*parts, _paragraph(text[at:])])


def _paragraph(text: str) -> str:
    # dir="auto" also keeps what a right-to-left override does inside this box.
    return f'<div class="text" dir="auto">{escaped(text.strip())}</div>' if text.strip() else ""


def _heading(called: Called) -> str:
    """The tool's name and what became of the call.

    >>> from model.tool_events import ToolCall, ToolResult
    >>> _heading(Called(ToolCall("1", "add", "{}"), ToolResult("1", "4", seconds=0.24), "allowed"))
    'Call: add (allowed by the user, ok, 0.2 s)'
    """
    words = [{"allowed": "allowed by the user", "asked": "the user was asked"}.get(called.approval or "", "")]
    if called.result is not None:
        words += [called.result.outcome, f"{called.result.seconds:.1f} s" if called.result.seconds >= 0.05 else ""]
    said = ", ".join(filter(None, words))
    return f"Call: {_one_line(called.call.name)}" + (f" ({said})" if said else "")


def _pictures(called: Called) -> list[str]:
    images = called.result.images if called.result is not None else ()
    return ["".join(image.split()) for image in images if _BASE64.fullmatch(image)]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_plain(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and not steps[0].calls


def quoted(text: str) -> str:
    """A text as a quote, so that headings in it are no headings of the document."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))
