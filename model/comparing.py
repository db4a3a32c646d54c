"""Two texts in, their first difference and their paragraphs side by side out.

Paragraphs are aligned, not characters, so that two thinkings of 100,000 characters take a moment and not minutes;
inside a changed paragraph only the first word that differs is looked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

RowKind = Literal["same", "changed", "only_left", "only_right"]

# What is left to align between the common beginning and the common end: the aligner's worst case is quadratic, and
# takes a second or two at this length. Longer ones are set beside each other one by one.
MOST_ALIGNED_PARAGRAPHS = 4_000

_BREAK = re.compile(r"(?=\n[^\S\n]*\n)|(?=\s+\Z)")
# Of two unlike stretches, pairs up to this number are weighed, to set beside each other what was only reworded.
MOST_WEIGHED_PAIRS = 20_000
_REWORDED = 0.5

_WORD = re.compile(r"\s*(?:[^\W⺀-鿿豈-﫿]+|[^\w\s]+[^\W⺀-鿿豈-﫿]*|\S)?")
_UNIT = re.compile(r"[^\W⺀-鿿豈-﫿]+|[⺀-鿿豈-﫿]")
_WORD_CHARACTER = re.compile(r"[^\W⺀-鿿豈-﫿]")


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph of the left text beside one of the right; "" where one side has none.

    A paragraph has the blank lines *before* it, so that a text that merely goes on does not change its last one. Of a
    changed row, the first `same_characters` of both sides are the same; the first word that differs ends at
    `left_word_end` and `right_word_end`. Otherwise these three are 0.
    """

    kind: RowKind
    left: str
    right: str
    same_characters: int = 0
    left_word_end: int = 0
    right_word_end: int = 0


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """Where two texts part: after so many `characters` that both begin with, in this `paragraph` (from 1)."""

    characters: int
    paragraph: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts side by side. The left (right) pieces of all rows joined are the left (right) text."""

    rows: tuple[Row, ...]
    first_difference: FirstDifference | None

    @property
    def is_same(self) -> bool:
        """Whether the two are the same text."""
        return self.first_difference is None

    def count(self, kind: RowKind) -> int:
        """Rows of this kind, those without a word (blank lines at an end) not counted."""
        return sum(row.kind == kind and bool(row.left.strip() or row.right.strip()) for row in self.rows)


def paragraphs(text: str) -> list[str]:
    r"""The paragraphs of a text, each with the blank lines before it; joined they are the text.

    >>> paragraphs("Two and two.\n\nThat is four.\n")
    ['Two and two.', '\n\nThat is four.', '\n']
    """
    pieces: list[str] = []
    is_blank = True
    for piece in _BREAK.split(text):
        # Several blank lines in a row are one break.
        if pieces and is_blank:
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
        is_blank = not pieces or not pieces[-1].strip()
    return pieces


def compare(left: str, right: str) -> Comparison:
    r"""The two texts, paragraph by paragraph.

    >>> found = compare("Two and two.\n\nThat is four.", "Two and two.\n\nThat is five.\n\nOr six.")
    >>> [row.kind for row in found.rows], found.first_difference
    (['same', 'changed', 'only_right'], FirstDifference(characters=23, paragraph=2))
    >>> row = found.rows[1]
    >>> row.left[row.same_characters : row.left_word_end], row.right[row.same_characters : row.right_word_end]
    ('four', 'five')
    """
    of_left, of_right = paragraphs(left), paragraphs(right)
    start = n_alike(of_left, of_right)
    end = n_alike(of_left[start:][::-1], of_right[start:][::-1])
    left_end, right_end = len(of_left) - end, len(of_right) - end
    rows = [Row("same", piece, piece) for piece in of_left[:start]]
    rows += _aligned(of_left[start:left_end], of_right[start:right_end])
    rows += [Row("same", piece, piece) for piece in of_left[left_end:]]
    if left == right:
        return Comparison(tuple(rows), None)
    return Comparison(tuple(rows), FirstDifference(common_characters(left, right), start + 1))


def common_characters(left: str, right: str) -> int:
    """How many characters both texts begin with.

    >>> common_characters("four", "fourteen"), common_characters("four", "five")
    (4, 1)
    """
    low, high = 0, min(len(left), len(right))
    # By halves: comparing slices costs far less than looking at each character.
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def n_alike(left: Sequence[object], right: Sequence[object]) -> int:
    """How many elements both begin with.

    >>> n_alike([1, 2, 3], [1, 2, 4])
    2
    """
    pairs = zip(left, right, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))


def _aligned(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    if max(len(left), len(right)) > MOST_ALIGNED_PARAGRAPHS:
        return _side_by_side(left, right)
    rows: list[Row] = []
    for tag, left_start, left_end, right_start, right_end in SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            rows += [Row("same", piece, piece) for piece in left[left_start:left_end]]
        else:
            rows += _reworded(left[left_start:left_end], right[right_start:right_end])
    return rows


def _reworded(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    """Two stretches without a paragraph in common: those that share most of their words stand beside each other."""
    rows: list[Row] = []
    from_left = from_right = 0
    for at_left, at_right in [*_likest(left, right), (len(left), len(right))]:
        rows += _side_by_side(left[from_left:at_left], right[from_right:at_right])
        rows += _side_by_side(left[at_left : at_left + 1], right[at_right : at_right + 1])
        from_left, from_right = at_left + 1, at_right + 1
    return rows


def _likest(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Places of the paragraphs that are like each other, in the order of both, with the most likeness in all.

    None where the two are of one length, so that each has its counterpart, or too long to weigh all pairs.
    """
    if len(left) == len(right) or not left or not right or len(left) * len(right) > MOST_WEIGHED_PAIRS:
        return []
    of_left, of_right = ([frozenset(_UNIT.findall(text)) for text in side] for side in (left, right))
    # best[i][j]: the most likeness in all from the places i and j on.
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    likeness = [[_likeness(one, other) for other in of_right] for one in of_left]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], likeness[i][j] + best[i + 1][j + 1])
    places: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if likeness[i][j] and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            places.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return places


def _likeness(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of words in common; 0 where it is too small to call one a rewording of the other."""
    share = 2 * len(left & right) / max(1, len(left) + len(right))
    return share if share >= _REWORDED else 0.0


def _side_by_side(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    return [_row(one, other) for one, other in zip_longest(left, right, fillvalue="")]


def _row(left: str, right: str) -> Row:
    if left == right:
        return Row("same", left, right)
    if not left or not right:
        return Row("only_left" if left else "only_right", left, right)
    same = common_characters(left, right)
    # Back to the beginning of the word that differs.
    if any(_WORD_CHARACTER.match(side, same) for side in (left, right)):
        while same and _WORD_CHARACTER.match(left, same - 1):
            same -= 1
    ends = []
    for side in (left, right):
        found = _WORD.match(side, same)
        ends.append(found.end() if found else same)
    return Row("changed", left, right, same, *ends)
