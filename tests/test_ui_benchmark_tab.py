"""What the tab's script is told, over real runs of a scripted engine."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.benchmark import Judges
from evals.budget_curve import BudgetCurves
from evals.result_file import ResultWriter
from model.host import ModelHost
from model.scripted import Turn
from model.settings import Settings
from tests.sums_benchmark import FAST, CountingEngine, N, load_sums, right_turns, runs_with, turn
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.benchmark_results import BenchmarkResults
from ui.benchmark_tab import BenchmarkTab
from ui.default_budget import DefaultBudget

LONG = Turn("On and on, number {n}.\n\n", "never", repeat=20_000)
# Tokens a second at which it is thought about for a minute, with the highest budget, before that is cut.
SLOW = 250.0


def one_without_end() -> list[Turn]:
    """Turns that solve every problem, but for the first time that one of them is asked."""
    return [turn(0, "", thinking=LONG.thinking, repeat=LONG.repeat, times=1), *right_turns()]


@pytest.fixture
def tab_with(judges: Judges, tmp_path: Path) -> Iterator[Callable[..., BenchmarkTab]]:
    with contextlib.ExitStack() as closing:

        def make(turns: list[Turn], tokens_per_second: float = FAST, **hosting: Any) -> BenchmarkTab:
            engine = CountingEngine(turns, tokens_per_second=tokens_per_second)
            settings = Settings(tmp_path, **hosting)
            runs = closing.enter_context(contextlib.closing(runs_with(engine, judges, tmp_path)))
            host = ModelHost(settings, engine)
            views = CurveViews(lambda: BudgetCurves(host, judges, load_sums), DefaultBudget(tmp_path))
            closing.enter_context(contextlib.closing(views))
            results = BenchmarkResults(runs, views, tmp_path / "benchmarks")
            return BenchmarkTab(BenchmarkActs(runs, views, host, settings), results, settings)

        yield make


def start(tab: BenchmarkTab, **asked: Any) -> str:
    told = tab.answer({"do": "start", "benchmark": "sums", "profile": "quick", "budget": "low"} | asked)
    assert "error" not in told, told
    return str(told["name"])


def wait_until(tab: BenchmarkTab, name: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        result: dict[str, Any] = tab.answer({"do": "look", "name": name, "stamp": "x"})["result"]
        if is_so(result):
            return result
        assert time.monotonic() < deadline, result
        time.sleep(0.05)


def ended(tab: BenchmarkTab, name: str) -> dict[str, Any]:
    return wait_until(tab, name, lambda result: not result["is_going"])


def test_page_that_looks_late_is_told_all_and_later_only_what_is_new(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with([turn(2, "It is 5."), *right_turns()])
    name = start(tab)
    result = ended(tab, name)
    assert (result["text"], result["done"], result["total"]) == ("Done", N, N)
    by_title = {result["problems"][at][1]: letters for at, letters, *_ in result["rows"]}
    assert by_title == {f"{n} plus itself": "w" if n == 2 else "c" for n in range(N)}
    assert result["score"]["share"] == pytest.approx((N - 1) / N)
    later = tab.answer({"do": "look", "name": name, "since": result["since"]})["result"]
    assert later["rows"] == [] and "problems" not in later
    listed = tab.answer({"do": "look"})["results"]
    assert [(each["name"], each["state"]) for each in listed] == [(name, "")]


def test_stopped_result_goes_on_where_it_was(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(one_without_end(), tokens_per_second=SLOW)
    name = start(tab, budget="high")
    going = wait_until(tab, name, lambda result: result["done"] == N - 1)
    assert going["is_going"] and len(going["running"]) == 1
    assert "goes on now" in tab.answer({"do": "start", "benchmark": "sums", "budget": "low"})["error"]
    assert tab.answer({"do": "stop", "name": name}) == {}
    stopped = ended(tab, name)
    assert (stopped["text"], stopped["may_resume"]) == ("Stopped. Resume goes on from here.", True)
    assert tab.answer({"do": "resume", "name": name}) == {}
    assert ended(tab, name)["done"] == N


def test_sample_that_is_being_written_is_read_as_it_grows(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(one_without_end(), tokens_per_second=SLOW)
    name = start(tab, budget="high")
    wait_until(tab, name, lambda result: result["done"] == N - 1)
    watched = {"do": "watch", "name": name, "problem": "sum-0", "number": 0}
    text, live = "", {"began": 0.0, "known": [0, 0]}
    deadline = time.monotonic() + 60
    while len(text) < 2000 and time.monotonic() < deadline:
        told = tab.answer(watched | live)
        assert told["is_new"] == (not live["began"])
        text, live = text + told["thinking"], {"began": told["began"], "known": told["known"]}
    whole = "".join(LONG.thinking.replace("{n}", str(n + 1)) for n in range(LONG.repeat))
    assert len(text) >= 2000 and whole.startswith(text)
    assert tab.answer(watched | live | {"began": 1.0})["thinking"].startswith(text)
    assert "On and on" not in tab.answer({"do": "file", "name": name})["text"]
    tab.answer({"do": "stop", "name": name})
    ended(tab, name)
    assert tab.answer(watched | live) == {}
    assert tab.answer(watched | {"problem": "sum-1"}) == {}


def test_result_that_another_process_writes_is_said_to_be_and_left_alone(
    tab_with: Callable[..., BenchmarkTab], tmp_path: Path
) -> None:
    tab = tab_with(right_turns())
    name = start(tab)
    ended(tab, name)
    path = tmp_path / "benchmarks" / f"{name}.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    half = path.with_name("half.jsonl")
    half.write_text("".join(lines[:4]))
    with contextlib.closing(ResultWriter(half)):
        told = tab.answer({"do": "look", "name": "half"})["result"]
        assert (told["text"], told["is_going"]) == ("Running in another process", True)
        assert not told["may_stop"] and not told["may_resume"]
        waiting = {"do": "open", "name": "half", "problem": "sum-5", "number": 0}
        written = {json.loads(line)["problem"] for line in lines[1:4]}
        waiting["problem"] = next(id_ for id_, _ in told["problems"] if id_ not in written)
        assert "seen here when a sample is done" in tab.answer(waiting)["reason"]
        assert "in another process" in tab.answer({"do": "delete", "name": "half"})["error"]
    assert tab.answer({"do": "look", "name": "half"})["result"]["may_resume"]


def test_result_is_deleted_when_it_is_over_and_had_back(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(one_without_end(), tokens_per_second=SLOW)
    name = start(tab, budget="high")
    assert "Stop it, then delete it" in tab.answer({"do": "delete", "name": name})["error"]
    tab.answer({"do": "stop", "name": name})
    before = ended(tab, name)
    assert tab.answer({"do": "delete", "name": name}) == {}
    told = tab.answer({"do": "look", "name": name})
    assert told["results"] == [] and "no result" in told["missing"]
    assert tab.answer({"do": "restore", "name": name}) == {}
    assert tab.answer({"do": "look", "name": name})["result"]["rows"] == before["rows"]
    assert "is gone" in tab.answer({"do": "restore", "name": name})["error"]


def test_results_are_in_the_order_in_which_they_were_begun(
    tab_with: Callable[..., BenchmarkTab], tmp_path: Path
) -> None:
    tab = tab_with(right_turns())
    names = []
    for _ in range(2):
        names.append(start(tab, limit=1))
        ended(tab, names[-1])
    # As when it is judged again.
    os.utime(tmp_path / "benchmarks" / f"{names[0]}.jsonl")
    assert [each["name"] for each in tab.answer({"do": "look"})["results"]] == names[::-1]


def test_pages_that_look_at_once_see_the_same_growing_result(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(right_turns())
    name = start(tab, samples=20)
    with ThreadPoolExecutor(4) as pages:
        seen = list(pages.map(lambda _: ended(tab, name), range(4)))
    assert [(each["done"], each["score"]["share"]) for each in seen] == [(20 * N, 1.0)] * 4


def test_problem_opens_with_its_texts_and_the_question(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(right_turns())
    name = start(tab, limit=2)
    result = ended(tab, name)
    id_ = result["problems"][0][0]
    told = tab.answer({"do": "open", "name": name, "problem": id_, "number": 0})
    n = int(id_.removeprefix("sum-"))
    assert (told["thinking"].strip(), told["compared"]) == ("Let me add them up.", [["Final answer", str(2 * n)]])
    asked = tab.answer({"do": "asked", "name": name, "problem": id_})
    assert asked == {"question": f"{n}+{n}?", "compared": [["Reference", str(2 * n)]]}
    assert told["label"] == "Correct" and tab.answer_text(name, id_, 0) == f"It is {2 * n}."


def test_file_comes_in_pieces_that_make_the_whole(
    tab_with: Callable[..., BenchmarkTab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.benchmark_tab._PIECE_BYTES", 700)
    tab = tab_with(right_turns())
    name = start(tab)
    ended(tab, name)
    pieces: list[str] = []
    offset: int | None = 0
    while offset is not None:
        piece = tab.answer({"do": "file", "name": name, "offset": offset})
        pieces.append(piece["text"])
        offset = piece["next"]
    lines = "".join(pieces).splitlines()
    assert len(pieces) > 2 and [json.loads(line)["type"] for line in lines].count("sample") == N


def test_two_results_are_compared_on_the_same_problems(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with([turn(1, "It is 9.", times=1), *right_turns()])
    first, second = start(tab), ""
    ended(tab, first)
    second = start(tab)
    ended(tab, second)
    told = tab.answer({"do": "compare", "names": [first, second]})
    assert f"more than the first on the {N} problems" in told["words"]
    assert told["differ"] == [["1 plus itself", "w", "c"]] and len(told["bars"]) == 2
    assert "two results" in tab.answer({"do": "compare", "names": [first]})["error"]


def test_visitors_of_a_server_look_and_do_not_start(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(right_turns(), is_hosted=True)
    told = tab.answer({"do": "look"})
    assert not told["may_start"] and "only its host" in told["may_not"]
    for asked in ("start", "resume", "stop", "measure_curve", "delete", "restore"):
        assert "only its host" in tab.answer({"do": asked, "name": "x", "benchmark": "sums", "budget": "low"})["error"]
    allowed = tab_with(right_turns(), is_hosted=True, allows_benchmarks=True)
    assert (
        "no folders" in allowed.answer({"do": "start", "benchmark": "sums", "source": "/etc", "budget": "low"})["error"]
    )
    ended(allowed, start(allowed))


def test_names_reach_no_file_outside_the_folder(tab_with: Callable[..., BenchmarkTab], tmp_path: Path) -> None:
    tab = tab_with(right_turns())
    (tmp_path / "secret.jsonl").write_text('{"type": "head", "version": 1}\n')
    for name in ("../secret", str(tmp_path / "secret"), "none"):
        assert "There is no result" in tab.answer({"do": "file", "name": name})["error"]


def test_what_cannot_be_is_a_sentence(tab_with: Callable[..., BenchmarkTab], caplog: pytest.LogCaptureFixture) -> None:
    tab = tab_with(right_turns())
    assert "no benchmark 'x'" in tab.answer({"do": "start", "benchmark": "x", "budget": "low"})["error"]
    told = tab.answer({"do": "look", "name": "gone"})
    assert "no result 'gone'" in told["missing"] and told["results"] == []
    assert "budget is empty" in tab.answer({"do": "start", "benchmark": "sums", "budget": " "})["error"]
    assert "Load it again" in tab.answer({"do": "dance"})["error"]
    assert "not foreseen" in tab.answer({"do": "open"})["error"] and "asked for" in caplog.text


def test_page_looks_once_more_when_a_curve_was_completed_while_it_was_read(
    tab_with: Callable[..., BenchmarkTab], monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = tab_with(right_turns())
    name = start(tab)
    ended(tab, name)
    going, read = [True], CurveViews.value

    def read_before_the_end(*given: Any) -> Any:
        value = read(*given)
        going.clear()
        return value

    monkeypatch.setattr(CurveViews, "is_going", property(lambda _: bool(going)))
    monkeypatch.setattr(CurveViews, "value", read_before_the_end)
    looks = [tab.answer({"do": "look", "name": name, "stamp": "x"})["result"]["is_measuring"] for _ in range(2)]
    assert looks == [True, False]


def test_curve_is_measured_and_its_best_budget_offered(tab_with: Callable[..., BenchmarkTab]) -> None:
    tab = tab_with(right_turns())
    name = start(tab)
    assert ended(tab, name)["curve"]["shows"] == ["measure"]
    assert tab.answer({"do": "measure_curve", "name": name}) == {}
    result = wait_until(tab, name, lambda each: not each["is_measuring"])
    assert len(result["curve"]["points"]) > 1 and result["curve"]["best"] == 0
    assert result["curve"]["points"][-1]["share"] == 1.0
