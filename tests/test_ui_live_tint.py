"""The rough tint of a run that goes on: what its pieces say."""

from math import log

from model.events import AnswerDelta, Event, ThinkingDelta
from ui.live_tint import pieces_of


def test_a_piece_is_as_likely_as_its_least_likely_token() -> None:
    assert pieces_of([ThinkingDelta("a b", 2, (log(0.9), log(0.25)))]) == "3,250;"


def test_text_that_the_model_did_not_draw_has_no_probability() -> None:
    events = [ThinkingDelta("hint", 1, (log(0.5),), by_user=True), ThinkingDelta("end", 1, (), forced=True)]
    assert pieces_of([*events, ThinkingDelta("plain", 1)]) == "4,-1;3,-1;5,-1;"


def test_only_the_thinking_counts_in_the_units_of_a_browser() -> None:
    events: list[Event] = [ThinkingDelta("🙂", 1, (0.0,)), ThinkingDelta("", 1, (-1.0,)), AnswerDelta("no", 1, (-2.0,))]
    assert pieces_of(events) == "2,1000;"
