"""Words of units in, values in base units out; a value and a unit in, the quantity told in it out."""

import re
from typing import Any

import sympy

from agent.calculating.unit_table import SHOWN_IN, UNITS, UNSURE, normal_dimension, size_of
from agent.calculating.values import CannotWork, Quantity

_PREFIX = "unit "
# A number with a unit right behind it: then units are meant.
_WITH_UNIT = re.compile(r"(?<![\w.])[\d.]+\s*([^\W\d_]+)")
# Single letters are variables as well, but not in 9.8 m/s^2.
_RATE = re.compile(r"(?<=\d)\s*(?:m|g|l|L)\s*/\s*(?:s|h|m|min|l|L)(?![\w(])")
_DIMENSION_WORDS = {
    "m": "a length", "m^2": "an area", "m^3": "a volume", "kg": "a mass", "s": "a time", "m s^-1": "a speed",
    "kg m s^-2": "a force", "kg m^2 s^-2": "an energy", "kg m^2 s^-3": "a power", "": "a plain number", "bit": "data",
    "kg m^-1 s^-2": "a pressure", "rad": "an angle", "m s^-2": "an acceleration", "K": "a temperature",
}  # fmt: skip


def means_units(text: str) -> bool:
    """Whether a calculation is one with units.

    >>> means_units("3 km + 200 m"), means_units("2 m + 3 s"), means_units("2cm = x"), means_units("v = 6 km / 2 h")
    (True, False, False, True)
    """
    if re.search(r"[<>=]", re.sub(r"\A\s*[a-zA-Z]\w*\s*=(?!=)", "", text)):
        return False
    words = _WITH_UNIT.findall(text)
    return bool(_RATE.search(text)) or any(word in UNITS and word not in UNSURE for word in words)


class UnitBook:
    """Knows units while one text is worked out, and which came first in it."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def knows(self, word: str) -> bool:
        """Whether it is a unit."""
        return word in UNITS

    def value(self, word: str) -> Any:
        """A unit in base units."""
        self.used.append(word)
        size, pi_power = size_of(word)
        value = sympy.Rational(size.numerator, size.denominator) * sympy.pi**pi_power
        return value * sympy.Mul(*(base(name) ** power for name, power in _parts(UNITS[word][1])))

    def told(self, value: Any) -> Any:
        """A value in the first unit of the text that fits, or in base units; a plain number as it is."""
        value = _one_term(value)
        dimension = dimension_of(value)
        if not dimension:
            return value
        for word in dict.fromkeys(self.used):
            if UNITS[word][1] == dimension:
                return Quantity(_in(value, self.value(word)), word)
        if dimension in SHOWN_IN:
            return Quantity(_in(value, self.value(SHOWN_IN[dimension])), SHOWN_IN[dimension])
        return self._in_parts(value, dimension)

    def _in_parts(self, value: Any, dimension: str) -> Quantity:
        """In the units of the text that its parts were given in: km and h make km/h."""
        in_words, size = [], sympy.Integer(1)
        for name, power in _parts(dimension):
            word = next((each for each in self.used if UNITS[each][1] == name), name)
            in_words.append(word if power == 1 else f"{word}^{power}")
            size *= (self.value(word) if word in UNITS else base(name)) ** power
        return Quantity(_in(value, size), written(" ".join(in_words)))


def converted(value: Any, unit: Any, written_unit: str) -> Quantity:
    """A value told in a unit.

    Raises:
        CannotWork: If it is of another kind.
    """
    value = _one_term(value)
    have, want = dimension_of(value), dimension_of(unit)
    if (have, want) == ("", "rad"):
        value, have = value * base("rad"), want
    if have != want and {have, want} <= {"$", "€"}:
        raise CannotWork("What a currency is worth in another is not known here: it changes every day.")
    if have != want:
        raise CannotWork(f"{words_of(have)} cannot be told in {written_unit}, which is {words_of(want)}.".capitalize())
    return Quantity(_in(value, unit), written_unit)


def base(name: str) -> Any:
    """The symbol of a base unit."""
    return sympy.Symbol(_PREFIX + name, positive=True)


def dimension_of(value: Any) -> str:
    """The dimension of a value of one term; empty for a plain number.

    >>> dimension_of(3 * base("m") / base("s") ** 2)
    'm s^-2'
    """
    parts = [name if power == 1 else f"{name}^{power}" for name, power in _powers(value).items()]
    return normal_dimension(" ".join(parts))


def written(dimension: str) -> str:
    """A dimension as a unit: `m s^-2` is m/s^2.

    >>> written("kg m^2 s^-3"), written("s^-1")
    ('kg*m^2/s^3', '1/s')
    """
    over = [part for part in dimension.split() if "^-" not in part]
    under = [part.replace("^-1", "").replace("^-", "^") for part in dimension.split() if "^-" in part]
    above = "*".join(over) or "1"
    if not under:
        return above
    return f"{above}/{under[0]}" if len(under) == 1 else f"{above}/({'*'.join(under)})"


def words_of(dimension: str) -> str:
    """A dimension in words."""
    return _DIMENSION_WORDS.get(dimension, f"a quantity in {written(dimension)}")


def _powers(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for factor in sympy.Mul.make_args(value):
        root, power = factor.as_base_exp()
        if root.is_Symbol and str(root).startswith(_PREFIX):
            found[str(root).removeprefix(_PREFIX)] = power
    return found


def _one_term(value: Any) -> Any:
    """A value with its units outside.

    Raises:
        CannotWork: If it adds up different kinds.
    """
    if not isinstance(value, sympy.Expr):
        raise CannotWork("Units go with numbers only.")
    value = sympy.powsimp(sympy.factor_terms(sympy.expand(value)))
    inner = [part for part in sympy.Mul.make_args(value) if part.is_Add and _has_units(part)]
    if inner:
        kinds = sorted({words_of(dimension_of(part)) for part in inner[0].args})
        raise CannotWork(f"These do not add up: {' and '.join(kinds)}.")
    return value


def _has_units(value: Any) -> bool:
    return any(str(each).startswith(_PREFIX) for each in value.free_symbols)


def _in(value: Any, unit: Any) -> Any:
    return sympy.simplify(value / unit)


def _parts(dimension: str) -> list[tuple[str, Any]]:
    return [
        (name, sympy.Rational(power or 1)) for name, _, power in (part.partition("^") for part in dimension.split())
    ]
