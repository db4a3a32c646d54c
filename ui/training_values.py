"""A training run's state, plan, log and completions in; what the Training tab shows of them out. No gradio."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from evals.durations import duration_text
from train.run_facts import Passed, Rate, held_out
from train.run_files import RunState
from ui.benchmark_values import as_sentence
from ui.sentences import joined, shortened
from ui.solve_values import LABELS
from ui.training_curves import REWARD_PARTS, points_of

Value = dict[str, Any]
Point = Mapping[str, Any]

OUTCOMES = LABELS | {"open": "Open-ended"}
_KINDS = {"grpo": "Outcome rewards (GRPO)", "sft": "Fine-tuning (SFT)"}
_STATUSES = {
    "going on": ("Going on", "busy"),
    "interrupted": ("Interrupted", "error"),
    "stopped": ("Stopped", ""),
    "ended": ("Ended", ""),
    "failed": ("Failed", "error"),
}
_STARTS = {"": "a fresh adapter", "shipped": "began from the app's own adapter"}
_HINTS = {
    "interrupted": "Its process is gone. The same command again goes on from the last checkpoint.",
    "stopped": "The same command again goes on from the last checkpoint.",
    "failed": "Once the cause is mended, the same command again goes on from the last checkpoint.",
}
_QUESTION_CHARACTERS = 140


def status_of(state: RunState, is_alive: bool) -> str:
    """How a run stands: as it wrote itself, unless it goes on no more."""
    return "interrupted" if state.status == "going on" and not is_alive else str(state.status)


def listed_value(state: RunState, status: str, now: float, updated_at: float) -> Value:
    """A run in the list of all.

    Args:
        now: In Unix seconds, as is `updated_at`, when the run was written to last.
    """
    words, tone = _STATUSES.get(status, (status, ""))
    # To the minute, so that the list is not another one every second.
    age = "" if status == "going on" else f"{duration_text(max(60.0, now - updated_at))} ago"
    return {
        "name": state.name,
        "about": joined([_KINDS.get(state.kind, state.kind), state.model, age]),
        "status": words,
        "tone": tone,
        "steps": steps_text(state),
    }


def steps_text(state: RunState) -> str:
    """How far it is."""
    return f"step {state.step:,} of {state.steps:,}" if state.steps else f"step {state.step:,}"


def standing_value(state: RunState, status: str) -> Value:
    """How a run stands, in words."""
    words, tone = _STATUSES.get(status, (status, ""))
    is_going = status == "going on"
    left = _seconds_left(state) if is_going else None
    return {
        "text": f"{words}: {state.reason}" if state.reason else words,
        "tone": tone,
        "detail": joined(
            [
                steps_text(state),
                duration_text(state.seconds) if state.seconds else "",
                f"about {duration_text(left)} left" if left is not None else "",
            ]
        ),
        # A reason may say it already.
        "hint": "" if "same command" in state.reason else _HINTS.get(status, ""),
        "done": state.step,
        "total": state.steps,
        "is_going": is_going,
    }


def _seconds_left(state: RunState) -> float | None:
    if state.step < 1 or state.steps <= state.step:
        return None
    return state.seconds / state.step * (state.steps - state.step)


def about_text(state: RunState) -> str:
    """What is trained, from where, and on what."""
    begun = _STARTS.get(state.start) or f"began from {state.start}"
    return joined([_KINDS.get(state.kind, state.kind), state.model, begun, state.device])


# ---------------------------------------------------------------------- figures


def figures_value(kind: str, log: Sequence[Point]) -> list[list[str]]:
    """The figures of a run: what, from where to where, how it is meant."""
    figures: list[list[str] | None] = [*_held_out_figures(log)]
    if kind == "grpo":
        figures += [
            _tenths("Mean reward", points_of(log, "reward"), "{:.3f}"),
            _tenths("Correct while training", points_of(log, "correct"), "{:.1%}"),
            _tenths("Tokens of a completion", points_of(log, "length"), "{:,.0f}"),
            _tenths("Cut at the limit", points_of(log, "truncated"), "{:.1%}"),
        ]
    else:
        figures.append(_tenths("Loss", points_of(log, "loss"), "{:.3f}"))
    tokens = points_of(log, "tokens")
    figures.append(["Tokens so far", f"{tokens[-1][1]:,.0f}", ""] if tokens else None)
    return [each for each in figures if each]


def _held_out_figures(log: Sequence[Point]) -> list[list[str]]:
    """Of all sources together, and of each."""
    passed = held_out(log)
    whole = [_held_out_figure("Held-out problems solved", each) for each in passed if each.source == "all"]
    apart = [_held_out_figure(f"Held out: {each.source}", each) for each in passed if each.source != "all"]
    # One source is all of them.
    return whole if len(whole) == len(apart) else whole + apart


def _held_out_figure(what: str, passed: Passed) -> list[str]:
    """With intervals, where the log has how many problems were judged."""
    first, last = passed.first, passed.last
    if first.step == last.step:
        return [what, _rate_text(last), f"At step {last.step:,}."]
    meaning = f"At step {first.step:,} and at step {last.step:,}, with 95% intervals (Wilson)."
    return [what, f"{_rate_text(first)} → {_rate_text(last)}", meaning if last.interval else ""]


def _rate_text(rate: Rate) -> str:
    if rate.interval is None:
        return f"{rate.share:.1%}"
    low, high = rate.interval
    return f"{rate.share:.1%} ({low:.1%} to {high:.1%})"


def _tenths(what: str, points: Sequence[tuple[int, float]], form: str) -> list[str] | None:
    """Means of the first and the last tenth of the steps; of few steps, their first and their last."""
    if not points:
        return None
    n = max(1, len(points) // 10)
    first, last = ([value for _, value in some] for some in (points[:n], points[-n:]))
    words = [form.format(math.fsum(values) / len(values)) for values in (first, last)]
    if len(points) == 1:
        return [what, words[0], ""]
    return [what, " → ".join(words), "Means of the first and of the last tenth of its steps."]


# ---------------------------------------------------------------------- completions


def sample_row(place: int, sample: Mapping[str, Any]) -> list[Any]:
    """A completion's row: its place in the file, step, source, question, outcome, reward, tokens."""
    outcome = str(sample.get("outcome", ""))
    return [
        place,
        int(sample.get("step", 0)),
        str(sample.get("source", "")),
        shortened(" ".join(str(sample.get("question", "")).split()), _QUESTION_CHARACTERS),
        outcome,
        OUTCOMES.get(outcome, outcome),
        number_text(sample.get("reward")),
        int(sample.get("tokens", 0)),
    ]


def opened_sample(sample: Mapping[str, Any], weights: Mapping[str, float]) -> Value:
    """One completion with all that was written, and what each part adds to its reward.

    Args:
        weights: Of the parts, which are kept without them.
    """
    outcome = str(sample.get("outcome", ""))
    parts = sample.get("parts") or {}
    return {
        "title": joined([f"Step {int(sample.get('step', 0)):,}", str(sample.get("source", ""))]),
        "outcome": outcome,
        "label": OUTCOMES.get(outcome, outcome),
        "reason": as_sentence(str(sample.get("reason") or "")),
        "faults": [as_sentence(str(each)) for each in sample.get("faults") or ()],
        "question": str(sample.get("question", "")),
        "thinking": str(sample.get("thinking") or ""),
        "answer": str(sample.get("answer") or ""),
        "parts": [_part(name, value, weights.get(name, 1.0)) for name, value in parts.items()]
        + [["Reward", number_text(sample.get("reward")), ""], ["Advantage", number_text(sample.get("advantage")), ""]],
        "figures": joined(
            [f"{int(sample.get('tokens', 0)):,} tokens", "Cut at the limit" if sample.get("truncated") else ""]
        ),
    }


def _part(name: str, value: object, weight: float) -> list[str]:
    label = REWARD_PARTS.get(f"reward/{name}", name)
    if weight == 1 or not isinstance(value, int | float):
        return [label, number_text(value), ""]
    return [label, f"{number_text(value)} × {number_text(weight)} = {number_text(weight * value)}", ""]


def number_text(value: object) -> str:
    """A reward for people.

    >>> number_text(1.0), number_text(-0.25), number_text(None), number_text(0.33333)
    ('1', '-0.25', '–', '0.333')
    """
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
