"""The run's files in, the tools `list_files`, `read_file` and `write_file` out: its own folder, and no other."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import tool_from_function
from agent.web.children import ask_child
from agent.web.failures import WebFailed
from agent.web.patience import Patience
from agent.web.reading import READ_SECONDS
from model.attachments import read_attachment
from model.errors import AppError, BadInput

# What one call shows of a file.
MAX_READ_CHARACTERS = 8_000
# Room for what is said of the lines that are left out.
_NOTE = 120
_P = ParamSpec("_P")


def file_tools() -> tuple[Tool, ...]:
    """The three of them."""
    return tuple(tool_from_function(function) for function in (list_files, read_file, write_file))


def says_errors(function: Callable[_P, ToolOutput]) -> Callable[_P, ToolOutput]:
    """What a call did wrong goes back to the model as a sentence."""

    @wraps(function)
    def called(*args: _P.args, **named: _P.kwargs) -> ToolOutput:
        try:
            return function(*args, **named)
        except AppError as error:
            return ToolOutput(str(error), is_error=True)

    return called


@says_errors
def list_files(context: ToolContext) -> ToolOutput:
    """List the files of this conversation: those that the user has uploaded and those that you have written."""
    files = context.scratch.files()
    if not files:
        return ToolOutput("There are no files yet.")
    return ToolOutput("\n".join(f"{file.name} ({file.n_bytes:,} bytes)" for file in files))


@says_errors
def read_file(name: str, context: ToolContext, first_line: int = 1) -> ToolOutput:
    """Read a file of this conversation as text: text, CSV, JSON, code or PDF.

    Args:
        name: The name of the file, for example: table.csv
        first_line: The line to begin at, for what did not fit into one result.
    """
    if first_line < 1:
        raise BadInput(f"first_line is {first_line}; lines are counted from 1.")
    held = context.scratch.read(name)
    if not held.strip():
        return ToolOutput(f"The file {name} is empty.")
    lines = _text_of(name, held, context).split("\n")
    if first_line > len(lines):
        raise BadInput(f"{name} has {len(lines):,} lines, so there is no line {first_line:,}.")
    shown, n_lines = _that_fit(lines[first_line - 1 :], min(MAX_READ_CHARACTERS, context.most_characters - _NOTE))
    last = first_line - 1 + n_lines
    if last < len(lines) or first_line > 1:
        rest = f" Go on with first_line={last + 1}." if last < len(lines) else ""
        shown += f"\n[lines {first_line:,} to {last:,} of {len(lines):,}.{rest}]"
    return ToolOutput(shown)


@says_errors
def write_file(name: str, text: str, context: ToolContext) -> ToolOutput:
    """Write a text into a file of this conversation, which the user can download. A file of that name is replaced.

    Args:
        name: The name of the file, for example: notes.txt
        text: All that the file is to hold.
    """
    is_new = name not in context.scratch.names()
    try:
        held = text.encode()
    except UnicodeEncodeError as error:
        raise BadInput("The text holds half a character, which no file can hold. Leave it out.") from error
    context.scratch.write(name, held)
    return ToolOutput(f"{name} {'written' if is_new else 'replaced'}: {len(held):,} bytes.", files=(name,))


def _text_of(name: str, held: bytes, context: ToolContext) -> str:
    """A file's text; a PDF is taken apart in a process that can be killed.

    Raises:
        BadInput: If it holds none.
    """
    if not held.startswith(b"%PDF"):
        return read_attachment(name, held).text
    asked = {"kind": "pdf", "charset": "", "url": name, "with_links": False, "seconds": READ_SECONDS / 2}
    try:
        patience = Patience(context.seconds or READ_SECONDS, context.stop)
        told = ask_child("read", asked, held, patience, READ_SECONDS)
    except WebFailed as failure:
        raise BadInput(f"{name}: {str(failure).replace('The page ', 'The file ')}") from failure
    return f"{told['text']}\n{told['note']}".strip()


def _that_fit(lines: list[str], room: int) -> tuple[str, int]:
    """The first lines that fit into one result, and how many they are; of a line that is too long, what fits."""
    total = 0
    for number, line in enumerate(lines):
        total += len(line) + 1
        if total > room + 1:
            if number:
                return "\n".join(lines[:number]), number
            left_out = len(line) - room
            return f"{line[:room]}\n[{left_out:,} characters of this line left out]", 1
    return "\n".join(lines), len(lines)
