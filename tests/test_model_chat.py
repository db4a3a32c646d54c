import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from model.engine import Collected, Request, Steering, budget_limits, collect
from model.errors import EngineError, PromptTooLong
from model.events import AnswerDelta, Event, Finished, Message, Notice, PromptRead, Sampling, ThinkingDelta
from model.scripted import ScriptedEngine, Turn

FAST = 20_000.0


def steps(n: int, answer: str) -> Turn:
    return Turn("Step {n}: {n} times {n} is not yet done, as one sees.\n\n", answer, repeat=n)


def ask(question: str = "2+2?", **fields: object) -> Request:
    return Request((Message("user", question),), **fields)  # type: ignore[arg-type]


def run(engine: ScriptedEngine, request: Request, steering: Steering | None = None) -> Collected:
    whole = collect(engine.stream(request, steering or Steering()))
    assert engine.live_requests() == 0
    return whole


def engine_with(*turns: Turn, rate: float = FAST, **options: object) -> ScriptedEngine:
    return ScriptedEngine(turns, tokens_per_second=rate, **options)  # type: ignore[arg-type]


def kinds(whole: Collected) -> list[str]:
    return [notice.kind for notice in whole.notices]


def test_turn_gives_thinking_and_answer_apart_and_ends_with_stop():
    whole = run(engine_with(Turn("Two and two.", "It is $4$.")), ask())
    assert (whole.thinking.rstrip(), whole.answer) == ("Two and two.", "It is $4$.")
    assert whole.finished is not None and whole.finished.reason == "stop"
    assert whole.notices == ()


def test_turn_counts_every_token_once_on_deltas_and_in_the_end():
    engine = engine_with(steps(6, "Thirty-six."))
    events = list(engine.stream(ask(), Steering()))
    deltas = [e for e in events if isinstance(e, ThinkingDelta)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert sum(d.n_tokens for d in deltas) == finished.thinking_tokens > 60
    assert all(len(d.logprobs) == d.n_tokens for d in deltas)


def test_turn_says_when_the_prompt_has_been_read_before_anything_is_written():
    events = list(engine_with(Turn("a b c", "d")).stream(ask(), Steering()))
    assert isinstance(events[0], PromptRead) and events[0].prompt_tokens > 0
    assert sum(isinstance(e, PromptRead) for e in events) == 1


def test_budget_ends_the_thinking_at_a_paragraph_and_the_answer_still_comes():
    whole = run(engine_with(steps(120, "Thirty-six.")), ask(budget=64))
    assert whole.answer == "Thirty-six."
    assert whole.thinking.endswith("\n\nI have to answer now.")
    assert whole.thinking.removesuffix("I have to answer now.").rstrip().endswith("as one sees.")
    assert whole.finished is not None and whole.finished.reason == "thinking_cut"
    assert 64 <= whole.finished.thinking_tokens <= 64 + 16
    assert kinds(whole) == ["budget"]


def test_budget_off_gives_an_answer_without_thinking():
    whole = run(engine_with(steps(6, "Thirty-six.")), ask(budget="off"))
    assert (whole.thinking, whole.answer) == ("", "Thirty-six.")
    assert whole.finished is not None and whole.finished.thinking_tokens == 0


def test_answer_reserve_is_kept_when_the_token_limit_is_small():
    whole = run(engine_with(steps(300, "Thirty-six.")), ask(budget="high", sampling=Sampling(max_new_tokens=200)))
    assert whole.answer == "Thirty-six."
    assert whole.finished is not None and whole.finished.thinking_tokens == 150


def test_prompt_that_does_not_fit_is_refused_before_the_device_is_touched():
    engine = engine_with(Turn("a", "b"), context_tokens=200)
    with pytest.raises(PromptTooLong):
        list(engine.stream(ask("word " * 400), Steering()))
    assert engine.live_requests() == 0


def test_loop_in_the_thinking_is_ended_and_the_answer_still_comes():
    whole = run(engine_with(Turn("Wait, let me check that again.\n\n", "Four.", repeat=400)), ask(budget="high"))
    assert whole.answer == "Four."
    assert whole.finished is not None and whole.finished.reason == "loop"
    assert kinds(whole) == ["loop"]
    assert len(whole.thinking) < 6000


def test_loop_in_the_answer_is_ended_with_a_notice():
    whole = run(engine_with(Turn("Hm.", "and so on, and so on. " * 2000)), ask())
    assert whole.finished is not None and whole.finished.reason == "loop"
    assert kinds(whole) == ["loop"]


def test_turn_that_ends_inside_its_thinking_is_asked_for_its_answer():
    whole = run(engine_with(Turn("It is four.", "Four.", is_closed=False)), ask())
    assert whole.answer == "Four."
    assert kinds(whole) == ["unclosed"]
    assert whole.finished is not None and whole.finished.reason == "stop"


def test_answer_that_thinks_again_after_a_cut_is_caught():
    whole = run(engine_with(steps(120, "Wait, let me check. 36 it is.")), ask(budget=64))
    assert "thought_again" in kinds(whole)
    assert whole.answer.startswith("**Answer:** ")


def test_answer_that_never_comes_is_said_to_be_missing():
    whole = run(engine_with(Turn("Hm.", "")), ask())
    assert "no_answer" in kinds(whole)


def test_answer_cut_by_the_limit_says_so():
    whole = run(engine_with(Turn("Hm.", "word " * 500)), ask(sampling=Sampling(max_new_tokens=100)))
    assert whole.finished is not None and whole.finished.reason == "length"
    assert kinds(whole) == ["length"]
    assert whole.finished.thinking_tokens + whole.finished.answer_tokens == 100


def test_continued_answer_and_first_part_make_the_whole_answer():
    text = " ".join(f"word{n}" for n in range(200))
    engine = engine_with(Turn("Hm.", text))
    first = run(engine, ask(sampling=Sampling(max_new_tokens=100)))
    second = run(engine, ask(thinking_so_far=first.thinking, is_thinking_closed=True, answer_so_far=first.answer))
    assert first.answer + second.answer == text


def read_until(events: Iterator[Event], n_characters: int) -> str:
    text = ""
    for event in events:
        if isinstance(event, ThinkingDelta):
            text += event.text
            if len(text) >= n_characters:
                return text
    raise AssertionError("the stream ended too soon")


def test_answer_now_ends_the_thinking_in_mid_run():
    engine, steering = engine_with(steps(3000, "Thirty-six."), rate=500.0), Steering()
    events = engine.stream(ask(budget="high"), steering)
    read_until(events, 200)
    steering.answer_now()
    rest = collect(events)
    assert rest.answer == "Thirty-six."
    assert [n.kind for n in rest.notices] == ["answer_now"]
    assert rest.finished is not None and rest.finished.reason == "thinking_cut"


def test_answer_now_before_the_first_token_gives_an_answer_without_thinking():
    engine, steering = engine_with(steps(6, "Thirty-six."), prompt_seconds=0.2), Steering()
    steering.answer_now()
    whole = run(engine, ask(), steering)
    assert (whole.thinking, whole.answer) == ("", "Thirty-six.")


def test_think_longer_raises_the_budget_of_a_live_turn():
    engine, steering = engine_with(steps(120, "Thirty-six.")), Steering()
    steering.think_longer(300)
    whole = run(engine, ask(budget=64), steering)
    assert whole.finished is not None and whole.finished.thinking_tokens >= 364


def test_stop_ends_the_turn_and_keeps_what_was_written():
    engine, steering = engine_with(steps(3000, "x"), rate=500.0), Steering()
    events = engine.stream(ask(budget="high"), steering)
    read_until(events, 100)
    steering.stop()
    rest = list(events)
    assert isinstance(rest[-1], Finished) and rest[-1].reason == "stopped"
    assert Notice("stopped", "Stopped. Press Continue to take it further.") in rest
    assert engine.live_requests() == 0


def test_closing_the_stream_frees_the_engine():
    engine = engine_with(steps(3000, "x"), rate=500.0)
    events = engine.stream(ask(budget="high"), Steering())
    read_until(events, 100)
    events.close()  # type: ignore[attr-defined]
    assert engine.live_requests() == 0


def test_engine_that_dies_in_mid_run_gives_what_was_written_and_then_the_error():
    engine = engine_with(steps(3000, "x"), rate=500.0)
    seen: list[Event] = []
    with pytest.raises(EngineError, match="closed in mid-run"):
        for event in engine.stream(ask(budget="high"), Steering()):
            seen.append(event)
            if len(seen) == 3:
                engine.close()
    assert collect(seen).thinking.startswith("Step 1")


def test_eight_callers_at_once_each_get_their_own_marker():
    engine = engine_with(Turn("I see {question}. " * 50, "You said {question}."), rate=3000.0)
    results: dict[str, Collected] = {}

    def call(marker: str) -> None:
        results[marker] = collect(engine.stream(ask(marker, budget="high"), Steering()))

    markers = [f"marker-{number}-x" for number in range(8)]
    threads = [threading.Thread(target=call, args=(marker,)) for marker in markers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {marker: results[marker].answer for marker in markers} == {m: f"You said {m}." for m in markers}
    assert all(results[m].thinking == f"I see {m}. " * 50 or m in results[m].thinking for m in markers)


def test_deltas_come_at_most_a_dozen_times_a_second():
    engine = engine_with(steps(24, "x"), rate=300.0)
    began = time.monotonic()
    deltas: Sequence[Event] = [e for e in engine.stream(ask(), Steering()) if isinstance(e, ThinkingDelta)]
    assert len(deltas) <= (time.monotonic() - began) * 13 + 2


def after_thinking_began(engine: ScriptedEngine, request: Request, steering: Steering, do) -> list[Event]:
    """All events; `do` is called once, when some thinking has come."""
    events: list[Event] = []
    is_done = False
    for event in engine.stream(request, steering):
        events.append(event)
        if isinstance(event, ThinkingDelta) and not is_done:
            is_done = True
            do()
    return events


def test_pause_frees_the_device_and_go_on_writes_the_same_text_as_without_a_pause():
    undisturbed = run(engine_with(steps(30, "Nine hundred.")), ask())
    engine, steering = engine_with(steps(30, "Nine hundred."), rate=400), Steering()
    seen: list[int] = []

    def look_and_go_on():
        seen.append(engine.live_requests())
        steering.go_on()

    def pause():
        steering.pause()
        threading.Timer(0.4, look_and_go_on).start()

    began = time.monotonic()
    whole = collect(after_thinking_began(engine, ask(), steering, pause))
    assert seen == [0] and time.monotonic() - began > 0.4
    assert (whole.thinking, whole.answer) == (undisturbed.thinking, undisturbed.answer)


def test_hint_stands_in_the_thinking_as_a_paragraph_and_the_model_thinks_on():
    engine, steering = engine_with(steps(60, "Done."), rate=400), Steering()
    events = after_thinking_began(engine, ask(), steering, lambda: steering.go_on("  Try the other way. "))
    whole = collect(events)
    hints = [event for event in events if isinstance(event, ThinkingDelta) and event.by_user]
    assert [hint.text for hint in hints] == ["\n\nTry the other way.\n\n"] and hints[0].n_tokens == 0
    before, after = whole.thinking.split("\n\nTry the other way.\n\n")
    assert before and after and whole.answer == "Done."
    assert engine.live_requests() == 0


def test_hint_that_comes_when_the_thinking_is_over_is_left_out_with_a_word():
    engine, steering = engine_with(Turn("Short.", " ".join(f"word{n}" for n in range(200))), rate=300), Steering()
    events: list[Event] = []
    for event in engine.stream(ask(), steering):
        if isinstance(event, AnswerDelta) and not any(isinstance(one, AnswerDelta) for one in events):
            steering.go_on("Too late.")
        events.append(event)
    whole = collect(events)
    assert "Too late." not in whole.thinking + whole.answer
    assert kinds(whole) == ["hint_left_out"] and whole.answer.endswith("word199")


def test_stop_and_answer_now_end_a_pause():
    for act, reason in ((Steering.stop, "stopped"), (Steering.answer_now, "thinking_cut")):
        engine, steering = engine_with(steps(60, "Done."), rate=400), Steering()

        def pause(steering=steering, act=act):
            steering.pause()
            threading.Timer(0.2, lambda: act(steering)).start()

        whole = collect(after_thinking_began(engine, ask(), steering, pause))
        assert whole.finished is not None and whole.finished.reason == reason
        assert engine.live_requests() == 0


def test_budget_set_in_mid_run_ends_the_thinking_sooner_or_later():
    sooner, steering = engine_with(steps(300, "Done."), rate=2000), Steering()
    whole = collect(
        after_thinking_began(sooner, ask(budget="high"), steering, lambda: steering.set_budget(budget_limits(100)))
    )
    assert whole.finished is not None and whole.finished.reason == "thinking_cut"
    assert whole.finished.thinking_tokens < 1000
    later, steering = engine_with(steps(40, "Done."), rate=2000), Steering()
    whole = collect(
        after_thinking_began(later, ask(budget=60), steering, lambda: steering.set_budget(budget_limits("high")))
    )
    assert whole.finished is not None and whole.finished.reason == "stop"
