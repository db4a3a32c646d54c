"""A text without marks of formulas in, where maths stands in it out: *2π*, *√2/2*, *[1, 3) ∪ (5, ∞)*.

A stretch is read token by token and is of bounded length, so that no text is read more often than that.
"""

import re
from functools import lru_cache

_MAX_CHARACTERS = 160
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:(?:,|(?:,|\{,\})?\\[!,]\s?|\{,\})\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<text>\\(?:text|mathrm|mbox)\s?\{[^{}]{0,40}\})"
    r"|(?P<operator>\\(?:times|cdot|div|pm|mp|le|leq|ge|geq|ne|neq|lt|gt|cup|cap|in|to|approx|equiv)(?![a-zA-Z])"
    r"|[+*/^<>=_×·⋅÷±∓≤≥≠∪∩∈→:]|[-−–])"
    r"|(?P<function>(?:\\?(?:sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp|arcsin|arccos|arctan)|\\(?:frac|dfrac|tfrac|binom|left))(?![a-zA-Z])|[√∛])"
    r"|(?P<close>\\right\s?[)\]]|\\end\{[a-z]{1,9}\}|\\\}|[)\]}|])"
    r"|(?P<open>\\begin\{[a-z]{1,9}\}|\\\{|[(\[{])"
    r"|(?P<comma>[,;&]|\\\\)"
    r"|(?P<postfix>[!°'²³¹⁰⁴-⁹⁻⁺ⁿ₀-₉]|\\?%|(?<=\^)\\circ(?![a-zA-Z])|\\(?:begin|end)\{[a-z]{1,9}\})"
    r"|(?P<symbol>[π∞∅θαβλφω½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞ℝℤℕ]|\\(?:pi|infty|theta|alpha|beta|lambda|phi|omega|emptyset|varnothing)(?![a-zA-Z])"
    r"|(?:pi|infinity)(?![a-zA-Z]))"
    r"|(?P<letter>(?<![a-zA-ZÀ-ɏЀ-ӿ])[a-zA-Z](?![a-zA-ZÀ-ɏЀ-ӿ])|(?<=[\d)²³])(?!cm|mm|km|am|pm|nm|ms)[abcxyzmnkpqrt]{1,3}(?![a-zA-ZÀ-ɏЀ-ӿ]))"
)
_SPACES = re.compile(r"(?:\s|\\[,;! ]){0,3}")
# What can begin a stretch; a letter only with something behind it.
_BEGINNING = re.compile(
    r"(?<![^\W_])(?<![.\\])(?=\d|\.\d|[-−√∛π∞(\[{½⅓⅔¼¾⅕⅛]|\\[a-z{]|sqrt|[a-zA-Z](?:\([a-z]\))?\s?[-+*/^=<>≤≥≠²³∈×·(]|∅)"
)
_WORTH_A_STRETCH = re.compile(r"[\dπ∞½⅓⅔¼¾⅕⅛√∅²³ⁿ]|\\[a-z]{2,}|[a-zA-Z]\s?[-+*^=<>≤≥]\s?[a-zA-Z]")
_ALLOWED_WORDS = re.compile(
    r"\\[a-zA-Z]+|\b(?:and|or|und|oder|et|ou|sqrt|pi|sin|cos|tan|log|ln|exp|infinity|mod|cm|mm|km|kg|am|pm)\b|[和或]"
    r"|\b[A-Z]{2}\b(?=\s*=)",
    re.IGNORECASE,
)
_SMALL_DIGITS = re.compile("[⁰¹²³⁴-⁹⁺⁻ⁿ₀-₉]")


def stretch_end(text: str, at: int) -> int:
    """Where the maths that begins there ends; `at` itself if none does.

    >>> stretch_end("is 2π, so", 3), stretch_end("is 6 ways", 3), stretch_end("a (small) one", 0)
    (5, 4, 1)
    """
    end, depth, before = at, 0, ""
    while at - end < _MAX_CHARACTERS and at < len(text):
        spaces = _SPACES.match(text, at)
        gap = spaces.end() if spaces else at
        token = _TOKEN.match(text, gap)
        kind = (token.lastgroup or "") if token else ""
        if not token or not _goes_on(before, kind, gap > at, depth):
            break
        is_bar = token.group() == "|"
        depth += (kind == "open") - (kind == "close" and not is_bar)
        if depth < 0:
            break
        at = token.end()
        if not depth and kind in ("number", "text", "close", "postfix", "symbol", "letter"):
            end = at
        before = kind
    return end


def _goes_on(before: str, kind: str, is_apart: bool, depth: int) -> bool:
    """Whether a token of that kind can follow another, within so many brackets."""
    is_operand = before in ("number", "close", "postfix", "symbol", "letter", "text")
    if not before:
        return kind not in ("comma", "postfix", "close", "text")
    if kind == "comma":
        return depth > 0
    if depth or not is_operand or kind in ("operator", "function", "symbol", "text"):
        return True
    # Behind a space a new word begins, or a remark in brackets.
    return not is_apart and (kind != "number" or before in ("close", "letter", "postfix"))


def maths_at(text: str, at: int) -> str:
    """The maths that begins there; empty where there is none, or only letters.

    >>> maths_at("is 2π, so", 3), maths_at("is a day", 3)
    ('2π', '')
    """
    end = stretch_end(text, at)
    return text[at:end] if _WORTH_A_STRETCH.search(text, at, end) else ""


@lru_cache(maxsize=16)
def stretches(text: str) -> tuple[tuple[int, int], ...]:
    """Where maths stands in a text, from the left; single letters are no maths.

    >>> text = "With x = 3 a length of √2/2 cm"
    >>> [text[start:end] for start, end in stretches(text)]
    ['x = 3', '√2/2']
    """
    found, at = [], 0
    while match := _BEGINNING.search(text, at):
        maths = maths_at(text, match.start())
        at = match.start() + max(1, len(maths))
        if maths:
            found.append((match.start(), at))
    return tuple(found)


def is_maths(text: str) -> bool:
    """Whether there are no words in it."""
    left = _ALLOWED_WORDS.sub(" ", _SMALL_DIGITS.sub("", text))
    return bool(re.search(r"[\da-zA-Z]", text)) and not re.search(r"[^\W\d_]{2,}|[\u3040-\u9fff\uac00-\ud7af]", left)
