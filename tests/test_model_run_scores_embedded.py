"""The scores of a run of the embedded model's real weights: a greedy run wrote what was likeliest everywhere."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import EMBEDDED
from model.events import Sampling
from model.host import ModelHost
from model.run_scores import RunScores
from model.runs import Runs
from model.scoring import Confidence, least_certain, mean_probability
from model.settings import Settings
from model.store import Store
from ui.examples import example_question

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def runs(shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory, engine_name: str) -> Iterator[Runs]:
    settings = Settings(shared_data_folder, engine=engine_name)
    host = ModelHost(settings)
    host.load(EMBEDDED)
    host.engine(wait_seconds=600)
    made = Runs(Store(tmp_path_factory.mktemp("runs")), host, settings)
    yield made
    made.close()
    host.close()
    made.store.close()


def ended(runs: Runs, question: str, sampling: Sampling) -> str:
    run_id = runs.start(question, sampling=sampling)
    follower = runs.attach(run_id)
    for _ in follower:
        pass
    follower.close()
    while runs.is_live(run_id):
        time.sleep(0.01)
    return run_id


def share_that_was_likeliest(scored: Confidence) -> float:
    drawn = [one for one in scored.pieces if not one.is_given and one.n_tokens == 1]
    return sum(one.probability >= one.alternatives[0].probability for one in drawn) / len(drawn)


def test_a_greedy_run_wrote_the_likeliest_tokens_and_a_hot_one_did_not(runs: Runs) -> None:
    scores = RunScores(runs)
    question = example_question(0, EMBEDDED)
    greedy = scores.of(ended(runs, question, Sampling(temperature=0.0, max_new_tokens=120)))
    # Not 1.5: the embedded model is so sure of this sum that it can write the very same text then.
    hot = scores.of(ended(runs, question, Sampling(temperature=2.0, top_p=1.0, top_k=0, max_new_tokens=120)))
    assert "".join(one.text for one in greedy.of("thinking")) == greedy.thinking
    assert "".join(one.text for one in greedy.of("answer")) == greedy.answer
    assert share_that_was_likeliest(greedy) > 0.98
    assert mean_probability(hot.pieces) < mean_probability(greedy.pieces)
    assert len(least_certain(greedy.of("thinking"))) >= 3
