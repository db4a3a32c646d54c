"""A request that nothing cuts: what the model writes up to the token limit is what there is, as in published figures."""

import pytest

from model.engine import Collected, Request, Steering, collect
from model.events import AnswerDelta, Message, Sampling, ThinkingDelta
from model.scripted import ScriptedEngine, Turn

FAST = 20_000.0
STEP = "Step {n}: {n} times {n} is not yet done, as one sees.\n\n"
GOES_IN_CIRCLES = Turn("Wait, let me check that once more.\n\n", "It is $4$.", repeat=60)


def asked(turn: Turn, **fields: object) -> Collected:
    engine = ScriptedEngine([turn], tokens_per_second=FAST)
    request = Request((Message("user", "2+2?"),), is_uncut=True, **fields)  # type: ignore[arg-type]
    whole = collect(engine.stream(request, Steering()))
    assert engine.live_requests() == 0
    return whole


def reason(whole: Collected) -> str:
    assert whole.finished is not None
    return whole.finished.reason


@pytest.mark.parametrize("budget", ["off", "low", 10, "1s"])
def test_uncut_turn_thinks_past_any_budget(budget: str | int):
    whole = asked(Turn(STEP, "Done.", repeat=200), budget=budget)
    assert "Step 200:" in whole.thinking and whole.answer.strip() == "Done."
    assert (reason(whole), whole.notices) == ("stop", ())


def test_uncut_turn_lets_a_loop_go_on_that_is_ended_else():
    whole = asked(GOES_IN_CIRCLES)
    assert whole.thinking.count("once more") == 60 and whole.answer.strip() == "It is $4$."
    assert (reason(whole), whole.notices) == ("stop", ())
    cut = collect(
        ScriptedEngine([GOES_IN_CIRCLES], tokens_per_second=FAST).stream(
            Request((Message("user", "2+2?"),)), Steering()
        )
    )
    assert reason(cut) == "loop"


def test_uncut_turn_lets_an_answer_go_in_circles():
    whole = asked(Turn("I see.", "And so on. " * 300))
    assert whole.answer.count("And so on.") == 300 and reason(whole) == "stop"


def test_uncut_thinking_that_fills_the_limit_has_no_answer_behind_it():
    whole = asked(Turn(STEP, "Done.", repeat=200), sampling=Sampling(max_new_tokens=300))
    assert whole.finished is not None
    assert (whole.finished.reason, whole.finished.thinking_tokens, whole.answer) == ("length", 300, "")
    assert [notice.kind for notice in whole.notices] == ["length"]


def test_uncut_answer_that_fills_the_limit_stays_as_it_is():
    whole = asked(Turn("I see.", "four " * 500), sampling=Sampling(max_new_tokens=200))
    assert reason(whole) == "length" and whole.answer.strip().startswith("four four")
    assert whole.finished is not None and whole.finished.answer_tokens > 150


def test_uncut_turn_that_ends_inside_the_thinking_is_not_asked_for_an_answer():
    whole = asked(Turn("I had \\boxed{4} here.", "", is_closed=False))
    assert (whole.answer, reason(whole), whole.notices) == ("", "stop", ())
    assert "\\boxed{4}" in whole.thinking


def test_uncut_turn_writes_nothing_that_the_model_did_not_write():
    engine = ScriptedEngine([Turn(STEP, "", repeat=50)], tokens_per_second=FAST)
    events = list(engine.stream(Request((Message("user", "2+2?"),), is_uncut=True), Steering()))
    deltas = [event for event in events if isinstance(event, ThinkingDelta | AnswerDelta)]
    assert not any(isinstance(event, ThinkingDelta) and event.forced for event in deltas)
    assert "".join(event.text for event in deltas if isinstance(event, AnswerDelta)).strip() == ""


def test_uncut_turn_still_ends_when_it_is_stopped():
    engine = ScriptedEngine([Turn(STEP, "Done.", repeat=5000)], tokens_per_second=500)
    steering = Steering()
    events = []
    for event in engine.stream(Request((Message("user", "2+2?"),), is_uncut=True), steering):
        events.append(event)
        if isinstance(event, ThinkingDelta):
            steering.stop()
    assert reason(collect(events)) == "stopped" and engine.live_requests() == 0
