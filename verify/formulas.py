r"""A text in, its formulas out: what stands between dollar signs, `\(` and `\)`, `\[` and `\]`."""

import re

_MAX_CHARACTERS = 2_000
FORMULA = re.compile(
    rf"\$\$([^$]{{1,{_MAX_CHARACTERS}}})\$\$|\\\[(.{{1,{_MAX_CHARACTERS}}}?)\\\]|\\\((.{{1,{_MAX_CHARACTERS}}}?)\\\)"
    rf"|\$([^$\n]{{1,{_MAX_CHARACTERS}}})\$",
    re.DOTALL,
)


def inside(formula: re.Match[str]) -> str:
    """What stands between the signs of a match of `FORMULA`."""
    return next(group for group in formula.groups() if group is not None)
