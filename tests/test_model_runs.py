import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from model.branching import Branch
from model.engine import collect
from model.errors import BadInput, RunBusy, RunNotFound, TooManyRuns
from model.events import AnswerDelta, Asked, Attachment, Branched, Event, Finished, Notice, Steered, ThinkingDelta
from model.host import ModelHost
from model.live_run import LiveRun
from model.resuming import resumable
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store

SLOW = Turn("One step after the other, number {n}.\n\n", "At last: {question}", repeat=2000)
QUICK = Turn("Two and two.", "Four.", match="quick")


@pytest.fixture
def make_runs(tmp_path: Path) -> Iterator[Callable[..., Runs]]:
    made: list[Runs] = []

    def make(*, rate: float = 400.0, **fields: object) -> Runs:
        settings = Settings(tmp_path, **fields)  # type: ignore[arg-type]
        host = ModelHost(settings, engine=ScriptedEngine([QUICK, SLOW], tokens_per_second=rate))
        made.append(Runs(Store(tmp_path), host, settings))
        return made[-1]

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


def read_all(runs: Runs, run_id: str, from_event: int = 0) -> list[Event]:
    follower = runs.attach(run_id, from_event)
    try:
        return [event for events in follower for event in events]
    finally:
        follower.close()


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, "it never came to be"
        time.sleep(0.01)
    return time.monotonic() - began


def wait_for_thinking(runs: Runs, run_id: str) -> list[Event]:
    seen: list[Event] = []
    follower = runs.attach(run_id)
    for events in follower:
        seen += events
        if any(isinstance(event, ThinkingDelta) for event in seen):
            break
    follower.close()
    return seen


def live_requests(runs: Runs) -> int:
    return runs.host.engine().live_requests()


def test_run_begins_with_what_was_asked_and_ends_with_finished(make_runs: Callable[..., Runs]):
    runs = make_runs()
    events = read_all(runs, runs.start("quick: 2+2?", budget=512, system="Be brief."))
    first = events[0]
    assert isinstance(first, Asked) and (first.question, first.budget, first.system) == (
        "quick: 2+2?",
        512,
        "Be brief.",
    )
    assert collect(events).answer == "Four."
    assert isinstance(events[-1], Finished) and sum(isinstance(e, Finished) for e in events) == 1


def test_stored_run_reads_the_same_as_it_did_live(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("quick")
    live = read_all(runs, run_id)
    wait_until(lambda: not runs.is_live(run_id))
    assert read_all(runs, run_id) == live
    assert read_all(runs, run_id, from_event=2) == live[2:]


def test_run_goes_on_no_more_once_its_end_was_read(make_runs: Callable[..., Runs], monkeypatch: pytest.MonkeyPatch):
    runs = make_runs(rate=5000)
    told = runs._tell

    def tell_and_wait(live: LiveRun, event: Event) -> None:
        told(live, event)
        if isinstance(event, Finished):
            time.sleep(0.5)  # what the run's thread has to do after its end takes its time

    monkeypatch.setattr(runs, "_tell", tell_and_wait)
    run_id = runs.start("slow", budget=20)
    read_all(runs, run_id)
    assert not runs.is_live(run_id)
    read_all(runs, runs.branch(run_id, Branch()))
    runs.host.engine().decoder.tokens_per_second = 0.01  # type: ignore[attr-defined]
    runs.resume(run_id, think_longer=True)
    time.sleep(1.0)
    assert runs.is_live(run_id), "the thread that has ended forgets its own run only"


def test_late_reader_misses_nothing_and_may_begin_anywhere(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow")
    seen = wait_for_thinking(runs, run_id)
    runs.stop(run_id)
    late = read_all(runs, run_id)
    assert late[: len(seen)] == seen
    assert read_all(runs, run_id, from_event=len(seen)) == late[len(seen) :]


def test_async_reader_sees_what_a_thread_sees(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("quick")

    async def read() -> list[Event]:
        return [event for events in [e async for e in runs.attach(run_id)] for event in events]

    assert asyncio.run(read()) == read_all(runs, run_id)


def test_stop_frees_the_engine_and_keeps_the_text(make_runs: Callable[..., Runs]):
    runs = make_runs()

    def stopped() -> tuple[str, float]:
        run_id = runs.start("slow")
        wait_for_thinking(runs, run_id)
        assert runs.stop(run_id) is True
        return run_id, wait_until(lambda: live_requests(runs) == 0)

    # A machine that stands still for a moment does not do so in every try.
    run_id = next(run_id for run_id, seconds in (stopped() for _ in range(10)) if seconds < 0.5)
    events = read_all(runs, run_id)
    assert Steered("stop") in events
    assert collect(events).finished.reason == "stopped"  # type: ignore[union-attr]
    assert collect(events).thinking.startswith("One step")


def test_answer_now_is_an_event_and_brings_the_answer(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow", budget="high")
    wait_for_thinking(runs, run_id)
    assert runs.answer_now(run_id) is True
    events = read_all(runs, run_id)
    assert Steered("answer_now") in events
    assert collect(events).answer == "At last: slow"


def test_steering_a_run_that_has_ended_does_nothing_and_says_so(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("quick")
    read_all(runs, run_id)
    wait_until(lambda: not runs.is_live(run_id))
    assert (runs.stop(run_id), runs.answer_now(run_id), runs.think_longer(run_id)) == (False, False, False)


@pytest.mark.parametrize("call", ["attach", "stop", "answer_now", "resume", "messages"])
def test_unknown_run_is_named_in_the_error(make_runs: Callable[..., Runs], call: str):
    with pytest.raises(RunNotFound, match="nowhere"):
        getattr(make_runs(), call)("nowhere")


def test_stopped_run_continues_under_its_id_where_it_was_cut(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000.0)
    run_id = runs.start("slow", budget="high")
    wait_for_thinking(runs, run_id)
    runs.stop(run_id)
    before = read_all(runs, run_id)
    wait_until(lambda: not runs.is_live(run_id))
    runs.resume(run_id, budget=200)
    after = read_all(runs, run_id)
    assert after[: len(before)] == before
    assert after[len(before)] == Steered("continue")
    whole = collect(after)
    assert whole.answer == "At last: slow"
    own = "".join(e.text for e in after if isinstance(e, ThinkingDelta) and not e.forced)
    assert SLOW.text("slow").startswith(own.rstrip())


def test_run_whose_thinking_was_cut_thinks_longer_and_answers_anew(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000.0)
    run_id = runs.start("slow", budget=64)
    first = collect(read_all(runs, run_id))
    wait_until(lambda: not runs.is_live(run_id))
    runs.resume(run_id, budget=200)
    whole = collect(read_all(runs, run_id))
    assert len(whole.thinking) > len(first.thinking) + 200
    assert whole.answer == "At last: slow"


def test_run_that_ended_by_itself_has_nothing_to_continue(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("quick")
    read_all(runs, run_id)
    wait_until(lambda: not runs.is_live(run_id))
    with pytest.raises(BadInput, match="nothing to continue"):
        runs.resume(run_id)


def test_live_run_can_be_neither_resumed_nor_followed_up(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow")
    with pytest.raises(RunBusy):
        runs.resume(run_id)
    with pytest.raises(RunBusy):
        runs.start("and then?", parent_id=run_id)
    with pytest.raises(RunBusy):
        runs.start("again", run_id=run_id)


def test_follow_up_carries_the_conversation(make_runs: Callable[..., Runs]):
    runs = make_runs()
    first = runs.start("quick one")
    read_all(runs, first)
    wait_until(lambda: not runs.is_live(first))
    second = runs.start("quick two", parent_id=first)
    asked = read_all(runs, second)[0]
    assert isinstance(asked, Asked)
    assert [(m.role, m.content) for m in asked.history] == [("user", "quick one"), ("assistant", "Four.")]


def test_attached_files_go_to_the_model_and_into_the_follow_up_and_the_branch(make_runs: Callable[..., Runs]):
    runs = make_runs()
    table = Attachment("table.csv", "x,y\n1,2")
    first = runs.start("quick: what is y?", attachments=[table])
    asked = read_all(runs, first)[0]
    assert isinstance(asked, Asked) and asked.attachments == (table,) and asked.question == "quick: what is y?"
    wait_until(lambda: not runs.is_live(first))
    sent = runs.messages(first)[0].content
    assert "table.csv" in sent and "1,2" in sent and sent.endswith("quick: what is y?")
    second = read_all(runs, runs.start("quick two", parent_id=first))[0]
    assert isinstance(second, Asked) and second.history[0].content == sent
    beside = read_all(runs, runs.branch(first, Branch(question="quick: and x?")))[0]
    assert isinstance(beside, Asked) and beside.attachments == (table,)


def test_system_prompt_over_its_limit_is_refused_with_the_figures(make_runs: Callable[..., Runs]):
    with pytest.raises(BadInput, match=r"40,001 characters and the limit is 40,000"):
        make_runs().start("quick", system="x" * 40_001)


def test_run_that_waits_for_another_knows_its_place_in_the_line(make_runs: Callable[..., Runs]):
    runs = make_runs()
    slots = runs.host.engine().slots
    busy = [runs.start("slow") for _ in range(slots)]
    wait_until(lambda: all(wait_for_thinking(runs, run_id) for run_id in busy))
    assert runs.place_in_line(busy[0]) is None
    first, second = runs.start("slow"), runs.start("slow")
    places = [runs.place_in_line(run_id) for run_id in (first, second)]
    assert [place.before for place in places if place] == [0, 1]
    for run_id in (*busy, first):
        runs.stop(run_id)
    wait_for_thinking(runs, second)
    assert runs.place_in_line(second) is None


def test_run_nobody_reads_is_stopped_after_the_detached_seconds(make_runs: Callable[..., Runs]):
    runs = make_runs(detached_seconds=0.6)
    run_id, began = runs.start("slow"), time.monotonic()
    wait_for_thinking(runs, run_id)
    wait_until(lambda: not runs.is_live(run_id))
    assert time.monotonic() - began > 0.6
    assert live_requests(runs) == 0
    assert any(isinstance(e, Notice) and "Nobody has read" in e.text for e in read_all(runs, run_id))


def test_run_that_was_just_started_is_not_abandoned_yet(
    make_runs: Callable[..., Runs], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("model.live_run._ATTACH_SECONDS", 600.0)
    runs = make_runs(detached_seconds=0.0)
    run_id = runs.start("slow")
    time.sleep(0.6)
    assert runs.is_live(run_id)


def test_run_goes_on_when_somebody_attaches_again_in_time(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow", budget="high")
    wait_for_thinking(runs, run_id)
    follower = runs.attach(run_id)
    # From now on whatever nobody reads is stopped at once.
    runs.settings = replace(runs.settings, detached_seconds=0.0)
    time.sleep(0.8)
    assert runs.is_live(run_id)
    follower.close()
    wait_until(lambda: not runs.is_live(run_id))


def test_run_over_its_time_limit_is_ended_and_says_so(make_runs: Callable[..., Runs]):
    runs = make_runs(run_seconds=0.5)
    whole = collect(read_all(runs, runs.start("slow")))
    assert whole.finished is not None and whole.finished.reason == "time_limit"


def test_one_run_more_than_the_limit_is_refused_with_the_figure(make_runs: Callable[..., Runs]):
    runs = make_runs(max_runs=2)
    runs.start("slow"), runs.start("slow")
    with pytest.raises(TooManyRuns, match="limit is 2"):
        runs.start("slow")


def test_engine_that_fails_leaves_the_text_a_sentence_and_an_end(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow")
    wait_for_thinking(runs, run_id)
    runs.host.engine().close()
    whole = collect(read_all(runs, run_id))
    assert whole.finished is not None and whole.finished.reason == "error"
    assert whole.thinking.startswith("One step")
    assert "closed in mid-run" in whole.notices[-1].text


@pytest.mark.parametrize("question", ["", "  \n", "x" * 400_001], ids=["empty", "blank", "huge"])
def test_question_that_cannot_be_asked_is_refused_before_a_run_exists(make_runs: Callable[..., Runs], question: str):
    runs = make_runs()
    with pytest.raises(BadInput):
        runs.start(question)
    assert runs.store.rows() == []


def test_resumable_drops_the_text_that_we_wrote_into_the_thinking():
    events: list[Event] = [
        Asked("q"),
        ThinkingDelta("own", 1),
        ThinkingDelta(" I must answer now.", 0, forced=True),
        AnswerDelta("a", 1),
        Finished("thinking_cut"),
    ]
    where = resumable(events)
    assert (where.action, where.thinking, where.answer) == ("think_longer", "own", "")


KILLED = """
import sys
from pathlib import Path
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store

folder = Path(sys.argv[1])
settings = Settings(folder)
engine = ScriptedEngine([Turn("Step {n}.\\n\\n", "x", repeat=9999)], tokens_per_second=300)
runs = Runs(Store(folder), ModelHost(settings, engine=engine), settings)
runs.start("go", run_id="killed", budget="high")
n = 0
for events in runs.attach("killed"):
    n += len(events)
    print(n, flush=True)
"""


def test_killed_app_has_all_but_the_last_moment_after_a_restart(make_runs: Callable[..., Runs], tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as app:
        assert app.stdout is not None
        n_seen = [int(app.stdout.readline()) for _ in range(25)][-1]
        # That comes to the disk while the app goes on, not at its end.
        with closing(sqlite3.connect(tmp_path / "runs.sqlite3")) as disk:
            wait_until(lambda: disk.execute("SELECT count(*) FROM events").fetchone()[0] >= n_seen)
        app.send_signal(signal.SIGKILL)
    runs = make_runs()
    events = read_all(runs, "killed")
    assert len(events) - 2 >= n_seen > 5
    assert isinstance(events[-2], Notice) and events[-2].kind == "interrupted"
    assert events[-1] == Finished("error")


def test_run_waits_for_no_model_and_says_why(tmp_path: Path):
    settings = Settings(tmp_path)
    runs = Runs(Store(tmp_path), ModelHost(settings), settings)
    try:
        whole = collect(read_all(runs, runs.start("hello")))
        assert whole.finished is not None and whole.finished.reason == "error"
        assert "model" in whole.notices[-1].text.lower()
    finally:
        runs.close()
        runs.store.close()


def text_of(runs: Runs, run_id: str) -> tuple[str, str]:
    whole = collect(read_all(runs, run_id))
    return whole.thinking, whole.answer


def test_paused_run_waits_without_the_device_and_goes_on_with_the_hint(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow", budget="high")
    wait_for_thinking(runs, run_id)
    reader = runs.attach(run_id)
    assert runs.pause(run_id) and runs.pause(run_id)
    wait_until(lambda: live_requests(runs) == 0)
    n_events = len(runs._live[run_id].events_from(0)[0])
    time.sleep(0.3)
    assert len(runs._live[run_id].events_from(0)[0]) == n_events
    assert runs.go_on(run_id, "Look at number nine.")
    wait_until(lambda: "Look at number nine." in collect(runs._live[run_id].events_from(0)[0]).thinking)
    assert runs.answer_now(run_id)
    thinking, answer = text_of(runs, run_id)
    reader.close()
    assert "\n\nLook at number nine.\n\n" in thinking and answer.startswith("At last")
    steered = [event for event in runs.store.events(run_id) if isinstance(event, Steered)]
    assert [event.action for event in steered] == ["pause", "hint", "resume", "answer_now"]
    assert steered[1].text == "Look at number nine."


@pytest.mark.parametrize(("hint", "why"), [("</think>", "holds the tag"), ("x" * 4001, "4,001 characters")])
def test_hint_that_would_break_the_turn_is_refused(make_runs: Callable[..., Runs], hint: str, why: str):
    runs = make_runs()
    run_id = runs.start("slow")
    wait_for_thinking(runs, run_id)
    with pytest.raises(BadInput, match=why):
        runs.go_on(run_id, hint)
    runs.stop(run_id)


def test_budget_can_be_changed_in_mid_run_and_is_an_event(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=2000)
    run_id = runs.start("slow", budget="high")
    wait_for_thinking(runs, run_id)
    assert runs.set_budget(run_id, 40)
    events = read_all(runs, run_id)
    assert [event.text for event in events if isinstance(event, Steered)] == ["40"]
    assert isinstance(events[-1], Finished) and events[-1].reason == "thinking_cut"
    assert not runs.set_budget(run_id, 50)
    with pytest.raises(BadInput, match="thinking budget"):
        runs.set_budget(run_id, "a lot")


def test_branch_goes_on_from_the_thinking_that_it_keeps_and_stands_beside_its_run(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000)
    first = runs.start("slow", budget=60)
    thinking, _ = text_of(runs, first)
    place = thinking.index("number 2") + len("number 2.")
    second = runs.branch(first, Branch(keep_characters=place), budget=80)
    branched, answer = text_of(runs, second)
    assert branched.startswith(thinking[:place]) and answer
    assert [event for event in runs.store.events(second) if isinstance(event, Branched)] == [Branched(first, "forked")]
    assert (
        [row.id for row in runs.store.siblings(first)]
        == [row.id for row in runs.store.siblings(second)]
        == [first, second]
    )
    assert [row.id for row in runs.store.rows()] == [first], "one conversation, not two"
    assert runs.store.last_turn(first).id == second
    assert [row.id for row in runs.store.conversation(second)] == [second]


def test_branch_of_a_follow_up_keeps_the_turns_before_it(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000)
    first = runs.start("quick one")
    read_all(runs, first)
    second = runs.start("quick two", parent_id=first)
    read_all(runs, second)
    third = runs.branch(second, Branch(question="quick three"))
    read_all(runs, third)
    assert [row.id for row in runs.store.conversation(third)] == [first, third]
    asked = runs.store.events(third)[0]
    assert isinstance(asked, Asked) and asked.question == "quick three"
    assert [message.content for message in asked.history] == ["quick one", "Four."]


def test_answer_is_written_anew_from_the_same_thinking(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000)
    first = runs.start("quick")
    thinking, _ = text_of(runs, first)
    second = runs.branch(first, Branch(answers_now=True))
    assert text_of(runs, second) == (thinking, "Four.")
    finished = runs.store.events(second)[-1]
    assert isinstance(finished, Finished) and finished.thinking_tokens == 0


def test_live_run_cannot_be_branched_off(make_runs: Callable[..., Runs]):
    runs = make_runs()
    run_id = runs.start("slow")
    wait_for_thinking(runs, run_id)
    with pytest.raises(RunBusy, match="still going on"):
        runs.branch(run_id, Branch())
    runs.stop(run_id)


def test_deleting_a_conversation_deletes_its_branches(make_runs: Callable[..., Runs]):
    runs = make_runs(rate=5000)
    first = runs.start("quick")
    read_all(runs, first)
    second = runs.branch(first, Branch())
    read_all(runs, second)
    runs.store.delete(first)
    with pytest.raises(RunNotFound):
        runs.store.row(second)
    runs.store.restore(first)
    assert runs.store.row(second).root_id == first
