"""Problems solved by the embedded model's real weights: what it says is judged, its chains share a long prompt, and vote."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import EMBEDDED
from model.events import Asked, PromptRead, Sampling
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from model.store import Store
from verify.math_answer import MathJudge
from verify.solve import Solve
from verify.solving import Solves

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def solves(shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory, engine_name: str) -> Iterator[Solves]:
    settings = Settings(shared_data_folder, engine=engine_name)
    host = ModelHost(settings)
    host.load(EMBEDDED)
    host.engine(wait_seconds=600)
    made = Runs(Store(tmp_path_factory.mktemp("runs")), host, settings)
    with MathJudge(1) as judge:
        yield Solves(made, judge)
    made.close()
    host.close()
    made.store.close()


def settled(solves: Solves, run_ids: list[str]) -> Solve:
    runs = solves._runs
    readers = [runs.attach(run_id) for run_id in run_ids]
    deadline = time.monotonic() + 300
    while (solve := solves.settle(run_ids[0])).is_live or not solve.is_settled:
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)
    for reader in readers:
        reader.close()
    return solve


def test_sum_of_the_embedded_model_is_judged_against_the_known_one(solves: Solves) -> None:
    solve = settled(solves, solves.start("What is 256 + 389?", gold="645"))
    assert (solve.winner.answer if solve.winner else "", solve.standing) == ("645", "correct")
    assert solve.question == solve.statement, "it boxes its answers without being told to"


def test_chains_are_drawn_apart_vote_and_share_a_long_prompt(solves: Solves) -> None:
    long = "What is 36 * 14? " + "Take your time, and look at each digit twice before you write it down. " * 12
    drawn = Sampling(seed=5, max_new_tokens=120)
    solve = settled(solves, solves.start(long, k=3, budget=60, sampling=drawn, first_to_finish=3))
    runs = solves._runs
    asked = [runs.store.events(chain.run_id, 0, 1)[0] for chain in solve.chains]
    assert [each.sampling for each in asked if isinstance(each, Asked)] == [
        Sampling(temperature=0.6, seed=seed, max_new_tokens=120) for seed in (5, 6, 7)
    ]
    read = [each for chain in solve.chains for each in runs.store.events(chain.run_id) if isinstance(each, PromptRead)]
    assert len(read) == 3 and all(each.prompt_tokens > 150 for each in read)
    # The prompt is read once: the chains after the first find its whole blocks in the cache.
    assert sum(each.cached_tokens > 0 for each in read) >= 2
    assert solve.vote is not None or not solve.classes
