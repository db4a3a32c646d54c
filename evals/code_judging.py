"""Whether programs are judged right: references that must pass, mutants and wrong programs that must not.

    python -m evals.code_judging --data FOLDER

FOLDER holds `humaneval.jsonl`, `mbpp_sanitized.jsonl` and, for LiveCodeBench's form, a file whose name begins with
`livecodebench`; programs for some of its problems are in `evals/data`. Each program goes the way of a model's answer:
out of a fenced block, with the tests read from the data set's row as it is. That a mutant differs is found without any
verdict: by the raw values that the calls of the tests give in both programs. Writes `evals/results/code-judging.json`.
"""

import argparse
import ast
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.mutants import mutants_of
from model.code_events import TestReport
from verify.code.extraction import extract_program
from verify.code.judge import CodeJudge
from verify.code.test_sets import TestSet, read_tests
from verify.sandbox.cases import Call
from verify.sandbox.constants import value_of
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox
from verify.sandbox.values import decoded

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "code-judging.json"
PROGRAMS = HERE / "data" / "livecodebench_programs.jsonl"
_LIMITS = Limits(cpu_seconds=2.0)
_BRIEF = Limits(cpu_seconds=1.0)


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of a data set, with its reference solution."""

    name: str
    tests: TestSet
    source: str


def problems_of(folder: Path) -> Iterator[Problem]:
    """HumanEval's and MBPP's."""
    for line in _lines(folder / "humaneval.jsonl"):
        row = json.loads(line)
        yield Problem(row["task_id"], read_tests(line), row["prompt"] + row["canonical_solution"])
    for line in _lines(folder / "mbpp_sanitized.jsonl"):
        row = json.loads(line)
        yield Problem(f"MBPP/{row['task_id']}", read_tests(line), row["code"])


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def judged(judge: CodeJudge, source: str, tests: TestSet, limits: Limits = _LIMITS) -> TestReport:
    """As an answer that holds the program would be."""
    program = extract_program(f"Here is the solution.\n\n```python\n{source}\n```\n", tests.entry_point)
    return judge.judge(program, tests, limits=limits)


def references(judge: CodeJudge, problems: Sequence[Problem]) -> dict[str, Any]:
    """All must pass."""
    began, counts, failed = time.perf_counter(), Counter[str](), []
    for problem in problems:
        report = judged(judge, problem.source, problem.tests, Limits(cpu_seconds=6.0))
        counts["passed" if report.has_passed else "failed"] += 1
        counts["forgeable"] += report.is_forgeable
        counts["tests in a process of their own"] += bool(problem.tests.script)
        if not report.has_passed:
            failed.append(f"{problem.name}: {report.words}")
    return dict(counts) | {"failed ones": failed, "seconds": round(time.perf_counter() - began, 1)}


class Difference:
    """Whether two programs give different values on the tests' own inputs; nothing of the judging is used."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def values(self, source: str, calls: Sequence[Call]) -> list[Any]:
        """What each call gives: a value, the name of an exception, or nothing."""
        ended = self._sandbox._ended(source, [call.wire() for call in calls], b"", _BRIEF, None)
        told = [json.loads(line) for line, _ in ended.lines]
        found: list[Any] = [("no result",)] * len(calls)
        for line in told:
            if "i" in line:
                found[line["i"]] = ("raised", line["error"]) if "error" in line else self._value(line.get("value"))
        return found

    def _value(self, wire: Any) -> Any:
        try:
            return decoded(wire)
        except (ValueError, TypeError):
            return ("opaque", json.dumps(wire))

    def is_other(self, calls: Sequence[Call], left: Sequence[Any], right: Sequence[Any]) -> bool:
        """Whether any value is another; a difference that the test itself allows is none."""
        return any(not self._is_equal(call, one, other) for call, one, other in zip(calls, left, right, strict=True))

    def _is_equal(self, call: Call, one: Any, other: Any) -> bool:
        if call.comparison == "within" and isinstance(one, int | float) and isinstance(other, int | float):
            return bool(max(abs(one - call.expected), abs(other - call.expected)) < call.tolerance)
        return bool(one == other) or repr(one) == repr(other)


def calls_of(tests: TestSet) -> list[Call]:
    """The calls of the tests; of test code those that are written out in it."""
    if tests.cases:
        return [case for case in tests.cases if isinstance(case, Call)]
    found = []
    for node in ast.walk(ast.parse(tests.script)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("candidate", tests.entry_point):
                try:
                    found.append(Call(tests.entry_point, [value_of(argument) for argument in node.args]))
                except ValueError:
                    continue
    return found


def mutants(judge: CodeJudge, problems: Sequence[Problem], each: int, seed: int) -> dict[str, Any]:
    """All that differ must fail."""
    began, counts, passed, kinds = time.perf_counter(), Counter[str](), [], Counter[str]()
    with Sandbox() as sandbox:
        difference = Difference(sandbox)
        for problem in problems:
            calls = calls_of(problem.tests)
            right = difference.values(problem.source, calls)
            found = list(mutants_of(problem.source))
            for name, source in random.Random(f"{seed} {problem.name}").sample(found, min(each, len(found))):
                counts["made"] += 1
                # Looked at twice: a program that a busy machine gave no time has no values, and is no other for that.
                looks = (difference.is_other(calls, right, difference.values(source, calls)) for _ in range(2))
                if not calls or not all(looks):
                    counts["left out, equal on the tests' inputs"] += 1
                    continue
                report = judged(judge, source, problem.tests, _BRIEF)
                counts["differ"] += 1
                counts["failed"] += not report.has_passed
                counts["forgeable"] += report.is_forgeable
                kinds[next((case.outcome for case in report.cases if case.outcome != "passed"), report.status)] += 1
                if report.has_passed:
                    passed.append(f"{problem.name}: {name}")
    return dict(counts) | {"passed": passed, "ends": dict(kinds), "seconds": round(time.perf_counter() - began, 1)}


def livecodebench(judge: CodeJudge, folder: Path) -> dict[str, Any]:
    """Programs of ours, right and wrong, for problems of both platforms."""
    files = sorted(folder.glob("livecodebench*.jsonl"))
    rows = {json.loads(line)["question_id"]: line for file in files for line in _lines(file)}
    counts, mistakes = Counter[str](), []
    for line in _lines(PROGRAMS):
        told = json.loads(line)
        row = rows.get(told["question_id"])
        if row is None:
            continue
        tests = read_tests(row)
        counts[f"problems of {json.loads(row)['platform']}"] += 1
        for kind, is_right in (("right", True), ("wrong", False)):
            for source in told[kind]:
                report = judged(judge, source, tests)
                counts[f"{kind} programs"] += 1
                if report.has_passed == is_right:
                    counts[f"{kind} programs judged so"] += 1
                else:
                    mistakes.append(f"{told['question_id']}, {kind}: {report.words}")
    return dict(counts) | {"mistakes": mistakes}


def measured(folder: Path, each: int, seed: int) -> dict[str, Any]:
    """All figures."""
    problems = list(problems_of(folder))
    judge = CodeJudge()
    try:
        told: dict[str, Any] = {"problems": len(problems), "references": references(judge, problems)}
        told["mutants"] = mutants(judge, problems, each, seed)
        told["livecodebench"] = livecodebench(judge, folder)
        return told | {"level": judge.level}
    finally:
        judge.close()


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--mutants", type=int, default=3, help="of each program")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    command = f"python -m evals.code_judging --data FOLDER --mutants {given.mutants} --seed {given.seed}"
    told = {"command": command} | measured(given.data, given.mutants, given.seed)
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
