"""Traces of calculations in, what a test compares out: exact values, the equations that are learned, slips and repairs."""

import ast
import random
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from train.tasks.wordings import BOXED_REQUEST
from train.traces import Span, Trace, Value, writers

EACH = 300

_OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


@cache
def traces_of(task: str) -> tuple[Trace, ...]:
    """Traces of both splits, each of its own seed."""
    write = writers()[task]
    return tuple(write(random.Random(f"{task}:{seed}")) for seed in range(EACH))


def gold_of(trace: Trace) -> str:
    assert isinstance(trace.gold, Value)
    return trace.gold.text


def question_of(trace: Trace) -> str:
    """The question without the request for a box, and without commas in thousands."""
    text = str(trace.messages[-1]["content"]).replace(BOXED_REQUEST, "")
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


def completion_of(trace: Trace) -> str:
    return "".join(span.text for span in trace.completion())


def value_of(expression: str, letters: Mapping[str, Fraction] | None = None) -> Fraction:
    """The exact value of "3x + 5", "2(x - 1)", "-8*12", "9^2" or "15%*40"."""
    text = re.sub(r"(\d+)%", r"(\1/100)", expression.replace("^", "**"))
    text = re.sub(r"([\d)])(?=[a-z(])", r"\1*", text)
    return _value(ast.parse(text.strip(), mode="eval").body, letters or {})


def _value(node: ast.expr, letters: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Constant(value=value):
            return Fraction(str(value))
        case ast.Name(id=name):
            return letters[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, letters)
        case ast.BinOp(left=left, op=op, right=right):
            return Fraction(_OPERATIONS[type(op)](_value(left, letters), _value(right, letters)))
    raise ValueError(f"not a calculation: {ast.unparse(node)}")


def letters_of(trace: Trace) -> dict[str, Fraction]:
    """The unknown of an equation, with the gold as its value."""
    unknown = re.search(r"(?<![a-z])[a-z](?![a-z])", trace.key.partition(":")[2])
    return {unknown[0]: Fraction(gold_of(trace))} if unknown else {}


def learned_text(trace: Trace) -> str:
    """The thinking as it is learned, without its slips."""
    return "".join(span.text for span in trace.thinking if span.is_learned).replace("= -", "=-")


def chains(text: str, letters: Mapping[str, Fraction]) -> list[list[str]]:
    """Every "a op b=c" and "a=b=c" of a text, by its sides."""
    unknown = "".join(letters)
    atom = rf"(?:\d+(?:\.\d+)?[{unknown}]?|[{unknown}](?![a-z]))" if unknown else r"\d+(?:\.\d+)?"
    side = rf"-?\(*-?{atom}\)*(?:[-+*/]\(*-?{atom}\)*)*"
    return [found[0].split("=") for found in re.finditer(rf"(?<![\w.)]){side}(?:={side})+", text)]


def false_equations(trace: Trace) -> list[str]:
    """The learned equations that do not hold, and every equals sign that belongs to no equation."""
    text, letters = learned_text(trace), letters_of(trace)
    found = chains(text, letters)
    complaints = ["=".join(sides) for sides in found if len({value_of(side, letters) for side in sides}) > 1]
    if text.count("=") != sum(len(sides) - 1 for sides in found):
        complaints.append(f"not read: {text}")
    return complaints


def not_learned(trace: Trace) -> list[tuple[Span, Span]]:
    """Each span that is not learned, with the one after it."""
    spans = trace.thinking
    return [(span, spans[at + 1]) for at, span in enumerate(spans) if not span.is_learned]


def is_guess(after: Span) -> bool:
    """Whether the span before is a digit of a quotient that is found to be too low or too high, and no slip."""
    return after.text.startswith((", not less than ", ", more than "))


def slips_of(trace: Trace) -> list[tuple[Span, Span]]:
    """Each false step, with the span after it."""
    return [(span, after) for span, after in not_learned(trace) if not is_guess(after)]


def guesses_of(trace: Trace) -> list[tuple[Span, Span]]:
    """Each wrong digit of a quotient, with the span after it."""
    return [(span, after) for span, after in not_learned(trace) if is_guess(after)]


def plain(latex: str) -> str:
    r"""LaTeX as `value_of` reads it: "\frac{1}{2} \cdot 3" as "(1/2) * 3"."""
    text = re.sub(r"\\d?frac\{(-?\d+)\}\{(\d+)\}", r"(\1/\2)", latex)
    return text.replace("\\cdot", "*").replace("\\div", "/").replace("\\%", "%")
