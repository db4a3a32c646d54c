"""A sentence of a form that tells its value in, the value out: *it is the fourth term*, *she pays **540** after it*."""

import re

from verify.formulas import FORMULA
from verify.plain_maths import is_maths, stretches

# The solutions themselves are asked for, not how many there are.
_COUNTED = re.compile(
    r"\b(?:are|have|has|get|find)\s+(?:exactly\s+)?(\d{1,2})\s+(?!(?:real\s+|integer\s+)?(?:solutions?|roots?|zeros|values))"
    r"[a-z][a-z ]{1,60}:\s*([^:\n]{3,400}?)\.?\s*\Z",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\b(?:is|be)\s+the\s+(?:(\d+)(?:st|nd|rd|th)|(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))"
    r"\s+(?:term|day|row|year|number|month|week|hour|place|position|floor|digit|letter|column|attempt|step|move|round)\b",
    re.IGNORECASE,
)
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth".split()
_SUBJECT = re.compile(
    r"\W*?(?:(?:so|thus|hence|therefore)\b,?\s+)?(\$[^$]{1,60}\$|\$?\d[\d,./]*)\s+is\s+(?:the|our)\s+(?:\w+\s+){0,2}"
    r"(?:answer|first|smallest|largest|greatest|least|only|minimum|maximum|correct|desired|required)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*")
_TRUE = re.compile(
    r"\b(?:statement|claim|assertion|proposition|conjecture)\b[^.]{0,80}\bis\s+(?:indeed\s+)?(true|false)\b",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:is|are|exists?|has|have)\s+(?:exactly|only|just|precisely)\s+one\b(?!\s+of\b)", re.IGNORECASE)
_UNDEFINED = re.compile(r"\bis\s+(undefined|not\s+defined|indeterminate)\W*\Z", re.IGNORECASE)
_RELATION = re.compile(r"[<>≤≥∈]|\\(?:leq?|geq?|in)(?![a-z])|=.*\b(?:or|and)\b.*=")


def of_known_form(text: str) -> str | None:
    """The value of a sentence whose form tells it; `None` for any other.

    >>> of_known_form("It is the fourth term."), of_known_form("She pays **540** for 2."), of_known_form("It is 5.")
    ('4', '540', None)
    """
    if not FORMULA.search(text) and _RELATION.search(text) and is_maths(text):
        return text.strip(" .*_")
    if subject := _SUBJECT.match(text):
        return subject[1].strip("$ ")
    bold = _BOLD.findall(text)
    if len(bold) == 1 and not text.startswith("**") and is_maths(bold[0]):
        return str(bold[0]).rstrip(" .,")
    if undefined := _UNDEFINED.search(text):
        return undefined[1]
    if judged := _TRUE.search(text):
        return judged[1]
    if _ONE.search(text) and not re.search(r"[\d$\\]", text):
        return "one"
    return _equation(text) or _count_of_list(text) or _place(text)


def _equation(text: str) -> str | None:
    """The last equation in a text without formulas, if it is one between several unknowns."""
    if FORMULA.search(text) or "=" not in text:
        return None
    found = [text[start:end] for start, end in stretches(text)]
    left, equals, _ = found[-1].partition("=") if found else ("", "", "")
    return found[-1] if equals and len({*re.findall("[xyz]", left)}) > 1 and re.search(r"[-+−*·²^]", left) else None


def _count_of_list(text: str) -> str | None:
    """The count that a sentence gives before it lists what it has counted."""
    match = _COUNTED.search(text)
    items = re.split(r",\s+(?:and\s+)?|\s+and\s+|;\s*", match[2]) if match else []
    return match[1] if match and 2 < len(items) == int(match[1]) else None


def _place(text: str) -> str | None:
    """The number of the place that is named: 4 for *it is the fourth term*."""
    match = _ORDINAL.search(text)
    return match and (match[1] or str(_ORDINALS.index(match[2].lower())))
