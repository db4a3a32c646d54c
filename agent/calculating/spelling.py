r"""LaTeX, Unicode, Wolfram's and Python's spelling in, the plain one that `grammar` reads out: `\frac12` is (1)/(2)."""

import re
from collections.abc import Callable

from agent.calculating.limits import NotReadable

_SIGNS = {
    "×": "*", "✕": "*", "·": "*", "⋅": "*", "∙": "*", "•": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-",
    "—": "-", "≤": "<=", "≥": ">=", "≠": "!=", "π": " pi ", "∞": " oo ", "∑": " sum", "Σ": " sum", "∏": " prod",
    "∫": " int", "→": "->", "“": '"', "”": '"', "’": "'", "∣": "|", "≈": "=", "∆": "Δ", "º": "°", "\u00a0": " ",
    "⌊": " floor(", "⌋": ")", "⌈": " ceil(", "⌉": ")", "∂": "d", "℃": "°C", "℉": "°F",
}  # fmt: skip
_SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_VULGAR = {"½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)", "¼": "(1/4)", "¾": "(3/4)", "⅕": "(1/5)", "⅛": "(1/8)"}
_COMMANDS = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=",
    "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">", "infty": " oo ", "to": "->",
    "rightarrow": "->", "bmod": " mod ", "mod": " mod ", "lbrack": "[", "rbrack": "]", "lvert": "|", "rvert": "|",
    "vert": "|", "mid": "|", "quad": " ", "qquad": " ", "degree": "°", "circ": "°", "approx": "=", "lfloor": " floor(",
    "rfloor": ")", "lceil": " ceil(", "rceil": ")", "ldots": "...", "dots": "...", "iint": " int", "partial": "d",
    "prime": "'", "equiv": "=", "cos": " cos ", "%": "%",
}  # fmt: skip
_DROPPED = frozenset(
    "left right bigl bigr Bigl Bigr big Big bigg Bigg displaystyle textstyle limits nolimits , ; : !".split()
)
_TEXTS = ("text", "mathrm", "mbox", "textrm", "operatorname", "mathbf", "boldsymbol", "mathit", "rm", "boxed")
_MATRIX = re.compile(
    r"\\begin\s*\{([pbvBV]?matrix|array|cases|align\*?|aligned)\}(?:\{[lcr| ]*\})?(.*?)\\end\s*\{\1\}", re.DOTALL
)
_IMPORTS = re.compile(r"^[ \t]*(?:from\s+[\w.]+\s+import\b|import\b)[^\n;]*;?", re.MULTILINE)
_SYMBOLS = re.compile(r"^[ \t]*[\w, ()]+=\s*(?:\w+\.)?(?:symbols|Symbol|var)\s*\([^()\n]*\)\s*;?", re.MULTILINE)
_FENCE = re.compile(r"\A\s*```\w*\s*\n?(.*?)\n?\s*```\s*\Z", re.DOTALL)
# 3 1/2 is three and a half.
_MIXED = re.compile(r"(?<![\w.^/)])(\d+) (\d+)/(\d+)(?![\w.^!(])")
_MIXED_LATEX = re.compile(r"(?<![\d.^_}])(\d+)\s*\\[dt]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}")
_STRINGS = re.compile(r"""(["'])([^"'\n]*)\1""")


def plain_spelling(text: str) -> str:
    r"""A calculation without marks of LaTeX or of a language.

    Raises:
        NotReadable: If brackets of LaTeX do not close, or it uses what is not known here.

    >>> plain_spelling(r"$\frac{1}{2} + \sqrt[3]{27}$"), plain_spelling("√2 × 5²")
    ('((1)/(2)) + root(27, 3)', 'sqrt 2 * 5^(2)')
    >>> plain_spelling("Integrate[x^2, {x, 0, 1}]"), plain_spelling("from sympy import *\nx = symbols('x')\nx**2")
    ('Integrate(x^2, [x, 0, 1])', 'x**2')
    """
    fenced = _FENCE.match(text)
    text = (fenced[1] if fenced else text).strip().strip("`").replace("\r\n", "\n")
    text = re.sub(r"(?m)#.*$", "", text) if "\n" in text else text
    text = _SYMBOLS.sub("", _IMPORTS.sub("", text))
    text = _MIXED_LATEX.sub(r"(\1+\2/\3)", _unicode(text))
    text = _MATRIX.sub(_matrix, text)
    if "\\" in text:
        text = _without_commands(text)
    text = re.sub(r"\$\$?|\\[()\[\]]|[€£¥]|\\", " ", text)
    text = re.sub(r"""(?:dir\s*=\s*)?(["'])([+-])\1""", lambda found: "right" if found[2] == "+" else "left", text)
    text = _STRINGS.sub(r"\2", text) if '"' in text or text.count("'") > 1 else text
    text = _braces(_wolfram(text))
    text = re.sub(r"(?<=\d)_(?=\d{3})", "", text)
    text = _MIXED.sub(_mixed, text)
    text = re.sub(r"<\s*=", "<=", re.sub(r">\s*=", ">=", text)).replace("=<", "<=").replace("=>", ">=")
    return re.sub(r"[ \t]+", " ", text).strip().strip(";,")


def _unicode(text: str) -> str:
    text = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
    text = re.sub(r"(\d)([½⅓⅔¼¾⅕⅛])", r"(\1+\2)", text)
    text = re.sub("[⁰¹²³⁴-⁹⁺⁻ⁿ]+", lambda found: f"^({found[0].translate(_SMALL)})", text)
    text = re.sub("[₀-₉]+", lambda found: "_" + "".join(chr(ord(sign) - 0x2080 + 48) for sign in found[0]), text)
    text = re.sub(r"([√∛])", lambda found: " sqrt " if found[0] == "√" else " cbrt ", text)
    for sign, written in (_SIGNS | _VULGAR).items():
        text = text.replace(sign, written)
    return text


def _mixed(found: re.Match[str]) -> str:
    is_proper = int(found[2]) < int(found[3])
    return f"({found[1]}+{found[2]}/{found[3]})" if is_proper else found[0]


def _matrix(found: re.Match[str]) -> str:
    kind, rows = found[1], [row.strip() for row in re.split(r"\\\\", found[2]) if row.strip()]
    if kind in ("cases", "align", "align*", "aligned"):
        return "; ".join(row.replace("&", " ").rstrip(", ") for row in rows)
    listed = ", ".join("[" + ", ".join(row.split("&")) + "]" for row in rows)
    return f" {'det' if kind == 'vmatrix' else 'Matrix'}([{listed}])"


def _without_commands(text: str) -> str:
    """LaTeX's commands as functions and signs."""
    made: list[str] = []
    at = 0
    while at < len(text):
        command = re.compile(r"\\([a-zA-Z]+|[,;:!%{}| ]|\\)").match(text, at)
        if command is None:
            made.append(text[at])
            at += 1
            continue
        at, name = command.end(), command[1]
        if name in ("frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom"):
            over, at = _argument(text, at)
            under, at = _argument(text, at)
            made.append(f"binomial({over}, {under})" if "binom" in name else _fraction(over, under))
        elif name == "sqrt":
            degree = re.compile(r"\s*\[([^\[\]]*)\]").match(text, at)
            inner, at = _argument(text, degree.end() if degree else at)
            made.append(f"root({inner}, {degree[1]})" if degree else f"sqrt({inner})")
        elif name in _TEXTS:
            inner, at = _argument(text, at)
            made.append(f" {inner} ")
        elif name == "pmod":
            inner, at = _argument(text, at)
            made.append(f" mod ({inner})")
        elif name in ("{", "}"):
            made.append("[" if name == "{" else "]")
        elif name in _DROPPED or name == " ":
            made.append(" ")
        else:
            made.append(_COMMANDS.get(name, f" {name} " if name != "\\" else ";"))
    return re.sub(r"\s+_", "_", re.sub(r"\s+\^", "^", re.sub(r"\^\s*\{?\s*°\s*\}?", "°", "".join(made))))


def _fraction(over: str, under: str) -> str:
    """A fraction, or Leibniz's derivative."""
    order = re.fullmatch(r"\s*d\s*(?:\^\s*\{?\(?(\d)\)?\}?)?\s*", over)
    by = re.fullmatch(r"\s*d\s*([a-zA-Z])\s*(?:\^\s*\{?\(?(\d)\)?\}?)?\s*", under)
    if order and by:
        return f" d^{order[1] or 1}/d{by[1]}^{order[1] or 1} "
    return f"(({over})/({under}))"


def _argument(text: str, at: int) -> tuple[str, int]:
    """What a command is about, in the plain spelling, and where it ends."""
    while at < len(text) and text[at] == " ":
        at += 1
    if at >= len(text):
        raise NotReadable("A command of LaTeX has no argument.")
    if text[at] != "{":
        command = re.compile(r"\\[a-zA-Z]+|.").match(text, at)
        assert command is not None
        return _without_commands(command[0]) if command[0] != "\\" else "", command.end()
    depth = 0
    for end in range(at, len(text)):
        if text[end - 1] == "\\" and end:
            continue
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return _without_commands(text[at + 1 : end]), end + 1
    raise NotReadable("A brace { is not closed.")


def _wolfram(text: str) -> str:
    """`Solve[x^2 == 4, x]` with round brackets."""
    return _rewritten(text, "[", "]", lambda before, _: ("(", ")") if re.search(r"[A-Z][A-Za-z]+\Z", before) else None)


def _braces(text: str) -> str:
    """Braces group behind ^ and _, and else hold a list if there is a comma in them."""

    def brackets(before: str, inside: str) -> tuple[str, str]:
        is_list = "," in inside and not before.rstrip().endswith(("^", "_"))
        return ("[", "]") if is_list else ("(", ")")

    return _rewritten(text, "{", "}", brackets)


def _rewritten(text: str, opening: str, closing: str, brackets: Callable[[str, str], tuple[str, str] | None]) -> str:
    """With other brackets in place of some; `brackets` is told what stands before and inside a pair."""
    signs = list(text)
    opened: list[int] = []
    for at, sign in enumerate(text):
        if sign == opening:
            opened.append(at)
        elif sign == closing and opened:
            start = opened.pop()
            chosen = brackets(text[max(0, start - 40) : start], text[start + 1 : at])
            if chosen:
                signs[start], signs[at] = chosen
    return "".join(signs)
