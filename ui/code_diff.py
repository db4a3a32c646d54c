"""Two versions of a program in, the lines of their unified difference out: changed places with a little around them."""

import difflib
from typing import Any

_AROUND = 3
_MOST_LINES = 600
_MOST_CHARACTERS = 200


def diff_rows(before: str, after: str) -> list[list[Any]]:
    r"""Rows [sign, old line's number, new line's number, text]; the sign is `+`, `-`, a space, or `@` between places.

    >>> diff_rows("def f(x):\n    return x", "def f(x):\n    return 2 * x")
    [[' ', 1, 1, 'def f(x):'], ['-', 2, 0, '    return x'], ['+', 0, 2, '    return 2 * x']]
    """
    old, new = before.splitlines(), after.splitlines()
    rows: list[list[Any]] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND):
        if rows:
            rows.append(["@", 0, 0, ""])
        for what, old_at, old_end, new_at, new_end in group:
            if what == "equal":
                same = enumerate(old[old_at:old_end])
                rows += [[" ", old_at + n + 1, new_at + n + 1, _cut(text)] for n, text in same]
                continue
            rows += [["-", old_at + n + 1, 0, _cut(text)] for n, text in enumerate(old[old_at:old_end])]
            rows += [["+", 0, new_at + n + 1, _cut(text)] for n, text in enumerate(new[new_at:new_end])]
    return rows[:_MOST_LINES]


def diff_counts(rows: list[list[Any]]) -> tuple[int, int]:
    r"""How many lines are new, and how many are gone.

    >>> diff_counts(diff_rows("a", "b\nc"))
    (2, 1)
    """
    return sum(row[0] == "+" for row in rows), sum(row[0] == "-" for row in rows)


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_CHARACTERS else line[:_MOST_CHARACTERS] + " …"
