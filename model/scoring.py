"""Tokens with their scores in, what is shown of them out: pieces of text with their places, a curve, the doubtful ones.

Pure: the scores come from a decoder, the tokens of a run from rereading.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from typing import Literal

Pane = Literal["thinking", "answer"]

# Alternatives kept of each token, and how many a decoder gives: the token itself is often among them.
MOST_ALTERNATIVES = 4
SCORED_ALTERNATIVES = MOST_ALTERNATIVES + 1
# Points of a curve over a whole thinking: more cannot be told apart on a screen.
CURVE_POINTS = 200
# Tokens that a point of the curve averages at least.
_LEAST_WINDOW = 8
# Places between two of the least certain ones, as a share of all pieces, and at least.
_APART_SHARE = 0.02
_LEAST_APART = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model thinks of tokens that stand there, one entry for each: at temperature 1, without top-k and top-p.

    Attributes:
        logprobs: Natural logarithm of the token's probability.
        entropies_bits: Entropy of the distribution that the token was one draw from.
        alternatives: The likeliest tokens in its place, as (id, logprob), the likeliest first; the token itself can be
            among them.
    """

    logprobs: tuple[float, ...] = ()
    entropies_bits: tuple[float, ...] = ()
    alternatives: tuple[tuple[tuple[int, float], ...], ...] = ()

    @staticmethod
    def joined(parts: Sequence["Scores"]) -> "Scores":
        """The scores of neighbouring stretches as one."""
        return Scores(
            tuple(value for part in parts for value in part.logprobs),
            tuple(value for part in parts for value in part.entropies_bits),
            tuple(row for part in parts for row in part.alternatives),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text that was scored, and where it stands in a pane.

    Attributes:
        start: First character in the scored text.
        pane_start: First character in the pane's text.
        is_given: Written by the app or the user, so that its probability says nothing about the model's certainty.
    """

    start: int
    length: int
    pane: Pane
    pane_start: int
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """What could have stood there, and how likely."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class ScoredPiece:
    """A token, or the few tokens that one character takes.

    Attributes:
        start: First character in the pane's text.
        probability: Of all its tokens together.
        entropy_bits: Of its tokens' distributions, summed.
        alternatives: To its first token, the likeliest first.
    """

    pane: Pane
    start: int
    text: str
    n_tokens: int
    probability: float
    entropy_bits: float
    alternatives: tuple[Alternative, ...]
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Confidence:
    """A run's text with the probabilities of its tokens.

    Attributes:
        model: The model whose probabilities these are.
        note: What the reader must know; empty when there is nothing.
        seconds: Time that the scoring took.
    """

    thinking: str
    answer: str
    pieces: tuple[ScoredPiece, ...]
    model: str
    precision: str
    note: str = ""
    seconds: float = 0.0

    def of(self, pane: Pane) -> tuple[ScoredPiece, ...]:
        """The pieces of one pane, in order."""
        return tuple(piece for piece in self.pieces if piece.pane == pane)


def pieces_of(
    ids: Sequence[int],
    text: str,
    places: Sequence[tuple[int, int]],
    scores: Scores,
    spans: Sequence[Span],
    text_of: Callable[[int], str],
) -> tuple[ScoredPiece, ...]:
    """The tokens that stand in a pane, with their places there; the others (tags) are left out.

    Args:
        text: All that was scored.
        places: Of each token its first character there and the one after its last; the same one twice for all but the
            last of the tokens that one character takes.
        spans: In the order of the text.
        text_of: Text of a token by itself.
    """
    made: list[ScoredPiece] = []
    first = 0
    number = 0
    for last, (start, end) in enumerate(places):
        if start == end:
            continue
        tokens, first = range(first, last + 1), last + 1
        while number < len(spans) and spans[number].start + spans[number].length <= start:
            number += 1
        if number == len(spans):
            break
        span = spans[number]
        begin, stop = max(start, span.start), min(end, span.start + span.length)
        if begin >= stop:
            continue
        made.append(
            ScoredPiece(
                span.pane,
                span.pane_start + begin - span.start,
                text[begin:stop],
                len(tokens),
                exp(sum(scores.logprobs[token] for token in tokens)),
                sum(scores.entropies_bits[token] for token in tokens),
                _alternatives(ids[tokens[0]], scores.alternatives[tokens[0]], text_of),
                span.is_given,
            )
        )
    return tuple(made)


def _alternatives(
    token_id: int, row: Sequence[tuple[int, float]], text_of: Callable[[int], str]
) -> tuple[Alternative, ...]:
    others = [(other, logprob) for other, logprob in row if other != token_id]
    return tuple(Alternative(text_of(other), exp(logprob)) for other, logprob in others[:MOST_ALTERNATIVES])


def mean_probability(pieces: Sequence[ScoredPiece]) -> float:
    """Mean probability of what the model wrote itself; 0 where that is nothing."""
    drawn = [piece.probability for piece in pieces if not piece.is_given]
    return sum(drawn) / len(drawn) if drawn else 0.0


def mean_entropy_bits(pieces: Sequence[ScoredPiece]) -> float:
    """Mean entropy of what the model wrote itself, in bits a piece; 0 where that is nothing."""
    drawn = [piece.entropy_bits for piece in pieces if not piece.is_given]
    return sum(drawn) / len(drawn) if drawn else 0.0


def smoothed(values: Sequence[float], most_points: int = CURVE_POINTS) -> list[float]:
    """A moving mean over the values, read at no more than `most_points` places that lie evenly over them.

    >>> [round(value, 2) for value in smoothed([1.0, 0.0] * 500, 4)]
    [0.5, 0.5, 0.5, 0.5]
    >>> smoothed([])
    []
    """
    count = len(values)
    points = min(most_points, count)
    sums = [0.0, *accumulate(values)]
    half = max(_LEAST_WINDOW / 2, count / points) if points else 0.0
    curve = []
    for point in range(points):
        centre = (point + 0.5) * count / points
        low, high = max(0, int(centre - half)), min(count, max(int(centre + half), int(centre) + 1))
        curve.append((sums[high] - sums[low]) / (high - low))
    return curve


def least_certain(pieces: Sequence[ScoredPiece], most: int = 8) -> list[int]:
    """Numbers of the least likely pieces, the least likely first, none close to another one.

    What the app or the user wrote is not among them.
    """
    apart = max(_LEAST_APART, int(len(pieces) * _APART_SHARE))
    order = sorted(
        (number for number, piece in enumerate(pieces) if not piece.is_given),
        key=lambda number: (pieces[number].probability, number),
    )
    found: list[int] = []
    for number in order:
        if len(found) == most:
            break
        if all(abs(number - other) >= apart for other in found):
            found.append(number)
    return found
