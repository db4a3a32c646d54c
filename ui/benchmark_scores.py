"""Scores of a result in, the figures and bars that the Benchmarks tab draws out. No gradio."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.durations import duration_text
from evals.intervals import Share
from evals.published import Published, difference
from evals.scores import Scores
from ui.sentences import joined

Value = dict[str, Any]
_WATT_HOUR = 3600.0
_OTHERS_SHOWN = 4


def score_value(scores: Scores, is_going: bool) -> Value | None:
    """The score, large; None while nothing is judged."""
    share = scores.pass_1
    if share is None:
        return None
    so_far = " so far" if is_going else ""
    return {"share": share.value, "interval": f"95% interval {_percent(share.low)} to {_percent(share.high)}{so_far}"}


def figures_value(scores: Scores) -> list[list[str]]:
    """What else is known: what it is called, how much, how it is meant."""
    many = scores.samples
    rows = [
        [f"pass@{k}", _with_interval(share), "The chance that one of so many samples is correct"]
        for k, share in scores.pass_k.items()
        if k > 1
    ]
    if scores.cons_k is not None:
        rows.append([f"cons@{many}", _with_interval(scores.cons_k), "The answer that most samples gave is correct"])
    if scores.qwq_pass_1 is not None and scores.qwq_pass_1 != scores.pass_1:
        meaning = "The whole text counts where the thinking never ended"
        rows.append(["Under QwQ's own rule", _with_interval(scores.qwq_pass_1), meaning])
    rows += [
        ["Cut at the token limit", _percent(scores.truncated), "Of the samples"],
        ["Thinking cut", _percent(scores.thinking_cut), "At the budget, or because it went in circles"],
        ["Without an answer", _percent(scores.without_answer), "They count as not correct"],
        ["Undecided", _percent(scores.undecided), "They count as not correct"],
    ]
    if scores.errors:
        rows.append(["Failed", f"{scores.errors:,}", "The engine failed; Resume asks them again"])
    tokens = scores.thinking_tokens
    rows += [
        ["Thinking tokens", f"{tokens.mean:,.0f}", "Mean of the samples"],
        ["95% think at most", f"{tokens.percentile_95:,.0f}", "Tokens"],
        ["Tokens per second", f"{scores.tokens_per_second:,.1f}", "All samples together"],
        ["Time", duration_text(scores.seconds), "While at least one sample was being written"],
    ]
    if scores.joules is not None:
        rows.append(["Energy", f"{scores.joules / _WATT_HOUR:,.1f} Wh", "What the card used, as it reports it"])
    return rows


def bars_value(head: Mapping[str, Any], scores: Scores, published: Sequence[Published]) -> list[Value]:
    """The measured bar and the published ones of the same model; of other models where it has none, the best few."""
    if scores.pass_1 is None:
        return []
    shown = _beside(head, published)
    return [
        measured_bar(f"{head['model']}, measured here", scores.pass_1),
        *(_published_bar(head, each) for each in shown),
    ]


def others_value(head: Mapping[str, Any], published: Sequence[Published]) -> list[Value]:
    """The bars of the figures that `bars_value` leaves out, from the highest down."""
    shown = _beside(head, published)
    return [_published_bar(head, each) for each in _ranked(published) if each not in shown]


def _beside(head: Mapping[str, Any], published: Sequence[Published]) -> list[Published]:
    own = [each for each in published if each.model == head["model"]]
    return own or _ranked([each for each in published if each.metric == "pass@1"])[:_OTHERS_SHOWN]


def _ranked(published: Sequence[Published]) -> list[Published]:
    return sorted(published, key=lambda each: -each.value)


def _published_bar(head: Mapping[str, Any], published: Published) -> Value:
    """Its note says where the figure stands and what was done otherwise for it."""
    metric = "" if published.metric == "pass@1" else f", {published.metric}"
    return {
        "label": f"{published.title}{metric}",
        "share": published.share,
        "low": None,
        "high": None,
        "kind": "published",
        "note": joined([f"{published.source} ({published.where})", difference(head, published)]),
    }


def measured_bar(name: str, share: Share) -> Value:
    """A bar with its interval."""
    return {"label": name, "share": share.value, "low": share.low, "high": share.high, "kind": "measured"}


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _with_interval(share: Share) -> str:
    return f"{_percent(share.value)} ({_percent(share.low)} to {_percent(share.high)})"
