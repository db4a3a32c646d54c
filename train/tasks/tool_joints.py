"""A joint's name in, values that belong together out: an expression and the words for it, two units and the factor.

Where a value is not in the user's words letter by letter, `note` says how it follows from them.
"""

import math
import operator
import random
from collections.abc import Callable, Mapping

from train.tasks.tool_values import Scalar, draw, invented, listed, word_lists

# Word for an operator, the operator, and the sentence that turns one into the other.
SPOKEN_OPERATORS = (("times", "*"), ("plus", "+"), ("minus", "-"), ("divided by", "/"), ("multiplied by", "*"))

OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

# From, to, and factor; only pairs that need no offset.
UNIT_PAIRS = (
    ("kilometers", "miles", 0.621371),
    ("miles", "kilometers", 1.609344),
    ("meters", "feet", 3.28084),
    ("feet", "meters", 0.3048),
    ("inches", "centimeters", 2.54),
    ("kilograms", "pounds", 2.204623),
    ("pounds", "kilograms", 0.453592),
    ("ounces", "grams", 28.349523),
    ("liters", "gallons", 0.264172),
    ("gallons", "liters", 3.785412),
    ("hours", "minutes", 60.0),
    ("days", "hours", 24.0),
    ("kg", "lb", 2.204623),
    ("km", "m", 1000.0),
    ("cm", "mm", 10.0),
)


def _spoken_sum(rng: random.Random) -> dict[str, Scalar]:
    """An expression, its value, the words for it, and a note on the difference (empty when the user wrote symbols)."""
    a, b, c = rng.randint(2, 999), rng.randint(2, 99), rng.randint(2, 30)
    kind = rng.random()
    if kind < 0.4:
        word, sign = rng.choice(SPOKEN_OPERATORS)
        expression, spoken, note = f"{a} {sign} {b}", f"{a} {word} {b}", f"{word} is {sign}."
        return {"expression": expression, "spoken": spoken, "note": note, "value": plain(OPERATORS[sign](a, b))}
    if kind < 0.5:
        note = f"{b}% of {a} is {b} / 100 * {a}."
        value = plain(b * a / 100)
        return {"expression": f"{b} / 100 * {a}", "spoken": f"{b}% of {a}", "note": note, "value": value}
    one, two = rng.choice("+-*/"), rng.choice("+-")
    short, pair = OPERATORS[one](a, b), OPERATORS[two](a, b)
    expression, exact = rng.choice(
        (
            (f"{a} {one} {b}", short),
            (f"{a}{one}{b}", short),
            (f"({a} {two} {b}) * {c}", pair * c),
            (f"{a} {two} {b} * {c}", OPERATORS[two](a, b * c)),
        )
    )
    return {"expression": expression, "spoken": expression, "note": "", "value": plain(exact)}


def plain(number: float) -> int | float:
    """A number as a calculator shows it: whole if it is, otherwise with at most four decimals."""
    return int(number) if float(number).is_integer() else round(number, 4)


def _program(rng: random.Random) -> dict[str, Scalar]:
    """Python code, what it prints, the words that ask for it, and a note (empty for the user's own code)."""
    a, b, c = rng.randint(2, 60), rng.randint(2, 9), rng.randint(2, 4)
    word = invented(rng)
    asked: tuple[tuple[str, str, str, Scalar], ...] = (
        (
            f"the sum of the numbers from 1 to {a}",
            f"print(sum(range(1, {a + 1})))",
            f"{a} + 1 = {a + 1}.",
            a * (a + 1) // 2,
        ),
        (f"{a} to the power of {c}", f"print({a}**{c})", "The power is **.", a**c),
        (f"{a} times {b}", f"print({a} * {b})", "times is *.", a * b),
        (f"the length of the word {word}", f'print(len("{word}"))', "len gives it.", len(word)),
        (f"the word {word} backwards", f'print("{word}"[::-1])', "[::-1] turns it round.", word[::-1]),
        (f"{b} factorial", f"import math; print(math.factorial({b}))", "math has factorial.", math.factorial(b)),
        (f"the remainder of {a * 7} divided by {b}", f"print({a * 7} % {b})", "The remainder is %.", a * 7 % b),
    )
    written: tuple[tuple[str, Scalar], ...] = (
        (f"print({a} * {b})", a * b),
        (f"print({a} + {b})", a + b),
        (f'print("{word}")', word),
        (f"x = {a}; print(x * {b})", a * b),
        (f"print({a}**2)", a**2),
    )
    if rng.random() < 0.6:
        spoken, code, note, printed = rng.choice(asked)
        return {"code": code, "spoken": spoken, "note": note, "printed": printed}
    code, printed = rng.choice(written)
    return {"code": code, "spoken": code, "note": "", "printed": printed}


def _sql(rng: random.Random) -> dict[str, Scalar]:
    table, column = listed(rng, "stem"), rng.choice((listed(rng, "noun"), invented(rng)))
    query = rng.choice(
        (
            f"SELECT COUNT(*) FROM {table}",
            f"SELECT MAX({column}) FROM {table}",
            f"SELECT {column} FROM {table} WHERE id = {rng.randint(1, 999)}",
        )
    )
    return {"query": query, "spoken": query, "note": ""}


def _seconds(rng: random.Random) -> dict[str, Scalar]:
    minutes = rng.randint(1, 30)
    note = (
        f"{minutes} minutes are {minutes} * 60 = {minutes * 60} seconds." if minutes > 1 else "1 minute is 60 seconds."
    )
    return {"seconds": minutes * 60, "spoken": f"{minutes} minutes" if minutes > 1 else "1 minute", "note": note}


def _units(rng: random.Random) -> dict[str, Scalar]:
    source, target, factor = rng.choice(UNIT_PAIRS)
    amount = draw(rng, "num:1..200")
    return {"amount": amount, "from": source, "to": target, "converted": round(float(amount) * factor, 2)}


def _currencies(rng: random.Random) -> dict[str, Scalar]:
    source, target = rng.sample(word_lists()["currency"], 2)
    amount, rate = rng.randint(1, 900), round(rng.uniform(0.2, 12), 2)
    return {"amount": amount, "from": source, "to": target, "rate": rate, "converted": round(amount * rate, 2)}


JOINT: Mapping[str, Callable[[random.Random], dict[str, Scalar]]] = {
    "spoken_sum": _spoken_sum,
    "program": _program,
    "sql": _sql,
    "seconds": _seconds,
    "units": _units,
    "currencies": _currencies,
}
