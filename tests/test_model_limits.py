import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine import collect
from model.errors import LimitReached, TooManyRuns
from model.events import AnswerDelta, Finished, Notice, ThinkingDelta
from model.host import ModelHost
from model.limits import Limits, Window
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.followed_runs import read_all, wait_until

SLOW = Turn("One step after the other, number {n}.\n\n", "At last.", repeat=4000)
QUICK = Turn("Two and two.", "Four.", match="quick")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def make_runs(tmp_path: Path) -> Iterator[Callable[..., Runs]]:
    made: list[Runs] = []

    def make(*, rate: float = 400.0, slots: int = 16, **fields: object) -> Runs:
        settings = Settings(tmp_path, **fields)  # type: ignore[arg-type]
        host = ModelHost(settings, engine=ScriptedEngine([QUICK, SLOW], tokens_per_second=rate, slots=slots))
        made.append(Runs(Store(tmp_path), host, settings))
        return made[-1]

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(1, 9)), max_size=40), st.integers(0, 30))
def test_window_counts_what_is_no_older_than_it_and_knows_when_there_is_less(added: list[tuple[float, int]], most: int):
    window, now = Window(60.0), 1000.0
    counted: list[tuple[float, int]] = []
    for later, count in added:
        now += later
        window.add(count, now)
        counted.append((now, count))
    total = window.total(now)
    assert sum(count for at, count in counted if at > now - 59) <= total
    assert total <= sum(count for at, count in counted if at >= now - 61)
    seconds = window.seconds_until(most, now)
    assert 0 <= seconds <= 60 and window.total(now + seconds) <= most


def test_at_home_nothing_is_limited_but_the_runs_at_once():
    limits = Limits(Settings(Path("/data")))
    limits.check("", 60, [], 500, 0)
    with pytest.raises(TooManyRuns, match=r"64 runs are going on or waiting and the limit is 64\."):
        limits.check("", 1, [""] * 64, 0, 0)
    assert limits.written("", 10**9) is None


def test_shared_server_limits_what_its_host_does_not():
    limits = Limits(Settings(Path("/data"), is_hosted=True))
    with pytest.raises(
        TooManyRuns, match=r"20 runs of yours are going on or waiting; 1 more would pass the limit of 20"
    ):
        limits.check("a", 1, ["a"] * 20 + ["b"], 0, 8)
    limits.check("b", 1, ["a"] * 20 + ["b"], 0, 8)
    with pytest.raises(
        TooManyRuns, match=r"48 runs wait for the model; 1 more would pass the 48 places of the queue\."
    ):
        limits.check("b", 1, ["b"], 48, 0)
    limits.check("b", 1, ["b"], 0, 1)
    Limits(Settings(Path("/data"), is_hosted=True, user_runs=0, queue=0)).check("a", 1, ["a"] * 60, 60, 0)


def test_requests_are_counted_for_each_user_and_free_again_when_it_says():
    clock = Clock()
    limits = Limits(Settings(Path("/data"), user_requests_per_minute=3), clock=clock)
    for _ in range(3):
        limits.check("a", 1, [], 0, 1)
        limits.begun("a")
        clock.now += 10
    limits.check("b", 1, [], 0, 1)
    told: list[str] = []
    limits.on_reached.append(told.append)
    with pytest.raises(
        LimitReached,
        match=r"3 runs were begun by you within the last minute, and the limit is 3\. There is more in 3\d s",
    ) as refused:
        limits.check("a", 1, [], 0, 1)
    assert told == ["user_requests_per_minute"] and 28 <= refused.value.seconds <= 31
    clock.now += refused.value.seconds
    limits.check("a", 1, [], 0, 1)


def test_all_users_together_have_a_limit_that_new_names_do_not_get_around():
    clock = Clock()
    limits = Limits(Settings(Path("/data"), requests_per_minute=5), clock=clock)
    for number in range(5):
        limits.check(f"new{number}", 1, [], 0, 1)
        limits.begun(f"new{number}")
    with pytest.raises(LimitReached, match="5 runs were begun by all users within the last minute"):
        limits.check("new6", 1, [], 0, 1)


def test_tokens_of_an_hour_are_told_when_they_are_used_up_and_come_back():
    clock = Clock()
    limits = Limits(Settings(Path("/data"), user_tokens_per_hour=1000), clock=clock)
    assert limits.written("a", 600) is None
    clock.now += 1800
    reached = limits.written("a", 400)
    assert reached and "1,000 tokens were written for you within the last hour" in str(reached)
    assert "There is more in 30 min." in str(reached) and reached.seconds == pytest.approx(1800, abs=60)
    with pytest.raises(LimitReached):
        limits.check("a", 1, [], 0, 1)
    limits.check("b", 1, [], 0, 1)
    clock.now += reached.seconds
    limits.check("a", 1, [], 0, 1)


def test_run_that_uses_the_tokens_up_keeps_its_text_says_when_there_is_more_and_goes_on_later(
    make_runs: Callable[..., Runs],
):
    runs = make_runs(user_tokens_per_hour=300)
    clock = Clock()
    runs.limits._clock = clock
    first, second = runs.start("slow", owner="a"), runs.start("slow", owner="a")
    other = runs.start("slow", owner="b")
    wait_until(lambda: not runs.is_live(first) and not runs.is_live(second))
    wholes = [collect(read_all(runs, run_id)) for run_id in (first, second)]
    for whole in wholes:
        assert whole.finished and whole.finished.reason == "allowance" and whole.thinking
        notices = [notice for notice in whole.notices if notice.kind == "allowance"]
        assert len(notices) == 1 and "the limit is 300. There is more in" in notices[0].text
    written = sum(whole.finished.thinking_tokens for whole in wholes if whole.finished)
    assert 300 <= written < 300 + 400, "the runs ended within an update of the limit"
    with pytest.raises(LimitReached, match="There is more in"):
        runs.start("quick", owner="a")
    with pytest.raises(LimitReached):
        runs.resume(first)
    clock.now += 3700
    runs.resume(first)
    wait_until(lambda: not runs.is_live(first))
    again = collect(read_all(runs, first))
    assert again.thinking.startswith(wholes[0].thinking) and len(again.thinking) > len(wholes[0].thinking)
    runs.stop(other)


def test_restart_forgets_no_tokens(make_runs: Callable[..., Runs], tmp_path: Path):
    runs = make_runs(rate=4000)
    run_id = runs.start("slow", budget=500, owner="a")
    events = read_all(runs, run_id)
    n_written = sum(event.n_tokens for event in events if isinstance(event, ThinkingDelta | AnswerDelta))
    assert n_written >= 500
    wait_until(lambda: not runs.is_live(run_id))
    runs.store.delete(run_id)
    assert [(owner, tokens) for owner, _, tokens in runs.store.tokens_since(time.time() - 3600)] == [("a", n_written)]
    assert runs.store.tokens_since(time.time() + 1) == []
    runs.close()
    runs.store.close()
    again = make_runs(user_tokens_per_hour=n_written)
    with pytest.raises(LimitReached, match=f"{n_written:,} tokens were written for you"):
        again.start("quick", owner="a")
    read_all(again, again.start("quick", owner="b"))


def test_runs_at_once_are_counted_for_their_user_and_a_refused_run_leaves_nothing(make_runs: Callable[..., Runs]):
    runs = make_runs(user_runs=2)
    mine = [runs.start("slow", owner="a") for _ in range(2)]
    with pytest.raises(
        TooManyRuns, match="2 runs of yours are going on or waiting; 1 more would pass the limit of 2 at once"
    ):
        runs.start("quick", owner="a", run_id="refused")
    with pytest.raises(TooManyRuns, match="3 more would pass the limit of 2 at once"):
        runs.check_room("a", 3)
    read_all(runs, runs.start("quick", owner="b"))
    assert all(row.id != "refused" for row in runs.store.rows("a"))
    runs.stop(mine[0])
    wait_until(lambda: not runs.is_live(mine[0]))
    read_all(runs, runs.start("quick", owner="a"))


def test_queue_has_so_many_places(make_runs: Callable[..., Runs]):
    runs = make_runs(queue=2, slots=1)
    first = runs.start("slow", owner="a")
    wait_until(lambda: runs.host.line.counts() == (1, 0))
    waiting = [runs.start("slow", owner=owner) for owner in "bc"]
    with pytest.raises(TooManyRuns, match="2 runs wait for the model; 1 more would pass the 2 places of the queue"):
        runs.start("quick", owner="d")
    for run_id in (first, *waiting):
        runs.stop(run_id)
    wait_until(lambda: not runs.live_runs())
    ended = [read_all(runs, run_id)[-1] for run_id in waiting]
    assert all(isinstance(event, Finished) for event in ended)


def test_notice_says_what_is_in_the_events_of_every_run_that_was_ended(make_runs: Callable[..., Runs]):
    runs = make_runs(tokens_per_hour=200)
    ids = [runs.start("slow", owner=owner) for owner in "ab"]
    wait_until(lambda: not runs.live_runs())
    for run_id in ids:
        notices = [event.text for event in read_all(runs, run_id) if isinstance(event, Notice)]
        assert any("written for all users" in text for text in notices)
