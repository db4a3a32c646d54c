"""A thinking text as it streams in, every arithmetic claim in it out: whether it holds, and what would be right.

A mark that is wrong costs more trust than a missing one earns: what might mean something else is left alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from verify.claim_context import Context, is_doubted
from verify.claim_worth import ClaimOutcome, judged
from verify.expression import NotReadable, Tree, read
from verify.normal_form import normal_form

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
_SENTENCE_END = re.compile(r"(?<!\.)[.?;](?=\s)|(?<![\d)])!(?=\s)|[。！？；]|\n")
_IN_BASE = re.compile(r"in\s+(?:base|binary|octal|hex\w*|\\?(?:mathbb\{)?Z)\b")
_LEADING_ZERO = re.compile(r"(?<![\d.,!}])0\d")
_BARE_BRACE = re.compile(r"(?:\A|[-+*/=(\s])\{\s*\d")
# Chinese words that lead to a sum, at the end of what stands before it.
_LEADS_TO = re.compile(
    r"(?:然后|接着|最后|先算|再算|计算|算|所以|因此|就是|即|是|为|得|得到|比如|例如|如|那么|则|而|有|共|共有)\Z"
)


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
        self._context = Context()
        self.claims: list[Claim] = []

    def feed(self, text: str) -> list[Claim]:
        """The claims that are complete with this piece."""
        self._waiting += text
        ends = [match.end() for match in _SENTENCE_END.finditer(self._waiting) if match.end() < len(self._waiting)]
        if ends and self._is_too_long:
            self._skip(ends[0])
            ends = [end - ends[0] for end in ends]
            self._is_too_long = False
        if ends:
            return self._read(ends[-1])
        if len(self._waiting) > _MAX_SENTENCE_CHARACTERS:
            # Its last character may say what the next one means.
            self._skip(len(self._waiting) - 1)
            self._is_too_long = True
        return []

    def finish(self) -> list[Claim]:
        """Those of the rest, when the text has ended."""
        return self._read(len(self._waiting))

    def rest(self) -> list[Claim]:
        """What `finish` would find, while the text may still go on."""
        return self._found("" if self._is_too_long else self._waiting, replace(self._context))

    def _read(self, end: int) -> list[Claim]:
        found = self._found("" if self._is_too_long else self._waiting[:end], self._context)
        self._pass_over(end)
        self.claims += found
        return found

    def _found(self, text: str, context: Context) -> list[Claim]:
        return [
            Claim(self._at + each.start, self._at + each.end, each.text, each.outcome, each.right)
            for each in _claims_in(text, context)
        ]

    def _skip(self, end: int) -> None:
        self._context.read(self._waiting[:end])
        self._pass_over(end)

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
    return _claims_in(text, Context())


def _claims_in(text: str, context: Context) -> list[Claim]:
    claims: list[Claim] = []
    start = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        sentence = text[start:end]
        if re.search(r"[=≈<>≤≥≠]|\\(?:approx|le|ge|lt|gt|ne)", sentence) and len(sentence) <= _MAX_SENTENCE_CHARACTERS:
            claims += _claims_of(sentence, start, context)
        context.read(sentence)
        start = end
    return claims


def _claims_of(sentence: str, offset: int, context: Context) -> Iterator[Claim]:
    tokens = [
        _Token(str(match.lastgroup), match.group(), match.start(), match.end()) for match in _TOKEN.finditer(sentence)
    ]
    tokens = list(_with_times(_without_bullet(tokens) if context.begins_line else tokens))
    for before, segment, after in _segments(tokens):
        for claim in _claims_of_segment(sentence, before, segment, after):
            is_open = claim.outcome == "fails" and (
                is_doubted(sentence, claim.start, claim.end) or (context.is_modular and _is_whole(claim))
            )
            found: tuple[ClaimOutcome, str] = ("not_checkable", "") if is_open else (claim.outcome, claim.right)
            yield Claim(offset + claim.start, offset + claim.end, claim.text, *found)


def _is_whole(claim: Claim) -> bool:
    """Whether one of its sides is a whole number, which could be a remainder."""
    return bool(re.fullmatch(r"-?\d+", claim.right) or re.search(r"[=<>]\s*[-−]?\d+\Z", claim.text))


def _without_bullet(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """The mark of a list item at the beginning of a line is no sign: `- 3 + 4`, `* 3`, `2) 3`, `(a) 3`."""
    solid = [token for token in tokens if token.kind != "space"]
    if len(solid) > 1 and solid[0].text in "-*+−" and solid[1].start > solid[0].end:
        return tokens[tokens.index(solid[0]) + 1 :]
    is_numbered = len(solid) > 2 and solid[0].kind == "number" and solid[1].text in ")."
    if is_numbered and solid[1].end < solid[2].start:
        return tokens[tokens.index(solid[1]) + 1 :]
    kinds = [token.kind for token in solid[:3]]
    is_lettered = len(solid) > 3 and kinds in (["open", "word", "close"], ["open", "number", "close"])
    is_mark = is_lettered and len(solid[1].text) <= 3 and solid[3].kind in ("number", "open")
    return tokens[tokens.index(solid[2]) + 1 :] if is_mark and solid[2].end < solid[3].start else tokens


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
        is_hex = place > 0 and solid[place - 1].text == "0" and solid[place - 1].end == token.start
        is_between = (
            not is_hex
            and 0 < place < len(solid) - 1
            and _ends_number(solid[place - 1])
            and _begins_number(solid[place + 1])
        )
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
    sentence: str, before: _Token | None, segment: list[_Token], after: _Token | None
) -> Iterator[Claim]:
    relations = [token for token in segment if token.kind == "relation"]
    if not relations:
        return
    operands = _operands(segment, before)
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
        end = right[-1].end
        one, other = trees[number], trees[number + 1]
        if one is None or other is None:
            # Only what is work on numbers is worth a mark that it was not understood.
            is_work = {"arithmetic", "number"} <= {token.kind for token in [*left, *right]}
            found: tuple[ClaimOutcome, str] | None = ("not_checkable", "") if is_work else None
        else:
            sign = _RELATIONS.get(relation.text, relation.text)
            found = judged(one, other, sign, number > 0)
            is_loud = right is operands[-1] and after is None and len(right) > 1 and right[-1].text == "!"
            if is_loud and found != ("holds", ""):
                # An exclamation mark at the end of a sentence is a factorial or it is not.
                quiet = _tree(sentence, right[:-1])
                found = judged(one, quiet, sign, number > 0) if quiet is not None else None
                found = found if found == ("holds", "") else None
                end = right[-2].end
        if found is not None and found[0] == "fails" and number == 1 and not operands[0] and len(left) == 1:
            found = "not_checkable", ""  # at t = 2 = ...: the number is that of a name
        if found is not None:
            yield Claim(left[0].start, end, sentence[left[0].start : end], *found)


def _operands(segment: Sequence[_Token], before: _Token | None) -> list[list[_Token]]:
    """What stands between the relations of a segment, without the stars of bold type round it."""
    operands: list[list[_Token]] = [[]]
    for token in segment:
        if token.kind == "relation":
            operands.append([])
        else:
            operands[-1].append(token)
    if before is None and operands[0] and operands[0][0].text == "**":
        del operands[0][0]
    if operands[-1] and operands[-1][-1].text == "**":
        del operands[-1][-1]
    return operands


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
    if before.text in ".…" and operand[0].kind == "arithmetic":
        return True
    if before.kind == "word" and _LEADS_TO.search(before.text):
        return False
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
    if after.text == "\\" and sentence[after.start + 1 : after.start + 2] in (")", "]"):
        return False  # the end of a formula
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
    if _LEADING_ZERO.search(text) or _BARE_BRACE.search(text):
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


def counts(claims: Iterable[Claim]) -> dict[ClaimOutcome, int]:
    """How many hold, do not, and cannot be checked."""
    found: dict[ClaimOutcome, int] = {"holds": 0, "fails": 0, "not_checkable": 0}
    for claim in claims:
        found[claim.outcome] += 1
    return found
