"""Rules for answers that are numbers: exact worth, percentages, rounded decimals, units, number bases."""

import re
from fractions import Fraction

import mpmath

from verify.number_forms import times, value_of, with_decimal_comma
from verify.rules import TOO_MANY_DIGITS, ComparesParts, Finding, Policy, correct, wrong
from verify.units import Measure, added, split_unit
from verify.worth import DIGITS, TooLarge, Value, inexact, is_same

_DECIMAL = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d*)\.?\d*")
_BASE = re.compile(
    r"\(?(?:\\text\{)?\s*([\da-fA-F]+(?:\.[\da-fA-F]+)?)\s*\}?\s*\)?\s*_\s*\{?\s*\(?(?:\\text\{)?\s*(\d{1,2}|[a-z]+)\s*\}*\)?\}*"
)
_PREFIXED = re.compile(r"0([bBoOxX])([\da-fA-F]+)")
_PREFIXES = {"b": 2, "o": 8, "x": 16}
_IN_BASE = re.compile(
    r"([\da-fA-F]+)\s*\(?(?:\\text\{)?\s*(?:\(|in )?\s*base[\s-]*(\d{1,2}|[a-z]+)\)?\s*\}?\)?", re.IGNORECASE
)
_BASE_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "sixteen": 16,
}  # fmt: skip


def number(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Two numbers, by what they are worth."""
    if "," not in candidate and (pointed := with_decimal_comma(gold)) and _is_no_list(gold):
        gold = pointed
    if "," not in gold and (pointed := with_decimal_comma(candidate)):
        candidate = pointed
    try:
        wanted, given = value_of(gold), value_of(candidate)
    except TooLarge:
        return TOO_MANY_DIGITS
    if wanted is None or given is None:
        return None
    if is_same(wanted, given):
        return correct(f"{candidate} equals {gold}")
    if (r"^\circ" in gold) != (r"^\circ" in candidate):
        return None  # `unit` knows degrees
    has_percent = gold.endswith("%"), candidate.endswith("%")
    if policy.percent == "lenient" and has_percent[0] != has_percent[1]:
        hundred = Fraction(100)
        # 28% for 28 names what is counted, but 0.5% is not 0.5.
        is_share = isinstance(wanted, Fraction) and abs(wanted) <= 1
        if (has_percent[0] and is_same(times(wanted, hundred), given)) or (
            has_percent[1] and not is_share and is_same(wanted, times(given, hundred))
        ):
            return correct(f"{candidate} stands for {gold}")
    for rounded, exact, text in ((given, wanted, candidate), (wanted, given, gold)):
        if _is_rounded(rounded, exact, text, policy.rounded_digits):
            return correct(f"{candidate} and {gold} agree in all digits that are given")
    return wrong(f"{candidate} is not {gold}{_apart(wanted, given)}")


def _is_no_list(form: str) -> bool:
    """Whether what a reference has behind its comma looks like decimals: 0,75 and 1,22 do, 2,3 does not."""
    return form.lstrip("-").startswith("0,") or len(form.rpartition(",")[2]) > 1


def _is_rounded(rounded: Value, exact: Value, text: str, digits: int) -> bool:
    """Whether a decimal is the other number, rounded or cut at its last place."""
    plain = text.replace(",", "").rstrip(".").replace(r"\ldots", "").replace("...", "").strip()
    if "." not in plain or not _DECIMAL.fullmatch(plain) or not isinstance(rounded, Fraction):
        return False
    places = len(plain.partition(".")[2])
    if len(plain.replace("-", "").replace(".", "").lstrip("0")) < digits:
        return False
    if isinstance(exact, Fraction):
        return abs(exact - rounded) < Fraction(1, 10**places)
    with mpmath.workdps(DIGITS):
        difference = abs(inexact(exact) - inexact(rounded))
        return bool(mpmath.im(inexact(exact)) == 0 and difference < mpmath.mpf(10) ** -places)


def _apart(wanted: Value, given: Value) -> str:
    """Both as decimals, where they are not written so."""
    if isinstance(wanted, Fraction) and isinstance(given, Fraction) and wanted.denominator == given.denominator == 1:
        return ""
    return f" (about {_short(given)}, not {_short(wanted)})"


def _short(value: Value) -> str:
    with mpmath.workdps(DIGITS):
        return str(mpmath.nstr(inexact(value), 6))


def measures(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Measures of several units, such as *1 hour 30 minutes*, before they are taken for a list."""
    return unit(gold, candidate, policy, compares) if added(gold) or added(candidate) else None


def unit(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """A number with a unit: the units must not contradict, and the numbers are compared without them."""
    (gold_number, wanted), (number_given, given) = split_unit(gold), split_unit(candidate)
    if wanted is None and given is None:
        return None
    if (wanted and wanted.dimension == "share") or (given and given.dimension == "share"):
        return None  # `number` knows percentages
    if wanted and given and wanted.dimension and given.dimension:
        return _both(gold_number, wanted, number_given, given, compares)
    for measure, other in ((given, gold), (wanted, candidate)):
        if measure and measure.dimension == "angle" and r"\pi" in other:
            in_radians = r"\cdot \pi/180"
            if measure is given:
                return compares(gold, f"({number_given}){in_radians}")
            return compares(f"({gold_number}){in_radians}", candidate)
    if given is None and not policy.takes_missing_unit:
        return wrong(f"it has no unit, the reference {wanted.words if wanted else ''}")
    return compares(gold_number, number_given)


def _both(gold_number: str, wanted: Measure, number_given: str, given: Measure, compares: ComparesParts) -> Finding:
    if wanted.dimension.startswith("unit") or given.dimension.startswith("unit"):
        return _plain_units(gold_number, wanted, number_given, given, compares)
    if wanted.dimension != given.dimension and not _is_money_rate(wanted, given):
        return wrong(f"the unit says {given.words}, the reference {wanted.words}")
    if wanted.factor == given.factor or wanted.dimension != given.dimension:
        return compares(gold_number, number_given)
    if wanted.factor is None or given.factor is None:
        in_degrees = {True: rf"({number_given})\cdot 180/\pi", False: rf"({number_given})\cdot \pi/180"}
        found = compares(gold_number, in_degrees[given.factor is None])
    else:
        found = compares(gold_number, f"({number_given})*({given.factor / wanted.factor})")
    if found.outcome == "correct":
        return correct(f"{number_given} {given.words} are {gold_number} {wanted.words}")
    return wrong(f"the unit says {given.words}, the reference {wanted.words}") if found.outcome == "wrong" else found


def _plain_units(gold: str, wanted: Measure, candidate: str, given: Measure, compares: ComparesParts) -> Finding:
    """Units without a name: they may be squares or cubes where the others are too."""
    powers = [measure.dimension.partition("^")[2] for measure in (wanted, given)]
    is_length = all(measure.dimension.startswith(("unit", "length")) for measure in (wanted, given))
    if is_length and powers[0] != powers[1]:
        return wrong(f"the unit says {given.words}, the reference {wanted.words}")
    return compares(gold, candidate)


def _is_money_rate(wanted: Measure, given: Measure) -> bool:
    """Whether one of them leaves out what the money is paid for: $12 for $12 per hour."""
    short, long = sorted((wanted.dimension, given.dimension), key=len)
    return short in ("money", "euro", "sterling") and long.startswith(f"{short}/")


def base(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Numbers in a base other than ten."""
    wanted, given = _in_base(gold), _in_base(candidate)
    if wanted is None and given is None:
        return None
    digits = [found[0] if found else form.strip() for found, form in ((wanted, gold), (given, candidate))]
    if wanted and given and wanted[1] != given[1]:
        if wanted[2] == given[2]:
            return correct(f"both are {wanted[2]} in base ten")
        return wrong(f"the base is {given[1]}, that of the reference {wanted[1]}")
    if digits[0].lower().lstrip("0") == digits[1].lower().lstrip("0"):
        return correct("the digits are the same")
    return wrong(f"{candidate} is not {gold}")


def _in_base(form: str) -> tuple[str, int, int] | None:
    """Digits, base, value."""
    if prefixed := _PREFIXED.fullmatch(form):
        form = f"{prefixed[2]}_{{{_PREFIXES[prefixed[1].lower()]}}}"
    match = _BASE.fullmatch(form) or _IN_BASE.fullmatch(form)
    if match is None:
        return None
    named = match[2].lower()
    base_number = int(named) if named.isdigit() else _BASE_WORDS.get(named, 0)
    try:
        return match[1], base_number, int(match[1], base_number) if 2 <= base_number <= 36 else 0
    except ValueError:
        return match[1], base_number, -1
