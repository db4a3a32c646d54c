"""A text with examples (`>>> f(1)` and the answer) in, the calls that they are about out, where these are plain.

Where all examples are calls, or expressions, of plain values, they are run as such, and the program cannot lie. Else
(`>>> s = Stack()`) Python's own doctest runs them in the program's process.
"""

import ast
import doctest
import re
from collections.abc import Iterator, Sequence

from model.errors import BadInput
from verify.code.parsing import parsed
from verify.sandbox.asserts import written_call
from verify.sandbox.cases import Call
from verify.sandbox.constants import value_of

_QUOTES = re.compile(r"^[ \t]*(?:\"\"\"|''')[ \t]*$", re.MULTILINE)
_OWN_IMPORT = re.compile(r"(?:from\s+\w+\s+import\s+[\w, ]+|import\s+\w+)\s*")


def examples_of(text: str) -> list[doctest.Example]:
    """The examples of a text, or of the docstrings of a source.

    Raises:
        BadInput: If there is none, or one is badly indented.
    """
    tree = parsed(text) or parsed(text.rstrip() + "\n    pass\n")
    texts = list(_docstrings(tree)) if tree else []
    texts = [held for held in texts if ">>>" in held] or [_QUOTES.sub("", text)]
    try:
        examples = [example for held in texts for example in doctest.DocTestParser().get_examples(held)]
    except ValueError as error:
        raise BadInput(f"These examples cannot be read: {error}") from error
    if not examples:
        raise BadInput("There is no example (`>>> f(1)` and the value in the next line) in these tests.")
    return examples


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield ast.get_docstring(node) or ""


def calls_of(examples: Sequence[doctest.Example]) -> list[Call] | None:
    """A call for each example; None if one is something else."""
    calls = [_call(example) for example in examples if not _OWN_IMPORT.fullmatch(example.source)]
    whole = [call for call in calls if call]
    return whole if whole and len(whole) == len(calls) else None


def _call(example: doctest.Example) -> Call | None:
    try:
        expression = ast.parse(example.source.strip(), mode="eval").body
        if not isinstance(expression, ast.Call) or example.options:
            return None
        if example.exc_msg is not None:
            return Call(*written_call(expression), raises=example.exc_msg.split(":")[0].strip().split(".")[-1])
        return Call(*written_call(expression), _wanted(example), comparison="written")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _wanted(example: doctest.Example) -> object:
    """What Python should answer: nothing is what it says of None.

    Raises:
        SyntaxError: If it is no value that is written out.
        ValueError: The same.
    """
    want = example.want.strip()
    return value_of(ast.parse(want, mode="eval").body) if want else None


def asserts_of(examples: Sequence[doctest.Example]) -> str | None:
    """The same as asserts, where each example is an expression with its value; None if one is something else."""
    lines = []
    for example in examples:
        if _OWN_IMPORT.fullmatch(example.source):
            continue
        try:
            expression = ast.parse(example.source.strip(), mode="eval").body
            wanted = _wanted(example)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        if example.options or example.exc_msg is not None:
            return None
        if isinstance(expression, ast.Compare) and not example.want.strip():
            # Many write `>>> f(1) == 2` for what should be true.
            lines.append(f"assert {ast.unparse(expression)}")
        else:
            lines.append(f"assert repr({ast.unparse(expression)}) == {repr(wanted)!r}")
    return "\n".join(lines) or None
