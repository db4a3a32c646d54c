"""Tasks for a model with tools in; the share it solves, its calls, and how many of them were wasted, out.

    python -m evals.tools                       the embedded model, the thinking of earlier steps dropped
    python -m evals.tools --keep-thinking both  the same tasks with it kept too, and the two compared
    python -m evals.tools --model qwq-32b

Each task is a run of the app's own loop (`agent.agents`), with a few small tools or the app's own ones. Runs are kept
in the folder that `--data` names; what each did stands in the result, `evals/results/tools-MODEL.jsonl`.
"""

import argparse
import json
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from agent.agents import Agents
from agent.policy import Policies
from agent.standard import standard_toolbox
from evals.loaded_host import loaded_host
from evals.measured_on import measured_on
from evals.rehearsing import RehearsingEngine
from evals.tool_figures import Row, compared, row_object, summary, table
from evals.tool_kits import Kit, kit_tools
from evals.tool_tasks import KINDS, TASKS, ToolTask, judged, read_tasks
from model.catalog import EMBEDDED
from model.engine import budget_limits
from model.errors import AppError
from model.events import Finished, Notice, Sampling
from model.host import ModelHost
from model.runs import Runs
from model.settings import settings_from_environment
from model.steps import steps_of
from model.store import Store
from model.tool_events import Equipped
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

RESULTS = Path(__file__).parent / "results"
_MAX_STEPS = 6
_MAX_NEW_TOKENS = 700


class Bench:
    """Runs tasks, several at once, each with a kit of its own."""

    def __init__(self, runs: Runs, agents: Agents, budget: str | int, sampling: Sampling, n_beside: int) -> None:
        self._runs = runs
        self._n_beside = n_beside
        self._agents = agents
        self._budget = budget
        self._sampling = sampling
        self._kits: dict[str, Kit] = {}
        agents.toolbox.add(*kit_tools(self._kits.__getitem__))

    def run(self, task: ToolTask, keeps_thinking: bool) -> Row:
        """One task, from its question to its judged end."""
        run_id = f"{task.name}-{'kept' if keeps_thinking else 'dropped'}-{len(self._kits)}"
        kit = self._kits[run_id] = Kit()
        self._agents.start(
            task.question,
            tools=self._offered(task),
            max_steps=_MAX_STEPS,
            keeps_thinking=keeps_thinking,
            uploads={name: text.encode() for name, text in task.files.items()},
            budget=self._budget,
            sampling=self._sampling,
            run_id=run_id,
        )
        return self._row(task, keeps_thinking, run_id, kit)

    def _offered(self, task: ToolTask) -> list[str]:
        """The task's tools, and more where that is asked for; never where the right one is to be missing."""
        free = [tool.name for tool in self._agents.toolbox.tools() if tool.policy == "free"]
        others = [name for name in free if name not in task.tools]
        n = 0 if task.kind == "missing" else min(self._n_beside, len(others))
        rng = random.Random(task.name)
        offered = [*task.tools, *rng.sample(others, n)]
        if n:
            rng.shuffle(offered)
        return offered

    def _row(self, task: ToolTask, keeps_thinking: bool, run_id: str, kit: Kit) -> Row:
        follower = self._runs.attach(run_id)
        events = [event for batch in follower for event in batch]
        follower.close()
        scratch = self._agents.scratch(run_id)
        files = {name: scratch.read(name).decode("utf-8", "replace") for name in task.writes if name in scratch.names()}
        steps = steps_of(events)
        end = next(event for event in reversed(events) if isinstance(event, Finished))
        return Row(
            task,
            keeps_thinking,
            judged(task, steps, kit.done, files),
            run_id,
            tuple(tool.name for event in events[:4] if isinstance(event, Equipped) for tool in event.tools),
            end.reason,
            tuple(event.kind for event in events if isinstance(event, Notice)),
            end.thinking_tokens,
            end.answer_tokens,
            round(end.seconds, 2),
            steps,
        )


# ------------------------------------------------------------------ the program


def measured(host: ModelHost, folder: Path, tasks: Sequence[ToolTask], given: argparse.Namespace) -> Iterator[Row]:
    """Rows as tasks are done; with `both`, the second round is of those that took more than one step."""
    settings = replace(settings_from_environment(), data_folder=folder)
    rehearsed = {task.question: task.thinking for task in tasks if task.thinking}
    runs = Runs(Store(folder), ModelHost(settings, RehearsingEngine(host.engine(), rehearsed)), settings)
    with closing(CodeJudge()) as code_judge, MathJudge(1) as math_judge:
        try:
            toolbox = standard_toolbox(runs, settings, code_judge, math_judge)
            agents = Agents(runs, toolbox, Policies(), folder / "scratch")
            sampling = Sampling(seed=given.seed, max_new_tokens=_MAX_NEW_TOKENS)
            bench = Bench(runs, agents, given.budget, sampling, given.beside)
            with ThreadPoolExecutor(given.at_once) as pool:
                has_more_steps = []
                for row in _as_done(pool, bench, tasks, given.keep_thinking == "kept"):
                    yield row
                    if row.judged.n_steps > 1 and given.keep_thinking == "both":
                        has_more_steps.append(row.task)
                yield from _as_done(pool, bench, has_more_steps, True)
        finally:
            runs.close()
            runs.store.close()


def _as_done(pool: ThreadPoolExecutor, bench: Bench, tasks: Sequence[ToolTask], keeps_thinking: bool) -> Iterator[Row]:
    asked = [pool.submit(bench.run, task, keeps_thinking) for task in tasks]
    try:
        for future in as_completed(asked):
            yield future.result()
    finally:
        for future in asked:
            future.cancel()


def in_turn(tasks: Sequence[ToolTask], kinds: Sequence[str], limit: int = 0) -> list[ToolTask]:
    """One task of each kind after the other, so that a measurement that is broken off has all kinds.

    Args:
        limit: So many of each kind; 0 for all.
    """
    by_kind = [[task for task in tasks if task.kind == kind][: limit or None] for kind in kinds]
    return [task for turn in zip_longest(*by_kind) for task in turn if task is not None]


def _until_interrupted(rows: Iterator[Row]) -> tuple[list[Row], bool]:
    """The rows that there are, and whether they are all: Ctrl-C and SIGTERM keep what was measured."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {kind: signal.signal(kind, interrupt) for kind in (signal.SIGINT, signal.SIGTERM)}
    found: list[Row] = []
    try:
        for row in rows:
            found.append(row)
            words = row.judged.complaint or "solved"
            told = f"{row.task.kind:12}{row.task.name:18}{row.judged.n_calls} calls  {words}"
            print(told, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        return found, False
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    return found, True


def main(arguments: Sequence[str]) -> int:
    """Run the tasks, print the table, write the result."""
    parser = argparse.ArgumentParser(prog="python -m evals.tools", description="Measure a model with tools.")
    parser.add_argument("--model", default=EMBEDDED)
    parser.add_argument("--scripted", type=Path, help="a script in a model's place, as for app.py")
    parser.add_argument("--tasks", type=Path, default=TASKS)
    parser.add_argument("--kind", choices=tuple(KINDS), action="append", help="all when left out")
    parser.add_argument("--limit", type=int, default=0, help="so many of each kind; 0 for all")
    parser.add_argument("--keep-thinking", choices=("dropped", "kept", "both"), default="dropped")
    parser.add_argument("--beside", type=int, default=0, help="offer so many more tools with each task")
    parser.add_argument("--budget", default="256", help="thinking budget of each step")
    parser.add_argument("--seed", type=int, help="for engines that can honour one")
    parser.add_argument("--at-once", type=int, default=12)
    parser.add_argument("--data", type=Path, help="folder for the runs; else one beside the app's")
    parser.add_argument(
        "--out", type=Path, help="where the result goes; else a file in evals/results named by the model"
    )
    given = parser.parse_args(arguments)
    budget_limits(given.budget)
    tasks = in_turn(read_tasks(given.tasks), given.kind or tuple(KINDS), given.limit)
    folder = given.data or settings_from_environment().data_folder / "tool-benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    with loaded_host(given.model, given.scripted) as host:
        asked = {"budget": given.budget, "seed": given.seed, "tools_beside": given.beside}
        head = measured_on(host.engine(), **asked, max_steps=_MAX_STEPS, max_new_tokens=_MAX_NEW_TOKENS)
        rows, is_complete = _until_interrupted(measured(host, folder, tasks, given))
    ways = {name: [row for row in rows if row.keeps_thinking == (name == "kept")] for name in ("dropped", "kept")}
    head |= {"is_complete": is_complete}
    told: dict[str, Any] = {"thinking_" + name: summary(mine) for name, mine in ways.items() if mine}
    if all(ways.values()):
        told["kept_against_dropped"] = compared(ways["dropped"], ways["kept"])
    path = given.out or RESULTS / f"tools-{given.model.replace('/', '_')}.jsonl"
    lines = [{"summary": head | told}, *map(row_object, rows)]
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines), "utf-8")
    for name, mine in ways.items():
        if mine:
            print(f"thinking of earlier steps {name}\n{table(told['thinking_' + name])}")
    if "kept_against_dropped" in told:
        print(json.dumps(told["kept_against_dropped"], indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
