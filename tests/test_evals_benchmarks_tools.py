"""The tool tasks as a benchmark: asked by the runner, with calls that are carried out, and judged from the file."""

import json
from pathlib import Path

import pytest

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.benchmarks.tools import TOOLS
from evals.judging_samples import SampleJudge
from evals.result_file import Result, read_result
from evals.tool_tasks import KINDS, TASKS, ToolTask, task_of
from model.errors import BadInput
from model.host import ModelHost
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from tests.solved_tool_tasks import right_turns

ROWS = [json.loads(line) for line in TASKS.read_text("utf-8").splitlines()]
OWN = ("calculate", "write_file")


def chosen() -> list[ToolTask]:
    """One task of each kind, and one for each of the app's own tools that starts something or writes."""
    tasks = list(map(task_of, ROWS))
    kinds = [next(task for task in tasks if task.kind == kind) for kind in KINDS]
    own = [next(task for task in tasks if tool in task.tools and task.wants) for tool in OWN]
    return list({task.name: task for task in (*kinds, *own)}.values())


CHOSEN = chosen()


def result_of(turns: list[Turn], judges: Judges, folder: Path) -> Result:
    names = {task.name for task in CHOSEN}
    lines = [json.dumps(row) for row in ROWS if row["name"] in names]
    (folder / TOOLS.file).write_text("\n".join(lines) + "\n", "utf-8")
    engine = ScriptedEngine(turns, tokens_per_second=20_000)
    runs = BenchmarkRuns(ModelHost(Settings(folder), engine), judges, folder / "results")
    name = runs.start("tools", source=str(folder))
    assert runs.wait(name, 120).phase == "done"
    return read_result(runs.result(name).path)


def test_somebody_who_knows_solves_the_tasks_and_the_file_is_enough_to_judge_again(judges: Judges, tmp_path: Path):
    turns = [Turn(**turn) for task in CHOSEN for turn in right_turns(task)]
    result = result_of(turns, judges, tmp_path)
    wrong = {key[0]: judged.reason for key, judged in result.judgements.items() if judged.outcome != "correct"}
    assert wrong == {} and len(result.judgements) == len(CHOSEN)
    problems = {problem.id: problem for problem in TOOLS.problems_of(ROWS)}
    again = SampleJudge(TOOLS, judges, problems)
    assert {again.judge(sample).outcome for sample in result.samples.values()} == {"correct"}


def test_somebody_who_only_talks_solves_those_that_need_no_tool(judges: Judges, tmp_path: Path):
    answers = {task.name: ", ".join(text.split("|")[0] for text in task.says) for task in CHOSEN}
    kind = {task.name: task.kind for task in CHOSEN}
    turns = [Turn("Hm.", answers[task.name] or "I cannot.", match=task.question.replace("?", r"\?")) for task in CHOSEN]
    result = result_of([*turns, Turn("Hm.", "No.")], judges, tmp_path)
    solved = {kind[problem] for (problem, _), judged in result.judgements.items() if judged.outcome == "correct"}
    assert solved <= {"none", "missing", "rehearsed"} and "none" in solved


def test_problems_of_say_which_row_is_no_task():
    with pytest.raises(BadInput, match="Row 2 is no task"):
        TOOLS.problems_of([ROWS[0], {"name": "x"}])
