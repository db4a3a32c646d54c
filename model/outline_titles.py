"""The beginning of a step of a thinking in; its first clause without LaTeX and Markdown, as a short title, out."""

import re

from model.outline_rules import width_of

TITLE_WIDTH = 60  # a Chinese character counts for two

_SYMBOLS = {"cdot": "·", "times": "×", "div": "÷", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠"}
_SYMBOLS |= {"sum": "Σ", "prod": "Π", "int": "∫", "sqrt": "√", "infty": "∞", "to": "→", "approx": "≈", "equiv": "≡"}
_SYMBOLS |= {"pi": "π", "omega": "ω", "phi": "φ", "theta": "θ", "alpha": "α", "beta": "β", "lambda": "λ"}
_WORD = re.compile(r"[⺀-鿿豈-﫿︰-￮]|[^\s⺀-鿿豈-﫿︰-￮]+|\s+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
_CLAUSE_END = re.compile(r"[,;:](?=\s)|[，；、：]| [—–-] ")


def _plain(text: str) -> str:
    """`text` without LaTeX and Markdown marks."""
    text = re.sub(r"\{\s*([^{}\\]*?)\s*\\choose\s*([^{}]*?)\s*\}", r"C(\1,\2)", text)
    text = re.sub(r"([_^])\{([^{}]{2,})\}", r"\1(\2)", text)
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\([a-zA-Z]+)\s?", lambda found: _SYMBOLS.get(found[1], "") + " " * (found[1] == "quad"), text)
    text = re.sub(r"\\[()\[\],;! ]|[${}`\\]|\*\*|__|^\s*(?:#+|[-*•>]|\d+[.)])\s+", "", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", text).strip(" *_#")


def title_of(head: str, *, is_cut: bool = False) -> str:
    r"""The first clause of a step on at most 60 columns (30 Chinese characters), never ending within a word.

    Args:
        head: The first characters of the step.
        is_cut: More text follows `head`, so its last word may be a torn one.

    >>> title_of("Wait a minute, I should check this for a small value of \\(n\\). Then on.")
    'Wait a minute, I should check this for a small value of n'
    """
    text = _plain(head) or head.strip()
    for end in _SENTENCE_END.finditer(text):
        if width_of(text[: end.start()]) >= 16:  # "Yes." alone says nothing
            text, is_cut = text[: end.start()], False
            break
    if not is_cut and width_of(text) <= TITLE_WIDTH:
        return text.strip(" .,;:，；：。") or text
    words, width = [], 0
    for word in _WORD.findall(text):
        width += width_of(word)
        if width > TITLE_WIDTH - 1:
            break
        words.append(word)
    else:
        words = words[:-1] if len(words) > 1 else words
    short = "".join(words)
    clauses = [found.start() for found in _CLAUSE_END.finditer(short) if width_of(short[: found.start()]) >= 32]
    if clauses:
        return short[: clauses[-1]].strip()
    return short.rstrip(" ,;:，；：") + "…" if short.strip() else "…"
