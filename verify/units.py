"""A number with what it counts in, the number and the unit out: its dimension and its size."""

import re
from dataclasses import dataclass
from fractions import Fraction

from verify.normal_form import unmarked

_TABLE: dict[str, dict[str, str]] = {
    "length": {
        "1/1000": "mm millimeter millimeters millimetre millimetres",
        "1/100": "cm centimeter centimeters centimetre centimetres",
        "1": "m meter meters metre metres",
        "1000": "km kilometer kilometers kilometre kilometres",
        "127/5000": "in inch inches",
        "381/1250": "ft foot feet",
        "1143/1250": "yd yard yards",
        "201168/125": "mi mile miles",
    },
    "mass": {
        "1/1000000": "mg milligram milligrams",
        "1/1000": "g gram grams",
        "1": "kg kilogram kilograms",
        "1000": "t tonne tonnes",
        "45359237/100000000": "lb lbs pound pounds",
        "45359237/1600000000": "oz ounce ounces",
    },
    "time": {
        "1/1000": "ms millisecond milliseconds",
        "1": "s sec secs second seconds",
        "60": "min mins minute minutes",
        "3600": "h hr hrs hour hours",
        "86400": "day days",
        "604800": "week weeks",
        "2592000": "month months",
        "31536000": "yr yrs year years",
    },
    "money": {"1/100": "cent cents ¢", "1": "$ dollar dollars usd"},
    "euro": {"1": "€ euro euros eur"},
    "sterling": {"1": "£ gbp"},
    "yuan": {"1": "¥ yuan rmb 元"},
    "volume": {"1/1000": "ml milliliter milliliters millilitre millilitres", "1": "l liter liters litre litres"},
    "temperature in Celsius": {"1": "°c celsius degreescelsius"},
    "temperature in Fahrenheit": {"1": "°f fahrenheit degreesfahrenheit"},
    "angle": {"1": "degree degrees deg ^\\circ", "rad": "radian radians rad"},
    "share": {"1": "% percent percentage"},
    "energy": {"1": "j joule joules", "1000": "kj kilojoules"},
    "power": {"1": "w watt watts", "1000": "kw kilowatt kilowatts"},
    "force": {"1": "n newton newtons"},
}
_UNITS = {
    name: (dimension, factor)
    for dimension, rows in _TABLE.items()
    for factor, names in rows.items()
    for name in names.split()
}
_POWERS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3}
_TAIL = re.compile(
    r"(?:\s*(?P<boxed>\\text\{[^{}]{1,60}\}(?:\^\{?[23]\}?)?(?:\s*/\s*\\text\{[^{}]{1,30}\}(?:\^\{?[23]\}?)?)*)"
    r"|(?P<degrees>\s*\^\\circ\s*(?:\\text\{\s*)?[CF]?\}?)"
    r"|(?<=[\d)}])\s*(?P<percent>%)"
    r"|(?<=[\d)}])(?P<close>[a-z]{2,12})(?:\^\{?[23]\}?)?(?:\s*/\s*[a-z]{1,12}(?:\^\{?[23]\}?)?)?"
    r"|(?<=[\d)}a-z%])\s+(?P<words>[a-zA-Z€£¥元][a-zA-Z .]{0,40}?(?:\^\{?[23]\}?)?"
    r"(?:\s*/\s*[a-zA-Z]{1,12}(?:\^\{?[23]\}?)?)?))\s*\Z"
)
_LEADING_MONEY = re.compile(r"\A(-?)\s*(?:\\text\{\s*)?([$€£¥])(?:\s*\})?\s*(?=[\d.\\(-])")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a number counts in.

    Args:
        words: As it was written.
        dimension: Empty where the unit is not known, such as *apples*.
        factor: In the dimension's own unit; `None` where it is no plain factor.
    """

    words: str
    dimension: str
    factor: Fraction | None


def split_unit(form: str) -> tuple[str, Measure | None]:
    r"""The number and its unit; `None` where there is none.

    Args:
        form: An answer in the spelling of `verify.normal_form`.

    >>> split_unit(r"5 \text{ cm}^2")[1].dimension, split_unit("$3.50")[1].words, split_unit("12 km/h")[0]
    ('length^2', '$', '12')
    >>> split_unit("3x")
    ('3x', None)
    """
    money = _LEADING_MONEY.match(form)
    if money:
        dimension, factor = _UNITS[money[2]]
        return money[1] + form[money.end() :], Measure(money[2], dimension, Fraction(factor))
    tail = _TAIL.search(form)
    if tail is None or not tail.start() or not _is_number_like(form[: tail.start()]):
        return form, None
    written = form[tail.start() :].strip()
    words = re.sub(r"\s+", " ", unmarked(written)).strip(" .")
    if not words:
        return form[: tail.start()].strip(), None
    measure = _measured(words)
    if not measure.dimension and (tail["close"] or len(words) == 1):
        return form, None
    return form[: tail.start()].strip(), measure


def _is_number_like(text: str) -> bool:
    """Whether it has digits and no variables."""
    return bool(re.search(r"\d|\\pi", text)) and not re.search(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", text))


def _measured(words: str) -> Measure:
    """The dimension of a unit such as *square cm*, *km/h*, *miles per hour*."""
    plain = words.replace("^\\circ", "°").replace(" per ", "/").replace("^{2}", "^2").replace("^{3}", "^3")
    dimensions, factor = [], Fraction(1)
    for place, part in enumerate(plain.split("/")):
        known = _one_unit(part.strip())
        if known is None:
            return Measure(words, "", None)
        dimension, part_factor = known
        dimensions.append(dimension)
        if part_factor is None or factor is None:
            return Measure(words, "/".join(dimensions), None)
        factor = factor * part_factor if place == 0 else factor / part_factor
    return Measure(words, "/".join(dimensions), factor)


def _one_unit(part: str) -> tuple[str, Fraction | None] | None:
    power = 1
    raised = re.fullmatch(r"(.*?)\s*\^?([23])", part)
    if raised:
        part, power = raised[1], int(raised[2])
    kept = []
    for word in part.replace(".", " ").split():
        if word.lower() in _POWERS:
            power = _POWERS[word.lower()]
        else:
            kept.append(word)
    name = "".join(kept)
    found = _UNITS.get(name) or _UNITS.get(name.lower()) or {"°": _UNITS["degrees"]}.get(name)
    if found is None:
        return None
    dimension, factor = found
    size = Fraction(factor) ** power if factor != "rad" else None
    return (dimension if power == 1 else f"{dimension}^{power}"), size
