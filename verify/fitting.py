"""What an answer's words seem to say in, and what was asked for; what fits the question out, else nothing.

An answer without a box often ends in something else than its result: a given number, what somebody else has, a check.
What was asked for tells them apart. Where nothing fits, nothing is said: better that than what nobody asked for.
"""

import re
from collections.abc import Iterator

from verify.asked import Asked
from verify.number_words import NUMBER_WORDS
from verify.refusals import is_cut_off, is_refusal
from verify.sentences import NUMBER, SENTENCE_END, value_at, without_formulas

_END_CHARACTERS = 1_200
_MAX_SENTENCES = 3
_VALUE = re.compile(rf"{NUMBER.pattern}|(?i:{NUMBER_WORDS.pattern})")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|true|false|correct|incorrect|对|错|是|否|正确|错误)\W*", re.IGNORECASE)
_SAYS_NO = re.compile(
    r"\b(?:false|untrue|impossible|incorrect|(?:not|n't|never)\s+(?:be\s+)?(?:always\s+)?(?:true|possible|correct|hold|the\s+case|exist)"
    r"|(?:can|could)\s?(?:not|n't)\s+(?:exist|happen|be\s+\w+|form))\b|cannot\s+exist|错误|不正确|不成立|不对|不能|不可能",
    re.IGNORECASE,
)
_SAYS_YES = re.compile(
    r"\b(?:(?:is|are|was)\s+(?:indeed\s+|always\s+|therefore\s+)?(?:true|correct|possible|valid)|holds|(?:it|that)\s+is\s+the\s+case)\b"
    r"|(?<!不)(?:正确|成立)|是对的",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|no|cannot|neither|isn't|aren't|doesn't|don't|can't|wasn't|didn't)\b", re.IGNORECASE)
_SUPPOSED = re.compile(r"\b(?:if|suppose|assume|would|might|may|could|perhaps|unless|whether|careful)\b", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|was|were|has|have|does|do|can|divides)\b", re.IGNORECASE)
_IDLE = frozenset(
    "is are was were does do did can could will has have the a an of in to it its this that statement number every "
    "each all any with and or be been true false yes no there".split()
)
_LETTER = re.compile(
    r"\b(?:option|choice|answer|choose|pick|select|go(?:es)?\s+with|that's|that\s+is|it's|letter|is)\s+(?:option\s+|choice\s+)?"
    r"[*(]{0,3}([A-H])(?![a-zA-Z'])",
)
_IS_LETTER = re.compile(r"\W*(?:option|choice)?\s*\(?[A-H](?:\W.*|\Z)", re.IGNORECASE | re.DOTALL)
_OPENING = re.compile(
    r"\A\W*(?:(?:so|thus|hence|therefore|then|now|right\s+now|finally|clearly|this\s+means|that)\b[,:]?\s+)*", re.I
)
_HAS = (
    r"(?:'s)?(?:\s+(?:now|then|currently|originally|therefore|actually|still|only|itself))*"
    r"\s+(?:is|are|was|has|have|had|gets?|got|earns?|earned|pays?|paid|needs?|makes?|made|receives?|spends?|spent|owns?|scored)"
    r"(?:\s+(?:now|then|currently|exactly|only|a\s+total\s+of))*\s+"
)
_STEP = re.compile(
    r"\b(?:multiply|divides?|dividing|add|subtract)\b(?!\s+(?:up\s+)?to\b|\s+by\W*\Z)|\b(?:leave|remains?|left)\b.{0,20}\bto\s+you\b|相乘|相加|相减|相除",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"[=≈→⇒:：]|\b(?:is|are|was|were|gives?|gave|giving|gets?|getting|got|equals?|yields?|leav\w+|mak\w+|obtain\w*|have|has|becomes?"
    r"|find|results?|total)\b[^.\d]{0,40}\d|\\frac|[得为是]\s*\d",
    re.IGNORECASE,
)
_HAS_CHINESE = r"\s*(?:现在|一共|共|还)?(?:有|是|为|剩下?|=|＝|：|:)\s*"
_MORE = re.compile(r"\$?\s?\d[\d.,]*%?\s+(?:[a-z]+\s+)?(?:more|fewer|less|times|older|younger)\b")
_DESCRIBED = r"(?:(?!(?:has|have|is|are|of|with|in|on|for|to|and|from|by|per)\b)[a-z-]+\s+){0,2}?"
# As told from `None`: that nothing is to be said.
_NOTHING_TOLD = "\0"
_PERCENT = re.compile(r"(?:[-−+]?\d[\d,]*(?:\.\d+)?)\s*(?:\\?%|percent\b|per\s+cent\b|个?百分点)")
_LETTERED = re.compile(r"(?<![A-Za-z\\])[a-zA-Z](?![A-Za-z])")


def fitting(text: str, asked: Asked, found: str | None) -> str | None:
    """What an answer says, as far as it fits what was asked for.

    Args:
        text: The answer, without its thinking.
        found: What was found in it without knowing the question; `None` if nothing was.

    >>> from verify.asked import asked_by
    >>> fitting("221 is not a prime number.", asked_by("Is 221 prime?"), "221")
    'no'
    >>> fitting("J = 13. Tom has 18.", asked_by("Tom and Jim have 31. How many does Jim have?"), "18") is None
    True
    """
    end = text[-_END_CHARACTERS:]
    if is_refusal(end[-600:]) or is_cut_off(end):
        return found
    if _is_step(end) and not (found and re.fullmatch(r"\D+", found)):
        return None
    match asked.kind:
        case "yes_no":
            return found if found and _YES_OR_NO.fullmatch(found) else _polarity(end, asked)
        case "choice":
            return found if found and _IS_LETTER.fullmatch(found) else _chosen(end, asked, found)
        case "name":
            return _named(end, asked, found)
    return _number(end, asked, found)


def _sentences(text: str) -> Iterator[str]:
    """The last ones, the last first."""
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(without_formulas(text))), len(text)]
    parts = [text[start:stop].strip() for start, stop in zip(cuts, cuts[1:], strict=False)]
    yield from [part for part in reversed(parts) if re.search(r"\w", part)][:_MAX_SENTENCES]


def _is_step(text: str) -> bool:
    """Whether a text ends in a step that is told and not taken: *multiply the number of weeks by 7*."""
    last = next(_sentences(text), "")
    step = _STEP.search(last)
    return step is not None and not _RESULT.search(last, step.end())


def _polarity(text: str, asked: Asked) -> str | None:
    """Yes or no, by what is said of the question's own predicate."""
    if _NOT.search(asked.sentence):
        return None
    wanted = {word for word in re.findall(r"[a-z]{4,}", asked.sentence.lower()) if word not in _IDLE}
    for sentence in _sentences(text):
        if _SUPPOSED.search(sentence):
            continue
        if _SAYS_NO.search(sentence):
            return "no"
        if _SAYS_YES.search(sentence):
            return "yes"
        words = re.findall(r"[a-z]{4,}", sentence.lower())
        if any(word[:6] == each[:6] for word in words for each in wanted) and _IS.search(sentence):
            return "no" if _NOT.search(sentence) else "yes"
    return None


def _chosen(text: str, asked: Asked, found: str | None) -> str | None:
    for sentence in _sentences(text):
        letters = [match for match in _LETTER.finditer(sentence) if not _NOT.search(sentence[: match.start()][-12:])]
        if len({match[1] for match in letters}) == 1 and not _SUPPOSED.search(sentence):
            return letters[-1][1]
    if found:
        said = _plain(found)
        fits = [(letter, option) for letter, option in asked.options if _plain(option) == said]
        return f"({fits[0][0]}) {fits[0][1]}" if len(fits) == 1 else found
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\s$*.,]|\\(?:text|mathrm)", "", text).casefold()


def _named(text: str, asked: Asked, found: str | None) -> str | None:
    """One of the question's names: the only one of the last sentence that has any, or the one that begins it."""
    if not asked.names or (found and found.strip(" .*") in asked.names):
        return found
    for sentence in _sentences(text):
        said = [name for name in re.findall(r"[A-Z][a-z]+", sentence) if name in asked.names]
        if not said or _NOT.search(sentence):
            continue
        begins = next((name for name in said if _OPENING.sub("", sentence).lstrip("*").startswith(name)), None)
        return said[0] if len(set(said)) == 1 else begins
    return None if found and re.search(r"[\d=+*/^−-]", found) else found


def _number(text: str, asked: Asked, found: str | None) -> str | None:
    if asked.about and (told := _told_of(text, asked, found)) is not _NOTHING_TOLD:
        return told
    if asked.kind == "percent" and found and not re.search(r"%|percent", found):
        last = next((each for each in _sentences(text)), "")
        percents = [match.group() for match in _PERCENT.finditer(last) if not _is_given(match.group(), asked)]
        return percents[-1] if percents else found
    return _counted(text, asked, found) if asked.kind == "count" else found


def _is_given(value: str, asked: Asked) -> bool:
    return re.sub(r"[^\d.]", "", value).strip(".") in asked.numbers


def _told_of(text: str, asked: Asked, found: str | None) -> str | None:
    """What is said of the one that is asked about; nothing if what was found is said of another."""
    others = "|".join(re.escape(name) for name in asked.names if name != asked.about) or r"(?!)"
    of_it = re.compile(
        rf"\b{re.escape(asked.about)}{_HAS}(?=[$\d])|{re.escape(asked.about)}(?:{_HAS_CHINESE})(?=[$\d])"
    )
    of_another = re.compile(rf"\b(?:{others}){_HAS}(?=[$\d])")
    value = found or ""
    for sentence in _sentences(text):
        place = sentence.rfind(value) if value else -1
        told = [match.end() for match in of_it.finditer(sentence) if not _MORE.match(sentence, match.end())]
        if told and not _SUPPOSED.search(sentence[: told[-1]]):
            goes_on = place >= told[-1] and not re.search(rf"\b(?:{others})\b|，", sentence[told[-1] : place])
            return found if goes_on else value_at(sentence, told[-1]) or found
        if place >= 0:
            said = [match.end() for match in of_another.finditer(sentence)]
            is_said_of_another = place in said and not re.search(rf"\b{re.escape(asked.about)}\b", sentence)
            return _unknown_of(text, asked) if is_said_of_another else _NOTHING_TOLD
    return _NOTHING_TOLD


def _unknown_of(text: str, asked: Asked) -> str | None:
    """The value of the letter that stands for the one that is asked about: *let J be Jim's marbles ... J = 13*."""
    about = re.escape(asked.about)
    named = re.search(
        rf"\b[Ll]et\s+\$?([a-zA-Z])\$?\s+(?:be|=|denote|represent|stand\s+for)\s+(?:\w+\s+){{0,5}}{about}\b", text
    )
    if named is None:
        return None
    values = re.findall(rf"(?<![\w+*/^−-]){named[1]}\s*=\s*(-?\d[\d.,/]*\d|-?\d)(?!\s*[\w+*/^−-])", text)
    return str(values[-1]) if values else None


def _counted(text: str, asked: Asked, found: str | None) -> str | None:
    """A number: not one that the question gives where another one stands before what is counted, and no formula."""
    noun = re.escape(asked.counted.split()[-1].rstrip("s")) if asked.counted else ""
    if noun and (found is None or _is_given(found, asked)):
        before = re.compile(rf"({_VALUE.pattern})\s+{_DESCRIBED}{noun}", re.IGNORECASE)
        for sentence in _sentences(text):
            told = [match[1] for match in before.finditer(sentence)]
            if found in told:
                return found
            new = [each for each in told if not _is_given(each, asked)]
            if new and not _SUPPOSED.search(sentence) and not _NOT.search(sentence):
                return new[-1]
            if found is None or found in sentence:
                break
    result = (found or "").rpartition("=")[2]
    is_formula = _LETTERED.search(result) and re.search(r"[-+*/^−]", result) and not _LETTERED.search(asked.sentence)
    return None if is_formula else found
