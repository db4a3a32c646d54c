"""An answer as somebody wrote it in, the same in one spelling out: what two spellings of one answer have in common."""

import re
import unicodedata
from fractions import Fraction

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ", "0123456789+-()n", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎", "0123456789+-()", strict=True))
_VULGAR = re.compile("(\\d?)\\s*([¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")
_CIRCLED = re.compile("[①-⑳](?:[、，, ]*[①-⑳])*")
_SYMBOLS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "➖": "-",
    "×": r"\times ", "✕": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/",
    "π": r"\pi ", "∞": r"\infty ", "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ", "⩾": r"\ge ",
    "≠": r"\ne ", "≈": r"\approx ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∉": r"\notin ", "∅": r"\emptyset ",
    "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}",
    "°": r"^\circ ", "º": r"^\circ ", "′": "'", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ",
    "λ": r"\lambda ", "μ": r"\mu ", "φ": r"\phi ", "ϕ": r"\phi ", "ω": r"\omega ", "σ": r"\sigma ", "Δ": r"\Delta ",
    "…": r"\ldots ", "⋯": r"\ldots ", "→": r"\to ", "⟨": r"\langle ", "⟩": r"\rangle ", "，": ",", "；": ";", "：": ":",
    "（": "(", "）": ")", "【": "[", "】": "]", "。": ".", "、": ",", "％": "%", "∣": "|", "∖": r"\setminus ",
    "“": '"', "”": '"', "‘": "'", "’": "'",
}  # fmt: skip
_ROOT = re.compile("([√∛])\\s*(?:\\(([^()]*)\\)|(\\d+(?:\\.\\d+)?|[a-zA-Z]))")
_RENAMED = (
    (re.compile(r"\\(?:dfrac|tfrac|cfrac|nicefrac|sfrac)(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\(?:leq|leqslant)(?![a-zA-Z])"), r"\\le"),
    (re.compile(r"\\(?:geq|geqslant)(?![a-zA-Z])"), r"\\ge"),
    (re.compile(r"\\neq(?![a-zA-Z])"), r"\\ne"),
    (re.compile(r"\\(?:dots|cdots|dotsc|dotsb|dotsm)(?![a-zA-Z])"), r"\\ldots"),
    (re.compile(r"\\(?:varnothing|O)(?![a-zA-Z])"), r"\\emptyset"),
    (re.compile(r"\\rightarrow(?![a-zA-Z])"), r"\\to"),
    (re.compile(r"\\(?:lbrace)(?![a-zA-Z])"), r"\\{"),
    (re.compile(r"\\(?:rbrace)(?![a-zA-Z])"), r"\\}"),
    (re.compile(r"\\(?:lbrack)(?![a-zA-Z])"), "["),
    (re.compile(r"\\(?:rbrack)(?![a-zA-Z])"), "]"),
    (re.compile(r"\^\s*\{?\s*\\(?:circ|degree)(?![a-zA-Z])\s*\}?"), r"^\\circ "),
    (re.compile(r"\\degree(?![a-zA-Z])"), r"^\\circ "),
    (re.compile(r"\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|big|Big|bigg|Bigg|middle)(?![a-zA-Z])\s*\.?"), ""),
    (re.compile(r"\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits|phantom\{[^{}]*\}|hfill)(?![a-zA-Z])"), ""),
    (re.compile(r"\\mathrm\s*\{\s*([eid])\s*\}"), r"\1 "),
    (re.compile(r"\\(?:mathbf|boldsymbol|bm|mathit|mathsf|operatorname\*?|rm|bf)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:rm|bf|it|underline|(?:text)?color\s*\{\s*[a-zA-Z]+\s*\})(?![a-zA-Z])\s*"), ""),
    (re.compile(r"\\(?:text|mbox|hbox|mathrm|textrm|textbf|textit|textnormal|textsf)\s*\{"), r"\\text{"),
    (
        re.compile(
            r"(?<=[\d)}])\s*(?:\\text\{\s*)?(?:percent(?:age)?(?:\s+points?)?|per\s+cent|pct)\b\.?(?:\s*\})?", re.I
        ),
        "%",
    ),
    (re.compile(r"(?<![a-zA-Z\\])(?:negative|minus)\s+infinity(?![a-zA-Z])", re.IGNORECASE), r"-\\infty"),
    (re.compile(r"(?<![a-zA-Z\\])(?:infinity|inf|oo)(?![a-zA-Z])"), r"\\infty"),
    (re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)|(?<=\d)\s+[xX]\s+(?=\d)"), r"\\times "),
    (re.compile(r"\\text\s*\{\s*cis\s*\}|\\cis(?![a-zA-Z])"), "cis"),
    (re.compile(r"(?<![a-zA-Z\d\\)}])C\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)"), r"\\binom{\1}{\2}"),
    (re.compile(r"(?:\{\})?[_^]\{?(\d+)\}?\s*C\s*_\s*\{?(\d+)\}?"), r"\\binom{\1}{\2}"),
    (re.compile(r"\{\s*(\w+)\s*\\choose\s*(\w+)\s*\}"), r"\\binom{\1}{\2}"),
)
_SPACES = re.compile(r"(?<!\\)\\(?:[,;:! ]|q?quad(?![a-zA-Z])|thinspace(?![a-zA-Z])|enspace(?![a-zA-Z]))|~|&nbsp;")
_DIGIT_GROUPS = re.compile(r"(?<![\d.])\d{1,3}(?:(?:\\,|\\!|\{,\}|\\ |,\\!|,\\,|[\u2009\u202f\u00a0])\s?\d{3})+(?!\d)")
_BARE_FRACTION = re.compile(
    r"\\frac\s*(\d)\s*(\d)(?!\d)|\\frac\s*(\d)\s*\{([^{}]*)\}|\\frac\s*\{([^{}]*)\}\s*([\da-z])"
)
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d|[a-z](?![a-z]))")
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "万": 10**4, "亿": 10**8,
}  # fmt: skip
_SCALED = re.compile(
    r"(?<![\d.,^_])(\d{1,3}(?:,\d{3})+(?:\.\d{1,12})?|\d{1,15}(?:\.\d{1,12})?)\s*(?:\\text\s*\{\s*)?"
    r"(?:(dozen|hundred|thousand|million|billion|trillion)s?\b|([万亿]))(?:\s*\})?",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\A\s*(?:\\text\s*\{\s*)?(?:approximately|about|roughly|around|exactly|nearly|almost|\\approx(?![a-z]))\s*(?:\}\s*)?(?=[\d$\\.-])",
    re.IGNORECASE,
)
_MARKED_NUMBER = re.compile(r"\A\\text\s*\{\s*([-+$]?\d[^{}]*)\}\Z")
_OUTER = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("__", "__"), ("`", "`"), ('"', '"'))
_INVISIBLE = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def normal_form(answer: str) -> str:
    r"""One spelling of an answer, still LaTeX: no dollar signs, no spacing commands, ASCII digits and signs.

    >>> normal_form(r"$\left(-\dfrac12,\, 3\right]$.")
    '(-\\frac{1}{2}, 3]'
    >>> normal_form("１２½ cm²"), normal_form("x ≤ −3")
    ('12 1/2 cm^{2}', 'x \\le -3')
    >>> normal_form(r"1\,234{,}567")
    '1234567'
    """
    text = _without_decoration(_ascii(_INVISIBLE.sub("", answer)).strip())
    text = _DIGIT_GROUPS.sub(lambda match: re.sub(r"\D", "", match.group()), text)
    for pattern, by in _RENAMED:
        text = pattern.sub(by, text)
    text = _SPACES.sub(" ", text)
    text = text.replace(r"\%", "%").replace(r"\$", "$").replace("{,}", ",").replace(r"\#", "#").replace(r"\&", "&")
    text = _HEDGE.sub("", text)
    text = _BARE_FRACTION.sub(_fraction, text)
    text = _BARE_ROOT.sub(r"\\sqrt{\1}", text)
    text = _SCALED.sub(_scaled, text)
    text = re.sub(r"\\text\{\s*\}", "", text)
    text = re.sub(r"\s+", " ", text)
    return _without_decoration(text.strip())


def unmarked(form: str) -> str:
    r"""A normal form without the marks of text, the words left.

    >>> unmarked(r"5\text{ cm}")
    '5 cm'
    """
    return re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", form)


def _ascii(text: str) -> str:
    """Full-width and typographic characters as what LaTeX has for them."""
    text = _CIRCLED.sub(lambda match: ", ".join(f"({each})" for each in match.group() if each not in "、，, "), text)
    text = _VULGAR.sub(lambda match: f"{match[1]} {unicodedata.normalize('NFKC', match[2])}".replace("⁄", "/"), text)
    text = _runs(text, _SUPERSCRIPTS, "^")
    text = _runs(text, _SUBSCRIPTS, "_")
    text = _ROOT.sub(
        lambda match: (r"\sqrt" if match[1] == "√" else r"\sqrt[3]") + "{" + (match[2] or match[3]) + "}", text
    )
    for symbol, latex in _SYMBOLS.items():
        text = text.replace(symbol, latex)
    return unicodedata.normalize("NFKC", text)


def _runs(text: str, table: dict[str, str], mark: str) -> str:
    run = re.compile("[" + "".join(re.escape(character) for character in table) + "]+")
    return run.sub(lambda match: mark + "{" + "".join(table[character] for character in match.group()) + "}", text)


def _fraction(match: re.Match[str]) -> str:
    over, under = [group for group in match.groups() if group is not None]
    return rf"\frac{{{over}}}{{{under}}}"


def _scaled(match: re.Match[str]) -> str:
    """2.5 million as 2500000; what has more decimals than that stays."""
    value = Fraction(match[1].replace(",", "")) * _SCALES[(match[2] or match[3]).lower()]
    return f"{value.numerator} " if value.denominator == 1 else match.group()


def _without_decoration(text: str) -> str:
    for _ in range(4):
        before = text
        text = _MARKED_NUMBER.sub(r"\1", text)
        text = re.sub(r"(?<!\\)[,;:]+\Z", "", text.strip()).strip()
        if text.endswith(".") and not text.endswith("..") and not re.search(r"\b[ap]\.\s?m\.\Z", text):
            text = text[:-1].rstrip()
        for left, right in _OUTER:
            inside = text[len(left) : len(text) - len(right)]
            if text.startswith(left) and text.endswith(right) and len(text) > len(left + right) and left not in inside:
                text = inside.strip()
        if text == before:
            break
    return text
