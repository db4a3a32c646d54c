"""The embedded model's real engine under runs: its thread dies, its memory runs out, and what the runs come to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from model.catalog import EMBEDDED
from model.engine import collect
from model.events import Notice, Sampling, ThinkingDelta
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from model.store import Store
from tests.followed_runs import read_all, wait_until

pytestmark = [pytest.mark.model, pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]

STORY = "Write a very long story about a ship, with many chapters."
GREEDY = Sampling(temperature=0.0, max_new_tokens=48)


@pytest.fixture(scope="module")
def host(shared_data_folder: Path) -> Iterator[ModelHost]:
    made = ModelHost(Settings(shared_data_folder, engine="transformers"))
    # In bf16 the text depends on who else is in the batch, by rounding.
    made.load(EMBEDDED, "fp32", adapter="none")
    made.engine(wait_seconds=600)
    yield made
    made.close()


@pytest.fixture
def runs(host: ModelHost, tmp_path: Path) -> Iterator[Runs]:
    made = Runs(Store(tmp_path), host, Settings(tmp_path))
    yield made
    made.close()
    made.store.close()


def worker_model(host: ModelHost) -> Any:
    return host.engine().decoder._model  # type: ignore[attr-defined]


def has_written(runs: Runs, run_id: str) -> bool:
    return any(isinstance(event, ThinkingDelta) for event in runs.events_so_far(run_id, 0) or ())


@pytest.mark.parametrize("error", [RuntimeError("the cable was pulled"), SystemExit()], ids=["error", "silent"])
def test_runs_in_an_engine_that_dies_keep_their_text_and_continue_and_the_next_one_is_answered(
    runs: Runs, host: ModelHost, error: BaseException
):
    died_before = host.engine().restarts  # type: ignore[attr-defined]
    two = [runs.start(STORY + " " * number, sampling=Sampling(max_new_tokens=2000)) for number in range(2)]
    wait_until(lambda: all(has_written(runs, run_id) for run_id in two), 120)
    pending = [error]

    def die(*_: Any) -> None:
        if pending:
            raise pending.pop()

    hook = worker_model(host).register_forward_pre_hook(die)
    whole = [collect(read_all(runs, run_id)) for run_id in two]
    hook.remove()
    for each in whole:
        assert each.finished is not None
        assert each.finished.reason == "error"
        assert each.thinking.strip()
        assert "press Continue" in each.notices[-1].text
    quick = collect(read_all(runs, runs.start("Say hello.", budget="off", sampling=GREEDY)))
    assert quick.answer.strip()
    assert host.status().state == "ready"
    assert host.engine().restarts == died_before + 1  # type: ignore[attr-defined]
    runs.resume(two[0], sampling=GREEDY)
    went_on = collect(read_all(runs, two[0]))
    assert went_on.thinking.startswith(whole[0].thinking)
    assert went_on.answer.strip()


def test_the_run_that_memory_does_not_hold_is_told_what_to_do_and_the_others_write_the_same_text(
    runs: Runs, host: ModelHost
):
    questions = [f"Name {number} colours." for number in (2, 3)]
    alone = [collect(read_all(runs, runs.start(each, budget=16, sampling=GREEDY))) for each in questions]

    def before(module: Any, arguments: Any) -> None:
        if arguments[0].shape[1] > 200:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = worker_model(host).model.layers[-1].mlp.register_forward_pre_hook(before)
    others = [runs.start(each, budget=16, sampling=GREEDY) for each in questions]
    too_long = runs.start("Here is a list of words. " + " ".join(f"word{n}" for n in range(400)))
    failed = collect(read_all(runs, too_long))
    whole = [collect(read_all(runs, run_id)) for run_id in others]
    hook.remove()
    assert failed.finished is not None
    assert failed.finished.reason == "error"
    assert isinstance(failed.notices[-1], Notice)
    assert "ran out of memory reading this prompt of" in failed.notices[-1].text
    assert [(each.thinking, each.answer) for each in whole] == [(each.thinking, each.answer) for each in alone]
