"""A number with what it counts in, the number and the unit out: its dimension and its size."""

import re
from dataclasses import dataclass
from fractions import Fraction

from verify.normal_form import unmarked

_TABLE: dict[str, dict[str, str]] = {
    "length": {
        "1/1000000000": "nm nanometer nanometers",
        "1/1000": "mm millimeter millimeters millimetre millimetres 毫米",
        "1/100": "cm centimeter centimeters centimetre centimetres 厘米",
        "1": "m meter meters metre metres 米",
        "1000": "km kilometer kilometers kilometre kilometres 千米 公里",
        "127/5000": "in inch inches",
        "381/1250": "ft foot feet",
        "1143/1250": "yd yard yards",
        "201168/125": "mi mile miles",
    },
    "mass": {
        "1/1000000": "mg milligram milligrams",
        "1/1000": "g gram grams 克",
        "1": "kg kilogram kilograms 千克 公斤",
        "1000": "t tonne tonnes 吨",
        "45359237/100000000": "lb lbs pound pounds",
        "45359237/1600000000": "oz ounce ounces",
        "45359237/50000": "ton tons",
    },
    "time": {
        "1/1000": "ms millisecond milliseconds",
        "1": "s sec secs second seconds 秒",
        "60": "min mins minute minutes 分钟",
        "3600": "h hr hrs hour hours 小时",
        "86400": "day days 天",
        "604800": "week weeks",
        "2592000": "month months",
        "31536000": "yr yrs year years 年",
    },
    "money": {"1/100": "cent cents ¢", "1": "$ dollar dollars usd"},
    "euro": {"1": "€ euro euros eur"},
    "sterling": {"1": "£ gbp"},
    "yuan": {"1": "¥ yuan rmb 元"},
    "rupee": {"1": "₹ rupee rupees rs inr"},
    "length^2": {"10000": "hectare hectares", "316160658/78125": "acre acres"},
    "length^3": {
        "1/1000000": "ml milliliter milliliters millilitre millilitres cc 毫升",
        "1/1000": "l liter liters litre litres 升",
        "473176473/125000000000": "gallon gallons gal",
        "473176473/500000000000": "quart quarts qt",
    },
    "temperature in Celsius": {"1": "°c celsius degreescelsius"},
    "temperature in Fahrenheit": {"1": "°f fahrenheit degreesfahrenheit"},
    "temperature in Kelvin": {"1": "kelvin kelvins"},
    "unit": {"1": "unit units"},
    "angle": {"1": "degree degrees deg ^\\circ 度", "1/60": "arcminute arcminutes", "rad": "radian radians rad"},
    "share": {"1": "% percent percentage pct"},
    "energy": {"1": "j joule joules", "1000": "kj kilojoule kilojoules"},
    "power": {"1": "w watt watts", "1000": "kw kilowatt kilowatts"},
    "force": {"1": "n newton newtons"},
    "pressure": {"1": "pa pascal pascals", "1000": "kpa"},
    "frequency": {"1": "hz hertz", "1000": "khz"},
    "voltage": {"1": "v volt volts"},
    "current": {"1": "ampere amperes amp amps"},
}
_UNITS = {
    name: (dimension, factor)
    for dimension, rows in _TABLE.items()
    for factor, names in rows.items()
    for name in names.split()
}
_SPELLED_OUT = {"mph": "mi/h", "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "fps": "ft/s", "mps": "m/s", "rpm": "/min"}
_POWERS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3}
_LETTER = r"[^\W\d_]"
_TAIL = re.compile(
    r"(?:\s*(?P<boxed>\\text\{[^{}]{1,60}\}(?:\^\{?\d\}?)?(?:\s*/\s*\\text\{[^{}]{1,30}\}(?:\^\{?\d\}?)?)*)"
    r"|(?P<degrees>\s*\^\\circ\s*(?:\\text\{\s*)?[CFK]?\}?)"
    r"|(?<=[\d)}])\s*(?P<percent>[%$€£¥₹¢])"
    r"|(?<=[\d)}])\s*(?P<wide>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{1,10})"
    r"|(?<=[\d)}])(?P<close>[a-z]{2,12}|m(?=\^))(?:\^\{?\d\}?)?(?:\s*/\s*[a-z]{1,12}(?:\^\{?\d\}?)?)?"
    rf"|(?<=[\d)}}a-z%])\s+(?P<words>(?:{_LETTER}|[€£¥])(?:{_LETTER}|[ .-]){{0,40}}?(?:\^\{{?\d\}}?)?"
    r"(?:\s*/\s*[a-zA-Z]{1,12}(?:\^\{?\d\}?)?)?))\s*\Z"
)
_LEADING_MONEY = re.compile(
    r"\A(-?)\s*(?:\\text\{\s*)?(?:US|CA|AU)?([$€£¥₹]|(?:RMB|USD|EUR|GBP|Rs\.?)\s)(?:\s*\})?\s*(?=[\d.\\(-])"
)
_MEASURES = re.compile(
    r"(?:\s|,|&|\\text\{|\}|\band\b)*(\d+(?:\.\d+)?)\s*(?:\\text\{)?\s*([a-zA-Z€£¢]{1,12}|'{1,2}|\")\.?(?![a-zA-Z^])"
)
_DEGREES_AND_MINUTES = re.compile(
    r"(\d{1,4})\s*\^\\circ\s*(\d{1,2}(?:\.\d{1,9})?)\s*'(?:\s*(\d{1,2}(?:\.\d{1,9})?)\s*(?:''|\"))?"
)
_MARKS = {"'": "feet", '"': "inches", "''": "inches"}
_MAX_MEASURES = 4


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
    >>> split_unit("1 hour 30 minutes"), split_unit("3x")
    (('5400', Measure(words='hour', dimension='time', factor=Fraction(1, 1))), ('3x', None))
    """
    if total := added(form):
        return total
    money = _LEADING_MONEY.match(form)
    if money:
        sign = money[2].strip(" .").lower()
        dimension, factor = _UNITS[sign]
        number = money[1] + form[money.end() :]
        inner, more = split_unit(number)
        if more is not None and (not more.dimension or more.dimension == dimension):
            number = inner
        return number, Measure(sign, dimension, Fraction(factor))
    tail = _TAIL.search(form)
    if tail is None or not tail.start() or not _is_number_like(form[: tail.start()]):
        return form, None
    written = form[tail.start() :].strip()
    words = re.sub(r"\s+", " ", unmarked(written)).strip(" .")
    if not words:
        return form[: tail.start()].strip(), None
    measure = _measured(words)
    if not measure.dimension and (tail["close"] or (len(words) == 1 and not tail["wide"])):
        return form, None
    return form[: tail.start()].strip(), measure


def added(form: str) -> tuple[str, Measure] | None:
    """Several measures of one kind, such as *1 hour 30 minutes*, as one in its dimension's own unit."""
    if angle := _DEGREES_AND_MINUTES.fullmatch(form):
        parts = [Fraction(part or 0) for part in angle.groups()]
        return str(parts[0] + parts[1] / 60 + parts[2] / 3600), Measure("degrees", "angle", Fraction(1))
    total, at = Fraction(0), 0
    dimensions: set[str] = set()
    words: list[str] = []
    while at < len(form) and (piece := _MEASURES.match(form, at)):
        name = _MARKS.get(piece[2], piece[2])
        known = _UNITS.get(name) or _UNITS.get(name.lower())
        if known is None or known[1] == "rad" or len(words) == _MAX_MEASURES:
            return None
        dimensions.add(known[0])
        total += Fraction(piece[1]) * Fraction(known[1])
        words.append(name)
        at = piece.end()
    is_whole = not form[at:].strip(" }.")
    if not is_whole or not words or len(dimensions) != 1 or (len(words) == 1 and _is_in_letters(form)):
        return None
    return str(total), Measure(words[0], dimensions.pop(), Fraction(1))


def _is_in_letters(form: str) -> bool:
    """Whether a single measure has a unit in letters, which needs no adding up."""
    return form.rstrip()[-1:] not in ("'", '"')


def _is_number_like(text: str) -> bool:
    """Whether it has digits and no variables."""
    return bool(re.search(r"\d|\\pi", text)) and not re.search(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", text))


def _measured(words: str) -> Measure:
    """The dimension of a unit such as *square cm*, *km/h*, *miles per hour*, *cm long*."""
    plain = words.replace("^\\circ", "°").replace("^{2}", "^2").replace("^{3}", "^3").replace(" an hour", "/hour")
    plain = re.sub(r"\s+per\s+", "/", plain)
    plain = _SPELLED_OUT.get(plain.lower(), plain)
    found = _product_of_units(words, plain)
    while not found.dimension and " " in plain:
        # What follows a unit says what is measured: "cm long", "hours later".
        plain = plain.rpartition(" ")[0]
        found = _product_of_units(words, plain)
    return found


def _product_of_units(words: str, plain: str) -> Measure:
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
    raised = re.fullmatch(r"(.*?)\s*(?:\^\{?(\d)\}?|([23]))", part)
    if raised:
        part, power = raised[1], int(raised[2] or raised[3])
    for prefix, raised_to in (("平方", 2), ("立方", 3)):
        if part.startswith(prefix):
            part, power = part[2:], raised_to
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
