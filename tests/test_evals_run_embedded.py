"""One benchmark asked of the embedded model from the page's endpoint and from the shell: both files are of one form."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from evals.benchmarks.benchmark import Judges
from evals.budget_curve import BudgetCurves
from evals.loaded_host import loaded_host
from evals.run import benchmark_runs, main
from model.host import ModelHost
from model.settings import Settings
from tests.checked_result import figures_that_differ, verdicts_that_differ
from tests.conftest import free_port
from tests.recomputed_verdicts import recomputed_verdicts
from tests.script_client import client_of, whole
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.benchmark_endpoints import add_benchmark_endpoints
from ui.default_budget import DefaultBudget

# Gradio and its client leave event loops and sockets to the garbage collector.
pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

N = 2


@pytest.fixture(scope="module")
def folder(shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    return folder


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[ModelHost]:
    """One for both, since its weights take longer to read than all that is asked."""
    with loaded_host("smollm2-135m", settings=Settings(folder)) as host:
        yield host


@pytest.fixture(scope="module")
def of_page(host: ModelHost, judges: Judges, folder: Path) -> Path:
    """The file of a result that a script has asked the page's server for."""
    with benchmark_runs(host, folder / "benchmarks") as runs:
        with gr.Blocks() as demo:
            curves = CurveViews(lambda: BudgetCurves(host, judges), DefaultBudget(folder))
            add_benchmark_endpoints(runs, BenchmarkActs(runs, curves, host, Settings(folder)))
        # Gradio's statistics of the queue warn about pandas, and an error would end the server's event in the middle.
        demo.queue()._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
        local = {"server_name": "127.0.0.1", "server_port": free_port()}
        _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, share=False, **local)
        asked = {"limit": N, "budget": "low", "max_new_tokens": 48, "seed": 5, "source": "sample"}
        final = whole(client_of(address).submit("gsm8k", **asked, api_name="/benchmark"))[-1]
        demo.close(verbose=False)
    assert final["phase"] == "done" and final["done"] == N
    return folder / "benchmarks" / f"{final['result']}.jsonl"


@pytest.fixture(scope="module")
def of_shell(host: ModelHost, of_page: Path, folder: Path) -> Path:
    """The file of the same from a shell."""
    path = folder / "of-shell.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKINGS_DATA", str(folder))
        patch.setattr("evals.run.loaded_host", lambda *_, **__: contextlib.nullcontext(host))
        patch.setattr("signal.signal", lambda *_: None)
        asked = f"gsm8k --limit {N} --budget low --max-new-tokens 48 --seed 5 --data sample"
        assert main([*asked.split(), "--out", str(path)]) == 0
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def form_of(value: Any) -> Any:
    """Names and types, without what was written."""
    if isinstance(value, dict):
        return {name: form_of(each) for name, each in value.items()}
    return type(value).__name__


def test_page_and_shell_write_the_same_head(of_page: Path, of_shell: Path) -> None:
    heads = [lines_of(path)[0] for path in (of_page, of_shell)]
    times = [head.pop(name) for head in heads for name in ("day", "began")]
    assert heads[0] == heads[1] and all(times)


def test_page_and_shell_write_lines_of_the_same_form_about_the_same_samples(of_page: Path, of_shell: Path) -> None:
    forms = []
    for path in (of_page, of_shell):
        lines = lines_of(path)[1:]
        keys = ("type", "problem", "number", "prompt_tokens")
        forms.append(sorted(json.dumps([{key: line.get(key) for key in keys}, form_of(line)]) for line in lines))
    assert forms[0] == forms[1]
    assert [line["type"] for line in lines_of(of_page)].count("judgement") == N


def test_figures_and_verdicts_of_both_are_those_of_a_recomputation(of_page: Path, of_shell: Path) -> None:
    for path in (of_page, of_shell):
        assert figures_that_differ(path) == []
        assert verdicts_that_differ(path, recomputed_verdicts(path)) == []
