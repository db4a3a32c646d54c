"""A number as somebody wrote it in, what it is worth out: mixed, repeating, grouped, in words, with a decimal comma."""

import re
from fractions import Fraction

from verify.expression import NotReadable, read
from verify.normal_form import unmarked
from verify.number_words import OTHER_LANGUAGES
from verify.worth import NoValue, Value, evaluate, inexact

_OVERLINE = re.compile(r"(?<![\d.])(\d*)\.(\d*)\\(?:overline|bar|dot|widehat)\s*\{?(\d+)\}?")
_BRACKETED = re.compile(r"(?<![\d.])(\d*)\.(\d*)\((\d+)\)(?:\s*\\ldots)?")
_REPEATED = re.compile(r"(?<![\d.])(\d*)\.(\d*?)(\d(?=\d*(?:\\|\.|\s))|\d{2,6})\3+\s*(?:\\ldots|\.\.\.)")
_MIXED = re.compile(r"(?<![\d.}/^_])(\d+)(?:\s+|\s+and\s+|\s*\\text\{\s*and\s*\}\s*)(\d+)\s*/\s*(\d+)(?![\d.])")
_SCIENTIFIC = re.compile(r"\A([-+]?\d+(?:\.\d+)?)\s*(?:[eE]|\*\^)\s*\{?([-+]?\d{1,4})\}?\Z")
_GROUPED = re.compile(r"\A([-+]?)(\d{1,3})((?:[ '_]\d{3})+|(?:\.\d{3}){2,}|(?:\.\d{3})+(?=,\d))(?:([.,])(\d+))?\Z")
_COMMA = re.compile(r"\A([-+]?\d+),(\d+)\Z")
_THOUSANDS = re.compile(r"\A[-+]?[1-9]\d{0,2}(?:,\d{3})+\Z")
# Lakhs and crores.
_INDIAN = re.compile(r"[-+]?\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * place for place, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_CHINESE = dict(zip("零一二三四五六七八九十", range(11), strict=True)) | {"两": 2}
_MAX_WORDS = 12


def value_of(form: str) -> Value | None:
    r"""What an answer is worth; `None` where it is no number.

    Raises:
        TooLarge: If it has too many digits to be worked out.

    >>> value_of("1 1/4"), value_of(r"0.1\overline{6}"), value_of("3e2"), value_of("x") is None
    (Fraction(5, 4), Fraction(1, 6), Fraction(300, 1), True)
    >>> value_of("12 345"), value_of("1.234.567,5"), value_of("0.1(6)"), value_of("twenty-one")
    (Fraction(12345, 1), Fraction(2469135, 2), Fraction(1, 6), Fraction(21, 1))
    """
    if (spelled := _in_words(unmarked(form).strip())) is not None:
        return spelled
    is_percent = form.endswith("%")
    try:
        value = evaluate(read(as_arithmetic(form[:-1].strip() if is_percent else form)))
        return times(value, Fraction(1, 100)) if is_percent else value
    except (NotReadable, NoValue):
        return None


def as_arithmetic(form: str) -> str:
    """Mixed numbers, repeating decimals, grouped digits and powers of ten in the grammar of `verify.expression`."""
    text = _OVERLINE.sub(_repeating, form)
    text = _BRACKETED.sub(_repeating, text)
    text = _REPEATED.sub(_repeating, text)
    text = _MIXED.sub(r"(\1+\2/\3)", text)
    text = _GROUPED.sub(_ungrouped, text)
    return _SCIENTIFIC.sub(r"\1*10^{\2}", text)


def with_decimal_comma(form: str) -> str | None:
    """A number whose comma can be that of a decimal, with a point instead, or with Indian commas, without them.

    `None` where it cannot be one.

    >>> with_decimal_comma("0,75"), with_decimal_comma("1,234"), with_decimal_comma("2, 3")
    ('0.75', None, None)
    """
    if _INDIAN.fullmatch(form):
        return form.replace(",", "")
    match = _COMMA.fullmatch(form.removesuffix("%"))
    if match is None or _THOUSANDS.fullmatch(form):
        return None
    return f"{match[1]}.{match[2]}" + ("%" if form.endswith("%") else "")


def times(value: Value, factor: Fraction) -> Value:
    """A value times a fraction, exact where it can be."""
    return value * factor if isinstance(value, Fraction) else value * inexact(factor)


def _ungrouped(match: re.Match[str]) -> str:
    decimals = f".{match[5]}" if match[5] else ""
    return match[1] + match[2] + re.sub(r"\D", "", match[3]) + decimals


def _repeating(match: re.Match[str]) -> str:
    whole, fixed, repeated = match[1] or "0", match[2], match[3]
    nines = (10 ** len(repeated) - 1) * 10 ** len(fixed)
    value = Fraction(int(whole + fixed or "0"), 10 ** len(fixed)) + Fraction(int(repeated), nines)
    return f"({value.numerator}/{value.denominator})"


def _in_words(form: str) -> Fraction | None:
    """A number in English words such as *minus twenty-one*, *two thirds*, or a short Chinese one."""
    if form[:1] in _CHINESE:
        return _in_chinese(form)
    if (known := OTHER_LANGUAGES.get(form.casefold())) is not None:
        return Fraction(known)
    words = re.findall(r"[a-z]+", form.casefold()) if form[:1].isalpha() and len(form) < 100 else []
    if not words or len(words) > _MAX_WORDS or re.search(r"[^a-zA-Z\s,-]", form):
        return None
    sign = -1 if words[0] in ("minus", "negative") else 1
    words = [word for word in (words[1:] if sign < 0 else words) if word != "and"]
    if len(words) == 2 and (part := _PARTS.get(words[1].removesuffix("s").replace("halve", "half"))):
        over = 1 if words[0] in ("a", "an") else _WORDS.get(words[0])
        return None if over is None else Fraction(sign * over, part)
    total, current, has_word = 0, 0, False
    for word in words:
        if word in _WORDS:
            current += _WORDS[word]
        elif word == "hundred" and has_word:
            current *= 100
        elif word in _SCALES and has_word:
            total, current = total + current * _SCALES[word], 0
        else:
            return None
        has_word = True
    return Fraction(sign * (total + current)) if has_word else None


def _in_chinese(form: str) -> Fraction | None:
    tens = re.fullmatch(r"([二三四五六七八九]?)十([一二三四五六七八九]?)", form)
    if tens:
        return Fraction(10 * _CHINESE.get(tens[1], 1) + _CHINESE.get(tens[2], 0))
    return Fraction(_CHINESE[form]) if form in _CHINESE else None
