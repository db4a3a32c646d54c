import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from agent.agents import Agents
from agent.policy import Policies
from agent.toolbox import Toolbox
from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.budget_curve import BudgetCurves
from model.events import Asked, Finished, Notice, Steered, ThinkingDelta
from model.host import HostStatus, ModelHost
from model.run_scores import RunScores
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from model.waiting_line import Place
from ui.agent_endpoints import add_agent_endpoints
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.benchmark_endpoints import add_benchmark_endpoints
from ui.code_endpoints import add_code_endpoints
from ui.confidence import add_confidence_endpoint
from ui.default_budget import DefaultBudget
from ui.endpoints import add_endpoints
from ui.math_endpoints import add_math_endpoints
from ui.model_panel import fit_table_html
from ui.page import build_page
from ui.panes import Panes, update_all
from ui.sentences import model_line_value, progress_text, status_value
from ui.training_endpoints import add_training_endpoints
from ui.training_runs import TrainingRuns
from ui.verify_endpoints import add_verify_endpoints
from ui.watching import watch_run
from verify.code.attempts import Attempts
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge
from verify.solving import Solves

ROOT = Path(__file__).resolve().parent.parent
READY = HostStatus("ready", "qwq-32b", "nf4", "qwq-32b is ready.")
LOADING = HostStatus("loading", "qwq-32b", "nf4", "Downloading qwq-32b.", 1_500_000_000, 19_500_000_000, "bytes")
QUICK = Turn("Two and two.", "4", match="quick")
SLOW = Turn("On and on {n}. ", "Never.", repeat=3000)


@pytest.fixture
def runs(settings: Settings) -> Iterator[Runs]:
    host = ModelHost(settings, ScriptedEngine([QUICK, SLOW], tokens_per_second=400))
    runs = Runs(Store(settings.data_folder), host, settings)
    yield runs
    runs.close()
    host.close()
    runs.store.close()


def finished(runs: Runs, question: str, **more: Any) -> str:
    run_id = runs.start(question, **more)
    follower = runs.attach(run_id)
    for _ in follower:
        pass
    follower.close()
    return run_id


def panes_of(*events: Any) -> Panes:
    return update_all(Panes(run_id="r"), enumerate(events))


# The page as a whole.


def test_page_is_built_without_torch_and_writes_no_files_beside_its_own() -> None:
    script = (
        "import sys, app; from agent.file_tools import file_tools; assert len(file_tools()) == 3; "
        "loaded = {'torch', 'transformers', 'spaces'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
    assert list((ROOT / "ui").glob("*.pyi")) == []


def test_page_adds_no_endpoint_to_the_named_ones(runs: Runs, settings: Settings) -> None:
    async def public_names() -> tuple[set[str], set[str]]:
        # In a loop, because Gradio else makes loops of its own and leaves them open.
        with gr.Blocks() as only_endpoints:
            add_endpoints(runs, runs.host, settings)
            add_confidence_endpoint(RunScores(runs))
            add_verify_endpoints(MathJudge())
            add_math_endpoints(Solves(runs, MathJudge()), runs, runs.host, settings)
            add_code_endpoints(Attempts(runs, CodeJudge()), runs, runs.host, settings)
            agents = Agents(runs, Toolbox(), Policies(), settings.data_folder / "scratch")
            add_agent_endpoints(agents, runs, runs.host, settings)
            judges = Judges(MathJudge(), CodeJudge())
            benchmarks = BenchmarkRuns(runs.host, judges, settings.data_folder)
            curves = CurveViews(lambda: BudgetCurves(runs.host, judges), DefaultBudget(settings.data_folder))
            add_benchmark_endpoints(benchmarks, BenchmarkActs(benchmarks, curves, runs.host, settings))
            add_training_endpoints(TrainingRuns(settings.data_folder))
        pages = (only_endpoints, build_page(runs, runs.host, settings))
        first, second = ({f.api_name for f in p.fns.values() if f.api_visibility == "public"} for p in pages)
        return first, second

    named, with_page = asyncio.run(public_names())
    assert with_page == named
    assert "chat" in named


def test_no_script_of_the_page_writes_markup() -> None:
    for path in (ROOT / "ui" / "assets").glob("*.js"):
        source = path.read_text("utf-8")
        assert not any(
            word in source for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
        )


# Following a run.


def test_watch_run_shows_all_of_a_stored_run_at_once(runs: Runs) -> None:
    run_id = finished(runs, "quick")

    async def watched() -> list[Panes]:
        return [panes async for panes in watch_run(runs, run_id)]

    shown = asyncio.run(watched())
    assert (shown[0].thinking.strip(), shown[0].answer, shown[0].phase) == ("Two and two.", "4", "done")
    assert shown[-1] == shown[0]


def test_watch_run_lets_go_when_its_page_goes(runs: Runs) -> None:
    run_id = runs.start("slow")

    async def watch_a_little() -> None:
        watching = watch_run(runs, run_id)
        async for panes in watching:
            if panes.thinking:
                break
        await watching.aclose()

    asyncio.run(watch_a_little())
    assert runs.is_live(run_id)
    assert runs._live[run_id].readers == 0
    runs.stop(run_id)


# Words.


def test_status_says_what_is_loading_and_how_far_while_a_question_waits() -> None:
    value = status_value(panes_of(Asked("Why?")), LOADING)
    assert (value["text"], value["detail"]) == ("Waiting for the model", "Downloading qwq-32b, 1.5 of 19.5 GB")
    assert status_value(panes_of(Asked("Why?")), READY, 3.2)["detail"] == "3 s"


def test_status_says_how_many_wait_before_and_how_long_it_may_take() -> None:
    value = status_value(panes_of(Asked("Why?")), READY, 3.2, place=Place(2, 300.0))
    assert (value["text"], value["detail"]) == ("Waiting for a place", "2 before you · about 5 min")


def test_status_tells_an_end_once_and_keeps_the_other_notices() -> None:
    stopped = Notice("stopped", "Stopped. Press Continue to take it further.")
    value = status_value(panes_of(Asked("?"), Notice("reduced", "No seed here."), stopped, Finished("stopped")), READY)
    assert (value["text"], value["notices"]) == (stopped.text, ["No seed here."])


@pytest.mark.parametrize(
    ("events", "shows"),
    [
        ([], {"ask", "examples"}),
        ([Asked("?")], {"stop", "new-chat"}),
        ([Asked("?"), ThinkingDelta("t", 1)], {"stop", "answer-now", "more", "pause", "new-chat", "fold"}),
        (
            [Asked("?"), ThinkingDelta("t", 1), Steered("pause")],
            {"stop", "answer-now", "unpause", "hint-row", "new-chat", "fold"},
        ),
        (
            [Asked("?"), ThinkingDelta("t", 1), Finished("stopped")],
            {"ask", "continue", "think-again", "after", "revise", "new-answer", "edit-thinking", "new-chat"}
            | {"again", "edit-question"}
            | {"fold", "show-maths"},
        ),
    ],
)
def test_buttons_follow_the_phase(events: list[Any], shows: set[str]) -> None:
    assert set(status_value(panes_of(*events), READY)["shows"].split()) == shows


def test_branches_are_shown_where_there_are_several() -> None:
    ended = panes_of(Asked("?"), ThinkingDelta("t", 1), Finished("stop"))
    value = status_value(ended, READY, branch=(2, 3))
    assert value["branch"] == "2 of 3" and "branches" in value["shows"].split()
    assert "branches" not in status_value(ended, READY)["shows"].split()


def test_status_is_read_out_by_phase_and_not_by_token() -> None:
    texts = {status_value(panes_of(Asked("?"), *[ThinkingDelta("t", 1)] * n), READY)["text"] for n in range(1, 50)}
    assert texts == {"Thinking"}


def test_model_line_names_model_and_precision_or_the_progress() -> None:
    assert model_line_value(READY)["text"] == "qwq-32b · nf4"
    assert model_line_value(LOADING)["text"] == "Downloading qwq-32b, 1.5 of 19.5 GB"
    assert (
        progress_text(HostStatus("loading", text="Unpacking.", done=3, total=10, unit="steps"))
        == "Unpacking, 3 of 10 steps"
    )


# Model tab.


def test_fit_table_escapes_what_it_shows() -> None:
    row = SimpleNamespace(
        model="<b>m</b>",
        title="'\"",
        precision="nf4",
        weight_bytes=2**30,
        kv_bytes=(0, 0),
        verdict="fits",
        reason="<i>",
        is_auto=False,
    )
    table = fit_table_html([row], "<GPU>")  # type: ignore[list-item]
    assert "<b>" not in table and "<i>" not in table and "<GPU>" not in table


def test_fit_table_says_which_precision_auto_takes() -> None:
    rows = [
        SimpleNamespace(
            model="m", title="M", precision=name, weight_bytes=2**30, kv_bytes=(0, 0), verdict="fits", reason="room"
        )
        for name in ("fp32", "bf16")
    ]
    rows[0].is_auto, rows[1].is_auto = True, False
    table = fit_table_html(rows, "CPU, 1 thread")  # type: ignore[arg-type]
    assert "<td>fp32 · auto</td>" in table and "<td>bf16</td>" in table


def test_values_of_the_status_line_are_plain_json() -> None:
    assert json.loads(json.dumps(status_value(panes_of(Asked("?")), LOADING)))["phase"] == "waiting"
