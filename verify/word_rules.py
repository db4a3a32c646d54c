"""Rules for answers that are words or letters: choices, *no solution*, yes and no, names, clock times, elisions."""

import re

from verify.normal_form import unmarked
from verify.rules import ComparesParts, Finding, Policy, correct, undecided, wrong

_LETTER = re.compile(r"(?:\\text\{\s*)?\(?\s*([A-J])\s*\)?\s*\.?\s*\}?\s*\.?")
_LETTER_AND_REST = re.compile(
    r"(?:\\text\{\s*)?(?:option|choice|answer)?\s*(?:\(\s*([A-J])\s*\)|([A-J])\s*[.):]|([A-J])(?=\s*\}))\s*[.:]?\s*\}?\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_NAMED_LETTER = re.compile(r"(?:\\text\{)?\s*(?:option|choice|answer)\s*\(?([A-J])\)?\s*\}?", re.IGNORECASE)
_SYNONYMS = {
    "there is no solution": (
        "nosolution nosolutions norealsolution norealsolutions nosuchsolution none emptyset theemptyset noanswer "
        "thereisnosolution therearenosolutions nonexist noneexist nosuchnumber nosuchvalue norealroots noroots "
        "nointegersolutions nointegersolution notpossible impossible 无解 \\emptyset \\{\\} \\varnothing"
    ),
    "there are infinitely many": (
        "infinitelymany infinitelymanysolutions infinite infinitesolutions infinitenumberofsolutions "
        "infinitelymanysolution"
    ),
    "it is not defined": "undefined doesnotexist dne notdefined limitdoesnotexist thelimitdoesnotexist doesnotconverge",
    "all real numbers": (
        "allrealnumbers allreals allreal everyrealnumber anyrealnumber \\mathbb{r} (-\\infty,\\infty) x\\in\\mathbb{r}"
    ),
    "yes": "yes true correct 是",
    "no": "no false incorrect 否",
}
_MEANING = {word: meaning for meaning, words in _SYNONYMS.items() for word in words.split()}
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:\\text\{\s*)?\s*([ap])\s*\.?\s*m\b\.?\s*\}?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?:\s*(?:hours|h))?")
_CUT_DECIMAL = re.compile(r"-?\d*\.\d+\s*(?:\\ldots|\.\.\.)\s*")
_ARTICLES = re.compile(r"\b(?:the|a|an)\b")


def plain_words(form: str) -> str:
    r"""The words of an answer without marks, in lower case.

    >>> plain_words(r"\text{ The  Cat.}")
    'cat'
    """
    text = _ARTICLES.sub(" ", unmarked(form).casefold())
    return re.sub(r"[\s.,;:!?\"'`*_]+", " ", text).strip()


def choice(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Letters of a multiple choice, with their texts or without."""
    gold_letter, gold_rest = _choice(gold)
    if not gold_letter:
        return None
    letter, rest = _choice(candidate)
    if not letter and not gold_rest:
        named = _NAMED_LETTER.fullmatch(candidate)
        if named is None:
            return None
        letter = named[1].upper()
    if letter:
        if letter == gold_letter:
            return correct(f"both choose {letter}")
        return wrong(f"it chooses {letter}, the reference {gold_letter}")
    found = compares(gold_rest, candidate)
    return Finding(found.outcome, f"by the text of choice {gold_letter}: {found.reason}")


def _choice(form: str) -> tuple[str, str]:
    alone = _LETTER.fullmatch(form)
    if alone:
        return alone[1], ""
    with_rest = _LETTER_AND_REST.fullmatch(form)
    if with_rest and (with_rest[1] or with_rest[2] or with_rest[3]):
        letter = with_rest[1] or with_rest[2] or with_rest[3]
        return letter.upper(), with_rest[4].strip()
    return "", ""


def meaning(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Ways of saying that there is no solution, infinitely many, no value; yes and no."""
    said = _meaning(gold), _meaning(candidate)
    if not said[0] and not said[1]:
        return None
    if said[0] == said[1]:
        return correct(f"both say: {said[0]}")
    if said[0] and said[1]:
        return wrong(f"it says: {said[1]}; the reference: {said[0]}")
    if said[1] in ("there is no solution", "there are infinitely many", "it is not defined"):
        return wrong(f"it says: {said[1]}; the reference gives {gold}")
    return None


def _meaning(form: str) -> str:
    squeezed = re.sub(r"[\s.!'*_]", "", unmarked(form)).casefold()
    known = _MEANING.get(squeezed, "")
    first = re.match(r"(?:\\text\{)?\s*(yes|no|true|false)\s*,", form, re.IGNORECASE)
    return known or (_MEANING[first[1].lower()] if first else "")


def clock_time(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Times of day, with a.m. and p.m."""
    wanted = _TIME.fullmatch(gold)
    if wanted is None:
        return None
    given = _TIME.fullmatch(candidate)
    minutes = _minutes(wanted)
    if given is not None:
        if _minutes(given) == minutes:
            return correct("it is the same time of day")
        return wrong(f"{candidate} is another time of day than {gold}")
    clock = _CLOCK.fullmatch(candidate)
    if clock is None:
        return None
    at = int(clock[1]) * 60 + int(clock[2])
    if at == minutes or (int(clock[1]) <= 12 and at % 720 == minutes % 720):
        return correct("it is the same time on the clock")
    return wrong(f"{candidate} is another time than {gold}")


def _minutes(match: re.Match[str]) -> int:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return hour * 60 + int(match[2] or 0)


def elision(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Lists with dots in them: nobody can say what the dots stand for."""
    if r"\ldots" not in gold and "..." not in gold and r"\ldots" not in candidate and "..." not in candidate:
        return None
    if _CUT_DECIMAL.fullmatch(gold) or _CUT_DECIMAL.fullmatch(candidate):
        return None
    parts = [[part.strip() for part in re.split(r",", form.replace("...", r"\ldots"))] for form in (gold, candidate)]
    if len(parts[0]) == len(parts[1]):
        found = [compares(one, other) for one, other in zip(*parts, strict=True) if r"\ldots" not in (one, other)]
        if all(each.outcome == "correct" for each in found):
            return correct("all that is written out is the same")
    return wrong("what is written out differs")


def words(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Names and other words."""
    wanted, given = plain_words(gold), plain_words(candidate)
    if not re.fullmatch(r"[^\W\d_][^\d\\^{}=<>]*", wanted) or len(wanted) < 2:
        return None
    if wanted == given:
        return correct("it is the same word" if " " not in wanted else "they are the same words")
    if not re.search(r"[^\W\d_]{2}", given):
        return wrong(f"the reference is {wanted!r}")
    if sorted(re.split(r"\s+and\s+|\s*,\s*|\s+", wanted)) == sorted(re.split(r"\s+and\s+|\s*,\s*|\s+", given)):
        return undecided("they are the same words in another order")
    return wrong(f"it says {given!r}, the reference {wanted!r}")
