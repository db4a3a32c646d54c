"""What an answer's words seem to say in, and what was asked for; what fits the question out, else nothing.

An answer without a box often ends in something else than its result: a given number, what somebody else has, a check.
What was asked for tells them apart. Where nothing fits, nothing is said: better that than what nobody asked for.
"""

import re

from verify.asked import Asked
from verify.number_words import NUMBER_WORDS
from verify.refusals import is_cut_off, is_refusal
from verify.sentences import NUMBER, value_at
from verify.statements import concluded
from verify.yes_or_no import NOT, SUPPOSED, last_sentences, polarity

_END_CHARACTERS = 1_200
_VALUE = re.compile(rf"{NUMBER.pattern}|(?i:{NUMBER_WORDS.pattern})")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|true|false|correct|incorrect|对|错|是|否|正确|错误)\W*", re.IGNORECASE)
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
_HEDGED = re.compile(
    r"\b(?:could|might|may)\s+be\b.*\bor\b|\bmaybe\b|\b(?:have\s+not|haven't)\s+(?:checked|verified)\b|可能是.*或",
    re.IGNORECASE,
)
_REMARK = re.compile(r"\s*\([^()\n]{0,80}\b(?:would|whereas|for\s+comparison)\b[^()\n]{0,80}\)(?=\W*\Z)")
_COMPARED = re.compile(r"\b(?:for|in|by)\s+comparison\b|\botherwise\b|\bfor\s+reference\b", re.IGNORECASE)
_SPOKEN = re.compile(r"(?:yes|no|yep|nope)\b\s*[:,—–]\s*(?=\S)", re.IGNORECASE)
# *Half of 24 ... divided by 3, which is 7.*
_WHICH_IS = re.compile(
    r"(?:(?:\btimes|\bplus|\bminus|\bdivided\s+by|\bmultiplied\s+by|[-+×*/÷−])\s*\$?[\d.,]+\$?,\s+which\s+(?:is|equals|gives|makes)"
    r"|,\s+(?:or\s+)?an?\s+(?:probability|chance|fraction|ratio|share)\s+of)"
    rf"\s+({NUMBER.pattern})\W*\Z"
)
_SEVERAL = re.compile(r"[a-z]\s*=\s*[-−\d.$\\]+\s*(?:,|or\b|and\b)")
_ENDS_IN_NUMBER = re.compile(rf"=\s*({NUMBER.pattern})\W*\Z")
_REFUSES = re.compile(r"\b(?:I|we|cannot|can't|unable|unknown|more)\b", re.IGNORECASE)
_DAY = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|\bmay\b|june|july|august|september|october"
    r"|november|december|(?:星期|周)[一二三四五六日天]",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"\b(?:multiply|divides?|dividing|add|subtract)\b(?!\s+(?:up\s+)?to\b|\s+by\W*\Z)|\b(?:leave|remains?|left)\b.{0,20}\bto\s+you\b"
    r"|相乘|相加|相减|相除|就(?:可以|行|好)了|即可(?!得)|(?:然后|再|接着)(?:再)?(?:加上?|减去?|乘以?|除以)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"[=≈→⇒:：]|\b(?:is|are|was|were|gives?|gave|giving|gets?|getting|got|equals?|yields?|leav\w+|mak\w+|obtain\w*|have|has|becomes?"
    r"|find|results?|total)\b[^.\d]{0,40}\d|\\frac|[得为是]\s*\d",
    re.IGNORECASE,
)
_HAS_CHINESE = r"\s*(?:现在|一共|共|还)?(?:有|是|为|剩下?|=|＝|：|:)?\s*"
_MORE = re.compile(r"\$?\s?\d[\d.,]*%?\s+(?:[a-z]+\s+)?(?:more|fewer|less|times|older|younger)\b")
_THAN = r"\s+(?:[a-z]+\s+)?(?:more|fewer|less|older|younger|taller|shorter)\s+than\b"
_MORE_ASKED = re.compile(r"\b(?:more|fewer|less|older|younger|taller|shorter|difference|compared)\b", re.IGNORECASE)
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
    if (told := _without_remarks(text, asked)) != text:
        text, found = told, concluded(told)
    end = text[-_END_CHARACTERS:]
    if is_cut_off(end):
        return found
    if is_refusal(end[-600:]):
        return found or _counted_last(end, asked)
    if _is_step(end) and not (found and re.fullmatch(r"\D+", found)):
        return None
    if hedged := _HEDGED.search(next(last_sentences(end), "")):
        return None if found and found in hedged.string else found
    match asked.kind:
        case "yes_no":
            return found if found and _YES_OR_NO.fullmatch(found) else polarity(end, asked)
        case "choice":
            return found if found and _IS_LETTER.fullmatch(found) else _chosen(end, asked, found)
        case "name":
            return _named(end, asked, found)
        case "day":
            days = _DAY.findall(next(last_sentences(end), ""))
            return found if found and _DAY.fullmatch(found.strip(" .*")) else days[-1] if days else found
    return _number(end, asked, found)


def _without_remarks(text: str, asked: Asked) -> str:
    """Without what is said at the end for comparison, and a *yes* or *no* that answers no question."""
    told = _REMARK.sub("", text)
    last = next(last_sentences(told[-_END_CHARACTERS:]), "")
    if _COMPARED.search(last) and not _COMPARED.search(asked.sentence) and len(last) < len(told.strip()):
        told = told.rstrip().removesuffix(last).rstrip()
        last = next(last_sentences(told[-_END_CHARACTERS:]), "")
    if asked.kind != "yes_no" and (spoken := _SPOKEN.match(last)):
        told = told.rstrip().removesuffix(last) + last[spoken.end() :]
    return told


def _is_step(text: str) -> bool:
    """Whether a text ends in a step that is told and not taken: *multiply the number of weeks by 7*."""
    last = next(last_sentences(text), "")
    step = _STEP.search(last)
    return step is not None and not _RESULT.search(last, step.end())


def _chosen(text: str, asked: Asked, found: str | None) -> str | None:
    for sentence in last_sentences(text):
        letters = [match for match in _LETTER.finditer(sentence) if not NOT.search(sentence[: match.start()][-12:])]
        if len({match[1] for match in letters}) == 1 and not SUPPOSED.search(sentence):
            return letters[-1][1]
    last = next(last_sentences(text), "")
    fits = [each for each in asked.options if found and _plain(each[1]) == _plain(found)] or [
        each for each in asked.options if re.search(rf"(?<![\w.]){re.escape(each[1])}(?![\w]|\.\d)", last)
    ]
    is_told = len(fits) == 1 and not NOT.search(last) and not SUPPOSED.search(last)
    return f"({fits[0][0]}) {fits[0][1]}" if is_told else found


def _plain(text: str) -> str:
    return re.sub(r"[\s$*.,]|\\(?:text|mathrm)", "", text).casefold()


def _named(text: str, asked: Asked, found: str | None) -> str | None:
    """One of the question's names: the only one of the last sentence that has any, or the one that begins it."""
    if not asked.names or (found and found.strip(" .*") in asked.names):
        return found
    for sentence in last_sentences(text):
        said = [name for name in re.findall(r"[A-Z][a-z]+", sentence) if name in asked.names]
        if not said or NOT.search(sentence):
            continue
        clauses = [_OPENING.sub("", clause).lstrip("*") for clause in (sentence, re.split(r",\s+so\s+", sentence)[-1])]
        begins = next((name for clause in clauses for name in said if clause.startswith(name)), None)
        return said[0] if len(set(said)) == 1 else None if re.search(r"\bbut\b", sentence) else begins
    return None if found and re.search(r"[\d=+*/^−-]", found) else found


def _number(text: str, asked: Asked, found: str | None) -> str | None:
    last = next(last_sentences(text), "")
    if ended := _WHICH_IS.search(last):
        return ended[1]
    if found and re.search(rf"{re.escape(found)}{_THAN}", last) and not _MORE_ASKED.search(asked.sentence):
        return None
    if found and found.count("=") > 1 and not _SEVERAL.search(found) and (ended := _ENDS_IN_NUMBER.search(found)):
        found = ended[1]
    if asked.about and (told := _told_of(text, asked, found)) is not _NOTHING_TOLD:
        return told
    if asked.counted > "z" and (units := re.findall(rf"({NUMBER.pattern})\s*{asked.counted}", last)):
        return f"{units[-1]}{asked.counted}"
    if asked.kind == "percent" and found and not re.search(r"%|percent", found):
        percents = [match.group() for match in _PERCENT.finditer(last) if not _is_given(match.group(), asked)]
        return percents[-1] if percents else found
    if asked.kind == "count":
        return _counted(text, asked, found)
    return _values(text, asked, found) if asked.unknown else found


def _values(text: str, asked: Asked, found: str | None) -> str | None:
    """The values of the letter that is asked about, where the last sentence gives several, or words were found."""
    last = next(last_sentences(text), "")
    told = re.findall(
        rf"(?<![\w+*/^−-]){asked.unknown}\s*=\s*([-−]?\d[\d.,/]*\d|[-−]?\d)(?!\w|\s*[+*/^=]|\s*[−-]\s*\d)", last
    )
    is_one_of_several = len(told) > 1 and found in told and re.search(r"\b(?:and|or)\b|[和或]", last)
    if is_one_of_several or (len(told) == 1 and found and not re.search(r"[\d\\]", found)):
        return ", ".join(told)
    return found


def _counted_last(text: str, asked: Asked) -> str | None:
    """What the last part of a sentence counts, where something before it only sounds as if there were no answer."""
    part = next(last_sentences(text), "").rpartition(",")[2]
    return None if asked.kind != "count" or _REFUSES.search(part) else _counted(part, asked, None)


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
    # *Leo: x. Mia: x + 4*, and then *x = 11*: that is Leo's.
    of_more = re.search(rf"\b{re.escape(asked.about)}\s*[:=]\s*\d*\s*([a-z])\s*[-+−*]", text)
    if of_more and re.search(rf"(?<!\w){of_more[1]}\s*=\s*{re.escape(value)}\W*\Z", text):
        return None
    for sentence in last_sentences(text):
        place = sentence.rfind(value) if value else -1
        told = [match.end() for match in of_it.finditer(sentence) if not _MORE.match(sentence, match.end())]
        if told and not SUPPOSED.search(sentence[: told[-1]]):
            goes_on = place >= told[-1] and not re.search(rf"\b(?:{others})\b|，", sentence[told[-1] : place])
            return found if goes_on else value_at(sentence, told[-1]) or found
        if place >= 0:
            said = [match.end() for match in of_another.finditer(sentence)]
            is_said_of_another = place in said
            return _unknown_of(text, asked) if is_said_of_another else _NOTHING_TOLD
    return _NOTHING_TOLD


def _unknown_of(text: str, asked: Asked) -> str | None:
    """The value of the letter that stands for the one that is asked about: *let J be Jim's marbles ... J = 13*."""
    about = re.escape(asked.about)
    named = re.search(rf"\b{about}\s+(?:owns|has|had|is|gets|pays|earns)\s+\$?([a-z])\b", text) or re.search(
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
        for sentence in last_sentences(text):
            told = [match[1] for match in before.finditer(sentence)]
            if found in told:
                return found
            new = [each for each in told if not _is_given(each, asked)]
            if new and not SUPPOSED.search(sentence) and not NOT.search(sentence):
                return new[-1]
            if found is None or found in sentence:
                break
    if noun and found:
        # So many of something else that the question speaks of, and nothing of what it asks for.
        last = next(last_sentences(text), "")
        counts = re.search(rf"(?<![\d.,]){re.escape(found)}\s+([a-z]{{3,}}s)\b", last)
        if counts and counts[1] in asked.words and not re.search(noun, last, re.IGNORECASE):
            return None
    result = (found or "").rpartition("=")[2]
    is_formula = _LETTERED.search(result) and re.search(r"[-+*/^−]", result) and not _LETTERED.search(asked.sentence)
    return None if is_formula else found
