"""A check program with its output, and an answer, in; what that says of the answer out: `Evidence`, never a verdict.

The program was written for the statement by a run that never saw a solution. It can be wrong in the same way as the
answer, and one that only prints what its author had in mind is no evidence at all.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from model.code_events import ProgramStatus
from model.events import Evidence, Strength
from verify.code.blocks import blocks_of
from verify.code.extraction import extract_program
from verify.code.parsing import parsed
from verify.program_worth import program_worth
from verify.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=10.0, memory_mib=512, wall_seconds=20.0, output_bytes=65_536)
INSTRUCTION = (
    "\n\nWrite a Python program that finds the answer to this problem by brute force, enumeration or numeric "
    "integration. Use the standard library alone, read no input, and print only the answer. Do not work the answer out "
    "yourself. Give the program in one ```python block."
)
LIMITS_IN_WORDS = f"{LIMITS.cpu_seconds:g} s of processor time and {LIMITS.memory_mib} MiB"

_MAX_SHOWN_CHARACTERS = 4_000
_MAX_PROGRAM_CHARACTERS = 20_000
_MAX_ANSWER_CHARACTERS = 60_000
_MAX_LINE_CHARACTERS = 300
_MAX_CONSTANTS = 120
# Fewer digits than these agree by chance.
_LEAST_DIGITS = 3
_FRACTION = re.compile(r"Fraction\((-?\d+), (\d+)\)")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?")
_DECIMAL = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?|-?\d+[eE][-+]?\d+")
_STOPPED: dict[str, str] = {
    "timeout": f"It was ended, for it took longer than {LIMITS.cpu_seconds:g} s.",
    "memory": f"It was ended, for it took more than {LIMITS.memory_mib} MiB.",
    "output-limit": "It was ended, for it printed too much.",
    "crashed": "It crashed.",
    "early-exit": "It ended its own process.",
}

# Whether the second answer says the same as the first.
IsSame = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Ran:
    """A check program that was run, or the reason why there is none.

    Args:
        source: Empty if none was found in what the run wrote.
        status: How it ended.
        message: What stopped it, in words.
    """

    source: str
    status: ProgramStatus
    stdout: str = ""
    message: str = ""

    @property
    def answer(self) -> str:
        """The last line that it printed, as mathematics; empty unless it came to its end."""
        return printed_answer(self.stdout) if self.status == "ok" else ""


def program_in(answer: str) -> str:
    r"""The program of an answer that prints something, with the pieces before it if it needs several; empty if none.

    >>> program_in("So:\n```python\nprint(1)\n```\nIt prints 1.")
    'print(1)'
    """
    end = answer[-_MAX_ANSWER_CHARACTERS:]
    found = extract_program(end).source.strip("\n")
    if not _prints(found):
        # A function in one piece, and what prints its value in another.
        pieces = [block.source for block in blocks_of(end) if block.may_be_python and block.is_closed]
        joined = "\n".join(pieces).strip("\n")
        found = joined if _prints(joined) else found
    return found if len(found) <= _MAX_PROGRAM_CHARACTERS and not _is_no_program(found) else ""


def _prints(source: str) -> bool:
    tree = parsed(source)
    return tree is not None and any(
        isinstance(node, ast.Name) and node.id == "print" or isinstance(node, ast.Attribute) and node.attr == "write"
        for node in ast.walk(tree)
    )


def _is_no_program(source: str) -> bool:
    """Whether a piece is an output and no program: values alone."""
    tree = parsed(source)
    return tree is not None and all(isinstance(part, ast.Expr) and not _calls(part) for part in tree.body)


def _calls(part: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(part))


def printed_answer(stdout: str) -> str:
    r"""The last line of an output, Python's spelling of values turned into that of mathematics.

    >>> printed_answer("trying\n[1, 2]\n\n"), printed_answer("3.0"), printed_answer("Fraction(3, 4)")
    ('\\{1, 2\\}', '3', '3/4')
    """
    lines = [line.strip() for line in stdout.splitlines() if line.strip()]
    line = _FRACTION.sub(r"\1/\2", lines[-1][:_MAX_LINE_CHARACTERS]) if lines else ""
    try:
        value = ast.literal_eval(line)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return line
    return "" if value is None else _as_mathematics(value, line)


def _as_mathematics(value: object, line: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 10**15:
            return str(int(value))
        case list() | set() | frozenset():
            inner = line[1:-1].strip() if line[:1] in "[{" else ""
            return rf"\{{{inner}\}}" if inner else "no solution"
        case str():
            return value
    return line


def evidence_of(ran: Ran, answer: str, is_same: IsSame, run_id: str = "") -> Evidence:
    """What a check program says of an answer.

    >>> evidence_of(Ran("print(sum([1, 3]))", "ok", "4"), "4", str.__eq__).strength
    'fair'
    >>> evidence_of(Ran("print(4)", "ok", "4"), "4", str.__eq__).strength
    'none'
    """

    def told(strength: Strength, words: str, *, is_for: bool = True) -> Evidence:
        shown = ran.source[:_MAX_SHOWN_CHARACTERS], ran.stdout[-_MAX_SHOWN_CHARACTERS:]
        return Evidence("program", strength, words, is_for, *shown, run_id)

    if not ran.source:
        return told("none", ran.message or "The model wrote no program.")
    if ran.status == "refused":
        return told("none", f"The program was not run. {ran.message}")
    if ran.status != "ok":
        return told("none", f"The program shows nothing. {_STOPPED.get(ran.status) or f'It failed: {ran.message}'}")
    printed = ran.answer
    if not printed:
        return told("none", "The program shows nothing. It printed no answer.")
    worth = program_worth(ran.source)
    if not worth.works_out:
        return told("none", f"The program only prints {printed}, without working anything out.")
    how = _agreement(answer, printed, is_same)
    if not how:
        return told(
            "fair", f"A program for the problem alone printed {printed}: one of the two is wrong.", is_for=False
        )
    if how == "roughly":
        return told(
            "none", f"The program printed {printed}, which rounds to the same; with so few digits by chance, maybe."
        )
    if how == "rounded":
        return told("weak", f"A program for the problem alone printed {printed}, which rounds to the same.")
    if any(is_same(answer, constant) for constant in worth.constants[:_MAX_CONSTANTS]):
        return told(
            "weak", f"A program for the problem alone printed {printed}, but that stands in the program itself."
        )
    return told("fair", f"A program for the problem alone printed {printed} too. It can be wrong in the same way.")


def _agreement(answer: str, printed: str, is_same: IsSame) -> str:
    if is_same(answer, printed) or is_same(printed, answer):
        return "same"
    short = _shortened(printed)
    if short and is_same(answer, short):
        return "rounded"
    return next((how for pair in ((answer, printed), (printed, answer)) if (how := _rounded(*pair))), "")


def _shortened(printed: str) -> str:
    """A decimal to six digits, as far as an approximation can be trusted; empty if it is none, or a large one."""
    value = float(printed) if _DECIMAL.fullmatch(printed) else 0.0
    return f"{value:.6g}" if 1e-4 < abs(value) < 1e6 else ""


def _rounded(short: str, long: str) -> str:
    """Whether a number is a decimal to fewer digits: `rounded`, or `roughly` where that may be by chance.

    >>> _rounded("3.14", "3.14159"), _rounded("3.1", "3.14159"), _rounded("3.15", "3.14159")
    ('rounded', 'roughly', '')
    """
    if not _NUMBER.fullmatch(short) or not _DECIMAL.fullmatch(long):
        return ""
    try:
        one, other = Decimal(short), Decimal(long)
        if abs(other.quantize(one) - one) > 0:
            return ""
    except InvalidOperation:
        return ""
    return "rounded" if len(one.as_tuple().digits) >= _LEAST_DIGITS and "." in short else "roughly"
