"""The words of an answer in, the result that they state out: behind a phrase, else in the last sentence with one."""

import re
from collections.abc import Iterator

from verify.asides import AGAIN, REASON_BEGINS, without_reason
from verify.formulas import FORMULA, inside
from verify.plain_maths import is_maths
from verify.refusals import UNDETERMINED, is_cut_off, is_refusal
from verify.sentences import (
    COPULA,
    MAX_CHARACTERS,
    NUMBER,
    PROSE,
    SENTENCE_END,
    distilled,
    formulas_at,
    value_at,
    without_formulas,
)
from verify.word_rules import NOTHING_IN_WORDS

_MAX_SENTENCES = 8
_MAX_IDLE_WORDS = 2
_MAX_WORDS = 6
_MAX_WHOLE_CHARACTERS = 120
_IS = (
    r"\s*(?:\*\*)?\s*(?:is|are|was|equals?|would\s+be|must\s+be|should\s+be|comes\s+(?:out\s+)?to|:|：|=)"
    r"\s*(?:\*\*)?\s*[:：]?"
)
_ES = r"(?:\s+(?:final|correcta|correct[eo]?|finale|corretta|richtige|é|donc|также))?\s*(?:\*\*)?\s*"
_PHRASES = re.compile(
    "|".join(
        (
            r"\#\#\#\#",
            rf"(?<!to\s)\banswers?{_IS}",
            r"[\"']answer[\"']\s*:",
            r"\banswer\s*(?:—|–|→|->|=>)",
            r"\banswers?(?:\s+to\s+(?:this|the)\s+\w+)\s+(?:is|are)\s*[:：]?",
            r"\b(?:final\s+)?answer\s*(?:\*\*)\s*[:：]?",
            r"(?:^|\n)[\s#*]*(?:final\s+)?answer[\s*]*(?=\$|\\[(\[]|\n|-?\d)",
            rf"\b(?:correct|right)\s+(?:option|choice|one){_IS}",
            r"(?:最终|最后|正确)?的?(?:答案|结果)\s*(?:\*\*)?\s*(?:应该)?(?:是|为|等于|[:：])\s*(?:\*\*)?[:：]?",
            r"(?:正确)?(?:选项|选择)\s*(?:应该)?(?:是|为|[:：])?\s*(?=[\s*(（]*[A-H](?![a-zA-Z]))",
            r"(?:故|应|因此|所以|本题|此题|答案)选择?\s*[:：]?",
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
    r"\b(?:it's|it\s+is|be)\s+(?:option|choice|answer)\s+\(?([A-J])\b|"
    r"\b(?:choose|pick|select)\s+(?:option\s+|choice\s+)?\(?([A-J])\b\)?(?!')|\bonly\s+(?:option\s+)?\(?([A-J])\)?\s+(?:remains|is\s+left|works|fits|matches|satisfies|is\s+possible|holds)\b"
    r"|(?:\b(?:option|choice|answer|statement)\s+)?\(?(?<![\w\\])([A-J])\)?\s+is\s+(?:the\s+)?(?:only\s+)?"
    r"(?:correct|right|best|true)\b"
)
_CORRECTED = re.compile(
    r"(?:should\s+(?:have\s+been|be|actually\s+be|instead\s+be)"
    r"|\b(?:it|that|the\s+(?:correct|right|true|actual|real)\s+\w+)(?:\s+(?:is|was|equals)|'s)(?:\s+actually)?|\b(?:gives?|yields?|get|obtain|find))\s*[:：]?\s*"
    r"(?=[$\\\d\-*])",
    re.IGNORECASE,
)
_JUDGED = re.compile(
    r"(?:indeed\s+)?(?:correct|right|wrong|verified|confirmed|consistent|reasonable|valid|incorrect)", re.IGNORECASE
)
_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|correction|scratch\s+that|hold\s+on|oops|sorry)\b|made\s+a(?:n?\s+\w+)?\s+(?:mistake|error)|更正|不对|错了",
    re.IGNORECASE,
)
_NOT = re.compile(r"\s*(?:n't|not\b|n['’]est\s+pas|no\s+es|nicht\b)", re.IGNORECASE)
_APPOSED = re.compile(r",\s+an?\s+[a-z]{2,}\s")
_ADVERB = re.compile(r"(?:therefore|thus|hence|then|simply|just|now)\b[,:]?\s+", re.IGNORECASE)
_BUT = re.compile(r"\b(?:but(?:\s+rather)?|it\s+is|it's|sondern|sino|mais)\s+|而是", re.IGNORECASE)
_OPENING_WORDS = re.compile(
    r"\A(?:thus|so|therefore|hence|then|finally|we\s+(?:get|have|find)|this\s+gives|it\s+is(?!\s+the\b)|it's)\b[,:]?\s+",
    re.IGNORECASE,
)
_SAME_IN_MATHS = re.compile(r"(?:\bi\.?e\.?|\bthat\s+is|\bnamely|\bor)[,:]?\s*(?=\$|\\\(|\\\[)")
_CLOSING_WORDS = re.compile(
    r"\b(?:hope|let\s+me\s+know|feel\s+free|completes?\s+(?:the|our)\s+(?:proof|solution|problem|question)|indeed\s+satisf\w+|verified|verifies|check(?:s|ed)?\s+out|q\.?e\.?d"
    r"|thank|confiden\w+|(?:any|more|further|other)\s+questions?\b.*\?*|matches|consistent)\b",
    re.IGNORECASE,
)
_WORD_TAIL = re.compile(
    r"\b(?:is|are|was|be|on|called|named|by)\s+(?:an?\s+|the\s+)?[*_]*((?:[^\W\d_]['’\w-]*\s?){1,4}?)[*_]*[.!]?[*_]*\s*\Z"
)
_AS_REQUIRED = re.compile(
    r"[\d)]\s?[-+*/×·^][\d\s().+*/×·^−-]{1,60}=.*\bas\s+(?:desired|required)\b", re.DOTALL | re.IGNORECASE
)
_POLITE_END = re.compile(r"\s?(?:です|となります|になります|である|입니다|이다)(?:ね|よ)?\s?\Z")
_DONE = re.compile(
    r"\A(?:needed|required|done|complete\w*|given|true|valid|established|shown|found|correct|wrong|satisfied|possible|proven|proved|met|available|"
    r"known|unclear|missing|clear|unknown)\b",
    re.IGNORECASE,
)
_SO = re.compile(
    r",\s+but\s+(?!not\b|rather\b|only\b|no\b)|,?\s*\b(?:so|hence|thus|therefore|giving|yielding|which\s+means|we\s+(?:get|have|find))\b\s*",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"\s*(?:[-*•]|\d+[.)])\s+(?:\$|\\\()?\s*(([a-zA-Z])\s*=[^=$\\]{1,40}(?:\\[a-z]+[^=$\\]{1,40}){0,4}?)\s*(?:\$|\\\))?[.,;]?\s*"
)
_YES_OR_NO = re.compile(
    r"[*\s]*(?:(?:so|thus|hence|therefore)\b,?\s+)?(yes|no|true|false)\b\*{0,2}\s?[,.:!—–](?!\s*(?:it|that)(?:'s|\s+is)\s+\$?\d)",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"\W*(?:(?:we|you|one)\s+can\s+|let(?:'s|\s+us|\s+me)\s+|(?:we|i)\s+|to\s+)?(?:may\s+|quickly\s+|now\s+|easily\s+|also\s+|always\s+){0,2}"
    r"(?:double-?\s?check\w*|check(?:ing)?|verif\w+|confirm\w*|testing)\b"
    r"|\W*(?:note|notice|alternatively|remark|indeed)\b",
    re.IGNORECASE,
)
_NAME_IS = re.compile(
    r"(?:\A|,\s|\b(?:so|that|thus|hence|therefore)\s)(?!Th(?:e|is|at|ey|ese|us|ose|en)\b|It\b|There\b|He\b|She\b|We\b)"
    r"([A-Z][a-z]+)\s+(?:is|was|must\s+be|has\s+to\s+be)\s+the\s+[a-z]+\W*\Z"
)
_WORKS = re.compile(r"\b(?:does|do)\s+(?:indeed\s+)?satisfy|\bindeed\s+satisf|\bsolutions?\s+works?\b", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([A-Z]\w*\s[^()]*(?:\([^()]*\)[^()]*){0,9}\)\W*")
_CHECKS = re.compile(
    r"\n[\s#*]*(?:(?:double-?)?check|verification|verify|verifying|checking)\b[^\n.]{0,60}[:*\n]", re.IGNORECASE
)
_DRAWN = re.compile(r"\[asy\].{0,4000}?\[/asy\]", re.DOTALL)
_CONCLUDES = re.compile(r"\b(?:so|therefore|thus|hence|answer|final|conclu\w+)\b", re.IGNORECASE)
_DAY_TAIL = re.compile(
    r"\b(?:is|was|be|falls\s+on|(?:is|be)\s+on|(?:land|arrive|end\s+up)s?\s+(?:on|at))\s+(?:an?\s+)?[*_]*((?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|"
    r"july|august|september|october|november|december)[*_.!]*\s*\Z",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(
    r"(?:\A|,\s|\b(?:so|that|thus|hence|therefore)\s)[*_]*(?!Th(?:e|is|at|ey|ese|us|ose|en)\b|It\b|There\b|He\b|She|We\b|Since|If\b|Each)([A-Z][a-z]+)[*_]*\s+(?:is|was|has|had|finish\w+|comes?|came|won|wins|arriv\w+|r[ua]ns?|"
    r"scored|gets|got|lives|travel\w+|walk\w+)\s+(?:[a-z]+\s+){0,4}(?:first|last|most|least|more|fewe(?:r|st)|less|race|[a-z]{3,}est)\b"
)
_BEGINS_WORK = re.compile(
    r"\W*(?:to\s+(?:solve|find|compute|determine)|let(?:'s)?\b(?!\s+me\s+know)|first\b|recall|consider|we\s+(?:begin|start|need\s+to|must|consider|will)"
    r"|next\b|the\s+next\s+step|our\s+next|it\s+remains\s+to|now,?\s+we|step\s+1\b|see\b|suppose|assume)|.*\?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_WORKED_OUT = re.compile(r"\d[^=\n]{0,40}\s[-+*/×÷·–x][^=\n]{1,40}=\s?[$€£]?\d[\d,.]*(?:\s[a-z-]+){0,4}\W*\Z")
_TAGGED = re.compile(r"<(answer|final_answer)>(.{0,2000}?)</\1>", re.DOTALL | re.IGNORECASE)


def phrased(text: str) -> str | None:
    """What the last phrase such as *the answer is* is followed by."""
    letters = list(_LETTER_BEFORE.finditer(text))
    for match in reversed(list(_PHRASES.finditer(text))):
        if letters and letters[-1].start() > match.end():
            break
        answer = said(text[match.end() : match.end() + MAX_CHARACTERS])
        if answer and not _JUDGED.fullmatch(answer):
            taken_back = _TAKEN_BACK.search(text, match.end())
            return (corrected(text[taken_back.end() :]) if taken_back else None) or answer
    return letters[-1][letters[-1].lastindex or 0] if letters else None


def tagged(text: str) -> str | None:
    """What stands between the last `<answer>` and `</answer>`."""
    found = [match[2].strip() for match in _TAGGED.finditer(text)]
    return found[-1] if found else None


def corrected(text: str) -> str | None:
    """What a text that takes back an answer says instead: *it should be 36*."""
    for match in reversed(list(_CORRECTED.finditer(text))):
        if found := value_at(text, match.end()):
            return found
    return None


def said(rest: str) -> str:
    """The answer at the beginning of a text, without the sentence that goes on behind it."""
    if negated := _NOT.match(rest):
        instead = _BUT.search(rest, negated.end(), negated.end() + 200)
        if instead is None:
            return ""
        rest = rest[instead.end() :]
    rest = _ADVERB.sub("", rest.lstrip(" \t\n*:：\"'"))
    if FORMULA.match(rest):
        return formulas_at(rest, 0)
    stop = SENTENCE_END.search(rest)
    if stop and rest[: stop.start()].rstrip("* ").endswith((":", "：")) and rest[stop.start()] == "\n":
        items = rest[stop.end() : stop.end() + MAX_CHARACTERS].strip()
        return ", ".join(_last_items(items)) or said(items)
    sentence = rest[: stop.start()] if stop else rest
    maths = _SAME_IN_MATHS.search(sentence)
    if maths and (said_again := FORMULA.match(sentence, maths.end())):
        return inside(said_again).strip(" ,").rstrip(" .,")
    if nothing := NOTHING_IN_WORDS.search(sentence):
        return nothing.group()
    short = AGAIN.sub("", REASON_BEGINS.sub("", _POLITE_END.sub("", sentence))).strip(" \t*_`\"'“”,;")
    short = re.sub(r"\s*\(\Z", "", short)
    if (apposed := _APPOSED.search(short)) and is_maths(short[: apposed.start()]):
        short = short[: apposed.start()]
    if chosen := re.match(r"(?:option|choice)?\s*\**\s*(\(?[A-J](?:\)|[.:])\s.*)", short, re.DOTALL):
        return chosen[1]
    if r"\boxed" in short:
        return ""
    is_prose = PROSE.search(short) or FORMULA.search(short) or (COPULA.search(short) and not short[:1].isdigit())
    return (distilled(short) if is_prose else None) or (short if "{" in short else short.rstrip("}\"'"))


def concluded(text: str) -> str | None:
    """No phrase: a short text as a whole, the last formula or number of one that is no refusal and was not cut off."""
    checks = _CHECKS.search(text)
    if checks and checks.start() and not _CONCLUDES.search(text, checks.end()):
        text = text[: checks.start()]
    text = _DRAWN.sub("", text)
    stripped = _OPENING_WORDS.sub("", re.sub(r"\A```\w*\n|\n?```\s*\Z", "", text.strip()).strip())
    is_line = "\n" not in stripped
    if is_line and _is_formula(stripped):
        return formulas_at(stripped, 0)
    if is_line and len(stripped) <= _MAX_WHOLE_CHARACTERS and _is_answer(stripped):
        return _bare(stripped)
    if is_line and (yes_or_no := _YES_OR_NO.match(stripped)):
        return yes_or_no[1]
    if undetermined := UNDETERMINED.search(text[-200:]):
        return undetermined[1]
    if is_refusal(text[-600:]) or is_cut_off(stripped):
        return None
    if listed := _last_items(stripped):
        return ", ".join(listed)
    for place, sentence in enumerate(_last_sentences(stripped)):
        if not place and _BEGINS_WORK.match(sentence) and not _WORKED_OUT.search(sentence):
            return None
        if found := _stated(sentence):
            return found
        if len(sentence.split()) > _MAX_IDLE_WORDS and not _CLOSING_WORDS.search(sentence):
            is_short = not re.search(r"\d", stripped) and len(stripped.split()) <= _MAX_WORDS
            return _bare(stripped) if is_short else None
    return None


def _is_answer(line: str) -> bool:
    """Whether a line is nothing but an answer."""
    if is_maths(line) or _is_formula(line) or re.fullmatch(r"[^\s:：\u3040-\u9fff\uac00-\ud7af]+", line):
        return True
    if not re.search(r"\d", line):
        is_sentence = FORMULA.search(line) or re.search(r"[。，是为有得は]|\b(?:is|are|get|gives)\b|\w:\s", line)
        return len(line.split()) <= 3 and not is_sentence
    has_words = FORMULA.search(line) or COPULA.search(line) or PROSE.search(line)
    return not has_words and re.match(r"[-−+]?\(?[\d$€£√\\]", line) is not None


def _stated(sentence: str) -> str | None:
    """What a sentence states: yes or no, that there is nothing, a value, a word."""
    if yes_or_no := _YES_OR_NO.match(sentence):
        return yes_or_no[1]
    if not NUMBER.search(sentence) and (named := _NAME_BEFORE.search(sentence) or _NAME_IS.search(sentence)):
        return named[1]
    if day := _DAY_TAIL.search(sentence):
        return day[1]
    parts = _SO.split(sentence.rstrip("!"))
    for part in reversed(parts):
        told = without_reason(part)
        nothing = NOTHING_IN_WORDS.search(told)
        if nothing and not NUMBER.search(told[: nothing.start()]):
            return nothing.group()
        if part is not parts[0] and FORMULA.match(part) and not COPULA.search(without_formulas(part)):
            return formulas_at(part, 0)
        if found := distilled(told) or (_word_at_end(told) if len(parts) > 1 else None):
            return found
    return None if _CLOSING_WORDS.search(sentence) else _word_at_end(without_reason(sentence))


def _word_at_end(text: str) -> str | None:
    tail = _WORD_TAIL.search(text.strip())
    return tail[1].strip() if tail and not _DONE.match(tail[1]) else None


def _last_items(text: str) -> list[str]:
    """The formulas of the list that ends a text, if its items give values to one letter."""
    items: list[str] = []
    names: set[str] = set()
    for line in reversed(text.splitlines()[-12:]):
        match = _ITEM.fullmatch(line)
        if match is None:
            break
        items.insert(0, match[1])
        names.add(match[2])
    return items if len(items) > 1 and len(names) == 1 else []


def _bare(text: str) -> str:
    return text.strip("*` ").strip()


def _is_formula(text: str) -> bool:
    match = FORMULA.match(text)
    return match is not None and not text[match.end() :].strip(" .*")


def _last_sentences(text: str) -> Iterator[str]:
    end = text[-MAX_CHARACTERS * 2 :]
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(without_formulas(end))), len(end)]
    sentences = [end[start:stop].strip() for start, stop in zip(cuts, cuts[1:], strict=False)]
    sentences = [each for each in sentences if re.search(r"\w", each)]
    for sentence in reversed(sentences[-_MAX_SENTENCES:]):
        if not _is_check(sentence):
            yield sentence


def _is_check(sentence: str) -> bool:
    if _CHECK.match(sentence) or _IN_BRACKETS.fullmatch(sentence) or _AS_REQUIRED.search(sentence):
        return True
    if _WORKS.search(sentence) and not NUMBER.search(sentence):
        return True
    return bool(_CLOSING_WORDS.search(sentence) and NUMBER.search(sentence))
