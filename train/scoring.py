"""Numbers of problems in, completions of the policy as it is now out, with their rewards and what was measured."""

import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any, Protocol

from model.events import Sampling
from train.advantages import Scored
from train.curriculum import Curriculum
from train.general_reward import GeneralReward
from train.mixed import Mixture
from train.outcomes import Outcome, Verifiers
from train.plans import Plan
from train.policy import Policy
from train.problems import Problem
from train.public_names import public_source
from train.rewards import reward_parts, total
from train.rollout import Written, asking_sampling, learning_sampling
from train.run_files import RunFolder


class Writer(Protocol):
    """Who writes completions: `train.rollout.Actor`, `train.server_rollout.ServerActor`."""

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling, max_new_tokens: int) -> list[Written]:
        """A completion for each prompt, in order."""
        ...


class Scoring:
    """Asks the policy problems and has what it writes judged.

    Args:
        actor: Writes completions of the policy as it is.
    """

    def __init__(
        self,
        plan: Plan,
        policy: Policy,
        mixture: Mixture,
        actor: Writer,
        verifiers: Verifiers,
        run: RunFolder,
    ) -> None:
        self._plan = plan
        self._policy = policy
        self._mixture = mixture
        self._actor = actor
        self._verifiers = verifiers
        self._run = run
        self._general = GeneralReward(plan.reward_model, policy.device) if plan.reward_model else None
        counts = mixture.levels if plan.curriculum_window else {}
        self._held_out = mixture.held_out(plan.held_out, counts)
        self.curriculum = Curriculum(counts, plan.curriculum_window or 1)

    def score(self, numbers: Sequence[int]) -> tuple[list[Scored], dict[str, float]]:
        """Completions for problems by their numbers, with rewards, and what was measured of all of them."""
        began = time.monotonic()
        levels = dict(self.curriculum.levels)
        problems = [self._mixture.problem(number, levels) for number in numbers]
        prompts, written = self._write(problems, learning_sampling(self._plan.temperature))
        outcomes = self._judge(problems, written)
        general = self._say_general(problems, outcomes)
        scored = []
        for at, (problem, outcome) in enumerate(zip(problems, outcomes, strict=True)):
            parts = reward_parts(outcome, self._plan.reward, self._plan.max_new_tokens, general[at])
            reward = total(parts, self._plan.reward)
            facts = sample_line(numbers[at], problem, outcome, parts, reward)
            scored.append(Scored(prompts[at], written[at].ids, reward, facts))
            if outcome.result in ("correct", "wrong"):
                self.curriculum.hear(problem.source, problem.level, outcome.result == "correct")
        measured = measures(scored, outcomes, self._plan.reward.used)
        return scored, measured | {"rollout_seconds": time.monotonic() - began}

    def ask_held_out(self) -> dict[str, float]:
        """Pass rates on problems that are never trained on, by source and in all, and how many were judged."""
        if not self._held_out:
            return {}
        _, written = self._write(self._held_out, asking_sampling(self._plan.held_out_temperature))
        outcomes = self._judge(self._held_out, written)
        found: dict[str, list[bool]] = defaultdict(list)
        for problem, outcome in zip(self._held_out, outcomes, strict=True):
            if outcome.result in ("correct", "wrong"):
                found["pass"].append(outcome.result == "correct")
                found[public_source(problem.source)].append(outcome.result == "correct")
        rates = {f"held_out/{name}": fmean(rights) for name, rights in found.items()}
        return rates | {f"asked/{name}": float(len(rights)) for name, rights in found.items()}

    def _write(self, problems: Sequence[Problem], sampling: Any) -> tuple[list[Sequence[int]], list[Written]]:
        prompts: list[Sequence[int]] = [self._policy.prompt(problem) for problem in problems]
        return prompts, self._actor.write(prompts, sampling, self._plan.max_new_tokens)

    def _judge(self, problems: Sequence[Problem], written: Sequence[Written]) -> list[Outcome]:
        return judged(self._policy, self._verifiers, problems, written)

    def _say_general(self, problems: Sequence[Problem], outcomes: Sequence[Outcome]) -> list[float | None]:
        """What the reward model finds of each answer that is not wrong; None of the others, and without a model."""
        found: list[float | None] = [None] * len(problems)
        if self._general is not None:
            asked = [at for at, outcome in enumerate(outcomes) if outcome.result != "wrong" and outcome.answer]
            given = [(problems[at].messages, outcomes[at].answer) for at in asked]
            for at, score in zip(asked, self._general.score(given), strict=True):
                found[at] = score
            for at, outcome in enumerate(outcomes):
                if outcome.result == "open" and found[at] is None:
                    found[at] = 0.0  # it says nothing
        return found

    def keep(self, step: int, scored: Sequence[Scored]) -> None:
        """Write the completions of a step down."""
        self._run.keep_samples({"step": step} | each.facts for each in scored)


def judged(
    policy: Policy, verifiers: Verifiers, problems: Sequence[Problem], written: Sequence[Written]
) -> list[Outcome]:
    """What the verifiers say of what a policy has written for problems."""
    texts = [policy.text(each.ids) for each in written]
    tokens, is_cut = [len(each.ids) for each in written], [each.is_truncated for each in written]
    return verifiers.judge_all(problems, texts, tokens, is_cut)


def sample_line(number: int, problem: Problem, outcome: Outcome, parts: Any, reward: float | None) -> dict[str, Any]:
    """What is kept of a completion."""
    return {
        "number": number,
        "key": problem.key,
        "source": public_source(problem.source),
        "level": problem.level,
        "question": problem.question,
        "thinking": outcome.thinking,
        "answer": outcome.answer,
        "outcome": outcome.result,
        "reason": outcome.reason,
        "faults": list(outcome.faults),
        "reward": reward,
        "parts": {name: round(value, 4) for name, value in parts.items()},
        "tokens": outcome.tokens,
        "truncated": outcome.is_truncated,
    }


def measures(scored: Sequence[Scored], outcomes: Sequence[Outcome], used: Sequence[str]) -> dict[str, float]:
    """What a log says of a step's completions; what there is nothing of is left out."""
    judged = [outcome.result == "correct" for outcome in outcomes if outcome.result in ("correct", "wrong")]
    rewards = [each.reward for each in scored if each.reward is not None]
    found = {
        "undecided": fmean(outcome.result == "undecided" for outcome in outcomes),
        "truncated": fmean(outcome.is_truncated for outcome in outcomes),
        "length": fmean(outcome.tokens for outcome in outcomes),
    }
    if judged:
        found["correct"] = fmean(judged)
    if rewards:
        found["reward"] = fmean(rewards)
    for part in used:
        values = [each.facts["parts"][part] for each in scored if part in each.facts["parts"]]
        if values:
            found[f"reward/{part}"] = fmean(values)
    return found
