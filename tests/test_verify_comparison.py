"""What is equal by construction stays equal in every form; what was changed does not."""

import random
from fractions import Fraction

import pytest
import sympy

from verify.comparison import compare

X, Y = sympy.symbols("x y")


def polynomial(draw: random.Random) -> sympy.Expr:
    factors = [
        draw.randint(1, 5) * X + draw.choice([-1, 1]) * draw.randint(1, 9) * draw.choice([1, Y]) for _ in range(2)
    ]
    return sympy.Mul(*factors) + draw.randint(1, 20)


def surd(draw: random.Random) -> sympy.Expr:
    return sympy.Rational(draw.randint(1, 30), draw.randint(2, 12)) + draw.randint(1, 9) * sympy.sqrt(
        draw.choice([2, 3, 5, 12, 50])
    )


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("make", [polynomial, surd])
def test_expression_equals_itself_in_every_form_and_no_other_one(make, seed: int) -> None:
    expression = make(random.Random(seed))
    gold = sympy.latex(expression)
    for form in (
        sympy.expand(expression),
        sympy.factor(expression),
        sympy.together(expression),
        sympy.radsimp(expression),
    ):
        for written in (sympy.latex(form), str(form)):
            assert compare(gold, written).outcome == "correct", written
    for other in (expression + 1, -expression, 2 * expression, expression + sympy.Rational(1, 1000)):
        assert compare(gold, sympy.latex(sympy.expand(other))).outcome == "wrong", other


def numbers(count: int) -> list[Fraction]:
    draw = random.Random(3)
    return [Fraction(draw.randint(-400, 400), draw.choice([1, 2, 3, 4, 7, 9, 10, 25, 90])) for _ in range(count)]


def decimal_of(value: Fraction) -> str | None:
    """The value as a finite decimal, where it is one."""
    for places in range(8):
        if (value * 10**places).denominator == 1:
            return f"{float(value):.{places}f}"
    return None


def forms_of(value: Fraction) -> list[str]:
    sign, top, bottom = "-" if value < 0 else "", abs(value.numerator), value.denominator
    forms = [f"{value}", rf"{sign}\frac{{{top}}}{{{bottom}}}", rf"$x = {value}$", f"{3 * value.numerator}/{3 * bottom}"]
    whole, rest = divmod(top, bottom)
    if whole and rest:
        forms += [f"{sign}{whole} {rest}/{bottom}", rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}"]
    return forms + ([written] if (written := decimal_of(value)) else [])


@pytest.mark.parametrize("value", numbers(60), ids=str)
def test_number_equals_itself_in_every_form_and_no_other_one(value: Fraction) -> None:
    for form in forms_of(value):
        assert compare(str(value), form).outcome == "correct", form
        assert compare(form, str(value)).outcome == "correct", form
        for other in (value + 1, -value, value + Fraction(1, 100), 10 * value):
            if other != value:
                assert compare(str(other), form).outcome == "wrong", (other, form)


@pytest.mark.parametrize("unit", ["cm", "kg", "minutes", r"\text{ m/s}", r"\text{ cm}^2", "dollars"])
def test_unit_may_be_missing_but_not_another_one(unit: str) -> None:
    others = {
        "cm": "m",
        "kg": "g",
        "minutes": "hours",
        r"\text{ m/s}": "km/h",
        r"\text{ cm}^2": r"\text{ cm}^3",
        "dollars": "cents",
    }
    assert compare(f"12 {unit}", "12").outcome == "correct"
    assert compare("12", f"12 {unit}").outcome == "correct"
    assert compare(f"12 {unit}", f"12.0 {unit}").outcome == "correct"
    assert compare(f"12 {unit}", f"12 {others[unit]}").outcome == "wrong"
    assert compare(f"12 {unit}", f"13 {unit}").outcome == "wrong"


@pytest.mark.parametrize("seed", range(20))
def test_interval_is_another_one_when_an_end_moves_or_opens(seed: int) -> None:
    draw = random.Random(seed)
    low, high = sorted(draw.sample(range(-20, 20), 2))
    left, right = draw.choice("(["), draw.choice(")]")
    gold = f"{left}{low}, {high}{right}"
    if gold[0] + gold[-1] == "()":
        return  # a pair of numbers looks the same
    signs = {"(": "<", "[": r"\le", ")": "<", "]": r"\le"}
    assert compare(gold, rf"{low} {signs[left]} x {signs[right]} {high}").outcome == "correct"
    assert compare(gold, rf"\left{left}{low}.0, \frac{{{2 * high}}}{{2}}\right{right}").outcome == "correct"
    turned = {"(": "[", "[": "(", ")": "]", "]": ")"}
    for other in (
        f"{turned[left]}{low}, {high}{right}",
        f"{left}{low}, {high}{turned[right]}",
        f"{left}{low}, {high + 1}{right}",
        f"{left}{low - 1}, {high}{right}",
    ):
        assert compare(gold, other).outcome == "wrong", other


@pytest.mark.parametrize("seed", range(20))
def test_set_does_not_mind_its_order_and_a_tuple_does(seed: int) -> None:
    draw = random.Random(seed)
    values = draw.sample(range(-30, 30), draw.randint(2, 5))
    turned = [*values[1:], values[0]]
    written, other = (", ".join(map(str, each)) for each in (values, turned))
    assert compare(rf"\{{{written}\}}", rf"\{{{other}\}}").outcome == "correct"
    assert compare(written, other).outcome == "correct"
    assert compare(f"({written})", f"({other})").outcome == "wrong"
    assert compare(written, ", ".join(map(str, [*values[:-1], 77]))).outcome == "wrong"
    assert compare(written, ", ".join(map(str, values[:-1]))).outcome == "wrong"


def test_equation_with_roots_is_the_same_up_to_a_factor() -> None:
    gold = r"\sqrt{2}x + y = 1"
    assert compare(gold, r"2x + \sqrt{2}y = \sqrt{2}").outcome == "correct"
    assert compare(gold, r"y = 1 - \sqrt{2}x").outcome == "correct"
    assert compare(gold, r"y = 2 - \sqrt{2}x").outcome == "wrong"
