"""Whole numbers and decimals in, calculations with written steps out: sums, differences, products, quotients."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

from train.tasks.steps import Thinking, add, add_signed, divide, multiply, subtract
from train.tasks.wordings import ask, ask_value, divided_sign, minus_sign, plus_sign, times_sign, written
from train.traces import Trace, Value, Writer, question

_SUM_WORDINGS = (
    "What is the sum of {a} and {b}?",
    "Add {a} and {b}.",
    "add {a} and {b}",
    "Find the sum of {a} and {b}.",
    "What do you get if you add {b} to {a}?",
    "What is {a} plus {b}?",
    "How much is {a} and {b} together?",
    "Add {b} to {a}",
)
_DIFFERENCE_WORDINGS = (
    "What is the difference between {a} and {b}?",
    "Subtract {b} from {a}.",
    "subtract {b} from {a}",
    "What is {a} minus {b}?",
    "What is left if you take {b} from {a}?",
    "Take {b} away from {a}.",
    "How much more is {a} than {b}?",
    "By how much is {a} greater than {b}?",
)
_PRODUCT_WORDINGS = (
    "What is the product of {a} and {b}?",
    "Multiply {a} by {b}.",
    "multiply {a} and {b}",
    "What is {a} times {b}?",
    "how much is {a} times {b}",
    "Find the product of {a} and {b}.",
    "What do you get if you multiply {a} with {b}?",
)
_QUOTIENT_WORDINGS = (
    "Divide {a} by {b}.",
    "divide {a} by {b}",
    "What is {a} divided by {b}?",
    "How many times does {b} go into {a}?",
    "What is the quotient of {a} and {b}?",
    "how much is {a} divided by {b}",
)
_REMAINDER_WORDINGS = (
    "What is the remainder when {a} is divided by {b}?",
    "Find the remainder of {a} divided by {b}.",
    "What is {a} mod {b}?",
    "{a} mod {b}",
    "{a} % {b} in Python?",
    "What remains if you divide {a} by {b}?",
    "Compute the remainder of {a} / {b}.",
)


def number_with_digits(choose: random.Random, digits: int) -> int:
    """A whole number with so many digits."""
    return choose.randrange(10 ** (digits - 1) if digits > 1 else 2, 10**digits)


def pair_key(task: str, a: int, b: int) -> str:
    """The key of a problem that is the same with its numbers exchanged.

    >>> pair_key("sum", 9, 4)
    'sum:4,9'
    """
    return f"{task}:{min(a, b)},{max(a, b)}"


def boxed(choose: random.Random, text: str, value: str) -> str:
    """A short answer around the boxed value."""
    shapes = (f"${text} = \\boxed{{{value}}}$", f"The answer is $\\boxed{{{value}}}$.", f"It is $\\boxed{{{value}}}$.")
    return shapes[0] if choose.random() < 0.6 else choose.choice(shapes[1:])


def _asked(
    choose: random.Random,
    a: int,
    b: int,
    sign: Callable[[random.Random], str],
    wordings: Sequence[str],
    in_words: float,
) -> str:
    """The question for a calculation with two numbers: a share `in_words` of them in words, the rest as expressions."""
    values = {"a": written(choose, a), "b": written(choose, b)}
    if choose.random() < in_words:
        return ask(choose, wordings, values)
    return ask_value(choose, values["a"] + sign(choose) + values["b"])


def write_sum(choose: random.Random) -> Trace:
    """Two whole numbers of up to four digits added."""
    a = number_with_digits(choose, choose.choice((1, 2, 2, 3, 3, 4)))
    b = number_with_digits(choose, choose.choice((1, 2, 2, 3, 3, 4)))
    thinking = Thinking(choose)
    total = add(thinking, a, b)
    _say_near(thinking, a, b, total)
    asked = _asked(choose, a, b, plus_sign, _SUM_WORDINGS, 0.35)
    answer = boxed(choose, f"{a} + {b}", str(total))
    return Trace("sum", pair_key("sum", a, b), question(asked), thinking.spans(), answer, Value(str(total)))


def _say_near(thinking: Thinking, a: int, b: int, total: int) -> None:
    """A check by rounding each number to its leading place; for small sums, by going back."""
    if total < 100:
        thinking.say(f". Check: {total}-{b}={a}.")
        return
    places = [10 ** (len(str(number)) - 1) for number in (a, b)]
    rounded = [(number + place // 2) // place * place for number, place in zip((a, b), places, strict=True)]
    thinking.say(f". Check: about {rounded[0]}+{rounded[1]}={sum(rounded)}, good.")


def write_difference(choose: random.Random) -> Trace:
    """Two whole numbers of up to four digits, the second taken from the first; now and then below zero."""
    a = number_with_digits(choose, choose.choice((2, 2, 3, 3, 4)))
    b = number_with_digits(choose, choose.choice((1, 2, 2, 3, 3)))
    if a < b and choose.random() < 0.6:
        a, b = b, a
    thinking = Thinking(choose)
    rest = subtract(thinking, a, b)
    thinking.say(f". Check: {rest}+{b}={a}.")
    asked = _asked(choose, a, b, minus_sign, _DIFFERENCE_WORDINGS, 0.35 if a >= b else 0.0)
    answer = boxed(choose, f"{a} - {b}", str(rest))
    return Trace("difference", f"difference:{a},{b}", question(asked), thinking.spans(), answer, Value(str(rest)))


def write_product(choose: random.Random) -> Trace:
    """Products up to 99 times 99, and of three or four digits with one."""
    first, second = choose.choice(
        ((1, 1), (2, 1), (2, 1), (2, 2), (2, 2), (2, 2), (2, 2), (3, 1), (3, 1), (4, 1), (3, 2))
    )
    a, b = number_with_digits(choose, first), number_with_digits(choose, second)
    if choose.random() < 0.5:
        a, b = b, a
    thinking = Thinking(choose)
    product = multiply(thinking, a, b)
    if a > 9 and b > 9:
        thinking.say(f". Check: {a % 10}*{b % 10}={a % 10 * (b % 10)}, so it ends in {product % 10}. Yes.")
    else:
        thinking.say(f". Check: ends in {product % 10}, as {a % 10}*{b % 10}={a % 10 * (b % 10)}.")
    asked = _asked(choose, a, b, times_sign, _PRODUCT_WORDINGS, 0.35)
    answer = boxed(choose, f"{a} \\cdot {b}", str(product))
    return Trace("product", pair_key("product", a, b), question(asked), thinking.spans(), answer, Value(str(product)))


def write_quotient(choose: random.Random) -> Trace:
    """A division without a remainder."""
    b = choose.choice((choose.randrange(2, 10), choose.randrange(2, 10), choose.randrange(10, 26)))
    quotient = number_with_digits(choose, choose.choice((1, 2, 2, 3) if b < 10 else (1, 2)))
    a = b * quotient
    thinking = Thinking(choose)
    divide(thinking, a, b)
    thinking.say(f". Check: {quotient}*{b}={a}.")
    asked = _asked(choose, a, b, divided_sign, _QUOTIENT_WORDINGS, 0.3)
    answer = boxed(choose, f"{a} / {b}", str(quotient))
    return Trace("quotient", f"quotient:{a},{b}", question(asked), thinking.spans(), answer, Value(str(quotient)))


def write_remainder(choose: random.Random) -> Trace:
    """The remainder of a division of up to three digits by one."""
    a, b = number_with_digits(choose, choose.choice((2, 2, 3))), choose.randrange(2, 13)
    thinking = Thinking(choose)
    quotient, rest = divide(thinking, a, b)
    thinking.say(f". Check: {quotient}*{b}={quotient * b}, and {a}-{quotient * b}={rest}.")
    asked = ask(choose, _REMAINDER_WORDINGS, {"a": a, "b": b})
    answer = f"{a} = {quotient} * {b} + {rest}, so the remainder is $\\boxed{{{rest}}}$."
    return Trace("remainder", f"remainder:{a},{b}", question(asked), thinking.spans(), answer, Value(str(rest)))


def write_long_sum(choose: random.Random) -> Trace:
    """Three or four numbers added and subtracted, left to right."""
    count = choose.choice((3, 3, 4))
    numbers = [number_with_digits(choose, choose.choice((1, 2, 2, 3 if count == 3 else 2))) for _ in range(count)]
    signs = [1, *(choose.choice((1, 1, -1)) for _ in numbers[1:])]
    thinking = Thinking(choose)
    total = numbers[0]
    for at, (sign, number) in enumerate(zip(signs[1:], numbers[1:], strict=True)):
        thinking.say("." if at else "")
        total = add_signed(thinking, total, sign * number)
    thinking.say(f". All {count} numbers are used, the last result is {total}.")
    expression = str(numbers[0])
    for sign, number in zip(signs[1:], numbers[1:], strict=True):
        expression += (" + " if sign > 0 else " - ") + str(number)
    asked = ask_value(choose, expression if choose.random() < 0.8 else expression.replace(" ", ""))
    if all(sign > 0 for sign in signs) and choose.random() < 0.3:
        listed = ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
        asked = ask(
            choose, ("Add {n}.", "What is the sum of {n}?", "add up {n}", "Find the total of {n}."), {"n": listed}
        )
    answer = boxed(choose, expression, str(total))
    return Trace("long_sum", f"long_sum:{expression}", question(asked), thinking.spans(), answer, Value(str(total)))


def write_signed(choose: random.Random) -> Trace:
    """Sums, differences and products with negative numbers."""
    a, b = choose.randrange(-60, 61), choose.randrange(-60, 61)
    kind = choose.choice("+-*")
    if a >= 0 and b >= 0:
        a = -a - 1
    thinking = Thinking(choose)
    if kind == "+":
        value = add_signed(thinking, a, b)
    elif kind == "-":
        if b < 0:
            thinking.say(f" Minus minus is plus: {a}+{-b}.")
        value = add_signed(thinking, a, -b)
    else:
        a, b = a % 25 - 12, b % 25 - 12
        value = a * b
        same = "the same sign, so plus" if (a < 0) == (b < 0) or value == 0 else "different signs, so minus"
        thinking.say(f" {a} and {b} have {same}.")
        multiply(thinking, abs(a), abs(b))
    thinking.say(f". So it is {value}.")
    second = f"({b})" if b < 0 else str(b)
    asked = ask_value(choose, f"{a} {kind} {second}")
    answer = boxed(choose, f"{a} {kind.replace('*', chr(92) + 'cdot')} {second}", str(value))
    return Trace("signed", f"signed:{a}{kind}{b}", question(asked), thinking.spans(), answer, Value(str(value)))


def write_expression(choose: random.Random) -> Trace:
    """Two or three operations with brackets or precedence, small numbers."""
    a, b, c, d = (choose.randrange(2, 21) for _ in range(4))
    factor = choose.randrange(2, 13)
    thinking = Thinking(choose)
    shape = choose.randrange(7)
    if shape == 0:
        expression = f"{a} + {b} * {factor}"
        thinking.say(" First the product.")
        value = _then(thinking, multiply(thinking, b, factor), a, add_first=True)
    elif shape == 1:
        expression = f"{b} * {factor} - {a}"
        thinking.say(" First the product.")
        value = _then(thinking, multiply(thinking, b, factor), -a)
    elif shape == 2:
        expression = f"({a} + {b}) * {factor}"
        thinking.say(" First the brackets.")
        inner = add(thinking, a, b)
        thinking.say(".")
        value = multiply(thinking, inner, factor)
    elif shape == 3:
        expression = f"({a + b} - {b}) * {factor} + {d}"
        thinking.say(" First the brackets.")
        inner = subtract(thinking, a + b, b)
        thinking.say(".")
        value = _then(thinking, multiply(thinking, inner, factor), d)
    elif shape == 4:
        expression = f"{a} * {factor} + {c} * {d}"
        thinking.say(" First the products.")
        left = multiply(thinking, a, factor)
        thinking.say(".")
        right = multiply(thinking, c, d)
        value = _then(thinking, left, right)
    elif shape == 5:
        expression = f"{c * factor} / {factor} + {a}"
        thinking.say(" First the division.")
        value = _then(thinking, divide(thinking, c * factor, factor)[0], a)
    else:
        expression = f"{factor} * ({a} + {b}) - {c}"
        thinking.say(" First the brackets.")
        inner = add(thinking, a, b)
        thinking.say(".")
        value = _then(thinking, multiply(thinking, factor, inner), -c)
    thinking.say(f". Nothing is left to do, so {value}.")
    shown = expression if choose.random() < 0.7 else expression.replace(" * ", times_sign(choose))
    answer = boxed(choose, expression.replace("*", "\\cdot"), str(value))
    return Trace(
        "expression",
        f"expression:{expression}",
        question(ask_value(choose, shown)),
        thinking.spans(),
        answer,
        Value(str(value)),
    )


def _then(thinking: Thinking, value: int, more: int, *, add_first: bool = False) -> int:
    """Go on from a value by adding a number; `add_first` writes that number in front."""
    thinking.say(".")
    return add(thinking, more, value) if add_first else add_signed(thinking, value, more)


def write_power(choose: random.Random) -> Trace:
    """Squares, cubes, small powers and roots of squares."""
    thinking = Thinking(choose)
    kind = choose.choice(("square", "square", "cube", "power", "root"))
    if kind == "root":
        root = choose.randrange(2, 31)
        thinking.say(f" Which number times itself is {root * root}?")
        multiply(thinking, root, root)
        thinking.say(f". So the root is {root}.")
        wordings = (
            "What is the square root of {n}?",
            "sqrt({n})",
            "Find the square root of {n}.",
            r"$\sqrt{{{n}}}$",
            "square root of {n}",
        )
        asked = ask(choose, wordings, {"n": root * root})
        key, value, text = f"root:{root}", root, f"\\sqrt{{{root * root}}}"
    else:
        base = choose.randrange(2, 41) if kind == "square" else choose.randrange(2, 13 if kind == "cube" else 6)
        exponent = {"square": 2, "cube": 3}.get(kind) or choose.randrange(3, 7)
        value = base
        for at in range(exponent - 1):
            thinking.say("." if at else "")
            value = multiply(thinking, value, base)
        thinking.say(f". That is {exponent} factors of {base}.")
        wordings = ("{a}^{b}", "{a}**{b}", "{a} to the power of {b}", "{a}^{b}", "${a}^{b}$")
        special = {2: ("{a} squared", "the square of {a}"), 3: ("{a} cubed", "the cube of {a}")}.get(exponent, ())
        shown = choose.choice((*wordings, *special)).format(a=base, b=exponent)
        asked = ask_value(choose, shown)
        key, text = f"power:{base}^{exponent}", f"{base}^{exponent}"
    return Trace("power", key, question(asked), thinking.spans(), boxed(choose, text, str(value)), Value(str(value)))


def write_decimal(choose: random.Random) -> Trace:
    """Sums, differences and products of decimals, calculated as whole numbers."""
    places = choose.choice((1, 1, 2))
    unit = 10**places
    a, b = choose.randrange(2, 30 * unit), choose.randrange(2, 30 * unit)
    a, b = max(a, b), min(a, b)
    kind = choose.choice("++-*")
    thinking = Thinking(choose)
    if kind == "*":
        b = choose.randrange(2, 10)
        thinking.say(f" Without the point {a}*{b}.")
        value = Fraction(multiply(thinking, a, b), unit)
        second = str(b)
    else:
        thinking.say(f" In {'tenths' if places == 1 else 'hundredths'}: {a}{kind}{b}.")
        value = Fraction(add(thinking, a, b) if kind == "+" else subtract(thinking, a, b), unit)
        second = f"{b / unit:.{places}f}"
    first, shown = f"{a / unit:.{places}f}", decimal_text(value)
    thinking.say(f". With the point: {shown}.")
    sign = {"+": plus_sign, "-": minus_sign, "*": times_sign}[kind](choose)
    answer = boxed(choose, f"{first} {kind.replace('*', chr(92) + 'cdot')} {second}", shown)
    asked = ask_value(choose, first + sign + second)
    return Trace("decimal", f"decimal:{first}{kind}{second}", question(asked), thinking.spans(), answer, Value(shown))


def decimal_text(value: Fraction) -> str:
    """A number as the shortest decimal, for denominators that divide a power of ten.

    >>> decimal_text(Fraction(126, 10)), decimal_text(Fraction(7))
    ('12.6', '7')
    """
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6f}".rstrip("0")


TASKS: dict[str, Writer] = {
    "sum": write_sum,
    "difference": write_difference,
    "product": write_product,
    "quotient": write_quotient,
    "remainder": write_remainder,
    "long_sum": write_long_sum,
    "signed": write_signed,
    "expression": write_expression,
    "power": write_power,
    "decimal": write_decimal,
}
