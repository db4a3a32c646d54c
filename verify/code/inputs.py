r"""Inputs with the outputs that belong to them, as data sets and people write them, in; pairs of texts out.

Read are JSON lists of `{"stdin", "stdout"}`, `{"input", "output"}` or `[input, output]`, objects `{"inputs": [...],
"outputs": [...]}`, and plain text, where each pair is headed:

    input:
    2 3
    output:
    5

Other heads are understood too (`Sample Input 1`, `stdin`, `expected output`, with or without `#`, `**`, a colon or a
number), what is short may stand behind the colon, the content may stand in a fence, and `2 3 -> 5` is a pair in a line.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from model.errors import BadInput

Pair = tuple[str, str]

_INPUT_KEYS = ("stdin", "input", "in")
_OUTPUT_KEYS = ("stdout", "output", "expected_output", "expected", "out", "answer")
_HEAD = re.compile(
    r"[ \t]*(?:[#>*_-]+[ \t]*)?(?:(?:sample|example|test|case)s?[ \t]+)*"
    r"(?P<kind>(?:standard[ \t]+)?input|stdin|(?:(?:expected|standard)[ \t]+)?output|stdout|expected)"
    r"(?:[ \t]*(?:\#|no\.?)?[ \t]*\d+)?[ \t]*[*_]*[ \t]*(?P<colon>[:：]?)[*_]*[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
_ARROW = re.compile(r"(?P<input>.*\S)\s*(?:->|=>|→|⇒)\s*(?P<output>\S.*|)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_BETWEEN = re.compile(
    r"\s*(?:-{3,}|={3,}|\*{3,}|#+[^\n]*|(?:sample|example|test|case)s?[ \t]*\d*[ \t]*:?)?\s*", re.IGNORECASE
)


def pairs_of_json(told: Any) -> list[Pair]:
    """Pairs from what stood in JSON.

    Raises:
        BadInput: If it is something else.

    >>> pairs_of_json([{"input": "1 2", "output": "3"}, ["4 5", 9]])
    [('1 2', '3'), ('4 5', '9')]
    """
    if isinstance(told, dict) and isinstance(told.get("inputs"), list) and isinstance(told.get("outputs"), list):
        if len(told["inputs"]) != len(told["outputs"]):
            raise BadInput(f"There are {len(told['inputs'])} inputs and {len(told['outputs'])} outputs.")
        told = [list(pair) for pair in zip(told["inputs"], told["outputs"], strict=True)]
    rows = told if isinstance(told, list) else [told]
    return [_pair(number, row) for number, row in enumerate(rows, 1)]


def _pair(number: int, row: Any) -> Pair:
    match row:
        case [given, wanted]:
            return _text(number, given), _text(number, wanted)
        case dict():
            given = next((row[key] for key in _INPUT_KEYS if key in row), "")
            wanted = next((row[key] for key in _OUTPUT_KEYS if key in row), None)
            if wanted is not None:
                return _text(number, given), _text(number, wanted)
    raise BadInput(f'Test {number} is no input with its output, as in {{"stdin": "2 3", "stdout": "5"}}: {row!r:.200}')


def _text(number: int, value: Any) -> str:
    """A text; lists of lines and numbers are written as one."""
    match value:
        case str():
            return value
        case bool() | None:
            raise BadInput(f"Test {number}: an input or an output is text, not {value!r}.")
        case int() | float():
            return str(value)
        case list() if all(isinstance(line, str | int | float) for line in value):
            return "\n".join(map(str, value))
    raise BadInput(f"Test {number}: an input or an output is text, not {value!r:.100}.")


def pairs_of_text(text: str) -> list[Pair]:
    r"""Pairs from plain text, empty if there are none.

    Raises:
        BadInput: If an input has no output.

    >>> pairs_of_text("Input 1:\n2 3\n\nOutput 1:\n5\n\ninput: 1 1\noutput: 2")
    [('2 3\n', '5\n'), ('1 1\n', '2\n')]
    >>> pairs_of_text("2 3 -> 5\n1 1 -> 2")
    [('2 3\n', '5\n'), ('1 1\n', '2\n')]
    """
    blocks = list(_blocks(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")))
    return _paired(blocks) if blocks else list(_arrows(text))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Whether it is an input, and what stands under its head."""
    is_input, held, is_fenced = None, [], False
    for line in lines:
        head = None if is_fenced else _head(line)
        if head is None:
            is_fenced ^= bool(_FENCE.match(line))
            held.append(line)
            continue
        if is_input is not None:
            yield is_input, _content(held)
        is_input, held = head[0], [head[1]] if head[1] else []
    if is_input is not None:
        yield is_input, _content(held)


def _head(line: str) -> tuple[bool, str] | None:
    found = _HEAD.fullmatch(line)
    if not found or (found["rest"] and not found["colon"]):
        return None
    return found["kind"].lower().endswith(("input", "stdin")), found["rest"]


def _content(lines: list[str]) -> str:
    """Without empty lines around it, what separates pairs, and a fence."""
    while lines and _BETWEEN.fullmatch(lines[-1]):
        lines = lines[:-1]
    while lines and not lines[0].strip():
        lines = lines[1:]
    if len(lines) >= 2 and _FENCE.match(lines[0]):
        closing = next((at for at, line in enumerate(lines[1:], 1) if _FENCE.match(line)), len(lines))
        lines = lines[1:closing]
    return "\n".join(lines) + "\n" if lines else ""


def _paired(blocks: Sequence[tuple[bool, str]]) -> list[Pair]:
    pairs: list[Pair] = []
    given: str | None = None
    for is_input, content in blocks:
        if is_input and given is not None:
            raise BadInput(f"Input {len(pairs) + 1} has no output: {given[:80]!r}")
        if is_input:
            given = content
            continue
        # Programs that read nothing have outputs alone.
        pairs.append((given or "", content))
        given = None
    if given is not None:
        raise BadInput(f"Input {len(pairs) + 1} has no output: {given[:80]!r}")
    return pairs


def _arrows(text: str) -> Iterator[Pair]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [_ARROW.fullmatch(line) for line in lines]
    if lines and all(found):
        yield from ((_spaced(pair["input"]), _spaced(pair["output"])) for pair in found if pair)


def _spaced(text: str) -> str:
    r"""A line's text; `\n` in it is a new line."""
    return text.strip().strip("`").replace("\\n", "\n") + "\n"
