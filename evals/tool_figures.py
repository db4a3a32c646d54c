"""Rows of the tool benchmark in; shares, calls and what was wasted of them out, over all tasks and each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.tool_tasks import KINDS, Judged, ToolTask
from model.steps import Step
from verify.math_check import wilson


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a task; `steps` is what was thought, written, called and given back."""

    task: ToolTask
    keeps_thinking: bool
    judged: Judged
    run_id: str
    offered: tuple[str, ...]
    finish_reason: str
    notices: tuple[str, ...]
    thinking_tokens: int
    answer_tokens: int
    seconds: float
    steps: tuple[Step, ...]

    @property
    def is_solved(self) -> bool:
        """Whether the task's end is right."""
        return not self.judged.complaint


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Figures over all tasks and over each kind of them."""
    kinds = {kind: [row for row in rows if row.task.kind == kind] for kind in KINDS}
    return {"all": figures(rows)} | {kind: figures(mine) for kind, mine in kinds.items() if mine}


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """The share solved with its 95% interval, and what it took, per task."""
    n, solved = len(rows), sum(row.is_solved for row in rows)
    counts = [row.judged for row in rows]
    n_calls, n_wasted = sum(each.n_calls for each in counts), sum(each.n_wasted for each in counts)
    return {
        "tasks": n,
        "solved": solved,
        "percent": round(100 * solved / n, 1),
        "interval_percent": [round(100 * end, 1) for end in wilson(solved, n)],
        "calls_per_task": round(n_calls / n, 2),
        "calls": n_calls,
        "wasted": n_wasted,
        "failed": sum(each.n_failed for each in counts),
        "repeated": sum(each.n_repeated for each in counts),
        "unneeded": sum(each.n_unneeded for each in counts),
        "runs_with_calls": sum(each.n_calls > 0 for each in counts),
        "most_calls_in_a_step": max(each.n_together for each in counts),
        "steps_per_task": round(sum(each.n_steps for each in counts) / n, 2),
        "thinking_tokens_per_task": round(sum(row.thinking_tokens for row in rows) / n, 1),
        "answer_tokens_per_task": round(sum(row.answer_tokens for row in rows) / n, 1),
        "notices": dict(Counter(kind for row in rows for kind in row.notices)),
    }


def compared(dropped: Sequence[Row], kept: Sequence[Row]) -> dict[str, Any]:
    """Tasks that were run both ways: those with more than one step, for the first step is the same in both."""
    others = {row.task.name: row for row in kept}
    pairs = [(row, others[row.task.name]) for row in dropped if row.task.name in others]
    return {
        "tasks": len(pairs),
        "solved_both_ways": sum(one.is_solved and other.is_solved for one, other in pairs),
        "solved_only_dropped": sum(one.is_solved and not other.is_solved for one, other in pairs),
        "solved_only_kept": sum(other.is_solved and not one.is_solved for one, other in pairs),
        "dropped": figures([one for one, _ in pairs]) if pairs else None,
        "kept": figures([other for _, other in pairs]) if pairs else None,
    }


def row_object(row: Row) -> dict[str, Any]:
    """A row for the result's file."""
    told = asdict(row)
    task = told.pop("task")
    head = {"task": task["name"], "kind": task["kind"], "question": task["question"]}
    return head | {"is_solved": row.is_solved} | told


def table(told: Mapping[str, Any]) -> str:
    """The figures of a summary for people."""
    lines = [f"{'':34}{'solved':>16}{'calls':>7}{'wasted':>8}{'steps':>7}{'tokens':>8}"]
    for kind, each in told.items():
        low, high = each["interval_percent"]
        share = f"{each['solved']}/{each['tasks']} ({low:.0f}-{high:.0f}%)"
        tokens = each["thinking_tokens_per_task"] + each["answer_tokens_per_task"]
        lines.append(
            f"{KINDS.get(kind, 'all'):34}{share:>16}{each['calls']:>7}{each['wasted']:>8}"
            f"{each['steps_per_task']:>7}{tokens:>8.0f}"
        )
    return "\n".join(lines)
