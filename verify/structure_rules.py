"""Rules for answers of several parts: lists, sets, tuples, matrices, assignments."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from verify.interval_rules import RELATION
from verify.parts import encloses, split_top
from verify.rules import ComparesParts, Finding, Policy, correct, undecided, wrong

_MAX_PARTS = 60
_AND = re.compile(r"\s*(?:\\text\{\s*,?\s*(?:and|or|和|或)\s*\}|\b(?:and|or)\b|[和或])\s*")
_MATRIX = re.compile(
    r"\\begin\{(?:[pbB]?matrix|smallmatrix|array)\}(?:\{[^{}]*\})?(.*?)\\end\{(?:[pbB]?matrix|smallmatrix|array)\}",
    re.DOTALL,
)
_CASES = re.compile(
    r"\\begin\{(?:cases|aligned|align\*?|gathered|array)\}(?:\{[^{}]*\})?(.*?)\\end\{(?:cases|aligned|align\*?|gathered|array)\}",
    re.DOTALL,
)
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
_ASSIGNED = re.compile(r"\A\s*((?:\\?[a-zA-Z]+(?:_\{?\w+\}?)?|[a-zA-Z]\([a-zA-Z]\)))\s*=(?!=)\s*(.+)\Z", re.DOTALL)
_COMMANDS = re.compile(r"\\[a-zA-Z]+")
_SIGNS = re.compile(r"\\(?:pm|mp)(?![a-z])")
_POINT = re.compile(
    r"([A-Z]'?|\\(?:vec|overrightarrow)\s*\{\w{1,2}\}|[a-z](?=\s*=\s*\())\s*=?\s*(\([^()]*,[^()]*(?:\([^()]*\)[^()]*)*\))"
)
# A ∩ B = {1, 3}
_NAMED_SET = re.compile(r"[^={}<>]{1,40}=\s*(\\?\{[^={}]*\})")
_NAMED_TUPLE = re.compile(r"\A\(?\s*([a-zA-Z]\w?(?:\s*,\s*[a-zA-Z]\w?)+)\s*\)?\s*=\s*(\(.*\))\Z", re.DOTALL)
# Rows of entries.
_Rows: TypeAlias = list[list[str]]


def _listed(form: str) -> tuple[str, list[str]]:
    """The kind (`set`, `tuple`, `list` or empty) and the parts."""
    text = form.strip()
    if named := _NAMED_SET.fullmatch(text):
        text = named[1]
    if text[:1] == "(" and len(_SIGNS.findall(text)) == 1 and encloses(text) and len(split_top(text[1:-1])) > 1:
        return "list", _expanded([text])
    if text.startswith(r"\{") and text.endswith(r"\}"):
        return "set", _expanded(split_top(text[2:-2]))
    if text[:1] == "(" and text[-1:] == ")" and encloses(text):
        parts = split_top(text[1:-1])
        if len(parts) > 1:
            return "tuple", parts
    if text.startswith(r"\langle") and text.endswith(r"\rangle"):
        return "tuple", split_top(text[7:-7])
    if text[:1] == "{" and text[-1:] == "}" and "," in text and encloses(text):
        return "set", _expanded(split_top(text[1:-1]))
    if system := _CASES.fullmatch(text):
        rows = [row.replace("&", " ").strip(" ,\n") for row in _ROW_END.split(system[1])]
        return "list", _expanded([row for row in rows if row])
    thousands = re.fullmatch(r"-?[$€£¥]?\s*\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:\s*[a-zA-Z%$€£\\][^,]*)?", text)
    parts = [part for each in split_top(text) for part in _AND.split(each) if part.strip()] if not thousands else [text]
    parts = _expanded(parts)
    return ("list", parts) if len(parts) > 1 else ("", parts)


def _expanded(parts: Sequence[str]) -> list[str]:
    """Each ± as its two."""
    out: list[str] = []
    for part in parts:
        if len(_SIGNS.findall(part)) == 1:
            out += [re.sub(r"\\(?:pm|mp)(?![a-z])\s*", by, part, count=1).removeprefix("+") for by in ("+", "-")]
        else:
            out.append(part)
    return [part.strip() for part in out if part.strip()]


def several(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Lists and sets in any order, tuples in theirs."""
    (gold_kind, wanted), (kind, given) = _listed(gold), _listed(candidate)
    if not gold_kind and not kind:
        return None
    if not gold_kind and gold[:1] in "([{":
        return None
    if max(len(wanted), len(given)) > _MAX_PARTS:
        return undecided(f"there are more than {_MAX_PARTS} parts")
    if len(wanted) != len(given):
        given, wanted = _distinct(given, compares), _distinct(wanted, compares) if gold_kind != "tuple" else wanted
    if len(wanted) != len(given):
        return wrong(f"it has {_parts(len(given))}, the reference {_parts(len(wanted))}")
    if {gold_kind, kind} == {"set", ""} and r"\emptyset" in (*wanted, *given):
        return wrong("the empty set is not a set that holds it")
    if "set" in (gold_kind, kind) and "tuple" in (gold_kind, kind):
        return wrong("a set is not a tuple")
    if "tuple" in (gold_kind, kind):
        found = [compares(one, other) for one, other in zip(wanted, given, strict=True)]
        return _all(found, "all parts are the same, in order")
    return _matched(wanted, given, compares)


def named_tuple(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """`(x, y) = (1, 2)` for (1, 2); two that name their parts in another order are put in the same one."""
    points = _POINT.fullmatch(gold), _POINT.fullmatch(candidate)
    if any(points):
        if points[0] and points[1] and points[0][1] != points[1][1]:
            return wrong(f"it is about {points[1][1]}, the reference about {points[0][1]}")
        return compares(points[0][2] if points[0] else gold, points[1][2] if points[1] else candidate)
    wanted, given = _NAMED_TUPLE.match(gold), _NAMED_TUPLE.match(candidate)
    if wanted is None and given is None:
        return None
    if wanted and given:
        names = [[name.strip() for name in match[1].split(",")] for match in (wanted, given)]
        parts = split_top(given[2].strip()[1:-1])
        if sorted(names[0]) != sorted(names[1]) or len(parts) != len(names[1]):
            return None
        by_name = dict(zip(names[1], parts, strict=True))
        return compares(wanted[2], f"({', '.join(by_name[name] for name in names[0])})")
    return compares(wanted[2] if wanted else gold, given[2] if given else candidate)


def derived(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Values of letters and, last, of something made of them, which was asked for: `a = 3, b = 4 and ab = 12`."""
    if _listed(gold)[0] or "=" in gold:
        return None
    sides = [split_top(part.strip(" $"), "=") for part in _listed(candidate)[1]]
    if len(sides) < 2 or any(len(each) != 2 for each in sides):
        return None
    names = {left for left, _ in sides[:-1] if re.fullmatch(r"[a-zA-Z]", left)}
    asked, value = sides[-1]
    is_made_of_them = len(asked) > 1 and names & set(re.findall(r"[a-zA-Z]", asked))
    return compares(gold, value) if is_made_of_them else None


def _parts(count: int) -> str:
    return f"{count} part{'' if count == 1 else 's'}"


def _all(found: Sequence[Finding], reason: str) -> Finding:
    for number, each in enumerate(found, 1):
        if each.outcome == "wrong":
            return wrong(f"part {number}: {each.reason}")
    for each in found:
        if each.outcome == "undecided":
            return each
    return correct(reason)


def _matched(wanted: Sequence[str], given: Sequence[str], compares: ComparesParts) -> Finding:
    left = list(given)
    is_sure = True
    for part in wanted:
        for place, other in enumerate(left):
            if (_listed(part)[0] == "set") != (_listed(other)[0] == "set"):
                continue
            found = compares(part, other)
            is_sure = is_sure and found.outcome != "undecided"
            if found.outcome == "correct":
                del left[place]
                break
        else:
            if not is_sure:
                return undecided("some of the parts could not be compared")
            return wrong(f"it lacks {part}")
    return correct("all parts are the same")


def _distinct(parts: Sequence[str], compares: ComparesParts) -> list[str]:
    kept: list[str] = []
    for part in parts[:_MAX_PARTS]:
        if not any(compares(other, part).outcome == "correct" for other in kept):
            kept.append(part)
    return kept


# ------------------------------------------------------------------ matrices, assignments


def matrix(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Matrices and systems, row by row; a column may be written as a tuple."""
    wanted, given = _rows(gold), _rows(candidate)
    if wanted is None and given is None:
        return None
    wanted, given = _column(gold, wanted, given), _column(candidate, given, wanted)
    if wanted is None or given is None:
        return None
    if [len(row) for row in wanted] != [len(row) for row in given]:
        return wrong(f"it has {len(given)} rows, the reference {len(wanted)}, or they are of other lengths")
    flat = zip((cell for row in wanted for cell in row), (cell for row in given for cell in row), strict=True)
    return _all([compares(one, other) for one, other in flat], "all entries are the same")


def _column(form: str, rows: _Rows | None, other: _Rows | None) -> _Rows | None:
    """The rows; those of a tuple, if the other one is a row or a column of as many entries."""
    if rows is not None or other is None:
        return rows
    kind, parts = _listed(form)
    if kind != "tuple":
        return None
    return [parts] if len(other) == 1 and len(parts) > 1 else [[part] for part in parts]


def _rows(form: str) -> _Rows | None:
    text = form.strip()
    if text[:1] in ("[", "(") and encloses(text):
        text = text[1:-1].strip()
    if form.strip()[:2] == "[[" and text[-1:] == "]":
        return [split_top(row.strip()[1:-1]) for row in split_top(text)]
    match = _MATRIX.fullmatch(text)
    if match is None or r"\begin" in match[1]:
        return None
    rows = [row for row in _ROW_END.split(match[1]) if row.strip(" \n&")]
    return [[cell.strip().rstrip(",") for cell in row.split("&")] for row in rows] or None


def vector(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """A column or a tuple against a sum of the unit vectors i, j and k."""
    for form, other in ((gold, candidate), (candidate, gold)):
        rows = _rows(form)
        entries = [row[0] for row in rows] if rows and len(rows[0]) == 1 else _listed(form)[1]
        if (
            len(entries) not in (2, 3)
            or not re.search(r"[jk]\b", other)
            or re.search(r"[a-hl-zA-Z]", _COMMANDS.sub("", other))
        ):
            continue
        total = "+".join(f"({entry})*{name}" for entry, name in zip(entries, "ijk", strict=False))
        return compares(total, other) if form is gold else compares(other, total)
    return None


def assignment(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """`x = 3` for 3, and the last side of a chain of equal sides."""
    wanted, given = _ASSIGNED.match(gold), _ASSIGNED.match(candidate)
    gold_sides, sides = split_top(gold, "="), split_top(candidate, "=")
    if wanted and given:
        return compares(gold_sides[-1], sides[-1]) if _bare(wanted[1]) == _bare(given[1]) else None
    if wanted and len(gold_sides) == 2 and len(sides) == 1:
        return compares(gold_sides[1], candidate)
    if len(gold_sides) == 1 and len(sides) > 1 and not RELATION.search(candidate):
        return compares(gold, sides[-1])
    return None


def _bare(name: str) -> str:
    return re.sub(r"[\s{}]|\(\w\)", "", name)
