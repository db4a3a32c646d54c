"""Rules for answers that are words or letters: choices, *no solution*, yes and no, names, elisions."""

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
        "infinitelymanysolution \\infty"
    ),
    "it is not defined": (
        "undefined doesnotexist dne notdefined limitdoesnotexist thelimitdoesnotexist doesnotconverge 不存在"
    ),
    "all real numbers": (
        "allrealnumbers allreals allreal everyrealnumber anyrealnumber \\mathbb{r} (-\\infty,\\infty) x\\in\\mathbb{r}"
    ),
    "yes": "yes true correct 是 对 正确 是的 对的",
    "no": "no false incorrect 否 错 错误 不对 不正确 不是",
}
_NOTHING = ("there is no solution", "it is not defined", "there are infinitely many")
_MEANING = {word: meaning for meaning, words in _SYNONYMS.items() for word in words.split()}
# Sentences say there is nothing to be found; "no other solution" does not.
NOTHING_IN_WORDS = re.compile(
    r"\b(?:there\s+(?:is|are|exists?)\s+)?no\s+(?:(?:real|such|integer|valid|positive|possible|real-valued)\s+){0,2}"
    r"(?:solutions?|roots?|values?|numbers?|integers?|answers?|triangles?)\b(?!\s+(?:method|set|path|besides|other|that|which|with))"
    r"(?:\s+exists?)?"
    r"|\bno\s+(?:real\s+)?\$?[a-z]\$?\s+(?:can\s+|could\s+|will\s+)?satisf(?:y|ies)\b"
    r"|\b(?:has|have)\s+no\s+(?:real\s+)?solutions?\b|\b(?:does|do)\s+not\s+exist\b|\binfinitely\s+many(?:\s+solutions)?\b"
    r"|(?:此|该|原)?方程(?:组)?(?:无(?:实数)?解|没有(?:实数)?解)|无(?:实数)?解|解は?(?:ない|なし)"
    r"|\bkeine\s+(?:reellen?\s+)?lösung(?:en)?\b|\baucune\s+solution\b|\b(?:no\s+tiene|no\s+hay|ninguna)\s+soluci(?:ón|ones)\b"
    r"|\bнет\s+решений\b",
    re.IGNORECASE,
)
_CUT_DECIMAL = re.compile(r"-?\d*\.\d+\s*(?:\\ldots|\.\.\.)\s*")
_REMARK = re.compile(
    r"(.*[\d)}\]$a-zA-Z])\s*(?:,\s*)?(?:(?<=\s)\(\s*([a-zA-Z][a-zA-Z' -]{2,60})\s*\)"
    r"|\(?\s*\\text\s*\{\s*\(([^{}\d]{3,60})\)\s*\}"
    r"|\(\s*\\text\s*\{([^{}\d]{3,60})\}\s*\))"
)
_TELLING = re.compile(r"\b(?:base|mod|sin|cos|tan|log|not|except|radians|degrees)\b")
_DOTTED = re.compile(
    r"(\\?\{?)\s*(-?\d{1,6}(?:\s*,\s*-?\d{1,6}){1,20})\s*,\s*(?:\\ldots|\.\.\.)\s*,\s*(-?\d{1,6})\s*(\\?\}?)"
)
_MAX_WRITTEN_OUT = 60
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february march april may june july august september october november december".split()
_IDLE_NOUNS = frozenset(
    "true triangle triangles number numbers function series sequence line lines quadrilateral day color colour".split()
)
_STEMS = {
    "converges": "convergent", "converge": "convergent", "diverges": "divergent", "diverge": "divergent",
    "increases": "increasing", "decreases": "decreasing",
}  # fmt: skip
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
    letter, rest = _choice(candidate)
    if (
        not gold_letter
        and rest
        and re.match(r"\W*(?:\\text\{\W*)?[A-J]\b", candidate)
        and not _LETTER_AND_REST.search(rest)
    ):
        found = compares(gold, rest)
        return Finding(found.outcome, f"by the text of choice {letter}: {found.reason}")
    if not gold_letter:
        return None
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
    if r"\infty" in gold and r"\infty" in candidate:
        return None
    said = _meaning(gold), _meaning(candidate)
    if not said[0] and not said[1]:
        return None
    if said[0] == said[1]:
        return correct(f"both say: {said[0]}")
    if {*said} == {"there is no solution", "no"} and re.search(r"possible", gold + candidate, re.IGNORECASE):
        return correct("both say that it is not possible")
    if said[0] and said[1]:
        return wrong(f"it says: {said[1]}; the reference: {said[0]}")
    if gold == r"\infty" or candidate == r"\infty":
        return None
    if said[1] in ("there is no solution", "there are infinitely many", "it is not defined"):
        return wrong(f"it says: {said[1]}; the reference gives {gold}")
    return None


def _meaning(form: str) -> str:
    squeezed = re.sub(r"[\s.!'*_]", "", unmarked(form)).casefold()
    known = _MEANING.get(squeezed, "")
    if not known and not re.search(r"\d", form) and (said := NOTHING_IN_WORDS.search(unmarked(form))):
        known = _NOTHING[2 if "infinitely" in said.group().lower() else 1 if "exist" in said.group()[:14] else 0]
    first = re.match(r"(?:\\text\{)?\s*(yes|no|true|false)\s*,", form, re.IGNORECASE)
    return known or (_MEANING[first[1].lower()] if first else "")


def elision(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Lists with dots in them: nobody can say what the dots stand for."""
    if r"\ldots" not in gold and "..." not in gold and r"\ldots" not in candidate and "..." not in candidate:
        return None
    if _CUT_DECIMAL.fullmatch(gold) or _CUT_DECIMAL.fullmatch(candidate):
        return None
    whole = [_written_out(form) for form in (gold, candidate)]
    if any(whole):
        return compares(whole[0] or gold, whole[1] or candidate)
    parts = [[part.strip() for part in re.split(r",", form.replace("...", r"\ldots"))] for form in (gold, candidate)]
    if len(parts[0]) == len(parts[1]):
        found = [compares(one, other) for one, other in zip(*parts, strict=True) if r"\ldots" not in (one, other)]
        if all(each.outcome == "correct" for each in found):
            return correct("all that is written out is the same")
    return wrong("what is written out differs")


def _written_out(form: str) -> str:
    """A list such as 1, 2, ..., 10 with what its dots stand for; empty where that is not known."""
    match = _DOTTED.fullmatch(form)
    if match is None:
        return ""
    before, last = [int(part) for part in match[2].split(",")], int(match[3])
    step = before[1] - before[0]
    steps = {later - sooner for sooner, later in zip(before, before[1:], strict=False)}
    count = (last - before[0]) // step + 1 if step else 0
    if steps != {step} or not 0 < count <= _MAX_WRITTEN_OUT or before[0] + step * (count - 1) != last:
        return ""
    return match[1] + ", ".join(str(before[0] + step * place) for place in range(count)) + match[4]


def name(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """A short name is no product of letters: *Bob* and *bob*."""
    is_name = re.fullmatch(r"[A-Z][a-z]+", unmarked(gold).strip()) is not None
    is_same = unmarked(gold).strip().casefold() == unmarked(candidate).strip(" .").casefold()
    return correct("it is the same name") if is_name and is_same else None


def remark(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """An answer with a remark in brackets behind it, such as *36 (by symmetry)*."""
    for form, other, is_gold in ((candidate, gold, False), (gold, candidate, True)):
        match = _REMARK.fullmatch(form)
        if match and not _REMARK.fullmatch(other) and not _TELLING.search(match[2] or match[3] or match[4]):
            return compares(match[1], candidate) if is_gold else compares(gold, match[1])
    return None


def _one_word_for(text: str) -> str:
    """A word as it is written in full, without a noun that adds nothing."""
    named = {name[:3]: name for name in _DAYS + _MONTHS} | {"sept": "september", "tues": "tuesday", "thurs": "thursday"}
    if text.startswith("neither "):
        return "neither"
    first, _, rest = text.partition(" ")
    if rest in _IDLE_NOUNS:
        text = first
    return named.get(text) or _STEMS.get(text, text)


def words(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Names and other words."""
    wanted, given = plain_words(gold), plain_words(candidate)
    if not re.fullmatch(r"[^\W\d_][^\d\\^{}=<>]*", wanted) or len(wanted) < 2:
        return None
    wanted, given = _one_word_for(wanted), _one_word_for(given)
    if wanted == given:
        return correct("it is the same word" if " " not in wanted else "they are the same words")
    if not re.search(r"[^\W\d_]{2}", given):
        return wrong(f"the reference is {wanted!r}")
    if sorted(re.split(r"\s+and\s+|\s*,\s*|\s+", wanted)) == sorted(re.split(r"\s+and\s+|\s*,\s*|\s+", given)):
        return undecided("they are the same words in another order")
    return wrong(f"it says {given!r}, the reference {wanted!r}")
