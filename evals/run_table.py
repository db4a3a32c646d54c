"""A result in, its figures for people out: a table for a terminal, and the line that is shown while it goes on."""

from collections.abc import Mapping
from typing import Any

from evals.durations import duration_text
from evals.intervals import Share
from evals.published import difference, published_for
from evals.result_file import Result
from evals.run_state import State
from evals.scores import Scores, pass_1_of, scores_of

_WIDTH = 22


def live_text(state: State, result: Result) -> str:
    """Where a run stands, in one line."""
    parts = ["stopping"] if state.phase == "stopping" else []
    parts.append(f"{state.done} of {state.total}")
    if (share := pass_1_of(result)) is not None:
        parts.append(f"{percent(share)} correct")
    if state.seconds_left is not None:
        parts.append(f"{duration_text(state.seconds_left)} left")
    if state.running:
        parts.append(f"{len(state.running)} being written, {sum(each.tokens for each in state.running):,} tokens")
    if failed := sum(bool(sample.error) for sample in result.samples.values()):
        parts.append(f"{failed} failed")
    if state.written > state.done:
        parts.append(f"{state.written - state.done} to be judged")
    return " | ".join(parts)


def table_of(result: Result) -> str:
    """All figures, a line each, beside how they were made."""
    scores = scores_of(result)
    parts = [_protocol(result.head), _figures(scores), _published(result.head), _cost(scores)]
    told = ["\n".join(f"{name:{_WIDTH}}{value}".rstrip() for name, value in rows) for rows in parts if rows]
    return "\n\n".join(told)


def percent(share: Share) -> str:
    """A share with its 95% interval.

    >>> percent(Share(0.25, 0.1, 0.5, 12, "Wilson"))
    '25.0% (10.0 to 50.0)'
    """
    return f"{share.value:.1%} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def _protocol(head: Mapping[str, Any]) -> list[tuple[str, str]]:
    sampling, data = head["sampling"], head["data"]
    n, n_all = len(head["problems"]), data.get("problems", len(head["problems"]))
    of = "" if n == n_all else f" of {n_all:,}"
    drawn = ", ".join(f"{name} {value:g}" for name, value in sampling.items() if value is not None)
    thinking = "nothing is cut" if head["budget"] is None else f"budget {head['budget']}"
    rows = [
        (head["title"], f"{n:,}{of} problems x {head['samples']}, {head['profile']}: {thinking}"),
        ("model", " ".join(part for part in (head["model"], head["precision"], head["adapter"]) if part)),
        ("sampling", drawn + _seed_words(head)),
        ("data", f"{data['source']}: {data.get('origin', '')}"),
    ]
    if data.get("note"):
        rows.append(("", data["note"]))
    if data.get("remark") and data["remark"] not in data.get("note", ""):
        rows.append(("", f"Not the benchmark's own score: {data['remark']}."))
    if head["device"]:
        rows.append(("device", head["device"]))
    return rows


def _seed_words(head: Mapping[str, Any]) -> str:
    if head["seed"] is None:
        return ""
    # Older files do not say whether it was honoured.
    return f", seed {head['seed']}" + ("" if head.get("honours_seed", True) else ", which this engine cannot honour")


def _figures(scores: Scores) -> list[tuple[str, str]]:
    if scores.pass_1 is None:
        return [("nothing is judged yet", "")]
    name = "pass@1" if scores.samples == 1 else f"pass@1 (mean of {scores.samples})"
    rows = [(name, f"{percent(scores.pass_1)}  95% interval over problems")]
    if scores.same_problems_error is not None:
        rows.append(("", f"+- {196 * scores.same_problems_error:.1f} points if the same problems are asked again"))
    if scores.qwq_pass_1 is not None and scores.qwq_pass_1.value != scores.pass_1.value:
        rows.append(("by QwQ's own rule", f"{percent(scores.qwq_pass_1)}  the whole text where thinking never closed"))
    rows += [(f"pass@{k}", percent(share)) for k, share in scores.pass_k.items() if k > 1]
    if scores.cons_k is not None:
        rows.append((f"cons@{scores.samples}", percent(scores.cons_k)))
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in scores.outcomes.items() if count)
    failed = f", {scores.errors:,} that the engine failed at" if scores.errors else ""
    rows.append(("samples", counts + failed))
    shares = {
        "at the token limit": scores.truncated,
        "thinking cut": scores.thinking_cut,
        "without an answer": scores.without_answer,
    }
    rows += [(name, f"{share:.1%}") for name, share in shares.items() if share]
    return rows


def _published(head: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures that others have published, each with what was done otherwise there."""
    rows = []
    for figure in published_for(head["benchmark"], head["model"]):
        rows.append((f"published {figure.metric}", f"{figure.value}%  {figure.source} ({figure.where})"))
        if words := difference(head, figure):
            rows.append(("", words))
    return rows


def _cost(scores: Scores) -> list[tuple[str, str]]:
    thinking, answer = scores.thinking_tokens, scores.answer_tokens
    rows = [
        ("thinking tokens", f"{thinking.mean:,.0f} in the mean, 95% have {thinking.percentile_95:,.0f} or fewer"),
        ("answer tokens", f"{answer.mean:,.0f} in the mean"),
        ("speed", f"{scores.tokens_per_second:,.1f} tokens a second, all samples together"),
        (
            "time",
            f"{duration_text(scores.seconds)}, judging {duration_text(scores.judge_seconds)} of processes beside it",
        ),
    ]
    if scores.joules is not None:
        per_sample = f", {scores.joules / scores.ended:,.0f} J a sample" if scores.ended else ""
        rows.append(("energy", f"{scores.joules / 3.6e6:,.3f} kWh{per_sample}"))
    return rows
