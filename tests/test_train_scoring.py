"""Completions with their rewards: what is measured of them, what levels hear, and what a reward model adds."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model.events import Sampling
from tests.tiny_policies import tiny_policy
from train.mixed import Mixture
from train.outcomes import Verifiers
from train.plans import Plan
from train.policy import Policy
from train.problems import Problem
from train.rollout import Written
from train.run_files import RunFolder
from train.scoring import Scoring
from verify.gym_levels import gym_problem

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
]

PLAN = Plan(
    sources={"gym:chain_sum": 1.0},
    weights={"outcome": 1.0, "format": 0.2},
    group=2,
    max_new_tokens=40,
    held_out=4,
    curriculum_window=4,
)


class Scripted:
    """Writes the same completion to every prompt, or what a function makes of the question."""

    def __init__(self, policy: Policy, answer: Callable[[str], str]) -> None:
        self._policy = policy
        self._answer = answer
        self.asked: list[Sampling] = []

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling, max_new_tokens: int) -> list[Written]:
        self.asked.append(sampling)
        texts = [self._answer(self._policy.tokenizer.decode(ids)) for ids in prompts]
        encoded = [self._policy.tokenizer.encode(text, add_special_tokens=False) for text in texts]
        return [Written((*ids, self._policy.end_id), False) for ids in encoded]


@pytest.fixture
def policy(shared_data_folder: Path) -> Policy:
    return tiny_policy(shared_data_folder)


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with Verifiers() as started:
        yield started


def scoring_of(
    plan: Plan,
    policy: Policy,
    verifiers: Verifiers,
    folder: Path,
    answer: Callable[[str], str],
    files: Path | None = None,
) -> tuple[Scoring, Scripted, Mixture]:
    mixture = Mixture(plan.sources, plan.seed, policy.family, files)
    run = RunFolder(folder / "run", "grpo", plan.as_json(), steps=1, model="", start="", device="")
    writer = Scripted(policy, answer)
    return Scoring(plan, policy, mixture, writer, verifiers, run), writer, mixture


def right_answer(mixture: Mixture, problem: Problem) -> str:
    return gym_problem(problem.gold.task, problem.gold.settings, problem.gold.index)[1]  # type: ignore[union-attr]


def test_right_and_wrong_completions_are_told_apart_and_kept(policy: Policy, verifiers: Verifiers, tmp_path: Path):
    known: dict[str, str] = {}

    def answer(prompt: str) -> str:
        found = next(gold for question, gold in known.items() if question in prompt)
        return f"It is.\n</think>\n\n$\\boxed{{{found}}}$"

    scoring, writer, mixture = scoring_of(PLAN, policy, verifiers, tmp_path, answer)
    for number in (0, 1):
        problem = mixture.problem(number, {})
        known[problem.question] = right_answer(mixture, problem) if number == 0 else "-1"
    scored, measured = scoring.score([0, 0, 1, 1])
    assert [each.reward for each in scored] == [1.0, 1.0, 0.0, 0.0]
    assert (measured["correct"], measured["reward"], measured["undecided"]) == (0.5, 0.5, 0.0)
    assert writer.asked[0] == Sampling(temperature=1.0, top_p=1.0, top_k=0)
    scoring.keep(3, scored)
    lines = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text("utf-8").splitlines()]
    assert [(line["step"], line["outcome"]) for line in lines] == [(3, "correct")] * 2 + [(3, "wrong")] * 2
    assert {"key", "source", "question", "thinking", "answer", "reason", "parts", "tokens", "truncated"} <= set(
        lines[0]
    )


def test_levels_rise_when_all_is_right(policy: Policy, verifiers: Verifiers, tmp_path: Path):
    known: dict[str, str] = {}

    def answer(prompt: str) -> str:
        return f"So.\n</think>\n\n$\\boxed{{{next(gold for each, gold in known.items() if each in prompt)}}}$"

    scoring, _, mixture = scoring_of(PLAN, policy, verifiers, tmp_path, answer)
    for number in (0, 1):
        problem = mixture.problem(number, {})
        known[problem.question] = right_answer(mixture, problem)
    scoring.score([0, 0, 1, 1])
    assert scoring.curriculum.levels == {"gym:chain_sum": 1}


def test_held_out_problems_are_asked_as_the_page_draws_and_counted(
    policy: Policy, verifiers: Verifiers, tmp_path: Path
):
    scoring, writer, _ = scoring_of(PLAN, policy, verifiers, tmp_path, lambda _: "So.\n</think>\n\n$\\boxed{-1}$")
    told = scoring.ask_held_out()
    assert told["held_out/pass"] == 0.0 and told["asked/pass"] == told["asked/gym:chain_sum"] == 4
    assert writer.asked[0] == Sampling(temperature=0.6, top_p=0.95, top_k=40)


def test_no_folder_of_a_problem_file_is_told(policy: Policy, verifiers: Verifiers, tmp_path: Path):
    rows = [{"problem": f"Double {n}.", "gold": str(2 * n)} for n in range(60)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    plan = replace(PLAN, sources={f"file:{tmp_path}/mine.jsonl": 1.0})
    scoring, _, _ = scoring_of(plan, policy, verifiers, tmp_path, lambda _: "So.\n</think>\n\n$\\boxed{-1}$")
    assert {"held_out/file:mine.jsonl", "asked/file:mine.jsonl"} <= scoring.ask_held_out().keys()
    scored, _ = scoring.score([0, 0, 1, 1])
    assert {each.facts["source"] for each in scored} == {"file:mine.jsonl"}


def test_open_answers_have_the_reward_models_word_and_unclosed_ones_none(
    policy: Policy, verifiers: Verifiers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Longer:
        def __init__(self, *_: object) -> None: ...

        def score(self, given: Sequence[tuple[object, str]]) -> list[float]:
            return [len(answer) / 100 for _, answer in given]

    monkeypatch.setattr("train.scoring.GeneralReward", Longer)
    rows = [{"prompt": f"Write {n} words."} for n in range(40)]
    (tmp_path / "prompts.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    plan = replace(
        PLAN,
        sources={"open:prompts.jsonl": 1.0},
        weights={"outcome": 1.0, "format": 0.2, "general": 0.5},
        reward_model="any",
    )
    texts = iter(
        ["Hm.\n</think>\n\nTwenty characters ok", "Hm.\n</think>\n\nTen letters", "Never closed", "\n</think>\n\n"]
    )
    scoring, _, _ = scoring_of(plan, policy, verifiers, tmp_path, lambda _: next(texts), tmp_path)
    scored, measured = scoring.score([0, 0, 1, 1])
    assert [each.reward for each in scored] == pytest.approx([0.1, 0.055, -0.2, -0.2])
    assert measured["correct"] == 0.0, "those that never closed are wrong; the open ones are neither"
    assert measured["reward/general"] > 0
