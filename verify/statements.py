"""The words of an answer in, what they say is the result out: behind a phrase, else in the last sentence that has one.

Every pattern is run on a text of bounded length in which no stretch of spaces is long.
"""

import re
from collections.abc import Iterator

from verify.formulas import FORMULA, inside
from verify.normal_form import normal_form
from verify.units import split_unit
from verify.word_rules import NOTHING_IN_WORDS

MAX_CHARACTERS = 2_000
_MAX_SENTENCES = 8
_MAX_GAP_CHARACTERS = 40
_MAX_WHOLE_CHARACTERS = 120
JOINER = re.compile(
    r"(?:\s|[,;&$、，；]|\\[()\[\]\\,;:! ]|\\q?quad\b|\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)?\s*,?\s*\}"
    r"|\b(?:and|or|und|oder|et|ou|y|o|e)\b|[和与或及]|(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*="
    r"|\(\s*(?:[a-h]|[ivx]{1,4}|\d)\s*\))*"
)
_IS = (
    r"\s*(?:\*\*)?\s*(?:is|are|was|equals?|would\s+be|must\s+be|should\s+be|comes\s+(?:out\s+)?to|:|：|=)"
    r"\s*(?:\*\*)?\s*[:：]?"
)
_ES = r"(?:\s+(?:final|correcta|correct[eo]?|finale|corretta|richtige|é|donc|также))?\s*(?:\*\*)?\s*"
_PHRASES = re.compile(
    "|".join(
        (
            r"\#\#\#\#",
            rf"\banswers?{_IS}",
            r"[\"']answer[\"']\s*:",
            r"\banswers?(?:\s+to\s+(?:this|the)\s+\w+)\s+(?:is|are)\s*[:：]?",
            r"\b(?:final\s+)?answer\s*(?:\*\*)\s*[:：]?",
            r"(?:^|\n)[\s#*]*(?:final\s+)?answer[\s*]*(?=\$|\\[(\[]|\n|-?\d)",
            rf"\b(?:correct|right)\s+(?:option|choice|one){_IS}",
            r"(?:最终|最后|正确)?的?(?:答案|结果)\s*(?:\*\*)?\s*(?:应该)?(?:是|为|等于|[:：])\s*(?:\*\*)?[:：]?",
            r"(?:正确)?(?:选项|选择)\s*(?:应该)?(?:是|为|[:：])?\s*(?=[\s*(（]*[A-H](?![a-zA-Z]))",
            r"(?:故|应|因此|所以)选择?\s*[:：]?",
            r"(?<![回解问])答\s*[:：]",
            r"答え\s*(?:は|[:：])",
            r"(?:정답|답)\s*(?:은|는|[:：])",
            rf"\b(?:respuesta|resultado){_ES}(?:es|[:：])",
            rf"\b(?:réponse|résultat){_ES}(?:est(?:\s+donc)?|[:：])",
            rf"\b(?:antwort|lösung|ergebnis){_ES}(?:ist|lautet|[:：])",
            rf"\b(?:risposta|risultato){_ES}(?:è|[:：])",
            rf"\b(?:resposta|resultado){_ES}(?:é|[:：])",
            r"\bответ\s*(?:\*\*)?\s*(?:[:：—–-]|равен|есть)",
            r"\bodpowiedź\s*(?:to|[:：])",
            r"\b(?:antwoord|svaret?|đáp\s+án|đáp\s+số|cevap|jawaban(?:nya)?)\s*(?:is|är|là|adalah|[:：])",
            r"उत्तर\s*(?:है|[:：])",
            r"الجواب\s*(?:هو|[:：])",
        )
    ),
    re.IGNORECASE,
)
_LETTER_BEFORE = re.compile(
    r"(?:\b(?:option|choice|answer|statement)\s+)?\(?(?<![\w\\])([A-J])\)?\s+is\s+(?:the\s+)?(?:only\s+)?"
    r"(?:correct|right|best|true)\b"
)
_CORRECTED = re.compile(
    r"(?:should\s+(?:have\s+been|be|actually\s+be|instead\s+be)"
    r"|\b(?:it|that|the\s+(?:correct|right|true|actual|real)\s+\w+)(?:\s+(?:is|was|equals)|'s)(?:\s+actually)?)\s*[:：]?\s*"
    r"(?=[$\\\d\-*])",
    re.IGNORECASE,
)
_NOT = re.compile(r"\s*(?:n't|not\b|n['’]est\s+pas|no\s+es|nicht\b)", re.IGNORECASE)
_BUT = re.compile(r"\b(?:but(?:\s+rather)?|it\s+is|it's|sondern|sino|mais)\s+|而是", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<!i\.e)(?<!e\.g)(?<!approx)[.!?](?=\s+[A-ZÀ-ÞА-Я\\(\"'*$<]|\s*$)|[。！？]|\n")
_REASON_BEGINS = re.compile(
    r"\s*(?:,\s*(?:which|because|since|as|so|where|attained|achieved|and\s+(?:so|the))\b|\b(?:because|since|which)\b"
    r"|\s[—–]\s|，(?:因为|由于|其中)|\bпотому\b|,?\s*\b(?:weil|porque|puisque|car)\b).*",
    re.DOTALL | re.IGNORECASE,
)
_OUT_OF = re.compile(r",?\s*\b(?:out\s+)?of\s+(?:the\s+|all\s+|these\s+|those\s+)?\d[\d,]*\b[^.]*")
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|equals?|be|gives?|get|obtain|find|has|have|needs?|took|takes|costs?|totals?|ist|sind|lautet|beträgt"
    r"|es|son|hay|est|sont|vaut|é|são|è|sono|равн[оаы]?|равен|составляет)\b"
    r"|'s\b|为|是|有|得|需|等于|は|[:：])"
    r"(?:\s+(?:exactly|about|approximately|therefore|thus|then|now|donc|also|just|only|equal\s+to|the\s+number|at\s+least))*"
    r"\s*[:*_]*\s*",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"=\s*")
_ALLOWED_WORDS = re.compile(
    r"\\[a-zA-Z]+|\b(?:and|or|sqrt|pi|sin|cos|tan|log|ln|exp|infinity|mod|cm|mm|km|kg|am|pm)\b|[和或]", re.IGNORECASE
)
_TIME_OR_DAY = re.compile(
    r"\d{1,2}:\d{2}(?:\s*[ap]\.?\s*m\b\.?)?|\d{1,2}\s*[ap]\.?\s*m\b\.?|\d+(?::\d+)+", re.IGNORECASE
)
_BRACKETED = re.compile(
    r"[(\[]\s*[^()\[\]\n]{1,60},[^()\[\]\n]{1,60}[)\]](?:\s*(?:∪|U)\s*[(\[][^()\[\]\n]{1,80}[)\]])*"
)
NUMBER = re.compile(
    r"(?<![a-zA-Z0-9_.])[-−+]?(?:\\?[$€£¥]\s?)?(?:\d+\s+\d+/\d+|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|0,\d+|\d+,\d{1,2}(?![\d,])"
    r"|\d+(?:\.\d+)?|\.\d+)(?:_\{?\d+\}?|\s*/\s*\d+|!)?(?:\s*\\?%)?"
)
_UNIT_WORDS = re.compile(
    r"\s?(?:\^\\circ|°\s*[CF]?\b|[$€£¢]|[\u4e00-\u9fff]{1,5}|[a-zA-Zµ]{1,14}[²³]?(?:\^\d)?)"
    r"(?:(?:\s*/\s*|\s+per\s+|\s)[a-zA-Z]{1,14}[²³]?(?:\^\d)?){0,3}"
)
_PROSE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}\s+[^\W\d_]|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3}")
_OPENING_WORDS = re.compile(
    r"\A(?:thus|so|therefore|hence|then|finally|we\s+(?:get|have|find)|this\s+gives|it\s+is|it's)\b[,:]?\s+",
    re.IGNORECASE,
)
_SAME_IN_MATHS = re.compile(r"(?:\bi\.?e\.?|\bthat\s+is|\bnamely|\bor)[,:]?\s*(?=\$|\\\(|\\\[)")
_REFUSED = re.compile(
    r"\b(?:can(?:no|')t|could\s*n[o']t|unable|not\s+able|do\s+not\s+know|don't\s+know|not\s+sure|impossible\s+to|"
    r"insufficient|not\s+enough|without\s+more|undeterminable|no\s+idea)\b|无法|不能确定|不知道",
    re.IGNORECASE,
)
_CLOSING_WORDS = re.compile(
    r"\b(?:hope|let\s+me\s+know|feel\s+free|completes?|verified|verifies|check(?:s|ed)?\s+out|as\s+(?:desired|required)|q\.?e\.?d"
    r"|thank|confiden\w+|questions?\b.*\?*|matches|consistent)\b",
    re.IGNORECASE,
)
_WORD_TAIL = re.compile(
    r"\b(?:is|are|was|be|on|called|named|by)\s+(?:an?\s+|the\s+)?[*_]*((?:[^\W\d_]['’\w-]*\s?){1,3}?)[*_]*[.!]?[*_]*\s*\Z"
)
_YES_OR_NO = re.compile(r"[*\s]*(yes|no)\b\*{0,2}[,.:!]", re.IGNORECASE)
_CUT_WORDS = frozenset(
    "the a an and or then we of to by with is are that in for from must next add need which so as at on if it this "
    "these now have be because since where when let can using into has its their will would should first also but "
    "there get gives compute find use consider".split()
)
_TAGGED = re.compile(r"<(answer|final_answer)>(.{0,2000}?)</\1>", re.DOTALL | re.IGNORECASE)


def phrased(text: str) -> str | None:
    """What the last phrase such as *the answer is* is followed by."""
    letters = list(_LETTER_BEFORE.finditer(text))
    for match in reversed(list(_PHRASES.finditer(text))):
        if letters and letters[-1].start() > match.end():
            break
        answer = said(text[match.end() : match.end() + MAX_CHARACTERS])
        if answer:
            return answer
    return letters[-1][1] if letters else None


def tagged(text: str) -> str | None:
    """What stands between the last `<answer>` and `</answer>`."""
    found = [match[2].strip() for match in _TAGGED.finditer(text)]
    return found[-1] if found else None


def corrected(text: str) -> str | None:
    """What a text that takes back an answer says instead: *it should be 36*."""
    for match in reversed(list(_CORRECTED.finditer(text))):
        if found := _value_at(text, match.end()):
            return found
    return None


def said(rest: str) -> str:
    """The answer at the beginning of a text, without the sentence that goes on behind it."""
    if negated := _NOT.match(rest):
        instead = _BUT.search(rest, negated.end(), negated.end() + 200)
        if instead is None:
            return ""
        rest = rest[instead.end() :]
    rest = rest.lstrip(" \t\n*:：\"'")
    if FORMULA.match(rest):
        return _formulas_at(rest, 0)
    stop = SENTENCE_END.search(rest)
    sentence = rest[: stop.start()] if stop else rest
    maths = _SAME_IN_MATHS.search(sentence)
    if maths and (said_again := FORMULA.match(sentence, maths.end())):
        return inside(said_again).strip(" .,")
    if nothing := NOTHING_IN_WORDS.search(sentence):
        return nothing.group()
    short = _REASON_BEGINS.sub("", sentence).strip(" \t*_`\"'“”,;")
    if re.match(r"\(?[A-J](?:\)|[.:])\s", short):
        return short
    if r"\boxed" in short:
        return ""
    is_prose = _PROSE.search(short) or FORMULA.search(short)
    return (distilled(short) if is_prose else None) or short.rstrip("}\"'")


def distilled(sentence: str) -> str | None:
    """The value that a sentence states; `None` if it states none."""
    text = _OUT_OF.sub("", sentence)
    plain = _without_formulas(text)
    copulas = list(_COPULA.finditer(plain))
    for match in reversed(copulas):
        tail = text[match.end() :].strip(" .*_")
        if tail and not FORMULA.search(tail) and _is_maths(tail) and not tail.startswith("="):
            return tail
        if FORMULA.match(text, match.end()):
            return _formulas_at(text, match.end())
    for match in reversed([*copulas, *_EQUALS.finditer(plain)]):
        if found := _value_at(text, match.end()):
            return found
    formulas = list(FORMULA.finditer(text))
    if formulas:
        return _formulas_at(text, _row_of(text, formulas))
    numbers = list(NUMBER.finditer(text))
    return _value_at(text, numbers[-1].start()) if numbers else None


def _row_of(text: str, formulas: list[re.Match[str]]) -> int:
    """Where the last row of formulas begins that only commas and *and* stand between."""
    start = formulas[-1].start()
    for formula in reversed(formulas[:-1]):
        if not JOINER.fullmatch(text, formula.end(), start):
            break
        start = formula.start()
    return start


def _formulas_at(text: str, at: int) -> str:
    """The formulas that stand there in a row, with the unit behind a single one."""
    formula = FORMULA.match(text, at)
    pieces: list[str] = []
    while formula:
        pieces.append(inside(formula).strip(" .,"))
        at = formula.end()
        formula = FORMULA.search(text, at, at + _MAX_GAP_CHARACTERS + MAX_CHARACTERS)
        if formula and not JOINER.fullmatch(text, at, formula.start()):
            formula = None
    if len(pieces) > 1:
        return ", ".join(pieces)
    return pieces[0] + _unit_after(pieces[0], text[at:])


def _unit_after(number: str, rest: str) -> str:
    r"""The unit that follows, if it is a known one.

    >>> _unit_after("5", " square cm, and"), _unit_after("5", " of them")
    (' square cm', '')
    """
    if share := re.match(r"\s*(?:\\?%|\\?\$|percent\b|pct\b)", rest):
        return share.group()
    match = _UNIT_WORDS.match(rest)
    words = match.group() if match else ""
    while words:
        measure = split_unit(normal_form(number.rpartition("=")[2] + words))[1]
        if measure is not None and measure.dimension:
            return words
        words = words[: max(words.rfind(" "), words.rfind("/"))] if re.search(r"\S[ /]", words) else ""
    return ""


def _value_at(text: str, at: int) -> str | None:
    if FORMULA.match(text, at):
        return _formulas_at(text, at)
    for pattern in (_TIME_OR_DAY, _BRACKETED):
        if match := pattern.match(text, at):
            return match.group()
    number = NUMBER.match(text, at)
    if number is None:
        return None
    found, at = number.group().strip(), number.end()
    found += _unit_after(found, text[at : at + 60])
    more = re.match(r"\s*(?:and\s+)?", text[number.start() + len(found) :])
    following = NUMBER.match(text, number.start() + len(found) + (more.end() if more else 0))
    if following and found[-1:].isalpha() and (unit := _unit_after(following.group(), text[following.end() :][:60])):
        found += f" {following.group()}{unit}"
    return found


def _is_maths(text: str) -> bool:
    """Whether there are no words in it."""
    left = _ALLOWED_WORDS.sub(" ", text)
    return bool(re.search(r"[\da-zA-Z]", text)) and not re.search(r"[^\W\d_]{2,}|[\u3040-\u9fff\uac00-\ud7af]", left)


def concluded(text: str) -> str | None:
    """No phrase: a short text as a whole, the last formula or number of one that is no refusal and was not cut off."""
    stripped = _OPENING_WORDS.sub("", re.sub(r"\A```\w*\n|\n?```\s*\Z", "", text.strip()).strip())
    has_digits = re.search(r"\d", stripped)
    if "\n" not in stripped and len(stripped) <= _MAX_WHOLE_CHARACTERS:
        has_words = FORMULA.search(stripped) or _COPULA.search(stripped) or _PROSE.search(stripped)
        is_word = not has_digits and len(stripped.split()) <= 3 and not re.search(r"[。\u3040-\u9fff]{5}", stripped)
        if is_word or _is_maths(stripped) or _is_formula(stripped) or (has_digits and not has_words):
            return _bare(stripped)
    if "\n" not in stripped and (yes_or_no := _YES_OR_NO.match(stripped)):
        return yes_or_no[1]
    if _REFUSED.search(text[-600:]) or _is_cut_off(stripped):
        return None
    for sentence in _last_sentences(stripped):
        if yes_or_no := _YES_OR_NO.match(sentence):
            return yes_or_no[1]
        nothing = NOTHING_IN_WORDS.search(sentence)
        if nothing and not NUMBER.search(sentence[: nothing.start()]):
            return nothing.group()
        short = _REASON_BEGINS.sub("", sentence)
        if found := distilled(short):
            return found
        if not _CLOSING_WORDS.search(sentence):
            tail = _WORD_TAIL.search(short.strip())
            if tail:
                return tail[1].strip()
            return _bare(stripped) if not has_digits and len(stripped.split()) <= 6 else None
    return None


def _bare(text: str) -> str:
    return text.strip("*` ").strip()


def _is_formula(text: str) -> bool:
    match = FORMULA.match(text)
    return match is not None and not text[match.end() :].strip(" .*")


def _last_sentences(text: str) -> Iterator[str]:
    end = text[-MAX_CHARACTERS * 2 :]
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(_without_formulas(end))), len(end)]
    sentences = [end[start:stop].strip() for start, stop in zip(cuts, cuts[1:], strict=False)]
    sentences = [each for each in sentences if re.search(r"\w", each)]
    for sentence in reversed(sentences[-_MAX_SENTENCES:]):
        if not _CLOSING_WORDS.search(sentence) or NUMBER.search(sentence) is None:
            yield sentence


def _without_formulas(text: str) -> str:
    """The same length, each formula blotted out, so that no sentence ends within one."""
    return FORMULA.sub(lambda match: "x" * len(match.group()), text)


def _is_cut_off(text: str) -> bool:
    """Whether an output ends in the middle of a sentence or of a formula."""
    last = text.rstrip()
    if re.search(r"[,+=(\[{\\/:-]\Z", last):
        return True
    words = re.search(r"([a-zA-Z]+)\Z", last)
    if words and words[1].lower() in _CUT_WORDS and " " in last:
        return True
    rest = _without_formulas(last)[-MAX_CHARACTERS:]
    return bool(re.search(r"\\[(\[](?!.*\\[)\]])|\$(?!\d)[^$]*[\\=^][^$]*\Z", rest, re.DOTALL))
