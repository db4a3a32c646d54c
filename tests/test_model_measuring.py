import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model.code_events import TestCase, TestReport
from model.errors import BadInput, TooManyRuns
from model.events import AnswerDelta, Finished, PromptRead, Queued, ThinkingDelta, Verdict
from model.host import ModelHost
from model.measuring import Measures
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import VERSION, Settings
from model.store import Store
from model.tool_events import ToolResult
from tests.followed_runs import read_all, wait_until

TURNS = [
    Turn("Two and two.", "Four.", match="quick"),
    Turn("One step after the other, number {n}.\n\n", "At last.", repeat=2000),
]
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(measures: Measures) -> Figures:
    """Every sample by its name and labels, as Prometheus' own parser reads them."""
    families = list(text_string_to_metric_families(measures.exposition().decode()))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def of(found: Figures, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path, user_runs=3)
    host = ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=400, slots=1))
    runs = Runs(Store(tmp_path), host, settings)
    yield runs
    runs.close()
    runs.store.close()


def test_tokens_ends_and_times_of_a_run_are_those_of_its_events(runs: Runs):
    measures = Measures(runs)
    events = read_all(runs, runs.start("quick"))
    end = events[-1]
    assert isinstance(end, Finished)
    found = figures(measures)
    assert of(found, "workings_tokens_total", kind="thinking") == end.thinking_tokens > 0
    assert of(found, "workings_tokens_total", kind="answer") == end.answer_tokens > 0
    assert of(found, "workings_tokens_total", kind="prompt") == end.prompt_tokens > 0
    assert of(found, "workings_tokens_total", kind="cached") == 0, "a script has no cache"
    assert of(found, "workings_runs_begun_total") == 1
    assert of(found, "workings_runs_total", finish_reason="stop") == 1
    assert of(found, "workings_first_token_seconds_count") == 1
    first = next(event for event in events if isinstance(event, PromptRead))
    assert of(found, "workings_first_token_seconds_sum") == pytest.approx(first.seconds)
    written = end.thinking_tokens + end.answer_tokens
    speed = written / (end.seconds - first.seconds)
    assert of(found, "workings_tokens_per_second_sum") == pytest.approx(speed)
    wait_until(lambda: of(figures(measures), "workings_store_commit_seconds_count") > 0)


def test_line_slots_and_model_are_told_as_they_are_now(runs: Runs):
    measures = Measures(runs)
    ids = [runs.start("slow", owner=owner) for owner in "abc"]
    wait_until(lambda: runs.host.line.counts() == (1, 2) and runs.host.live_requests() == 1)
    found = figures(measures)
    names = ("runs_live", "runs_running", "runs_waiting", "live_requests", "slots")
    assert [of(found, f"workings_{name}") for name in names] == [3, 1, 2, 1, 1]
    assert (
        of(found, "workings_model_state", state="ready") == 1 and of(found, "workings_model_state", state="failed") == 0
    )
    assert of(found, "workings_info", version=VERSION, model="scripted", precision="none") == 1
    for run_id in ids:
        runs.stop(run_id)
    wait_until(lambda: not runs.live_runs())
    found = figures(measures)
    assert of(found, "workings_runs_live") == 0 and of(found, "workings_runs_total", finish_reason="stopped") == 3


def test_verdicts_programs_calls_and_waits_are_counted_by_what_came_out(runs: Runs):
    measures = Measures(runs)
    run_id = runs.start("quick")
    read_all(runs, run_id)
    passed, failed = TestCase("1", "passed"), TestCase("2", "wrong")
    runs.store.append(
        run_id,
        [
            Verdict("correct", "It is."),
            Verdict("undecided", "Nobody knows."),
            TestReport("ok", (passed,)),
            TestReport("ok", (passed, failed)),
            TestReport("timeout", (TestCase("1", "timeout"),)),
            ToolResult("call", "4", "failed"),
            Queued(False, 1, 5.0),
            Queued(True, seconds=7.0),
        ],
    )
    found = figures(measures)
    verdicts = {("math", "correct"): 1, ("math", "undecided"): 1, ("code", "correct"): 1, ("code", "wrong"): 2}
    assert {key: of(found, "workings_verdicts_total", check=key[0], outcome=key[1]) for key in verdicts} == verdicts
    assert of(found, "workings_sandbox_programs_total", status="timeout") == 1
    assert of(found, "workings_tool_results_total", outcome="failed") == 1
    assert (of(found, "workings_wait_seconds_count"), of(found, "workings_wait_seconds_sum")) == (1, 7.0)


def test_refusals_are_counted_by_their_limit_and_errors_by_their_class(runs: Runs):
    measures = Measures(runs)
    for _ in range(3):
        runs.start("slow", owner="a")
    with pytest.raises(TooManyRuns):
        runs.start("slow", owner="a")
    log = logging.getLogger("ui.endpoint_errors")
    try:
        raise BadInput("the word secret")
    except BadInput:
        log.exception("failed")
    log.warning("refused", extra={"error": "RunBusy"})
    log.warning("no error of anybody's")
    found = figures(measures)
    assert of(found, "workings_refused_total", limit="user_runs") == 1
    assert of(found, "workings_errors_total", error="BadInput") == 1
    assert of(found, "workings_errors_total", error="RunBusy") == 1
    assert b"secret" not in measures.exposition()


def test_no_label_names_a_user_or_a_run(runs: Runs):
    measures = Measures(runs)
    read_all(runs, runs.start("quick", owner="user:alice", run_id="run-of-alice"))
    text = measures.exposition().decode()
    assert "alice" not in text and "quick" not in text


def test_two_apps_count_for_themselves(runs: Runs, tmp_path: Path):
    first = Measures(runs)
    other_folder = tmp_path / "other"
    settings = Settings(other_folder)
    other = Runs(Store(other_folder), ModelHost(settings, engine=ScriptedEngine(TURNS)), settings)
    second = Measures(other)
    read_all(other, other.start("quick"))
    assert of(figures(first), "workings_runs_begun_total") == 0
    assert of(figures(second), "workings_runs_begun_total") == 1
    other.close()
    other.store.close()
    assert second._errors_handler not in logging.getLogger("model").handlers


def test_figures_of_continued_runs_add_up(runs: Runs):
    measures = Measures(runs)
    run_id = runs.start("slow", budget=50)
    wait_until(lambda: (runs.tokens(run_id) or (0, 0))[0] > 20)
    runs.stop(run_id)
    wait_until(lambda: not runs.is_live(run_id))
    runs.resume(run_id)
    events = read_all(runs, run_id)
    found = figures(measures)
    written = sum(event.n_tokens for event in events if isinstance(event, ThinkingDelta | AnswerDelta))
    counted = sum(of(found, "workings_tokens_total", kind=kind) for kind in ("thinking", "answer"))
    assert counted == written and of(found, "workings_runs_begun_total") == 2
