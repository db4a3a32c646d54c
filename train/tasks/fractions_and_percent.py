"""Fractions and percentages in, calculations with written steps out."""

import random
from fractions import Fraction
from math import lcm

from train.tasks.arithmetic import boxed, decimal_text
from train.tasks.divisors import write_shared_primes
from train.tasks.steps import Thinking, add_signed, divide, multiply
from train.tasks.wordings import ask, ask_value, divided_sign, minus_sign, plus_sign, times_sign
from train.traces import Trace, Value, Writer, question

_SIMPLIFY_WORDINGS = (
    "Simplify {f}.",
    "simplify {f}",
    "Reduce {f} to lowest terms.",
    "Write {f} in simplest form.",
    "What is {f} in lowest terms?",
    "Simplify the fraction {f}.",
    "Reduce the fraction {f}",
)
_OF_WORDINGS = ("{f} of {n}", "{f} of {n}", "{f} * {n}")
_PERCENT_WORDINGS = ("{p}% of {n}", "{p}% of {n}", "{p}% of {n}", "{p} % of {n}", "{p} percent of {n}", "{p}\\% of {n}")
_CHANGE_WORDINGS = {
    1: (
        "Increase {n} by {p}%.",
        "What is {n} increased by {p}%?",
        "{n} plus {p}%",
        "A price of {n} goes up by {p}%. What is it now?",
    ),
    -1: (
        "Decrease {n} by {p}%.",
        "What is {n} decreased by {p}%?",
        "{n} minus {p}%",
        "A price of {n} falls by {p}%. What is the new price?",
        "A {n} dollar coat is {p}% off. What does it cost now?",
    ),
}
_SHARE_WORDINGS = (
    "What percent of {n} is {x}?",
    "{x} is what percent of {n}?",
    "what percentage of {n} is {x}",
    "What percentage is {x} out of {n}?",
    "Express {x} out of {n} as a percentage.",
)
_WHOLE_WORDINGS = (
    "{x} is {p}% of what number?",
    "{p}% of a number is {x}. What is the number?",
    "If {p}% of a number is {x}, find the number.",
)
_TO_PERCENT_WORDINGS = (
    "Write {f} as a percentage.",
    "What is {f} as a percent?",
    "Convert {f} to a percentage.",
    "convert {f} to percent",
)
_TO_DECIMAL_WORDINGS = (
    "Write {f} as a decimal.",
    "What is {f} as a decimal?",
    "Convert {f} to a decimal.",
    "{f} as a decimal",
)
_COMPARE_WORDINGS = (
    "Which is bigger, {f} or {g}?",
    "Which is larger: {f} or {g}?",
    "which fraction is greater, {f} or {g}",
    "Is {f} or {g} the larger fraction?",
)


def latex(value: Fraction) -> str:
    r"""A fraction in lowest terms, or a whole number.

    >>> latex(Fraction(-3, 4)), latex(Fraction(6, 3))
    ('-\\frac{3}{4}', '2')
    """
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def typed(choose: random.Random, top: int, bottom: int) -> str:
    """A fraction as people type it."""
    return f"\\frac{{{top}}}{{{bottom}}}" if choose.random() < 0.15 else f"{top}/{bottom}"


def lowest_terms(thinking: Thinking, top: int, bottom: int) -> Fraction:
    """Write how a fraction is reduced, or that it cannot be."""
    value = Fraction(top, bottom)
    sign = "-" if top < 0 else ""
    if top == 0:
        thinking.say(f". 0/{bottom}=0")
        return value
    if min(abs(top), bottom) > 1:
        thinking.say(f". Reduce {abs(top)}/{bottom}:")
        write_shared_primes(thinking, abs(top), bottom, "/")
        thinking.say(f" So {sign}{abs(value.numerator)}" + (f"/{value.denominator}" if value.denominator > 1 else ""))
    else:
        thinking.say(f". {top}/{bottom} is in lowest terms")
    return value


def _pair(choose: random.Random) -> tuple[int, int, int, int]:
    """Two proper fractions (now and then improper) with small denominators."""
    bottoms = [choose.randrange(2, 13) for _ in range(2)]
    if choose.random() < 0.2:
        bottoms[1] = bottoms[0]
    tops = [choose.randrange(1, bottom if choose.random() < 0.85 else 2 * bottom) for bottom in bottoms]
    return tops[0], bottoms[0], tops[1], bottoms[1]


def write_fraction_sum(choose: random.Random) -> Trace:
    """Two fractions added or subtracted."""
    a, b, c, d = _pair(choose)
    sign = choose.choice((1, 1, -1))
    if sign < 0 and Fraction(a, b) < Fraction(c, d) and choose.random() < 0.8:
        a, b, c, d = c, d, a, b
    thinking = Thinking(choose)
    shared, mark = lcm(b, d), "+" if sign > 0 else "-"
    if b == d:
        thinking.say(f" Same denominator {b}.")
    else:
        thinking.say(f" Common denominator of {b} and {d}: {shared}.")
        for at, (top, bottom) in enumerate(((a, b), (c, d))):
            if bottom == shared:
                thinking.say(f"{',' if at else ''} {top}/{bottom} stays")
            else:
                thinking.step(f"{shared}/{bottom}={shared // bottom}", ", " if at else " ")
                thinking.step(f"{top}*{shared // bottom}={top * shared // bottom}", ", ")
        thinking.say(".")
    left, right = a * shared // b, c * shared // d
    add_signed(thinking, left, sign * right)
    value = lowest_terms(thinking, left + sign * right, shared)
    thinking.say(f". Check: {left + sign * right}{'-' if sign > 0 else '+'}{right}={left}.")
    asked = ask_value(
        choose, typed(choose, a, b) + (plus_sign if sign > 0 else minus_sign)(choose) + typed(choose, c, d)
    )
    answer = boxed(choose, f"\\frac{{{a}}}{{{b}}} {mark} \\frac{{{c}}}{{{d}}}", latex(value))
    key = f"fraction_sum:{a}/{b}{mark}{c}/{d}"
    return Trace("fraction_sum", key, question(asked), thinking.spans(), answer, Value(str(value)))


def write_fraction_product(choose: random.Random) -> Trace:
    """Two fractions, or a fraction and a whole number, multiplied or divided."""
    a, b, c, d = _pair(choose)
    if choose.random() < 0.25:
        c, d = choose.randrange(2, 13), 1
    is_product = choose.random() < 0.55
    thinking = Thinking(choose)
    second = f"{c}/{d}" if d > 1 else str(c)
    if is_product:
        top, bottom = a * c, b * d
        thinking.say(" Top times top, bottom times bottom.")
    else:
        top, bottom = a * d, b * c
        thinking.say(f" Turn {second} over: {d}/{c}.")
    thinking.step(f"{a}*{c if is_product else d}={top}")
    thinking.step(f"{b}*{d if is_product else c}={bottom}", ", ")
    value = lowest_terms(thinking, top, bottom)
    thinking.say(f". Check: {top}/{a}={top // a}, {bottom}/{b}={bottom // b}.")
    typed_second = typed(choose, c, d) if d > 1 else str(c)
    if "/" in typed_second and (not is_product or choose.random() < 0.2):
        typed_second = f"({typed_second})"
    asked = ask_value(choose, typed(choose, a, b) + (times_sign if is_product else divided_sign)(choose) + typed_second)
    shown = f"\\frac{{{a}}}{{{b}}} {chr(92)}{'cdot' if is_product else 'div'} " + (
        f"\\frac{{{c}}}{{{d}}}" if d > 1 else str(c)
    )
    key = f"fraction_product:{a}/{b}{'*' if is_product else ':'}{second}"
    return Trace(
        "fraction_product",
        key,
        question(asked),
        thinking.spans(),
        boxed(choose, shown, latex(value)),
        Value(str(value)),
    )


def write_simplify_steps(thinking: Thinking, top: int, bottom: int) -> Fraction:
    """Top and bottom divided by each prime that they share."""
    thinking.say(f" {top}/{bottom}:")
    write_shared_primes(thinking, top, bottom, "/")
    value = Fraction(top, bottom)
    thinking.say(f" Check: {value.numerator} and {value.denominator} share no factor.")
    return value


def write_simplify(choose: random.Random) -> Trace:
    """A fraction brought to lowest terms."""
    factor = choose.choice((2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15))
    top, bottom = choose.randrange(1, 16) * factor, choose.randrange(2, 16) * factor
    thinking = Thinking(choose)
    value = write_simplify_steps(thinking, top, bottom)
    asked = ask(choose, _SIMPLIFY_WORDINGS, {"f": typed(choose, top, bottom)})
    answer = boxed(choose, f"\\frac{{{top}}}{{{bottom}}}", latex(value))
    return Trace("simplify", f"simplify:{top}/{bottom}", question(asked), thinking.spans(), answer, Value(str(value)))


def write_fraction_of(choose: random.Random) -> Trace:
    """A fraction of a whole number that comes out whole."""
    bottom = choose.randrange(2, 13)
    top = choose.randrange(1, bottom)
    whole = bottom * choose.randrange(2, 31)
    thinking = Thinking(choose)
    part, _ = divide(thinking, whole, bottom)
    if top > 1:
        thinking.say(".")
        multiply(thinking, part, top)
    thinking.say(
        f". Check: {top}/{bottom} is {'less' if 2 * top < bottom else 'half' if 2 * top == bottom else 'more'}"
        f"{'' if 2 * top == bottom else ' than half'} of {whole}, fits."
    )
    value = part * top
    words = {
        (1, 2): "half",
        (1, 3): "a third",
        (1, 4): "a quarter",
        (3, 4): "three quarters",
        (2, 3): "two thirds",
        (1, 5): "a fifth",
    }
    shown = typed(choose, top, bottom)
    if (top, bottom) in words and choose.random() < 0.5:
        shown = words[top, bottom]
    asked = ask_value(
        choose, choose.choice(_OF_WORDINGS[:2] if shown[0].isalpha() else _OF_WORDINGS).format(f=shown, n=whole)
    )
    answer = boxed(choose, f"\\frac{{{top}}}{{{bottom}}} \\cdot {whole}", str(value))
    return Trace(
        "fraction_of",
        f"fraction_of:{top}/{bottom},{whole}",
        question(asked),
        thinking.spans(),
        answer,
        Value(str(value)),
    )


def _percentage(choose: random.Random) -> tuple[int, int]:
    """A percentage and a number that it is taken of; mostly with a whole result."""
    percent = choose.choice((5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, choose.randrange(1, 100)))
    whole = choose.choice(
        (
            choose.randrange(2, 50) * 10,
            choose.randrange(1, 21) * 20,
            choose.randrange(1, 13) * 100,
            choose.randrange(10, 200),
        )
    )
    return percent, whole


def percent_steps(thinking: Thinking, percent: int, whole: int) -> Fraction:
    """`percent` of `whole`: the product, then a hundredth of it."""
    thinking.say(f" {percent}% of {whole} is {percent}*{whole}/100.")
    product = multiply(thinking, percent, whole)
    value = Fraction(product, 100)
    thinking.say(f". {product}/100={decimal_text(value)}")
    return value


def write_percent_of(choose: random.Random) -> Trace:
    """A percentage of a number."""
    percent, whole = _percentage(choose)
    thinking = Thinking(choose)
    value = percent_steps(thinking, percent, whole)
    thinking.say(f". Check: 10% is {decimal_text(Fraction(whole, 10))}, so it fits.")
    asked = ask_value(choose, choose.choice(_PERCENT_WORDINGS).format(p=percent, n=whole))
    shown = decimal_text(value)
    answer = boxed(choose, f"{percent}\\% \\cdot {whole}", shown)
    return Trace("percent_of", f"percent_of:{percent},{whole}", question(asked), thinking.spans(), answer, Value(shown))


def write_percent_change(choose: random.Random) -> Trace:
    """A number raised or lowered by a percentage, with a whole result."""
    percent, whole = _percentage(choose)
    while percent * whole % 100:
        percent, whole = _percentage(choose)
    sign = choose.choice((1, -1))
    thinking = Thinking(choose)
    part = int(percent_steps(thinking, percent, whole))
    thinking.say(".")
    value = add_signed(thinking, whole, sign * part)
    thinking.say(f". Check: it is {'more' if sign > 0 else 'less'} than {whole}.")
    asked = ask(choose, _CHANGE_WORDINGS[sign], {"p": percent, "n": whole})
    answer = f"The result is $\\boxed{{{value}}}$."
    key = f"percent_change:{percent * sign},{whole}"
    return Trace("percent_change", key, question(asked), thinking.spans(), answer, Value(str(value)))


def _hundredfold_by(thinking: Thinking, part: int, divisor: int) -> None:
    """`part * 100 / divisor`, with the zeros that both have left out first."""
    zeros = 2 if divisor % 100 == 0 else 1 if divisor % 10 == 0 else 0
    thinking.say(f" {part}*100/{divisor}={part * 100}/{divisor}")
    top, bottom = part * 100 // 10**zeros, divisor // 10**zeros
    thinking.say(f"={top}/{bottom}." if zeros else ".")
    divide(thinking, top, bottom)


def write_percent_share(choose: random.Random) -> Trace:
    """What percentage one number is of another; or which number it is a percentage of; whole results."""
    percent = choose.choice((5, 10, 20, 25, 30, 40, 50, 60, 75, 80, choose.randrange(1, 100)))
    whole = choose.choice((20, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, choose.randrange(2, 40) * 10))
    while percent * whole % 100:
        whole = choose.randrange(1, 30) * 20 if percent % 5 == 0 else 100 * choose.randrange(1, 10)
    part = percent * whole // 100
    thinking = Thinking(choose)
    if choose.random() < 0.65:
        thinking.say(f" {part}/{whole} as a percentage is")
        _hundredfold_by(thinking, part, whole)
        thinking.say(f". Check: {percent}% of {whole} is {part}.")
        asked, value = ask(choose, _SHARE_WORDINGS, {"n": whole, "x": part}), percent
        answer, key = f"{part} is $\\boxed{{{percent}\\%}}$ of {whole}.", f"percent_share:{part},{whole}"
    else:
        thinking.say(" The whole is")
        _hundredfold_by(thinking, part, percent)
        thinking.say(f". Check: {percent}% of {whole} is {part}.")
        asked, value = ask(choose, _WHOLE_WORDINGS, {"p": percent, "x": part}), whole
        answer, key = f"The number is $\\boxed{{{whole}}}$.", f"percent_whole:{percent},{part}"
    return Trace("percent_share", key, question(asked), thinking.spans(), answer, Value(str(value)))


def write_fraction_form(choose: random.Random) -> Trace:
    """A fraction as a percentage or a decimal, for denominators that divide 100."""
    bottom = choose.choice((2, 4, 5, 10, 20, 25, 50, 100))
    top = choose.randrange(1, bottom + bottom // 2)
    factor = 100 // bottom
    thinking = Thinking(choose)
    thinking.step(f"100/{bottom}={factor}")
    thinking.say(f", so {top}/{bottom} is {top}*{factor}/100.")
    hundredths = multiply(thinking, top, factor)
    shown = typed(choose, top, bottom)
    if choose.random() < 0.5:
        thinking.say(f". That is {hundredths}%.")
        asked, value = ask(choose, _TO_PERCENT_WORDINGS, {"f": shown}), str(hundredths)
        answer, key = f"{top}/{bottom} is $\\boxed{{{hundredths}\\%}}$.", f"to_percent:{top}/{bottom}"
    else:
        value = decimal_text(Fraction(hundredths, 100))
        thinking.say(f". {hundredths}/100={value}.")
        asked = ask(choose, _TO_DECIMAL_WORDINGS, {"f": shown})
        answer, key = f"{top}/{bottom} is $\\boxed{{{value}}}$.", f"to_decimal:{top}/{bottom}"
    return Trace("fraction_form", key, question(asked), thinking.spans(), answer, Value(value))


def write_compare(choose: random.Random) -> Trace:
    """The larger of two fractions, by cross products."""
    a, b, c, d = _pair(choose)
    while a * d == c * b:
        a, b, c, d = _pair(choose)
    thinking = Thinking(choose)
    thinking.say(" Cross products:")
    thinking.step(f"{a}*{d}={a * d}")
    thinking.step(f"{c}*{b}={c * b}", ", ")
    is_first = a * d > c * b
    larger = (a, b) if is_first else (c, d)
    thinking.say(f". {max(a * d, c * b)} is more, so {larger[0]}/{larger[1]}.")
    asked = ask(choose, _COMPARE_WORDINGS, {"f": typed(choose, a, b), "g": typed(choose, c, d)})
    answer = f"$\\boxed{{\\frac{{{larger[0]}}}{{{larger[1]}}}}}$ is larger."
    key = f"compare:{a}/{b},{c}/{d}"
    return Trace("compare", key, question(asked), thinking.spans(), answer, Value(f"{larger[0]}/{larger[1]}"))


TASKS: dict[str, Writer] = {
    "fraction_sum": write_fraction_sum,
    "fraction_product": write_fraction_product,
    "simplify": write_simplify,
    "fraction_of": write_fraction_of,
    "percent_of": write_percent_of,
    "percent_change": write_percent_change,
    "percent_share": write_percent_share,
    "fraction_form": write_fraction_form,
    "compare": write_compare,
}
