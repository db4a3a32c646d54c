"""The tool benchmark: somebody who knows solves all its tasks, and each way to fail one is seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.tool_tasks import KINDS, ToolTask, Wanted, judged, read_tasks
from evals.tools import main
from model.steps import Called, Step
from model.tool_events import ToolCall, ToolResult
from tests.solved_tool_tasks import right_turns

TASKS = read_tasks()


def run(folder: Path, turns: list[dict[str, Any]], *arguments: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    script, out = folder / "script.json", folder / "out.jsonl"
    script.write_text(json.dumps({"tokens_per_second": 20_000, "turns": turns}), "utf-8")
    given = ["--scripted", str(script), "--data", str(folder / "runs"), "--out", str(out), "--at-once", "6", *arguments]
    assert main(given) == 0
    first, *rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return first["summary"], rows


def test_tasks_are_at_least_sixty_of_every_kind_and_each_name_is_one_task() -> None:
    assert len(TASKS) >= 60 and {task.kind for task in TASKS} == set(KINDS)
    assert len({task.name for task in TASKS}) == len({task.question for task in TASKS}) == len(TASKS)


def test_main_finds_every_task_solved_by_somebody_who_knows(tmp_path: Path) -> None:
    told, rows = run(tmp_path, [turn for task in TASKS for turn in right_turns(task)])
    assert {row["task"]: row["judged"]["complaint"] for row in rows if not row["is_solved"]} == {}
    figures = told["thinking_dropped"]["all"]
    assert (figures["solved"], figures["tasks"]) == (len(TASKS), len(TASKS)) and told["is_complete"]
    assert told["model"] == "scripted" and told["thinking_dropped"]["parallel"]["most_calls_in_a_step"] == 2


def test_main_compares_kept_with_dropped_thinking_on_tasks_of_more_than_one_step(tmp_path: Path) -> None:
    tasks = {task.name: task for task in TASKS}
    turns = [turn for name in ("weather-oslo", "hello") for turn in right_turns(tasks[name])]
    for turn in turns:
        turn.pop("times", None)
    turns = [turns[1] | {"result": "4"}, turns[0], *turns[2:]]
    told, rows = run(tmp_path, turns, "--keep-thinking", "both", "--kind", "one", "--kind", "none", "--limit", "1")
    assert sorted((row["keeps_thinking"], row["task"]) for row in rows) == [
        (False, "hello"),
        (False, "weather-oslo"),
        (True, "weather-oslo"),
    ]
    compared = told["kept_against_dropped"]
    assert (compared["tasks"], compared["solved_both_ways"], compared["solved_only_kept"]) == (1, 1, 0)


def test_main_offers_more_tools_beside_those_of_a_task(tmp_path: Path) -> None:
    turns = [{"thinking": "Hm.", "answer": "Paris."}]
    _, rows = run(tmp_path, turns, "--beside", "4", "--kind", "none", "--kind", "missing", "--limit", "5")
    by_name = {row["task"]: row for row in rows}
    assert by_name["capital"]["is_solved"] and len(by_name["capital"]["offered"]) == 5
    assert by_name["lights"]["offered"] == ["track_package", "get_population"]


# How a task is judged.

TASK = ToolTask("t", "two", "?", ("f", "g"), (Wanted("f", ("Oslo",)), Wanted("g", (), "7")), ("303270", "snow|rain"))
RIGHT = "It has 303,270 people and light snow."


def step(*calls: tuple[str, dict[str, Any], str], answer: str = "") -> Step:
    """A step with calls (name, arguments, result); a result that begins with "Error" has failed."""
    called = [
        Called(
            ToolCall(f"{number}", name, json.dumps(arguments)),
            ToolResult(f"{number}", text, "failed" if text.startswith("Error") else "ok"),
        )
        for number, (name, arguments, text) in enumerate(calls)
    ]
    return Step("", answer, tuple(called))


F, G = ("f", {"city": " OSLO"}, "7"), ("g", {"x": 1}, "it is 7.0")


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([step(F), step(G), step(answer=RIGHT)], ""),
        ([step(F, G), step(answer=RIGHT)], ""),
        ([step(G), step(F), step(answer=RIGHT)], "1 of 2 calls that it needs"),
        ([step(("f", {"city": "Rome"}, "7"), G), step(answer=RIGHT)], "0 of 2 calls that it needs"),
        ([step(F), step(("g", {"x": 1}, "17")), step(answer=RIGHT)], "1 of 2 calls that it needs"),
        ([step(F), step(("g", {"x": 1}, "Error: 7")), step(answer=RIGHT)], "1 of 2 calls that it needs"),
        ([step(F), step(G, answer=RIGHT), step(answer="Done.")], "the answer does not say '303270'"),
        ([step(F), step(G), step(answer="It has 30327 people and snow.")], "the answer does not say '303270'"),
        ([step(F), step(G), step(answer="303270 people, snowy")], "the answer does not say 'snow|rain'"),
    ],
)
def test_judged_looks_at_the_calls_and_the_answer(steps: list[Step], complaint: str) -> None:
    assert judged(TASK, steps, [], {}).complaint == complaint


def test_judged_looks_at_what_was_done_written_and_forbidden() -> None:
    task = ToolTask(
        "t", "one", "?", ("f",), (), (), done=({"minutes": 5},), writes={"a.txt": "milk"}, bans_values=(("f", "Lima"),)
    )
    end = step(answer="Done.")
    done, files = [{"minutes": 5.0, "x": 1}], {"a.txt": "buy milk"}
    assert judged(task, [end], done, files).complaint == ""
    assert judged(task, [end], [{"minutes": 6}], files).complaint == '{"minutes": 5} was not done'
    assert judged(task, [end], done, {}).complaint == "a.txt does not hold 'milk'"
    assert judged(task, [step(("f", {"city": "lima"}, "9")), end], done, files).complaint.startswith("f was called")


def test_judged_wants_a_refusal_where_no_tool_fits_and_no_call_where_none_is_needed() -> None:
    missing = ToolTask("t", "missing", "?", ("f",), (), (), says_not=("27",), refuses=True)
    for answer, is_solved in (("Sorry, I cannot do that here.", True), ("Sure, done.", False), ("I can't, 27.", False)):
        assert (judged(missing, [step(answer=answer)], [], {}).complaint == "") is is_solved
    none = ToolTask("t", "none", "?", ("f",), (), ("7",))
    assert judged(none, [step(answer="7")], [], {}).complaint == ""
    assert judged(none, [step(F), step(answer="7")], [], {}).complaint.startswith("f was called, and no tool")


def test_judged_counts_each_wasted_call_once() -> None:
    failed, other = ("g", {"x": 2}, "Error: busy"), ("f", {"city": "Rome"}, "9")
    steps = [step(failed), step(F, F), step(G, other), step(answer=RIGHT)]
    found = judged(TASK, steps, [], {})
    assert (found.complaint, found.n_calls, found.n_together) == ("", 5, 2)
    assert (found.n_failed, found.n_repeated, found.n_unneeded, found.n_wasted) == (1, 1, 1, 3)
    retried = judged(TASK, [step(F), step(("g", {"x": 1}, "Error: busy")), step(G), step(answer=RIGHT)], [], {})
    assert (retried.complaint, retried.n_failed, retried.n_repeated) == ("", 1, 0)
