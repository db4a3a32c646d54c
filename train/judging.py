"""A trace's gold and what a model wrote in, right or not out: exact comparison until the verifiers are there."""

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from train.traces import Asserts, Call, Gold, Nothing, Value

# Code and asserts to whether all asserts hold; None where nothing can run code.
RunAsserts = Callable[[str, tuple[str, ...]], bool]

_CODE = re.compile(r"```(?:python|py)?\s*\n(.*?)```", re.DOTALL)
_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)
_FRACTION = re.compile(r"\\d?frac\{?(-?\d+)\}?\{?(\d+)\}?")


def split_answer(text: str) -> tuple[str, str | None]:
    r"""The thinking, and the answer; None when the thinking was not closed.

    >>> split_answer("2+2=4\n</think>\n\nFour.")
    ('2+2=4', 'Four.')
    """
    thinking, closed, answer = text.partition("</think>")
    return thinking.strip("\n"), answer.strip() if closed else None


def boxed(answer: str) -> str | None:
    r"""What the last box holds, with balanced braces; None without a closed box.

    >>> boxed("So $\\boxed{\\frac{1}{2}}$.")
    '\\frac{1}{2}'
    """
    start = answer.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 1, start + len("\\boxed{")
    for at in range(begin, len(answer)):
        depth += {"{": 1, "}": -1}.get(answer[at], 0)
        if depth == 0:
            return answer[begin:at]
    return None


def normalised(text: str) -> str | Fraction:
    r"""A number as a `Fraction`; other text in lower case without spaces, dollar and percent signs and LaTeX words.

    A fraction that is not in lowest terms stays text: to leave it so is half of an answer.

    >>> normalised("\\frac{3}{4}"), normalised("\\frac{6}{8}"), normalised("1,250"), normalised("2^3 \\cdot 7")
    (Fraction(3, 4), '6/8', Fraction(1250, 1), '2^3*7')
    """
    text = re.sub(r"\\text\{([^}]*)\}", r"\1", text)
    text = _FRACTION.sub(r"\1/\2", text).replace("\\cdot", "*").replace("\\times", "*").replace("×", "*")
    text = re.sub(r"[\s$,%]|\\[!,;% ]", "", text).rstrip(".").lower()
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return text
    return text if "/" in text and not text.endswith(f"/{value.denominator}") else value


def code_in(answer: str) -> str | None:
    """The last fenced block of an answer."""
    blocks = _CODE.findall(answer)
    return blocks[-1] if blocks else None


def call_in(answer: str) -> Mapping[str, Any] | None:
    """The only tool call of an answer, as an object; None when there is none, several, or one that is not JSON."""
    found = _CALL.findall(answer)
    if len(found) != 1:
        return None
    try:
        call = json.loads(found[0])
    except ValueError:
        return None
    return call if isinstance(call, dict) else None


def is_right(gold: Gold, text: str, run_asserts: RunAsserts | None) -> bool | None:
    """Whether a whole completion (thinking included) gives the gold; None where it cannot be judged."""
    _, answer = split_answer(text)
    if isinstance(gold, Nothing) or (isinstance(gold, Asserts) and run_asserts is None):
        return None
    if answer is None:
        return False
    match gold:
        case Value(value):
            found = boxed(answer)
            return found is not None and normalised(found) == normalised(value)
        case Call(name, arguments):
            call = call_in(answer)
            return call is not None and call.get("name") == name and call.get("arguments") == dict(arguments)
        case Asserts(function, asserts):
            code = code_in(answer)
            if code is None:
                return False
            assert run_asserts is not None
            return run_asserts(named(code, function), asserts)


def named(code: str, function: str) -> str:
    """The code, with its only function also under the name that the tests call."""
    defined = re.findall(r"^def (\w+)\(", code, re.MULTILINE)
    return f"{code}\n{function} = {defined[-1]}\n" if defined and function not in defined else code
