r"""A text in, its formulas out: what stands between dollar signs, `\(` and `\)`, `\[` and `\]`, in `align`."""

import re

_MAX_CHARACTERS = 2_000
# A dollar sign behind a backslash or before a digit that would close a formula is money.
FORMULA = re.compile(
    rf"(?<!\\)\$\$((?:\\.|[^$\\]){{1,{_MAX_CHARACTERS}}})\$\$|\\\[(.{{1,{_MAX_CHARACTERS}}}?)\\\]|\\\((.{{1,{_MAX_CHARACTERS}}}?)\\\)"
    rf"|(?<!\\)\$((?:\\[^\n]|[^$\\\n]){{1,{_MAX_CHARACTERS}}})\$(?!\d)"
    rf"|\\begin\{{(?:align|aligned|equation|gather)\*?\}}(.{{1,{_MAX_CHARACTERS}}}?)\\end\{{[a-z]{{5,8}}\*?\}}",
    re.DOTALL,
)


def inside(formula: re.Match[str]) -> str:
    """What stands between the signs of a match of `FORMULA`."""
    text = next(group for group in formula.groups() if group is not None)
    if formula[0].startswith(r"\begin"):
        rows = [row.replace("&", "").strip() for row in text.split(r"\\") if row.strip(" \n&")]
        return ", ".join(rows) if rows and not rows[-1].startswith("=") else rows[-1].lstrip("= ") if rows else ""
    return text
