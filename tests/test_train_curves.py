"""Drawings of a run's figures: where points come to lie, and what a reader without eyes for them is told."""

import math
import re
from xml.etree import ElementTree

import pytest

from train.curves import MOST_POINTS, draw, nice_ticks, thinned


def drawing(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def heights(html: str) -> list[float]:
    """The heights of the first line's points: small is up."""
    found = re.search(r'<polyline [^>]*points="([^"]*)"', html)
    assert found
    return [float(point.split(",")[1]) for point in found[1].split()]


def test_higher_values_lie_higher():
    first, second, third = heights(draw("Reward", {"all": [(1, 0.0), (2, 0.5), (3, 1.0)]}))
    assert first > second > third
    assert first - second == pytest.approx(second - third, abs=0.2)


def test_shares_are_drawn_from_0_to_100_whatever_they_are():
    low, high = heights(draw("Held-out", {"all": [(0, 0.4), (10, 0.6)]}, is_share=True))
    whole = heights(draw("Held-out", {"all": [(0, 0.0), (10, 1.0)]}, is_share=True))
    assert low - high == pytest.approx(0.2 * (whole[0] - whole[1]), abs=0.2)


def test_drawing_is_told_in_words_to_who_does_not_see_it():
    html = draw("Held-out <pass>", {"a & b": [(0, 0.25), (9, 0.75)]}, is_share=True)
    image = drawing(html).find("svg")
    assert image is not None
    assert image.get("aria-label") == "Held-out <pass>: a & b from 25% to 75%"


def test_nothing_to_draw_is_nothing():
    assert draw("Loss", {}) == ""
    assert draw("Loss", {"all": [(1, math.nan), (2, math.inf), (3, 1e300)]}) == ""


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [-3.0, -3.0], [1e-9, 2e-9], [-1e9, 1e9]])
def test_any_values_give_a_drawing_inside_its_frame(values):
    html = draw("X", {"all": list(enumerate(values))})
    drawing(html)
    assert all(0 <= height <= 236 for height in heights(html))


def test_long_run_is_drawn_with_few_points_and_keeps_its_ends_and_its_mean():
    points = [(step, float(step % 2)) for step in range(5001)]
    few = thinned(points)
    assert len(few) <= MOST_POINTS
    assert (few[0], few[-1]) == (points[0], points[-1])
    assert all(0.4 < value < 0.6 for _, value in few[1:-1])


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0301), (-2.5, 7.0), (13.0, 13.5), (0.0, 123_456.0)])
def test_ticks_enclose_the_values_in_even_steps(low, high):
    ticks = nice_ticks(low, high)
    sizes = [after - before for before, after in zip(ticks, ticks[1:], strict=False)]
    assert ticks[0] <= low and high <= ticks[-1]
    assert max(sizes) == pytest.approx(min(sizes))
    assert 3 <= len(ticks) <= 8


def test_seventh_line_is_told_from_the_first_by_its_dashes():
    html = draw("X", {str(number): [(0, number), (1, number)] for number in range(7)})
    classes = [line.get("class") for line in drawing(html).iter("polyline")]
    assert len(set(classes)) == 7


def test_steps_are_named_by_whole_numbers_only():
    html = draw("X", {"all": [(1, 0.25), (2, 0.75)]})
    named = [text.text for text in drawing(html).iter("text") if text.get("text-anchor") == "middle"]
    assert named == ["1", "2"]
