"""Coefficients in, linear equations in one unknown out, solved step by step and checked by putting the solution in."""

import random
from fractions import Fraction

from train.tasks.fractions_and_percent import latex
from train.tasks.steps import Thinking, add_signed, divide, multiply
from train.tasks.wordings import finish
from train.traces import Span, Trace, Value, Writer, question

_WORDINGS = (
    "Solve {e}.",
    "Solve {e}",
    "Solve for {x}: {e}",
    "Solve for {x}: {e}.",
    "Solve the equation {e}.",
    "solve {e}",
    "solve for {x} {e}",
    "Find {x} if {e}.",
    "Find {x}: {e}",
    "What is {x} if {e}?",
    "what is {x} when {e}",
    "If {e}, what is {x}?",
    "If {e}, find {x}.",
    "{e}, {x} = ?",
    "{e}. What is {x}?",
    "{e}",
    "{e}, solve for {x}",
    "Given {e}, find the value of {x}.",
    "For which {x} is {e}?",
    "Determine {x}: {e}",
    "Please solve {e} for {x}.",
    "Can you solve {e}?",
    "I need {x} in {e}",
    "Solve $${e}$$ for {x}.",
)


def term(factor: int, unknown: str) -> str:
    """A factor with its unknown.

    >>> term(1, "x"), term(-1, "y"), term(3, "n")
    ('x', '-y', '3n')
    """
    return {1: unknown, -1: f"-{unknown}"}.get(factor, f"{factor}{unknown}")


def plus(number: int, *, spaced: bool = True) -> str:
    """A number with its sign, to follow a term."""
    sign = "+" if number >= 0 else "-"
    return f" {sign} {abs(number)}" if spaced else f"{sign}{abs(number)}"


def _taken_over(thinking: Thinking, left: str, right: int, number: int) -> int:
    """`left + number = right` with the number on the other side, and what stands there then.

    >>> thinking = Thinking(random.Random(1)); _taken_over(thinking, "8t", 121, 25)
    96
    >>> thinking.spans()[0].text
    '8t=121-25. 121-25: 11-5=6, 6. 11-2=9, 96. 8t=96'
    """
    rest = right - number
    if 0 <= right <= 20 and 0 <= rest <= 20:
        thinking.step(f"{left}={right}{plus(-number, spaced=False)}={rest}")
        return rest
    thinking.say(f" {left}={right}{plus(-number, spaced=False)}.")
    add_signed(thinking, right, -number)
    thinking.say(f". {left}={rest}")
    return rest


def _solve(thinking: Thinking, factor: int, right: int, unknown: str) -> Fraction:
    """`factor * unknown = right`, the last step."""
    value = Fraction(right, factor)
    if factor == 1:
        return value
    if factor == -1:
        thinking.say(f", {unknown}={-right}")
    elif value.denominator > 1:
        thinking.say(f", {unknown}={right}/{factor}" + (f"={value}" if str(value) != f"{right}/{factor}" else ""))
    elif abs(value) <= 12:
        thinking.step(f"{unknown}={right}/{factor}={value}", ", ")
    else:
        thinking.say(f", {unknown}={right}/{factor}.")
        divide(thinking, abs(right), abs(factor))
        if right < 0 or factor < 0:
            thinking.say(f". The signs make it {value}")
        thinking.say(f". {unknown}={value}")
    return value


def _put_in(factor: int, value: Fraction, number: int) -> str:
    """The left side with the solution put in, with the product shown."""
    shown = f"({value})" if value < 0 or value.denominator > 1 else str(value)
    product = factor * value
    if number == 0:
        return f"{factor}*{shown}={product}"
    return f"{factor}*{shown}{plus(number, spaced=False)}={product}{plus(number, spaced=False)}={product + number}"


def _trace(choose: random.Random, kind: str, thinking: Thinking, equation: str, unknown: str, value: Fraction) -> Trace:
    text = finish(choose, choose.choice(_WORDINGS).format(e=_typed(choose, equation), x=unknown))
    shape = choose.random()
    if shape < 0.6:
        answer = f"${unknown} = \\boxed{{{latex(value)}}}$"
    elif shape < 0.8:
        answer = f"The solution is ${unknown} = \\boxed{{{latex(value)}}}$."
    else:
        answer = f"${equation}$ gives ${unknown} = \\boxed{{{latex(value)}}}$."
    spans: tuple[Span, ...] = thinking.spans()
    return Trace(kind, f"{kind}:{equation}", question(text), spans, answer, Value(str(value)))


def _typed(choose: random.Random, equation: str) -> str:
    """Now and then without spaces, with a sign for products, or as LaTeX."""
    style = choose.random()
    if style < 0.2:
        return equation.replace(" ", "")
    if style < 0.27:
        return f"${equation}$"
    return equation


def _unknown(choose: random.Random) -> str:
    return choose.choice("xxxxxxynatzmkb")


def write_one_step(choose: random.Random) -> Trace:
    """One operation undone: x + a = b, x - a = b, a - x = b, ax = b, x/a = b."""
    unknown, shape = _unknown(choose), choose.randrange(6)
    value, number = choose.randrange(-12, 60), choose.randrange(2, 60)
    if value < 0 and choose.random() < 0.6:
        value = -value
    thinking = Thinking(choose)
    if shape == 0:
        right = value + number
        equation = f"{unknown} + {number} = {right}" if choose.random() < 0.75 else f"{number} + {unknown} = {right}"
        _taken_over(thinking, unknown, right, number)
        check = f"{value}+{number}={right}"
    elif shape == 1:
        right = value - number
        equation = f"{unknown} - {number} = {right}"
        _taken_over(thinking, unknown, right, -number)
        check = f"{value}-{number}={right}"
    elif shape == 2:
        right = number - value
        equation = f"{number} - {unknown} = {right}"
        _taken_over(thinking, unknown, number, right)
        check = f"{number}{plus(-value, spaced=False)}={right}"
    elif shape in (3, 4):
        factor, value = choose.randrange(2, 13), value % 26 - 4
        right = factor * value
        equation = f"{factor}{unknown} = {right}"
        thinking.say(f" {factor}{unknown}={right}")
        _solve(thinking, factor, right, unknown)
        check = f"{factor}*{value}={right}"
    else:
        divisor, right = choose.randrange(2, 13), choose.randrange(2, 20)
        value = divisor * right
        equation = f"{unknown}/{divisor} = {right}"
        thinking.say(f" {unknown}={right}*{divisor}.")
        multiply(thinking, right, divisor)
        thinking.say(f". {unknown}={value}")
        check = f"{value}/{divisor}={right}"
    thinking.say(f". Check: {check}. Right.")
    return _trace(choose, "one_step", thinking, equation, unknown, Fraction(value))


def write_two_step(choose: random.Random) -> Trace:
    """Ax + b = c, also turned round or with the sides exchanged; now and then with a fraction as solution."""
    unknown, factor = _unknown(choose), choose.choice((2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -2, -3, -5))
    value = choose.choice(
        (choose.randrange(1, 16), choose.randrange(1, 16), choose.randrange(-10, 1), choose.randrange(10, 31))
    )
    number = choose.choice((1, 1, -1)) * choose.randrange(1, 31)
    right = factor * value + number
    if choose.random() < 0.07:
        right += 1
    solution = Fraction(right - number, factor)
    thinking = Thinking(choose)
    left = term(factor, unknown)
    style = choose.random()
    if style < 0.7:
        equation = f"{left}{plus(number)} = {right}"
    elif style < 0.85 and number > 0:
        equation = f"{number} {'+' if factor > 0 else '-'} {term(abs(factor), unknown)} = {right}"
    else:
        equation = f"{right} = {left}{plus(number)}"
    _taken_over(thinking, left, right, number)
    _solve(thinking, factor, right - number, unknown)
    thinking.say(f". Check: {_put_in(factor, solution, number)}. Right.")
    return _trace(choose, "two_step", thinking, equation, unknown, solution)


def write_two_sided(choose: random.Random) -> Trace:
    """Ax + b = cx + d."""
    unknown = _unknown(choose)
    first, second = choose.randrange(2, 13), choose.randrange(1, 12)
    if first == second:
        first += 2
    value = choose.choice((choose.randrange(1, 13), choose.randrange(1, 13), choose.randrange(-8, 1)))
    number = choose.choice((1, -1)) * choose.randrange(1, 21)
    other = first * value + number - second * value
    equation = f"{term(first, unknown)}{plus(number)} = {term(second, unknown)}" + (plus(other) if other else "")
    thinking = Thinking(choose)
    # The smaller term goes to the side of the larger one, so that a positive one remains.
    more, less, start, taken = (first, second, other, number) if first > second else (second, first, number, other)
    left = term(more - less, unknown)
    thinking.say(f" {term(more, unknown)}-{term(less, unknown)}={start}{plus(-taken, spaced=False)}.")
    if less > 1:
        thinking.step(f"{more}-{less}={more - less}")
        thinking.say(".")
    if start >= 0 and 0 <= start - taken <= 20 and start <= 20:
        thinking.step(f"{left}={start}{plus(-taken, spaced=False)}={start - taken}")
    else:
        add_signed(thinking, start, -taken)
        thinking.say(f". {left}={start - taken}")
    _solve(thinking, more - less, start - taken, unknown)
    solution = Fraction(value)
    thinking.say(f". Check: {_put_in(first, solution, number)}, {_put_in(second, solution, other)}. Right.")
    return _trace(choose, "two_sided", thinking, equation, unknown, solution)


def write_brackets(choose: random.Random) -> Trace:
    """a(x + b) = c, opened by dividing both sides."""
    unknown, factor = _unknown(choose), choose.randrange(2, 11)
    value = choose.choice((choose.randrange(1, 16), choose.randrange(1, 16), choose.randrange(-8, 1)))
    number = choose.choice((1, -1)) * choose.randrange(1, 13)
    inner = value + number
    right = factor * inner
    equation = f"{factor}({unknown}{plus(number)}) = {right}"
    thinking = Thinking(choose)
    thinking.step(f"{unknown}{plus(number, spaced=False)}={right}/{factor}={inner}")
    thinking.say(".")
    _taken_over(thinking, unknown, inner, number)
    sum_text = f"{value}{plus(number, spaced=False)}={inner}"
    thinking.say(f". Check: {sum_text}, {factor}*{inner}={right}. Right.")
    return _trace(choose, "brackets", thinking, equation, unknown, Fraction(value))


def write_divided(choose: random.Random) -> Trace:
    """x/a + b = c."""
    unknown, divisor, part = _unknown(choose), choose.randrange(2, 11), choose.randrange(1, 16)
    number = choose.choice((1, -1)) * choose.randrange(1, 21)
    value, right = divisor * part, part + number
    equation = f"{unknown}/{divisor}{plus(number)} = {right}"
    thinking = Thinking(choose)
    _taken_over(thinking, f"{unknown}/{divisor}", right, number)
    thinking.say(f". {unknown}={part}*{divisor}.")
    multiply(thinking, part, divisor)
    thinking.say(f". {unknown}={value}")
    thinking.say(
        f". Check: {value}/{divisor}{plus(number, spaced=False)}={part}{plus(number, spaced=False)}={right}. Right."
    )
    return _trace(choose, "divided", thinking, equation, unknown, Fraction(value))


TASKS: dict[str, Writer] = {
    "one_step": write_one_step,
    "two_step": write_two_step,
    "two_sided": write_two_sided,
    "brackets": write_brackets,
    "divided": write_divided,
}
