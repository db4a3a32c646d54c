r"""A text in, its formulas out: between dollar signs, `\(` and `\)`, `\[` and `\]`, in `align`; what they end in."""

import re

_MAX_CHARACTERS = 2_000
# A dollar sign behind a backslash or before a digit that would close a formula is money.
FORMULA = re.compile(
    rf"(?<!\\)\$\$((?:\\.|[^$\\]){{1,{_MAX_CHARACTERS}}})\$\$|\\\[(.{{1,{_MAX_CHARACTERS}}}?)\\\]|\\\((.{{1,{_MAX_CHARACTERS}}}?)\\\)"
    rf"|(?<!\\)\$((?:\\[^\n]|[^$\\\n]){{1,{_MAX_CHARACTERS}}})\$(?!\d)"
    rf"|\\begin\{{(?:align|aligned|equation|gather)\*?\}}(.{{1,{_MAX_CHARACTERS}}}?)\\end\{{(?:align|aligned|equation|gather)\*?\}}",
    re.DOTALL,
)


_LETTER = re.compile(r"\\?[a-zA-Z]+(?:_\{?\w+\}?)?\s*\Z")
_COMMANDS = re.compile(r"\\(?:text|mbox|mathrm)\s*\{[^{}]*\}|\\[a-zA-Z]+|_\{?\w+\}?")
_NO_CHAIN = re.compile(
    r"[<>:!≤≥≈]|\b(?:and|or|und|oder|et|ou|y|o|e)\b"
    r"|\\(?:le|ge|ne|approx|equiv|begin|in|pm|quad)(?![a-zA-Z])|\\text\{ ?(?:and|or)"
)
_FOLLOWS = re.compile(r"(?:\\q?quad\s*)?\\(?:Rightarrow|implies|Longrightarrow|therefore|equiv)(?![a-zA-Z])|=")
_MODULUS = re.compile(r"\s*\\pmod\s*(?:\{[^{}]*\}|\d+)\s*\Z")


def inside(formula: re.Match[str]) -> str:
    """What stands between the signs of a match of `FORMULA`."""
    text = next(group for group in formula.groups() if group is not None)
    if nested := FORMULA.fullmatch(text.strip()):
        return inside(nested)
    if formula[0].startswith(r"\begin"):
        if r"\begin" in text:
            return re.split(r"&\s*=", text)[-1].strip()
        rows = [row.replace("&", "").strip() for row in text.split(r"\\") if row.strip(" \n&")]
        return together(rows) if rows else ""
    return text


def together(pieces: list[str]) -> str:
    r"""Formulas in a row as one answer: all of them, or the last where the others lead to it.

    >>> together(["x = 1", "y = 2"]), together(["2x = 4", "x = 2"]), together(["3 + 4", r"\Rightarrow 7"])
    ('x = 1, y = 2', 'x = 2', '7')
    """
    for place in range(len(pieces) - 1, 0, -1):
        if follows := _FOLLOWS.match(pieces[place]):
            rest = pieces[place][follows.end() :].strip()
            pieces = [_MODULUS.sub("", rest) if "equiv" in follows[0] else rest, *pieces[place + 1 :]]
            break
    if len(pieces) == 2 and r"\in" in pieces[1] and re.search("[<>]", pieces[0]):
        return pieces[1]
    sides = [piece.split("=") for piece in pieces]
    if len(pieces) > 1 and "=" in pieces[-1]:
        leads = any(len(side) == 1 or not _LETTER.match(side[0].strip()) for side in sides[:-1])
        if len(sides[0]) == 1 < len(sides[-1]) and not _LETTER.match(sides[-1][0].strip()):
            return end_of_chain(pieces[-1])
        if _LETTER.match(sides[-1][0].strip()) and (leads or (len(sides[-1]) > 2 and len(sides[0]) == 2)):
            return pieces[-1]
    return ", ".join(pieces)


def end_of_chain(maths: str) -> str:
    r"""What a chain of equalities ends in; an equation that says more than that stays.

    >>> end_of_chain("50 * 2 = $100"), end_of_chain("a + b = 3 + 4 = 7"), end_of_chain("y = 2x")
    ('$100', '7', 'y = 2x')
    """
    if _NO_CHAIN.search(maths) or "==" in maths or "," in _without_brackets(maths):
        return maths
    parts = [part.strip() for part in maths.split("=")]
    if len(parts) > 2 and re.fullmatch(r"[a-zA-Z]", parts[-1]):
        parts.pop()
    last = parts[-1]
    if len(parts) < 2 or not re.search(r"\d", last) or re.search(r"[a-zA-Z]", _COMMANDS.sub("", last)):
        return maths
    before = parts[-2]
    is_worked_out = bool(before) and (r"\dots" in before or not re.search(r"[a-zA-Z]", _COMMANDS.sub("", before)))
    return last if all(parts) and (len(parts) > 2 or is_worked_out) else maths


def _without_brackets(maths: str) -> str:
    """Without what stands in brackets and without the commas of thousands."""
    for _ in range(4):
        maths = re.sub(r"[(\[{][^()\[\]{}]{0,200}[)\]}]", "", maths)
    return re.sub(r"(?<=\d),(?=\d{3})", "", maths)
