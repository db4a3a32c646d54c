"""`data/tool_tasks.jsonl` in, tasks for a model with tools out; of a run's steps, solved or not, and what was wasted.

A task is solved when its end is right: the calls that it needs were made and gave a result, in their order; what they
were to do was done; none that is forbidden was made; and the answer says what it must.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from model.steps import Called, Step

TASKS = Path(__file__).parent / "data" / "tool_tasks.jsonl"
Kind = Literal["one", "two", "fails_first", "missing", "none", "rehearsed", "parallel"]
KINDS: Mapping[str, str] = {
    "one": "needs one tool",
    "two": "needs two in sequence",
    "fails_first": "a tool that fails first",
    "missing": "the tool is missing",
    "none": "no tool is needed",
    "rehearsed": "a call rehearsed in the thinking",
    "parallel": "several calls, in any order",
}
_REFUSALS = re.compile(
    r"\b(cannot|can't|can not|could not|couldn't|unable|not able|no tool|none of (my|the) tools|don't have|do not have|"
    r"only have|no access|not possible)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that must be made: `values` are among its arguments, and `gives` stands in its result."""

    tool: str
    values: tuple[Any, ...] = ()
    gives: str = ""


@dataclass(frozen=True, slots=True)
class ToolTask:
    """One task.

    Args:
        tools: Names of those on offer.
        wants: The calls that it needs.
        says: What the answer must say: each a text with alternatives, "33|clear". Numbers are compared as numbers.
        says_not: What it cannot know, so must not say.
        refuses: The answer must say that this cannot be done here.
        bans: Tools that must not be called; `bans_values` are pairs of a tool and a value.
        done: What the tools must have been made to do; parts of what `Kit.done` holds.
        files: The user's files.
        writes: Texts that must stand in the run's files at the end.
        failures: So many failed calls are the tools' own, and not wasted.
        thinking: What the model's thinking begins with: calls that are only rehearsed.
    """

    name: str
    kind: Kind
    question: str
    tools: tuple[str, ...]
    wants: tuple[Wanted, ...]
    says: tuple[str, ...]
    says_not: tuple[str, ...] = ()
    refuses: bool = False
    bans: tuple[str, ...] = ()
    bans_values: tuple[tuple[str, Any], ...] = ()
    done: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)
    failures: int = 0
    thinking: str = ""
    is_ordered: bool = True
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """How a run ended; `complaint` is empty when the task is solved.

    `n_failed`, `n_repeated` and `n_unneeded` are wasted calls, each counted once; a call is repeated when the same one
    had a result before. `n_together` is the most calls of one step.
    """

    complaint: str
    n_steps: int
    n_calls: int
    n_failed: int
    n_repeated: int
    n_unneeded: int
    n_together: int

    @property
    def n_wasted(self) -> int:
        """Calls that brought nothing."""
        return self.n_failed + self.n_repeated + self.n_unneeded


def read_tasks(path: Path = TASKS) -> tuple[ToolTask, ...]:
    """The tasks, in the file's order."""
    return tuple(task_of(json.loads(line)) for line in path.read_text("utf-8").splitlines())


def task_of(row: Mapping[str, Any]) -> ToolTask:
    """The task of a line of the file."""
    wants = tuple(Wanted(each["tool"], tuple(each.get("values", ())), each.get("gives", "")) for each in row["wants"])
    lists = {each.name: tuple(row[each.name]) for each in fields(ToolTask) if isinstance(row.get(each.name), list)}
    pairs = tuple((tool, value) for tool, value in row.get("bans_values", ()))
    return ToolTask(**(dict(row) | lists | {"wants": wants, "bans_values": pairs}))


# ------------------------------------------------------------------ judging


def judged(
    task: ToolTask, steps: Sequence[Step], done: Sequence[Mapping[str, Any]], files: Mapping[str, str]
) -> Judged:
    """Whether a run solved its task, and what its calls were good for.

    Args:
        done: What the kit's tools were made to do.
        files: The run's files at its end, as text.
    """
    calls = [called for step in steps for called in step.calls]
    needed = _needed(task, calls)
    n_failed = n_repeated = n_unneeded = 0
    with_result: set[str] = set()
    for number, called in enumerate(calls):
        key = f"{called.call.name} {_canonical(called.call.arguments)}"
        if not _is_ok(called):
            n_failed += 1
        elif key in with_result:
            n_repeated += 1
        elif number not in needed:
            n_unneeded += 1
        if _is_ok(called):
            with_result.add(key)
    return Judged(
        _complaint(task, steps, calls, len(needed), done, files),
        n_steps=len(steps),
        n_calls=len(calls),
        n_failed=max(0, n_failed - task.failures),
        n_repeated=n_repeated,
        n_unneeded=n_unneeded,
        n_together=max((len(step.calls) for step in steps), default=0),
    )


def _needed(task: ToolTask, calls: Sequence[Called]) -> set[int]:
    """Numbers of the calls that are those wanted, each wanted one counted once; in order where the order matters."""
    found: set[int] = set()
    first = 0
    for wanted in task.wants:
        fitting = [at for at in range(first, len(calls)) if at not in found and _fits(wanted, calls[at])]
        if fitting:
            found.add(fitting[0])
            first = fitting[0] + 1 if task.is_ordered else 0
        elif task.is_ordered:
            break
    return found


def _fits(wanted: Wanted, called: Called) -> bool:
    if called.call.name != wanted.tool or not _is_ok(called):
        return False
    given = [_plain(value) for value in _values(called.call.arguments)]
    assert called.result is not None
    return all(_plain(value) in given for value in wanted.values) and (
        not wanted.gives or _says(called.result.text, wanted.gives)
    )


def _is_ok(called: Called) -> bool:
    return called.result is not None and not called.result.is_error


def _values(arguments: str) -> list[Any]:
    try:
        read = json.loads(arguments)
    except ValueError:
        return []
    return list(read.values()) if isinstance(read, dict) else []


def _plain(value: Any) -> Any:
    """A value as it is compared: 12, 12.0 and "12" are the same, and so are "Oslo" and " oslo"."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else text.lower()


def _canonical(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def _complaint(
    task: ToolTask,
    steps: Sequence[Step],
    calls: Sequence[Called],
    n_needed: int,
    done: Sequence[Mapping[str, Any]],
    files: Mapping[str, str],
) -> str:
    """The first thing that is not as it must be."""
    if found := _banned(task, calls):
        return found
    if n_needed < len(task.wants):
        return f"{n_needed} of {len(task.wants)} calls that it needs"
    if task.kind == "none" and calls:
        return f"{calls[0].call.name} was called, and no tool is needed"
    for wanted in task.done:
        if not any(all(_plain(each.get(key)) == _plain(value) for key, value in wanted.items()) for each in done):
            return f"{json.dumps(wanted)} was not done"
    for name, text in task.writes.items():
        if text not in files.get(name, ""):
            return f"{name} does not hold {text!r}"
    return _said_wrongly(task, steps[-1].answer if steps else "")


def _banned(task: ToolTask, calls: Sequence[Called]) -> str:
    for called in calls:
        name, values = called.call.name, [_plain(value) for value in _values(called.call.arguments)]
        if name in task.bans or any(name == tool and _plain(value) in values for tool, value in task.bans_values):
            return f"{name} was called, which was only rehearsed"
    return ""


def _said_wrongly(task: ToolTask, answer: str) -> str:
    for text in task.says:
        if not _says(answer, text, task.is_exact):
            return f"the answer does not say {text!r}"
    for text in task.says_not:
        if _says(answer, text):
            return f"the answer says {text!r}, which it cannot know"
    if task.refuses and not _REFUSALS.search(answer):
        return "the answer does not say that this cannot be done"
    return ""


def _says(text: str, wanted: str, is_exact: bool = False) -> bool:
    """Whether one of the alternatives is said.

    >>> _says("It has 303,270 people.", "303270"), _says("14 degrees", "4"), _says("Oh, thirsty", "hi|hello")
    (True, False, False)
    """
    joined = re.sub(r"(?<=\d)[,\u2009\u202f](?=\d{3}\b)", "", text)
    numbers = {float(each) for each in _NUMBER.findall(joined)}
    for each in wanted.split("|"):
        if _NUMBER.fullmatch(each):
            if float(each) in numbers or each in joined.split():
                return True
        elif re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text, 0 if is_exact else re.IGNORECASE):
            return True
    return False
