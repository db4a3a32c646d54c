"""Rules for answers that are times of day, dates or ratios: what is written with colons and names of months."""

import re
from fractions import Fraction

from verify.normal_form import unmarked
from verify.number_forms import value_of
from verify.rules import ComparesParts, Finding, Policy, correct, wrong

_TIME = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?\s*(?:o'clock\s*)?(?:in\s+the\s+)?"
    r"([ap])(?:fternoon|\s*\.?\s*m\b\.?)",
    re.IGNORECASE,
)
_PARTS_OF_DAY = (
    (re.compile(r"\s*o'clock\b", re.IGNORECASE), ""),
    (re.compile(r"\s*\bin\s+the\s+morning\b", re.IGNORECASE), " am"),
    (re.compile(r"\s*\b(?:in\s+the\s+(?:afternoon|evening)|at\s+night)\b", re.IGNORECASE), " pm"),
    (re.compile(r"\A(?:12(?::00)?\s*)?midnight\Z", re.IGNORECASE), "12:00 am"),
    (re.compile(r"\A(?:12(?::00)?\s*)?noon\Z", re.IGNORECASE), "12:00 pm"),
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?:\s*(?:hours|hrs|h))?")
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}' for name in _MONTHS)}|sept)\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:\s*,?\s+(?:of\s+)?(?P<year>\d{4}))?"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day\s*,?\s+)?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_WEEKDAY}{_MONTH}\s+(?:the\s+)?{_DAY}{_YEAR}",
        rf"{_WEEKDAY}(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}",
        r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})",
        r"(?:(?P<year>\d{4})\s*年)?\s*(?P<number>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]",
    )
)
_RATIO_TERM = r"\s*(?:\d+(?:\.\d+)?|\\frac\{[^{}]{1,20}\}\{[^{}]{1,20}\}|\d*\s*\\sqrt\{\d+\}|\d*\\pi|[a-z])\s*"
_RATIO = re.compile(rf"{_RATIO_TERM}(?::{_RATIO_TERM}){{1,5}}")
_RATIO_IN_WORDS = re.compile(r"(\d+(?:\.\d+)?)\s+to\s+(\d+(?:\.\d+)?)")


def clock_time(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Times of day, with a.m. and p.m."""
    gold, candidate = _named_time(gold), _named_time(candidate)
    wanted, given = _TIME.fullmatch(gold), _TIME.fullmatch(candidate)
    clocks = _CLOCK.fullmatch(gold), _CLOCK.fullmatch(candidate)
    if wanted is None and given is None:
        is_time = bool(clocks[0]) and bool(re.fullmatch(r"\d{1,2}:\d{1,2}", candidate)) and ":0" in gold + candidate
        if not is_time:
            return None
        is_same_time = clocks[1] is not None and _on_clock(clocks[0]) == _on_clock(clocks[1])
        return correct("it is the same time") if is_same_time else wrong(f"{candidate} is another time than {gold}")
    if wanted and given:
        if _minutes(given) == _minutes(wanted):
            return correct("it is the same time of day")
        return wrong(f"{candidate} is another time of day than {gold}")
    named, clock = (wanted, clocks[1]) if wanted else (given, clocks[0])
    if named is None or clock is None:
        return None
    at, minutes = _on_clock(clock), _minutes(named)
    if at == minutes or (int(clock[1]) <= 12 and at % 720 == minutes % 720):
        return correct("it is the same time on the clock")
    return wrong(f"{candidate} is another time than {gold}")


def _named_time(form: str) -> str:
    text = re.sub(r"\s*:\s*", ":", unmarked(form)).strip()
    text = re.sub(r"\Aat\s+", "", text)
    for pattern, by in _PARTS_OF_DAY:
        text = pattern.sub(by, text)
    return text.strip()


def _on_clock(match: re.Match[str] | None) -> int:
    return int(match[1]) * 60 + int(match[2]) if match else -1


def _minutes(match: re.Match[str]) -> int:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return hour * 60 + int(match[2] or 0)


def date(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Days of the year; a year that only one of them names is left out."""
    wanted, given = _date(gold), _date(candidate)
    if wanted is None or given is None:
        return None
    if wanted[:2] == given[:2] and (wanted[2] == given[2] or not wanted[2] or not given[2]):
        return correct("it is the same day")
    return wrong(f"{candidate} is another day than {gold}")


def _date(form: str) -> tuple[int, int, str] | None:
    text = unmarked(form).strip()
    for pattern in _DATES:
        match = pattern.fullmatch(text)
        if match:
            named = match.groupdict()
            month = int(named["number"]) if named.get("number") else 0
            if named.get("month"):
                month = 1 + [name[:3] for name in _MONTHS].index(named["month"][:3].lower())
            return month, int(named["day"]), named.get("year") or ""
    return None


def ratio(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Ratios such as 2:3:4, up to a common factor."""
    if ":" not in gold + candidate and " to " not in unmarked(gold + candidate):
        return None
    wanted, given = _terms(gold), _terms(candidate)
    if wanted is None or given is None:
        return None
    if len(wanted) != len(given):
        return wrong(f"it has {len(given)} terms, the reference {len(wanted)}")
    for place in range(1, len(wanted)):
        found = compares(f"({wanted[place]})*({given[0]})", f"({given[place]})*({wanted[0]})")
        if found.outcome != "correct":
            return Finding(found.outcome, f"{candidate} is another ratio than {gold}")
    return correct("it is the same ratio")


def _terms(form: str) -> list[str] | None:
    text = unmarked(form).strip()
    if in_words := _RATIO_IN_WORDS.fullmatch(text):
        return [in_words[1], in_words[2]]
    if _RATIO.fullmatch(text):
        return [term.strip() for term in text.split(":")]
    value = value_of(text) if re.fullmatch(r"\d+\s*/\s*\d+|\\frac\s*\{\d+\}\s*\{\d+\}", text) else None
    return [str(value.numerator), str(value.denominator)] if isinstance(value, Fraction) else None
