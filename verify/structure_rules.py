"""Rules for answers of several parts: lists, sets, tuples, intervals and inequalities, matrices, assignments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from verify.rules import ComparesParts, Finding, Policy, correct, undecided, wrong

_MAX_PARTS = 60
_AND = re.compile(r"\s*(?:\\text\{\s*,?\s*(?:and|or)\s*\}|\b(?:and|or)\b|[和或])\s*")
_OPENING, _CLOSING = "([{", ")]}"
_MATRIX = re.compile(
    r"\\begin\{(?:[pbvBV]?matrix|smallmatrix|array)\}(?:\{[^{}]*\})?(.*?)\\end\{(?:[pbvBV]?matrix|smallmatrix|array)\}",
    re.DOTALL,
)
_CASES = re.compile(
    r"\\begin\{(?:cases|aligned|align\*?|gathered|array)\}(?:\{[^{}]*\})?(.*?)\\end\{(?:cases|aligned|align\*?|gathered|array)\}",
    re.DOTALL,
)
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
_RELATION = re.compile(r"\\le(?![a-z])|\\ge(?![a-z])|\\lt(?![a-z])|\\gt(?![a-z])|<=|>=|<|>")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_SIGNS = {r"\le": "<=", r"\ge": ">=", r"\lt": "<", r"\gt": ">"}
_MEMBER = re.compile(r"\A\s*[a-zA-Z]\s*\\in\s*(?!\\mathbb)")
_VARIABLE = re.compile(r"[a-zA-Z](?:_\{?\w+\}?)?|\\(?:theta|alpha|beta|lambda|mu|phi)")
_ASSIGNED = re.compile(r"\A\s*((?:\\?[a-zA-Z]+(?:_\{?\w+\}?)?|[a-zA-Z]\([a-zA-Z]\)))\s*=(?!=)\s*(.+)\Z", re.DOTALL)
_INFINITE = re.compile(r"[-+]?\s*\\infty\s*")


@dataclass(frozen=True, slots=True)
class _Piece:
    """An interval."""

    low: str
    has_low: bool
    high: str
    has_high: bool


def split_top(text: str, separators: str = ",;") -> list[str]:
    """The parts of a text between commas that stand in no brackets.

    >>> split_top("1, f(2, 3), {4,5}")
    ['1', 'f(2, 3)', '{4,5}']
    """
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text) and text[at + 1] in "{}":
            depth += 1 if text[at + 1] == "{" else -1
            at += 2
            continue
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 and character in separators:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [part.strip() for part in [*parts, text[start:]]]


def _listed(form: str) -> tuple[str, list[str]]:
    """The kind (`set`, `tuple`, `list` or empty) and the parts."""
    text = form.strip()
    if text.startswith(r"\{") and text.endswith(r"\}"):
        return "set", _expanded(split_top(text[2:-2]))
    if text[:1] == "(" and text[-1:] == ")" and _encloses(text):
        parts = split_top(text[1:-1])
        if len(parts) > 1:
            return "tuple", parts
    if text.startswith(r"\langle") and text.endswith(r"\rangle"):
        return "tuple", split_top(text[7:-7])
    if text[:1] == "{" and text[-1:] == "}" and "," in text and _encloses(text):
        return "set", _expanded(split_top(text[1:-1]))
    if system := _CASES.fullmatch(text):
        rows = [row.replace("&", " ").strip(" ,\n") for row in _ROW_END.split(system[1])]
        return "list", _expanded([row for row in rows if row])
    thousands = re.fullmatch(r"-?[$€£¥]?\s*\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:\s*[a-zA-Z%\\][^,]*)?", text)
    parts = [part for each in split_top(text) for part in _AND.split(each) if part.strip()] if not thousands else [text]
    parts = _expanded(parts)
    return ("list", parts) if len(parts) > 1 else ("", parts)


def _expanded(parts: Sequence[str]) -> list[str]:
    """Each ± as its two."""
    out: list[str] = []
    for part in parts:
        if part.count(r"\pm") + part.count(r"\mp") == 1:
            out += [re.sub(r"\\[pm][pm]\s*", by, part, count=1).removeprefix("+") for by in ("+", "-")]
        else:
            out.append(part)
    return [part.strip() for part in out if part.strip()]


def _encloses(text: str) -> bool:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 and at < len(text) - 1:
            return False
    return True


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
    if "set" in (gold_kind, kind) and "tuple" in (gold_kind, kind):
        return wrong("a set is not a tuple")
    if "tuple" in (gold_kind, kind):
        found = [compares(one, other) for one, other in zip(wanted, given, strict=True)]
        return _all(found, "all parts are the same, in order")
    return _matched(wanted, given, compares)


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


# ------------------------------------------------------------------ intervals


def interval(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Intervals, their unions and inequalities: the ends must be the same, and open or closed alike."""
    sure = _is_interval(gold), _is_interval(candidate)
    if not any(sure):
        return None
    wanted, given = _pieces(gold), _pieces(candidate)
    if wanted is None or given is None:
        return None
    if len(wanted) != len(given):
        return wrong(f"it has {_parts(len(given))}, the reference {_parts(len(wanted))}")
    left, found = list(given), wrong("")
    for piece in wanted:
        for place, other in enumerate(left):
            found = _same_piece(piece, other, compares)
            if found.outcome != "wrong":
                del left[place]
                break
        if found.outcome != "correct":
            return found
    return correct("it is the same interval" if len(wanted) == 1 else "they are the same intervals")


def _same_piece(one: _Piece, other: _Piece, compares: ComparesParts) -> Finding:
    for wanted, given in ((one.low, other.low), (one.high, other.high)):
        infinite = bool(_INFINITE.fullmatch(wanted)), bool(_INFINITE.fullmatch(given))
        if infinite[0] != infinite[1]:
            return wrong(f"the end {given} is not {wanted}")
        if not infinite[0] and (found := compares(wanted, given)).outcome != "correct":
            return Finding(found.outcome, f"an end differs: {found.reason}")
    for end, wants, has in ((one.low, one.has_low, other.has_low), (one.high, one.has_high, other.has_high)):
        if wants != has and not _INFINITE.fullmatch(end):
            return wrong(
                f"{end} belongs to {'the reference' if wants else 'it'} only: one end is open, the other closed"
            )
    return correct("it is the same interval")


def _is_interval(form: str) -> bool:
    """Whether it cannot be anything else (a pair of numbers looks like an open interval)."""
    text = _MEMBER.sub("", form).strip()
    if _RELATION.search(text):
        return True
    is_bracketed = re.fullmatch(r"[(\[].*[)\]]", text, re.DOTALL) is not None and "," in text
    has_bracket = text[:1] == "[" or text[-1:] == "]"
    return is_bracketed and (has_bracket or r"\infty" in text or r"\cup" in text)


def _pieces(form: str) -> list[_Piece] | None:
    text = _MEMBER.sub("", form).strip()
    if _RELATION.search(text):
        pieces = [
            _inequality(part) for part in re.split(r"\\text\{\s*or\s*\}|\bor\b|\\cup|\\lor|,", text) if part.strip()
        ]
    else:
        pieces = [_bracketed(part.strip()) for part in text.split(r"\cup")]
    kept = [piece for piece in pieces if piece is not None]
    return kept if len(kept) == len(pieces) and kept else None


def _bracketed(text: str) -> _Piece | None:
    if text[:1] not in ("(", "[") or text[-1:] not in (")", "]"):
        return None
    parts = split_top(text[1:-1])
    if len(parts) != 2:
        return None
    return _Piece(parts[0], text[0] == "[", parts[1], text[-1] == "]")


def _inequality(text: str) -> _Piece | None:
    signs = [_SIGNS.get(match.group(), match.group()) for match in _RELATION.finditer(text)]
    sides = [side.strip() for side in _RELATION.split(text)]
    if len(signs) == 1:
        left, right = sides
        sign = signs[0]
        if _VARIABLE.fullmatch(right) and not _VARIABLE.fullmatch(left):
            left, right, sign = right, left, _TURNED[sign]
        if not _VARIABLE.fullmatch(left):
            return None
        if sign[0] == "<":
            return _Piece(r"-\infty", False, right, sign == "<=")
        return _Piece(right, sign == ">=", r"\infty", False)
    if len(signs) == 2 and _VARIABLE.fullmatch(sides[1]) and signs[0][0] == signs[1][0]:
        low, high = (sides[0], sides[2]) if signs[0][0] == "<" else (sides[2], sides[0])
        has = [sign.endswith("=") for sign in signs]
        return _Piece(low, has[0], high, has[1]) if signs[0][0] == "<" else _Piece(low, has[1], high, has[0])
    return None


# ------------------------------------------------------------------ matrices, assignments


def matrix(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Matrices and systems, row by row; a column may be written as a tuple."""
    wanted, given = _rows(gold), _rows(candidate)
    if wanted is None or (given is None and len(wanted[0]) != 1):
        return None
    if given is None:
        kind, parts = _listed(candidate)
        if kind != "tuple":
            return None
        given = [[part] for part in parts]
    if [len(row) for row in wanted] != [len(row) for row in given]:
        return wrong(f"it has {len(given)} rows, the reference {len(wanted)}, or they are of other lengths")
    flat = zip((cell for row in wanted for cell in row), (cell for row in given for cell in row), strict=True)
    return _all([compares(one, other) for one, other in flat], "all entries are the same")


def _rows(form: str) -> list[list[str]] | None:
    match = _MATRIX.fullmatch(form.strip())
    if match is None:
        return None
    rows = [row for row in _ROW_END.split(match[1]) if row.strip(" \n&")]
    return [[cell.strip().rstrip(",") for cell in row.split("&")] for row in rows] or None


def assignment(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """`x = 3` for 3, and the last side of a chain of equal sides."""
    wanted, given = _ASSIGNED.match(gold), _ASSIGNED.match(candidate)
    gold_sides, sides = split_top(gold, "="), split_top(candidate, "=")
    if wanted and given:
        return compares(gold_sides[-1], sides[-1]) if _bare(wanted[1]) == _bare(given[1]) else None
    if wanted and len(gold_sides) == 2 and len(sides) == 1:
        return compares(gold_sides[1], candidate)
    if len(gold_sides) == 1 and len(sides) > 1 and not _RELATION.search(candidate):
        return compares(gold, sides[-1])
    return None


def _bare(name: str) -> str:
    return re.sub(r"[\s{}]|\(\w\)", "", name)
