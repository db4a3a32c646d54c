"""Scores of made-up tokens: their places, the curve, the least certain ones."""

from itertools import accumulate
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.scoring import (
    Alternative,
    ScoredPiece,
    Scores,
    Span,
    least_certain,
    mean_entropy_bits,
    mean_probability,
    pieces_of,
    smoothed,
)


def scores_of(*probabilities: float) -> Scores:
    rows = tuple(((number, log(p)), (90, log(0.25)), (91, log(0.125))) for number, p in enumerate(probabilities))
    return Scores(tuple(map(log, probabilities)), tuple(2.0 for _ in probabilities), rows)


def made(texts: list[str], probabilities: list[float], spans: list[Span]) -> tuple[ScoredPiece, ...]:
    ends = list(accumulate(map(len, texts)))
    places = list(zip([0, *ends], ends, strict=False))
    return pieces_of(range(len(texts)), "".join(texts), places, scores_of(*probabilities), spans, "<{}>".format)


def piece(probability: float, is_given: bool = False) -> ScoredPiece:
    return ScoredPiece("thinking", 0, "x", 1, probability, 1.0, (), is_given)


def test_pieces_have_their_place_in_their_own_pane_and_tags_are_left_out() -> None:
    texts = ["Two", " and", "</think>", "\n\n", "4", "!"]
    spans = [Span(0, 7, "thinking", 0), Span(17, 2, "answer", 0)]
    found = made(texts, [0.5] * 6, spans)
    assert [(one.pane, one.start, one.text) for one in found] == [
        ("thinking", 0, "Two"),
        ("thinking", 3, " and"),
        ("answer", 0, "4"),
        ("answer", 1, "!"),
    ]


def test_a_token_that_reaches_into_a_pane_counts_with_what_stands_there() -> None:
    found = made(["\nPart", " one"], [0.5, 0.5], [Span(1, 8, "thinking", 0)])
    assert [(one.start, one.text) for one in found] == [(0, "Part"), (4, " one")]


def test_tokens_of_one_character_are_one_piece_with_the_probability_of_all_of_them() -> None:
    (found,) = made(["", "", "🙂"], [0.5, 0.5, 0.8], [Span(0, 1, "thinking", 0)])
    assert (found.n_tokens, found.text, found.entropy_bits) == (3, "🙂", 6.0)
    assert found.probability == pytest.approx(0.2)


def test_alternatives_leave_out_the_token_itself_and_keep_their_order() -> None:
    (found,) = made(["a"], [0.5], [Span(0, 1, "thinking", 0)])
    assert found.alternatives == (
        Alternative("<90>", pytest.approx(0.25)),  # type: ignore[arg-type]
        Alternative("<91>", pytest.approx(0.125)),  # type: ignore[arg-type]
    )


def test_what_was_taken_out_of_the_thinking_leaves_a_gap_in_the_pane() -> None:
    # The pane shows "ab", then a text that ended the thinking for a while, then "cd".
    found = made(["a", "b", "c", "d"], [0.5] * 4, [Span(0, 2, "thinking", 0), Span(2, 2, "thinking", 9)])
    assert [one.start for one in found] == [0, 1, 9, 10]


def test_means_are_over_what_the_model_wrote_itself() -> None:
    pieces = [piece(0.5), piece(1.0), piece(0.0, is_given=True)]
    assert mean_probability(pieces) == 0.75 and mean_entropy_bits(pieces) == 1.0
    assert mean_probability([]) == 0.0


@given(st.lists(st.floats(0, 1), max_size=500), st.integers(1, 200))
def test_a_curve_has_no_more_points_than_asked_and_stays_between_its_values(values: list[float], points: int) -> None:
    curve = smoothed(values, points)
    assert len(curve) == min(points, len(values))
    assert all(min(values) - 1e-9 <= point <= max(values) + 1e-9 for point in curve)


def test_a_dip_in_the_values_is_one_in_the_curve_at_the_same_place() -> None:
    curve = smoothed([1.0] * 500 + [0.0] * 100 + [1.0] * 400, 100)
    assert curve[55] == 0.0 and curve[20] == curve[90] == 1.0


def test_least_certain_places_are_the_lowest_ones_that_are_not_close_together() -> None:
    probabilities = [0.9] * 400
    for number, value in ((10, 0.01), (11, 0.02), (200, 0.05), (300, 0.04)):
        probabilities[number] = value
    found = least_certain([piece(value) for value in probabilities], 3)
    assert found == [10, 300, 200]


def test_least_certain_places_are_none_of_what_others_wrote() -> None:
    assert least_certain([piece(0.01, is_given=True), piece(0.5)]) == [1]


def test_joined_scores_are_those_of_all_parts_in_order() -> None:
    whole = Scores.joined([scores_of(0.5), Scores(), scores_of(0.25, 1.0)])
    assert [round(exp(value), 2) for value in whole.logprobs] == [0.5, 0.25, 1.0]
    assert len(whole.alternatives) == len(whole.entropies_bits) == 3
