"""Rules for intervals, their unions and inequalities: the ends must be the same, and open or closed alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.number_forms import value_of
from verify.parts import split_top
from verify.rules import ComparesParts, Finding, Policy, correct, wrong
from verify.worth import TooLarge

RELATION = re.compile(r"\\le(?![a-z])|\\ge(?![a-z])|\\lt(?![a-z])|\\gt(?![a-z])|<=|>=|<|>")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_SIGNS = {r"\le": "<=", r"\ge": ">=", r"\lt": "<", r"\gt": ">"}
_NAME = r"(?:[a-zA-Z](?:_\{?\w+\}?)?|\\(?:theta|alpha|beta|lambda|mu|phi))"
_MEMBER = re.compile(rf"\A\s*{_NAME}\s*(?:\\in|∈|\bin\b)\s*(?!\\mathbb)")
_VARIABLE = re.compile(rf"\s*(-?)\s*({_NAME})\s*")
_BUILDER = re.compile(
    rf"\\?\{{\s*({_NAME})\s*(?:\\in\s*\\mathbb\s*\{{?R\}}?|\\in\s*R|\\in\s*\\Re)?\s*(?:\\mid|\\vert|\||:)\s*(.+?)\\?\}}",
    re.DOTALL,
)
_DISTANCE = re.compile(
    rf"\|\s*({_NAME})\s*(?:([-+])\s*([^|<>=]+?))?\s*\|\s*({RELATION.pattern})\s*([^|<>=\\]+(?:\\[a-z]+\{{[^{{}}]*\}})*)"
)
_FRENCH = re.compile(r"([\]\[(])([^\[\]()]*,[^\[\]()]*)([\]\[)])")
_OR = re.compile(r"\\text\s*\{\s*,?\s*(?:or|或)\s*\}|\bor\b|\\cup|\\lor|\\vee|或|,")
_AND = re.compile(r"\\text\s*\{\s*,?\s*(?:and|且)\s*\}|\band\b|\\land|\\wedge|&|且")
_EXCEPT = re.compile(
    r"(?:\\mathbb\s*\{?\s*R\s*\}?|R|(?:\\text\{)?\s*all\s+real(?:s|\s+numbers)(?:\s+[a-z])?)\s*\}?\s*"
    r"(?:\\setminus|\\backslash|-|(?:\\text\{)?\s*(?:except|but|other\s+than)(?:\s+for)?)\s*\}?\s*(?:[a-z]\s*=\s*)?(\S.*)",
    re.IGNORECASE,
)
_UNEQUAL = re.compile(rf"\s*({_NAME})\s*(?:\\ne(?![a-z])|!=)\s*(\S.*?)\s*")
_HALF_LINES = re.compile(r"\\mathbb\s*\{?R\}?\s*[\^_]\s*\{?\s*(\+|-)\s*\}?")
_INFINITE = re.compile(r"[-+]?\s*\\infty\s*")


@dataclass(frozen=True, slots=True)
class _Piece:
    """An interval."""

    low: str
    has_low: bool
    high: str
    has_high: bool


def interval(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Intervals, their unions and inequalities."""
    gold_name, name = _names(gold), _names(candidate)
    gold, candidate = _plain(gold), _plain(candidate)
    if not _is_interval(gold) and not _is_interval(candidate):
        return None
    wanted, given = _pieces(gold), _pieces(candidate)
    if wanted is None or given is None:
        return None
    if gold_name and name and gold_name != name:
        return wrong(f"it is about {name}, the reference about {gold_name}")
    if len(wanted) != len(given):
        return wrong(f"it has {len(given)} pieces, the reference {len(wanted)}")
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


def excluded(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """All real numbers but a few, however that is written."""
    wanted, given = _left_out(gold), _left_out(candidate)
    if wanted is None or given is None:
        return None
    found = compares(rf"\{{{', '.join(wanted)}\}}", rf"\{{{', '.join(given)}\}}")
    return Finding(found.outcome, f"of the numbers that are left out: {found.reason}")


def _left_out(form: str) -> list[str] | None:
    """The numbers that an answer leaves out; `None` if it is not of this kind."""
    text = _plain(form)
    if match := _EXCEPT.fullmatch(text):
        return [part for each in split_top(match[1].strip("{}\\ ")) for part in _AND.split(each) if part.strip()]
    unequal = [_UNEQUAL.fullmatch(part) for each in split_top(text) for part in _AND.split(each) if part.strip()]
    names = {match[1] for match in unequal if match}
    if unequal and all(unequal) and len(names) == 1:
        return [match[2] for match in unequal if match]
    pieces = [_bracketed(part.strip()) for part in text.split(r"\cup")] if r"\cup" in text else []
    kept = [piece for piece in pieces if piece is not None]
    is_whole = kept and len(kept) == len(pieces) and _is_whole_line(kept)
    return [piece.high for piece in kept[:-1]] if is_whole else None


def _is_whole_line(pieces: Sequence[_Piece]) -> bool:
    ends = [_INFINITE.fullmatch(end) is not None for end in (pieces[0].low, pieces[-1].high)]
    joints = zip(pieces, pieces[1:], strict=False)
    return all(ends) and all(one.high == other.low and not one.has_high and not other.has_low for one, other in joints)


def _names(form: str) -> str:
    """The variable that the condition is about; empty where none is named or there are several."""
    if not RELATION.search(form) and not _MEMBER.match(form):
        return ""
    found = set(
        re.findall(
            _NAME,
            re.sub(r"\\text\s*\{[^{}]*\}|\\(?!theta|alpha|beta|lambda|mu|phi)[a-zA-Z]+|\b(?:or|and)\b", " ", form),
        )
    )
    return found.pop() if len(found) == 1 else ""


def _plain(form: str) -> str:
    """Without the braces of a set and without the name before it."""
    text = form.strip()
    if builder := _BUILDER.fullmatch(text):
        text = builder[2].strip()
    text = _MEMBER.sub("", text).strip()
    text = _HALF_LINES.sub(lambda match: r"(0,\infty)" if match[1] == "+" else r"(-\infty,0)", text)
    if r"\cup" not in text and (ends := _FRENCH.fullmatch(text)):
        text = {"]": "("}.get(ends[1], ends[1]) + ends[2] + {"[": ")"}.get(ends[3], ends[3])
    return text


def _same_piece(one: _Piece, other: _Piece, compares: ComparesParts) -> Finding:
    for wanted, given in ((one.low, other.low), (one.high, other.high)):
        infinite = bool(_INFINITE.fullmatch(wanted)), bool(_INFINITE.fullmatch(given))
        if infinite[0] != infinite[1] or (infinite[0] and ("-" in wanted) != ("-" in given)):
            return wrong(f"the end {given} is not {wanted}")
        if not infinite[0] and (found := compares(wanted, given)).outcome != "correct":
            return Finding(found.outcome, f"an end differs: {found.reason}")
    for end, wants, has in ((one.low, one.has_low, other.has_low), (one.high, one.has_high, other.has_high)):
        if wants != has and not _INFINITE.fullmatch(end):
            return wrong(
                f"{end} belongs to {'the reference' if wants else 'it'} only: one end is open, the other closed"
            )
    return correct("it is the same interval")


def _is_interval(text: str) -> bool:
    """Whether it cannot be anything else (a pair of numbers looks like an open interval)."""
    if RELATION.search(text):
        return True
    is_bracketed = re.fullmatch(r"[(\[].*[)\]]", text, re.DOTALL) is not None and "," in text
    has_bracket = text[:1] == "[" or text[-1:] == "]"
    return is_bracketed and (has_bracket or r"\infty" in text or r"\cup" in text)


def _pieces(text: str) -> list[_Piece] | None:
    if not RELATION.search(text):
        pieces = [_bracketed(part.strip()) for part in text.split(r"\cup")]
    elif distance := _DISTANCE.fullmatch(text):
        pieces = list(_within(distance))
    else:
        pieces, holes = [], []
        for part in _OR.split(text):
            if hole := _UNEQUAL.fullmatch(part):
                holes.append(hole[2])
            elif part.strip():
                pieces += _both([_inequality(each.strip()) for each in _AND.split(part) if each.strip()])
        if holes:
            pieces = _with_holes(pieces, holes)
    kept = [piece for piece in pieces if piece is not None]
    return kept if len(kept) == len(pieces) and kept else None


def _with_holes(pieces: list[_Piece | None], holes: Sequence[str]) -> list[_Piece | None]:
    """One interval without a point of it is two."""
    piece = pieces[0] if len(pieces) == 1 else None
    if piece is None or len(holes) != 1:
        return [None]
    return [_Piece(piece.low, piece.has_low, holes[0], False), _Piece(holes[0], False, piece.high, piece.has_high)]


def _bracketed(text: str) -> _Piece | None:
    if text[:1] not in ("(", "[") or text[-1:] not in (")", "]"):
        return None
    parts = split_top(text[1:-1])
    if len(parts) != 2:
        return None
    return _Piece(parts[0], text[0] == "[", parts[1], text[-1] == "]")


def _within(match: re.Match[str]) -> Sequence[_Piece]:
    """What `|x - a| < b` says."""
    middle = "0" if match[3] is None else (f"-({match[3]})" if match[2] == "+" else match[3])
    low, high = f"({middle})-({match[5].strip()})", f"({middle})+({match[5].strip()})"
    sign = _SIGNS.get(match[4], match[4])
    has_ends = sign.endswith("=")
    if sign[0] == "<":
        return (_Piece(low, has_ends, high, has_ends),)
    return (_Piece(r"-\infty", False, low, has_ends), _Piece(high, has_ends, r"\infty", False))


def _both(pieces: list[_Piece | None]) -> Sequence[_Piece | None]:
    """What two conditions that hold at once leave; both, where they exclude each other and *or* must be meant."""
    if len(pieces) != 2:
        return pieces if len(pieces) == 1 else [None]
    one, other = pieces
    if one is None or other is None:
        return [None]
    below, above = (one, other) if _INFINITE.fullmatch(one.low) else (other, one)
    if not _INFINITE.fullmatch(below.low) or not _INFINITE.fullmatch(above.high) or _INFINITE.fullmatch(below.high):
        return [None]
    try:
        ends = value_of(above.low), value_of(below.high)
    except TooLarge:
        return [None]
    if isinstance(ends[0], Fraction) and isinstance(ends[1], Fraction) and ends[0] > ends[1]:
        return pieces
    return [_Piece(above.low, above.has_low, below.high, below.has_high)]


def _inequality(text: str) -> _Piece | None:
    signs = [_SIGNS.get(match.group(), match.group()) for match in RELATION.finditer(text)]
    sides = [side.strip() for side in RELATION.split(text)]
    if len(signs) == 1:
        return _half_line(sides[0], signs[0], sides[1])
    middle = _VARIABLE.fullmatch(sides[1]) if len(signs) == 2 else None
    if middle and not middle[1] and signs[0][0] == signs[1][0]:
        low, high = (sides[0], sides[2]) if signs[0][0] == "<" else (sides[2], sides[0])
        has = [sign.endswith("=") for sign in signs]
        return _Piece(low, has[0], high, has[1]) if signs[0][0] == "<" else _Piece(low, has[1], high, has[0])
    return None


def _half_line(left: str, sign: str, right: str) -> _Piece | None:
    if _VARIABLE.fullmatch(right) and not _VARIABLE.fullmatch(left):
        left, right, sign = right, left, _TURNED[sign]
    name = _VARIABLE.fullmatch(left)
    if name is None:
        return None
    if name[1]:
        right, sign = f"-({right})", _TURNED[sign]
    if sign[0] == "<":
        return _Piece(r"-\infty", False, right, sign == "<=")
    return _Piece(right, sign == ">=", r"\infty", False)
