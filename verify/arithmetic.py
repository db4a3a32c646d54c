"""A thinking text as it streams in, every arithmetic claim in it out: whether it holds, and what would be right.

A mark that is wrong costs more trust than a missing one earns: what might mean something else is left alone.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import mpmath

from verify.expression import (
    DIGITS,
    Apply,
    NotReadable,
    NoValue,
    Number,
    TooLarge,
    Tree,
    Value,
    evaluate,
    inexact,
    is_same,
    read,
)
from verify.normal_form import normal_form

ClaimOutcome = Literal["holds", "fails", "not_checkable"]

_MAX_SENTENCE_CHARACTERS = 4_000
_MAX_OPERAND_CHARACTERS = 300
# Python refuses to write integers of more than 4,300 digits.
_MAX_WRITTEN_BITS = 14_000
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<many>\b(?:gcd|lcm)\(\s*\d+(?:\s*,\s*\d+)+\s*\))"
    r"|(?P<number>\d{1,3}(?:(?:,|,\\!|\{,\}|\\,)\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"|(?P<relation>\\(?:approx|leq?|geq?|neq?|lt|gt)(?![a-zA-Z])|[≈≤≥≠]|<=|>=|!=(?!=)"
    r"|(?<![<>=!:+\-*/%&|^~])=(?![=>~])|(?<![<\-=])[<>](?![<>=\-/a-zA-Z]))"
    r"|(?P<arithmetic>\\(?:d|t|c)?frac(?![a-zA-Z])|\\(?:times|cdot|div|sqrt|left|right|binom)(?![a-zA-Z])|\\[,;:! ]"
    r"|\*\*|//|[-+*/^!%×·÷−–√⋅∗⁄]|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\bsqrt(?=\s*\())"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<word>[^\W\d_]+)|(?P<other>.)",
    re.DOTALL,
)
_RELATIONS = {
    r"\approx": "≈", "≈": "≈", r"\le": "<=", r"\leq": "<=", "≤": "<=", r"\ge": ">=", r"\geq": ">=", "≥": ">=",
    r"\lt": "<", r"\gt": ">", r"\ne": "!=", r"\neq": "!=", "≠": "!=",
}  # fmt: skip
# Words that go on with the arithmetic before a number, or behind one.
_BEFORE = set(
    "of times plus minus by over half twice double triple thrice square squared root cube cubed mod modulo percent per "
    "negative log ln sin cos tan exp floor ceil sum product difference quotient base choose from".split()
)
_AFTER = set(
    "mod modulo times plus minus remainder rem r percent hundred thousand million billion trillion dozen point over "
    "divided multiplied squared cubed factorial choose degrees base x".split()
)
# After a digit or a bracket, an exclamation mark may be a factorial.
_SENTENCE_END = re.compile(r"[.?;](?=\s)|(?<![\d)])!(?=\s)|[。！？；]|\n")
_PRECISION = threading.Lock()
_IN_BASE = re.compile(r"in\s+base\b")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a text.

    Args:
        start: Its first character in the text.
        end: The character after its last one.
        right: What would have to stand behind the sign; empty where it holds.
    """

    start: int
    end: int
    text: str
    outcome: ClaimOutcome
    right: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


class ClaimReader:
    """Reads a text that grows, sentence by sentence."""

    def __init__(self) -> None:
        self._waiting = ""
        self._at = 0
        self._is_too_long = False
        self.claims: list[Claim] = []

    def feed(self, text: str) -> list[Claim]:
        """The claims that are complete with this piece."""
        self._waiting += text
        ends = [match.end() for match in _SENTENCE_END.finditer(self._waiting) if match.end() < len(self._waiting)]
        if ends and self._is_too_long:
            self._pass_over(ends[0])
            ends = [end - ends[0] for end in ends]
            self._is_too_long = False
        if ends:
            return self._read(ends[-1])
        if len(self._waiting) > _MAX_SENTENCE_CHARACTERS:
            # Its last character may say what the next one means.
            self._pass_over(len(self._waiting) - 1)
            self._is_too_long = True
        return []

    def finish(self) -> list[Claim]:
        """Those of the rest, when the text has ended."""
        return self._read(len(self._waiting))

    def rest(self) -> list[Claim]:
        """What `finish` would find, while the text may still go on."""
        return self._found("" if self._is_too_long else self._waiting)

    def _read(self, end: int) -> list[Claim]:
        found = self._found("" if self._is_too_long else self._waiting[:end])
        self._pass_over(end)
        self.claims += found
        return found

    def _found(self, text: str) -> list[Claim]:
        return [
            Claim(self._at + each.start, self._at + each.end, each.text, each.outcome, each.right)
            for each in claims_in(text)
        ]

    def _pass_over(self, end: int) -> None:
        self._waiting = self._waiting[end:]
        self._at += end


def claims_in(text: str) -> list[Claim]:
    r"""The claims of a whole text, in order.

    >>> [(each.text, each.outcome, each.right) for each in claims_in("So 17*23 = 391, and 12 + 9 = 22 then.")]
    [('17*23 = 391', 'holds', ''), ('12 + 9 = 22', 'fails', '21')]
    >>> [each.outcome for each in claims_in("x + 3 = 5 and half of 10 + 2 = 7")]
    ['not_checkable', 'not_checkable']
    """
    claims: list[Claim] = []
    start = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        sentence = text[start:end]
        if re.search(r"[=≈<>≤≥≠]|\\(?:approx|le|ge|lt|gt|ne)", sentence) and len(sentence) <= _MAX_SENTENCE_CHARACTERS:
            claims += _claims_of(sentence, start)
        start = end
    return claims


def _claims_of(sentence: str, offset: int) -> Iterator[Claim]:
    tokens = [
        _Token(str(match.lastgroup), match.group(), match.start(), match.end()) for match in _TOKEN.finditer(sentence)
    ]
    tokens = list(_with_times(_without_bullet(tokens)))
    for before, segment, after in _segments(tokens):
        yield from _claims_of_segment(sentence, offset, before, segment, after)


def _without_bullet(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """The mark of a list item at the beginning of a line is no sign: `- 3 + 4`, `* 3`, `2) 3`."""
    solid = [token for token in tokens if token.kind != "space"]
    if len(solid) > 1 and solid[0].text in "-*+−" and solid[1].start > solid[0].end:
        return tokens[tokens.index(solid[0]) + 1 :]
    is_numbered = len(solid) > 2 and solid[0].kind == "number" and solid[1].text in ")."
    if is_numbered and solid[1].end < solid[2].start:
        return tokens[tokens.index(solid[1]) + 1 :]
    return tokens


def _with_times(tokens: Sequence[_Token]) -> Iterator[_Token]:
    """An x between two numbers is a sign; a dollar sign between a sign and a number is left out."""
    solid = [token for token in tokens if token.kind != "space"]
    solid = [
        token
        for place, token in enumerate(solid)
        if token.text != "$"
        or not 0 < place < len(solid) - 1
        or solid[place - 1].kind not in ("arithmetic", "relation")
        or solid[place + 1].kind != "number"
    ]
    for place, token in enumerate(solid):
        is_between = 0 < place < len(solid) - 1 and _ends_number(solid[place - 1]) and _begins_number(solid[place + 1])
        yield (
            _Token("arithmetic", "*", token.start, token.end)
            if token.text in "xX" and token.kind == "word" and is_between
            else token
        )


def _ends_number(token: _Token) -> bool:
    return token.kind in ("number", "close")


def _begins_number(token: _Token) -> bool:
    return token.kind in ("number", "open")


def _segments(tokens: Sequence[_Token]) -> Iterator[tuple[_Token | None, list[_Token], _Token | None]]:
    """Stretches of arithmetic with what stands before and behind."""
    before: _Token | None = None
    segment: list[_Token] = []
    for token in tokens:
        if token.kind in ("word", "other"):
            if segment:
                yield before, segment, token
            before, segment = token, []
        else:
            segment.append(token)
    if segment:
        yield before, segment, None


def _claims_of_segment(
    sentence: str, offset: int, before: _Token | None, segment: list[_Token], after: _Token | None
) -> Iterator[Claim]:
    operands: list[list[_Token]] = [[]]
    relations: list[_Token] = []
    for token in segment:
        if token.kind == "relation":
            relations.append(token)
            operands.append([])
        else:
            operands[-1].append(token)
    if not relations:
        return
    first, last = _after_open(operands[0]), _before_close(operands[-1])
    is_first_open = len(first) == len(operands[0]) and _goes_on_before(before, first)
    is_last_open = len(last) == len(operands[-1]) and _goes_on_after(sentence, after, last)
    operands[0], operands[-1] = first, last
    trees = [_tree(sentence, operand) for operand in operands]
    if is_first_open:
        trees[0] = None
    if is_last_open:
        trees[-1] = None
    for number, relation in enumerate(relations):
        left, right = operands[number], operands[number + 1]
        if not left or not right:
            continue
        start, end = left[0].start, right[-1].end
        one, other = trees[number], trees[number + 1]
        if one is None or other is None:
            # Only what is work on numbers is worth a mark that it was not understood.
            is_work = {"arithmetic", "number"} <= {token.kind for token in [*left, *right]}
            found: tuple[ClaimOutcome, str] | None = ("not_checkable", "") if is_work else None
        else:
            sign = _RELATIONS.get(relation.text, relation.text)
            found = _judged(one, other, sign, number > 0)
            is_loud = right is operands[-1] and after is None and right[-1].text == "!"
            if is_loud and found != ("holds", ""):
                # An exclamation mark at the end of a sentence is a factorial or it is not.
                quiet = _tree(sentence, right[:-1])
                found = _judged(one, quiet, sign, number > 0) if quiet is not None else None
                found = found if found == ("holds", "") else None
                end = right[-2].end if len(right) > 1 else end
        if found is not None:
            outcome, value = found
            yield Claim(offset + start, offset + end, sentence[start:end], outcome, value)


def _after_open(operand: list[_Token]) -> list[_Token]:
    """What follows the last bracket that is not closed."""
    depth = 0
    for place in range(len(operand) - 1, -1, -1):
        depth += (operand[place].kind == "close") - (operand[place].kind == "open")
        if depth < 0:
            return operand[place + 1 :]
    return operand


def _before_close(operand: list[_Token]) -> list[_Token]:
    """What comes before the first bracket that was not opened."""
    depth = 0
    for place, token in enumerate(operand):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth < 0:
            return operand[:place]
    return operand


def _goes_on_before(before: _Token | None, operand: list[_Token]) -> bool:
    """Whether the arithmetic began earlier, in words or in letters."""
    if before is None or not operand:
        return False
    is_adjacent = before.end == operand[0].start
    if before.kind == "word":
        begins_with_sign = operand[0].kind == "arithmetic" and operand[0].text in "+-*/^!%×·÷−–⋅∗⁄**//"
        is_sign_of_number = (
            len(operand) > 1 and operand[0].text in "-−" and operand[0].end == operand[1].start and not is_adjacent
        )
        has_letters = len(before.text) == 1 and before.text not in ("a", "I")
        return (
            is_adjacent
            or has_letters
            or before.text.casefold() in _BEFORE
            or (begins_with_sign and not is_sign_of_number)
        )
    return is_adjacent and before.text in "_'\"°,:.|\\@#&" or before.text in "|_\\"


def _goes_on_after(sentence: str, after: _Token | None, operand: list[_Token]) -> bool:
    """Whether the arithmetic goes on in words or letters."""
    if after is None or not operand:
        return False
    if _IN_BASE.match(sentence, after.start) or sentence.startswith(".\\", after.start):
        return True
    is_adjacent = after.start == operand[-1].end
    if after.kind == "word":
        is_one_letter = len(after.text) == 1 and after.text not in ("a", "I")
        return (
            is_adjacent
            or is_one_letter
            or after.text.casefold() in _AFTER
            or operand[-1].kind == "arithmetic"
            and operand[-1].text not in "!%"
        )
    return is_adjacent and after.text in "_'\"°:|\\…" or after.text in "|_\\…"


def _tree(sentence: str, operand: list[_Token]) -> Tree | None:
    if not operand or not any(token.kind in ("number", "many") for token in operand):
        return None
    text = "".join(sentence[token.start : token.end] if token.text != "*" else "*" for token in _spaced(operand))
    if len(text) > _MAX_OPERAND_CHARACTERS or "//" in text or ".." in text:
        return None
    try:
        return read(normal_form(text.replace("[", "(").replace("]", ")") if r"\sqrt[" not in text else text))
    except NotReadable:
        return None


def _spaced(operand: list[_Token]) -> Iterator[_Token]:
    """The tokens with a space where one stood, so that two numbers side by side stay two."""
    for place, token in enumerate(operand):
        if place and operand[place - 1].end < token.start:
            yield _Token("space", " ", operand[place - 1].end, operand[place - 1].end + 1)
        yield token


def _judged(left: Tree, right: Tree, relation: str, is_chained: bool) -> tuple[ClaimOutcome, str] | None:
    # mpmath's precision is the whole process's: two threads would change it under each other.
    with _PRECISION:
        return _judged_alone(left, right, relation, is_chained)


def _judged_alone(left: Tree, right: Tree, relation: str, is_chained: bool) -> tuple[ClaimOutcome, str] | None:
    if _is_bare(left) and (_is_bare(right) or not is_chained) and relation in ("=", "≈"):
        return None
    try:
        one, other = evaluate(left), evaluate(right)
    except (NoValue, TooLarge):
        return "not_checkable", ""
    if relation == "!=":
        return ("holds", "") if not is_same(one, other) else ("fails", "both are equal")
    if relation in ("<", ">", "<=", ">="):
        return _ordered(one, other, relation)
    if _is_percent_of(one, right) or is_same(one, other) or _is_rounded(one, other, right, relation == "≈"):
        return "holds", ""
    first = _first_term(right)
    if first is not None and is_same(one, first):
        # 5*4 = 20 + 3 = 23: a running total, sloppy but meant as two steps.
        return "not_checkable", ""
    return "fails", text_of(one)


def _is_bare(tree: Tree) -> bool:
    return isinstance(tree, Number) or (
        isinstance(tree, Apply) and tree.operation == "negative" and _is_bare(tree.arguments[0])
    )


def _is_percent_of(value: Value, tree: Tree) -> bool:
    """Whether `18/450*100 = 4%` is meant: the sign names what the number counts in."""
    if not isinstance(tree, Apply) or tree.operation != "%" or not isinstance(tree.arguments[0], Number):
        return False
    return is_same(value, tree.arguments[0].value)


def _ordered(one: Value, other: Value, relation: str) -> tuple[ClaimOutcome, str]:
    left, right = inexact(one), inexact(other)
    if mpmath.im(left) or mpmath.im(right):
        return "not_checkable", ""
    is_equal = is_same(one, other)
    holds = {"<": left < right and not is_equal, ">": left > right and not is_equal}
    holds |= {"<=": left < right or is_equal, ">=": left > right or is_equal}
    return ("holds", "") if holds[relation] else ("fails", text_of(one))


def _is_rounded(exact: Value, rounded: Value, tree: Tree, is_rough: bool) -> bool:
    """Whether the right side is a decimal to which the left one rounds, or nearly does where the sign says so."""
    if not _is_bare(tree) or not isinstance(rounded, Fraction):
        return False
    with mpmath.workdps(DIGITS):
        difference = abs(inexact(exact) - inexact(rounded))
        if is_rough:
            return bool(difference <= abs(inexact(rounded)) * mpmath.mpf("0.03") or difference <= mpmath.mpf("0.5"))
        places = _places(rounded)
        return places > 0 and bool(difference < mpmath.mpf(10) ** -places)


def _places(value: Fraction) -> int:
    places = 0
    while value.denominator != 1 and places < 30:
        value, places = value * 10, places + 1
    return places


def _first_term(tree: Tree) -> Value | None:
    while isinstance(tree, Apply) and tree.operation in ("+", "-", "*", "/"):
        tree = tree.arguments[0]
        if isinstance(tree, Number):
            return tree.value
    return None


def text_of(value: Value) -> str:
    """A value as people write it.

    >>> text_of(Fraction(7, 8)), text_of(Fraction(21)), text_of(mpmath.sqrt(2))
    ('7/8', '21', '1.41421')
    """
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_WRITTEN_BITS:
            return str(mpmath.nstr(inexact(value), 8))
        if value.denominator == 1:
            digits = str(value.numerator)
            return digits if len(digits) <= 40 else f"{digits[:12]}… ({len(digits)} digits)"
        return f"{value.numerator}/{value.denominator}" if len(str(value)) <= 40 else mpmath.nstr(inexact(value), 8)
    return str(mpmath.nstr(value, 6))


def counts(claims: Iterable[Claim]) -> dict[ClaimOutcome, int]:
    """How many hold, do not, and cannot be checked."""
    found: dict[ClaimOutcome, int] = {"holds": 0, "fails": 0, "not_checkable": 0}
    for claim in claims:
        found[claim.outcome] += 1
    return found
