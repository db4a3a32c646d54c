"""A word or a sign of a unit in, its size in base units and its dimension out: exact, from the units' definitions."""

from fractions import Fraction

# Base units: metre, kilogram, second, ampere, kelvin, mole, candela, bit, radian, and one for each currency.
# Sizes are exact: the inch is 0.0254 m, the pound 0.45359237 kg (international yard and pound agreement, 1959), the US
# gallon 231 cubic inches, the calorie 4.184 J, the year 365 days where nothing else is said.
_SIZES: dict[str, dict[str, str]] = {
    "m": {
        "1": "m meter meters metre metres", "0.01": "cm centimeter centimeters centimetre centimetres",
        "0.001": "mm millimeter millimeters millimetre millimetres", "0.1": "dm decimeter decimeters",
        "1000": "km kilometer kilometers kilometre kilometres kms", "1e-6": "um micrometer micrometers micron microns",
        "1e-9": "nm nanometer nanometers nanometre nanometres", "0.0254": "inch inches", "0.3048": "ft foot feet",
        "0.9144": "yd yard yards yds", "1609.344": "mi mile miles", "1852": "nmi nauticalmile nauticalmiles",
        "149597870700": "au astronomicalunit", "9460730472580800": "ly lightyear lightyears",
    },
    "m^2": {"10000": "ha hectare hectares", "4046.8564224": "acre acres", "100": "are ares", "1": "sqm",
            "0.09290304": "sqft"},
    "m^3": {
        "0.001": "l L liter liters litre litres", "1e-6": "ml mL milliliter milliliters millilitre millilitres cc",
        "1e-5": "cl centiliter centiliters", "1e-4": "dl deciliter deciliters", "0.003785411784": "gal gallon gallons",
        "0.000946352946": "qt quart quarts", "0.000473176473": "pint pints", "0.0002365882365": "cup cups",
        "0.0000295735295625": "floz", "0.00001478676478125": "tbsp tablespoon tablespoons",
        "0.00000492892159375": "tsp teaspoon teaspoons",
    },
    "kg": {
        "1": "kg kilogram kilograms kilo kilos", "0.001": "g gram grams", "1e-6": "mg milligram milligrams",
        "1e-9": "ug microgram micrograms", "1000": "tonne tonnes", "0.45359237": "lb lbs pound pounds",
        "0.028349523125": "oz ounce ounces", "6.35029318": "stone stones", "907.18474": "ton tons",
    },
    "s": {
        "1": "s sec secs second seconds", "0.001": "ms millisecond milliseconds", "1e-6": "us microsecond microseconds",
        "1e-9": "ns nanosecond nanoseconds", "60": "min mins minute minutes", "3600": "h hr hrs hour hours",
        "86400": "day days", "604800": "week weeks", "1209600": "fortnight fortnights", "31536000": "yr yrs year years",
        "315360000": "decade decades", "3153600000": "century centuries",
    },
    "s^-1": {"1": "Hz hz hertz", "1000": "kHz", "1e6": "MHz", "1e9": "GHz", "1/60": "rpm"},
    "m s^-1": {"0.44704": "mph", "1/3.6": "kmh kph", "463/900": "kn knot knots", "1": "mps"},
    "kg m s^-2": {"1": "N newton newtons", "1000": "kN", "4.4482216152605": "lbf"},
    "kg m^2 s^-2": {
        "1": "J joule joules", "1000": "kJ kilojoule kilojoules", "1e6": "MJ megajoule megajoules",
        "4.184": "cal calorie calories",
        "4184": "kcal kilocalorie kilocalories Cal", "3600": "Wh", "3600000": "kWh kwh kilowatthour kilowatthours",
        "1.602176634e-19": "eV electronvolt electronvolts", "1055.05585262": "btu BTU",
    },
    "kg m^2 s^-3": {"1": "W watt watts", "1000": "kW kilowatt kilowatts", "1e6": "MW megawatt megawatts",
                    "745.69987158227022": "hp horsepower"},
    "kg m^-1 s^-2": {
        "1": "Pa pascal pascals", "1000": "kPa", "1e6": "MPa", "100": "hPa", "100000": "bar bars", "101325": "atm",
        "101325/760": "mmHg torr", "6894.757293168361": "psi",
    },
    "A": {"1": "A amp amps ampere amperes", "0.001": "mA"},
    "A s": {"1": "C coulomb coulombs", "3600": "Ah", "3.6": "mAh"},
    "kg m^2 s^-3 A^-1": {"1": "V volt volts", "1000": "kV", "0.001": "mV"},
    "kg m^2 s^-3 A^-2": {"1": "ohm ohms", "1000": "kohm"},
    "K": {"1": "K kelvin kelvins"}, "mol": {"1": "mol mole moles"},
    "bit": {
        "1": "bit bits", "8": "B byte bytes", "8e3": "kB KB kilobyte kilobytes", "8e6": "MB megabyte megabytes",
        "8e9": "GB gigabyte gigabytes", "8e12": "TB terabyte terabytes", "8192": "KiB", "8388608": "MiB",
        "8589934592": "GiB", "1e3": "kbit kbits", "1e6": "Mbit Mbits megabit megabits",
        "1e9": "Gbit Gbits gigabit gigabits",
    },
    "bit s^-1": {"1e6": "Mbps mbps", "1e9": "Gbps gbps", "1e3": "kbps"},
    "rad": {"1": "rad radian radians", "pi/180": "deg degree degrees", "pi/10800": "arcmin", "2*pi": "turn turns rev"},
    "$": {"1": "dollar dollars usd USD", "0.01": "cent cents"}, "€": {"1": "euro euros eur EUR"},
}  # fmt: skip


def normal_dimension(dimension: str) -> str:
    """A dimension with its parts in one order: what is divided by comes last.

    >>> normal_dimension("kg m^2 s^-3 A^-1")
    'kg m^2 A^-1 s^-3'
    """
    return " ".join(sorted(dimension.split(), key=lambda part: ("^-" in part, part)))


def _table() -> dict[str, tuple[str, str]]:
    return {
        word: (size, normal_dimension(dimension))
        for dimension, sizes in _SIZES.items()
        for size, words in sizes.items()
        for word in words.split()
    }


# Size as text ("1/3.6", "pi/180") and dimension ("kg m s^-2"), by spelling.
UNITS = _table()
# They are variables as well: units only where something else says that units are meant.
UNSURE = frozenset(word for word in UNITS if len(word) == 1) | {"min", "are", "ares", "bar", "cup", "bit", "rev"}
# What a result is told in when nobody has said it.
_SHOWN_IN = {
    "kg m s^-2": "N", "kg m^2 s^-2": "J", "kg m^2 s^-3": "W", "kg m^-1 s^-2": "Pa", "A s": "C",
    "kg m^2 s^-3 A^-1": "V", "kg m^2 s^-3 A^-2": "ohm",
}  # fmt: skip
SHOWN_IN = {normal_dimension(dimension): word for dimension, word in _SHOWN_IN.items()}


def size_of(word: str) -> tuple[Fraction, int]:
    """A unit's size in base units, and the power of pi that goes with it.

    >>> size_of("inch"), size_of("deg")
    ((Fraction(127, 5000), 0), (Fraction(1, 180), 1))
    """
    text = UNITS[word][0]
    power = int("pi" in text)
    over, _, under = text.replace("2*pi", "2").replace("pi", "1").partition("/")
    return Fraction(over) / Fraction(under or "1"), power
