"""Runs in a real store over a scripted engine: their scores, what is kept, what is refused."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import ModelNotReady, PromptTooLong, RunBusy, RunNotFound
from model.events import Asked, Finished, ThinkingDelta
from model.host import ModelHost
from model.run_scores import RunScores
from model.runs import Runs
from model.scripted import ScriptedDecoder, ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store

TURNS = [
    Turn("Step {n}. ", "Slow.", match="slow", repeat=2000),
    Turn("Two and {n}. ", "Four, for {question}", repeat=5),
]


class Bench:
    """Runs with engines that come and go."""

    def __init__(self, folder: Path) -> None:
        self.engine = ScriptedEngine(TURNS, tokens_per_second=2000)
        settings = Settings(folder)
        self.runs = Runs(Store(folder), ModelHost(settings, self.engine), settings)
        self.scores = RunScores(self.runs)

    def ended(self, question: str = "Why?") -> str:
        run_id = self.runs.start(question)
        follower = self.runs.attach(run_id)
        for _ in follower:
            pass
        follower.close()
        self.wait(run_id)
        return run_id

    def wait(self, run_id: str) -> None:
        while self.runs.is_live(run_id):
            time.sleep(0.01)

    def serve(self, engine: ScriptedEngine | None) -> None:
        self.runs.host = ModelHost(self.runs.settings, engine)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.runs.close()
    made.runs.store.close()


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the texts that were scored."""
    lengths: list[int] = []
    score = ScriptedDecoder.score

    def counted(self: ScriptedDecoder, ids: object, first: int, on_progress: object = None) -> object:
        lengths.append(len(ids))  # type: ignore[arg-type]
        return score(self, ids, first, on_progress)  # type: ignore[arg-type]

    monkeypatch.setattr(ScriptedDecoder, "score", counted)
    return lengths


def test_scores_cover_both_panes_to_the_last_character(bench: Bench) -> None:
    found = bench.scores.of(bench.ended())
    assert found.thinking.startswith("Two and 1. Two and 2.") and found.answer == "Four, for Why?"
    assert "".join(piece.text for piece in found.of("thinking")) == found.thinking
    assert "".join(piece.text for piece in found.of("answer")) == found.answer
    assert all(0 < piece.probability <= 1 for piece in found.pieces)
    assert (found.model, found.note) == ("scripted", "")


def test_scores_of_a_follow_up_are_given_all_the_turns_before_it(bench: Bench, passes: list[int]) -> None:
    first = bench.ended()
    second = bench.runs.start("And then?", parent_id=first)
    bench.wait(second)
    bench.scores.of(first)
    assert bench.scores.of(second).answer == "Four, for And then?"
    assert passes[1] > passes[0] + 5


def test_the_last_few_runs_are_kept_and_older_ones_are_scored_again(bench: Bench, passes: list[int]) -> None:
    runs = [bench.ended(f"Why {number}?") for number in range(6)]
    for run_id in runs[:4]:
        assert bench.scores.of(run_id) is bench.scores.of(run_id)
    assert len(passes) == 4
    for run_id in runs[4:]:
        bench.scores.of(run_id)
    bench.scores.of(runs[2])
    assert len(passes) == 6
    bench.scores.of(runs[0])
    assert len(passes) == 7


def test_a_run_that_was_taken_further_is_scored_again(bench: Bench, passes: list[int]) -> None:
    run_id = bench.ended()
    bench.scores.of(run_id)
    bench.runs.resume(run_id, think_longer=True)
    bench.wait(run_id)
    bench.scores.of(run_id)
    assert len(passes) == 2


def test_another_model_than_the_runs_own_scores_it_and_says_so(bench: Bench, passes: list[int]) -> None:
    run_id = bench.ended()
    bench.scores.of(run_id)
    other = ScriptedEngine(TURNS)
    other.model = "another"
    bench.serve(other)
    found = bench.scores.of(run_id)
    assert found.model == "another" and found.note.startswith("scripted wrote this")
    assert len(passes) == 2


def test_a_run_that_was_asked_while_its_model_was_loading_says_nothing_of_its_precision(bench: Bench) -> None:
    bench.runs.store.create("early", Asked("Why?", model="scripted", precision="auto"))
    bench.runs.store.append("early", [ThinkingDelta("One.", 1), Finished("stop")])
    bench.runs.store.create("other", Asked("Why?", model="scripted", precision="nf4"))
    bench.runs.store.append("other", [ThinkingDelta("One.", 1), Finished("stop")])
    bench.runs.store.flush()
    assert bench.scores.of("early").note == ""
    assert bench.scores.of("other").note.startswith("This was written in nf4")


def test_a_run_that_goes_on_is_refused_with_what_to_do(bench: Bench) -> None:
    run_id = bench.runs.start("slow")
    with pytest.raises(RunBusy, match="still going on"):
        bench.scores.of(run_id)
    bench.runs.stop(run_id)


def test_an_unknown_run_is_refused(bench: Bench) -> None:
    with pytest.raises(RunNotFound):
        bench.scores.of("none")


def test_nothing_is_scored_without_a_model(bench: Bench) -> None:
    run_id = bench.ended()
    bench.serve(None)
    with pytest.raises(ModelNotReady):
        bench.scores.of(run_id)


def test_a_run_longer_than_the_context_is_refused_with_both_lengths(bench: Bench) -> None:
    run_id = bench.ended()
    bench.serve(ScriptedEngine(TURNS, context_tokens=20))
    with pytest.raises(PromptTooLong, match=r"is \d+ tokens .* is 20\."):
        bench.scores.of(run_id)


def test_progress_is_told_with_the_length_of_the_whole(bench: Bench) -> None:
    told: list[tuple[int, int]] = []
    bench.scores.of(bench.ended(), lambda done, total: told.append((done, total)))
    assert told and told[-1][0] == told[-1][1] > 10
