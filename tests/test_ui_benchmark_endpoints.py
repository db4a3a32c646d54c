"""The endpoints of benchmarks as a script reads them: what is judged, how far it is, the figures; stopped and resumed."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.budget_curve import BudgetCurves
from model.host import ModelHost
from model.serving import Given
from model.settings import Settings
from tests.sums_benchmark import CountingEngine, N, right_turns, runs_with, turn
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.benchmark_endpoints import BenchmarkEndpoints
from ui.default_budget import DefaultBudget


@pytest.fixture
def runs_of(judges: Judges, tmp_path: Path) -> Iterator[Callable[..., BenchmarkRuns]]:
    with contextlib.ExitStack() as closing:
        yield lambda turns, **options: closing.enter_context(
            contextlib.closing(runs_with(CountingEngine(turns, **options), judges, tmp_path))
        )


def no_curves() -> BudgetCurves:
    raise AssertionError("no curve is measured here")


def endpoints_of(
    runs: BenchmarkRuns, host: ModelHost | None = None, curves: CurveViews | None = None, **hosting: Any
) -> BenchmarkEndpoints:
    settings = Settings(Path("unused"), **hosting)
    host = host or ModelHost(settings, CountingEngine([]))
    curves = curves or CurveViews(no_curves, DefaultBudget(Path("unused")))
    return BenchmarkEndpoints(runs, BenchmarkActs(runs, curves, host, settings))


async def all_of(endpoints: BenchmarkEndpoints, *arguments: Any, **named: Any) -> list[dict[str, Any]]:
    return [delta async for delta in endpoints.benchmark(*arguments, **named)]


def test_script_reads_every_judgement_then_the_figures(runs_of: Callable[..., BenchmarkRuns]) -> None:
    endpoints = endpoints_of(runs_of([turn(2, "It is 5."), *right_turns()]))
    deltas = asyncio.run(all_of(endpoints, "sums", budget="low"))
    assert (deltas[0]["type"], deltas[0]["kind"], deltas[-1]["type"]) == ("notice", "started", "final")
    outcomes = {each["problem"]: each["outcome"] for each in deltas if each["type"] == "sample"}
    assert outcomes == {f"sum-{n}": "wrong" if n == 2 else "correct" for n in range(N)}
    progress = [each for each in deltas if each["type"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == N
    final = deltas[-1]
    assert (final["phase"], final["result"]) == ("done", deltas[0]["result"])
    assert final["scores"]["pass_1"]["value"] == pytest.approx((N - 1) / N) == progress[-1]["score"]["value"]
    assert final["head"]["budget"] == "low"


def test_script_that_leaves_stops_the_benchmark_and_another_resumes_it(
    runs_of: Callable[..., BenchmarkRuns],
) -> None:
    endless = turn(0, "", thinking="On and on, number {n}.\n\n", repeat=20_000, times=1)
    # Slow enough that its thinking goes on for minutes before it is cut.
    runs = runs_of([endless, *right_turns()], tokens_per_second=100.0)
    endpoints = endpoints_of(runs)

    async def leave_after_the_others() -> str:
        async with aclosing(endpoints.benchmark("sums", budget="high")) as deltas:
            async for delta in deltas:
                if delta["type"] == "notice" and delta["kind"] == "started":
                    name = str(delta["result"])
                if delta["type"] == "progress" and delta["done"] == N - 1:
                    break
        return name

    name = asyncio.run(leave_after_the_others())
    assert runs.wait(name, 60).phase == "stopped"
    deltas = asyncio.run(all_of(endpoints, name, resume=True))
    assert [each["problem"] for each in deltas if each["type"] == "sample"] == ["sum-0"]
    assert deltas[-1]["phase"] == "done"


def test_results_are_listed_and_one_has_all_figures(runs_of: Callable[..., BenchmarkRuns]) -> None:
    endpoints = endpoints_of(runs_of(right_turns()))
    name = asyncio.run(all_of(endpoints, "sums", limit=2, samples=2))[-1]["result"]
    listed = asyncio.run(endpoints.benchmark_results())["results"]
    assert [(each["result"], each["phase"], each["score"]["value"]) for each in listed] == [(name, "done", 1.0)]
    one = asyncio.run(endpoints.benchmark_results(name))
    assert (one["done"], one["scores"]["pass_k"]["2"]["value"], len(one["head"]["problems"])) == (4, 1.0, 2)


def test_script_waits_for_the_model_that_is_being_loaded(runs_of: Callable[..., BenchmarkRuns]) -> None:
    may_end = threading.Event()

    def build(*_: Any) -> Given:
        may_end.wait(60)
        return Given(CountingEngine([]))

    host = ModelHost(Settings(Path("unused")), _build=build, _free_bytes=lambda: 10**12)
    host.load("smollm2-135m")
    endpoints = endpoints_of(runs_of(right_turns()), host)
    kinds = []

    async def all_kinds() -> None:
        async for delta in endpoints.benchmark("sums", limit=1):
            kinds.append(str(delta.get("kind") or delta["type"]))
            may_end.set()

    asyncio.run(all_kinds())
    assert kinds[0] == "loading" and (kinds.index("started"), kinds[-1]) == (kinds.count("loading"), "final")


@pytest.mark.parametrize(
    ("arguments", "hosting", "words"),
    [
        ({"name": "x"}, {}, "no benchmark 'x'"),
        ({"name": "sums", "limit": -1}, {}, "limit is a number, -1"),
        ({"name": "sums", "profile": "slow"}, {}, "profile is 'slow'"),
        ({"name": "sums", "resume": "yes"}, {}, "give true or false"),
        ({"name": "gone", "resume": True}, {}, "no result 'gone'"),
        ({"name": "sums"}, {"is_hosted": True}, "only its host starts"),
        ({"name": "sums", "source": "/etc"}, {"is_hosted": True, "allows_benchmarks": True}, "reads no folders"),
    ],
)
def test_wrong_arguments_are_told_in_a_sentence(
    runs_of: Callable[..., BenchmarkRuns], arguments: dict[str, Any], hosting: dict[str, Any], words: str
) -> None:
    with pytest.raises(gr.Error, match=words):
        asyncio.run(all_of(endpoints_of(runs_of(right_turns()), **hosting), **arguments))
