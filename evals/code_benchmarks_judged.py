"""Whether the benchmarks of programs judge rightly: references must pass, mutants and wrong programs must not.

    python -m evals.code_benchmarks_judged [--data FOLDER]

Each program goes the way of a model's answer, through the benchmark's own `judge`. HumanEval and MBPP ship, and so do
problems of our own in LiveCodeBench's form, whose wrong programs often pass the public tests. FOLDER may hold a file of
LiveCodeBench's, for the programs in `evals/data/livecodebench_programs.jsonl`. That a mutant differs is found without
any verdict (`evals.code_judging.Difference`), and what is judged is held against the data sets' own way: program and
tests one behind the other in one process. Writes `evals/results/code-benchmarks-judged.json`.
"""

import argparse
import ast
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, Written
from evals.benchmarks.humaneval import HUMANEVAL
from evals.benchmarks.livecodebench import LIVECODEBENCH_RELEASES
from evals.benchmarks.mbpp import MBPP
from evals.benchmarks.programs import limits_of
from evals.benchmarks.row_files import read_rows
from evals.code_judging import PROGRAMS, Difference, calls_of
from evals.mutants import mutants_of
from verify.code.judge import CodeJudge
from verify.code.parsing import parsed
from verify.code.test_sets import read_tests
from verify.math_answer import MathJudge
from verify.sandbox.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "code-benchmarks-judged.json"
FORM = HERE / "data" / "livecodebench_form.jsonl"
_BOOK_LIMITS = limits_of(10.0, 1024)


@dataclass(frozen=True, slots=True)
class Reference:
    """A problem with the program that solves it, whole."""

    benchmark: Benchmark
    problem: Problem
    row: Mapping[str, Any]
    source: str


def references_of(benchmark: Benchmark, rows: Sequence[Mapping[str, Any]]) -> Iterator[Reference]:
    """Of HumanEval's or MBPP's rows."""
    for problem, row in zip(benchmark.problems_of(rows), rows, strict=True):
        source = row["code"] if "code" in row else row["prompt"] + row["canonical_solution"]
        yield Reference(benchmark, problem, row, source)


def judged(judges: Judges, benchmark: Benchmark, problem: Problem, source: str, is_strict: bool = True) -> Judgement:
    """As an answer that holds the program would be."""
    answer = f"The solution:\n\n```python\n{source}\n```\n"
    return benchmark.judge(judges, problem, Written(answer, is_strict=is_strict))


def by_the_book(sandbox: Sandbox, reference: Reference, source: str) -> bool:
    """Whether a program passes as the data set's own harness has it: the tests behind it, in its process."""
    row = reference.row
    if "code" in row:
        tests = "\n".join([*row["test_imports"], *row["test_list"]])
    else:
        tests = f"{row['test']}\ncheck({row['entry_point']})"
    whole = f"{source}\n\n{tests}\n"
    return sandbox.run(whole, limits=_BOOK_LIMITS).status == "ok"


def has_given(reference: Reference, source: str) -> bool:
    """Whether a mutant leaves alone what HumanEval's prompt gives: no model writes that, and tests may use it."""
    given = parsed(f"{reference.row['prompt']}\n    pass\n") if "canonical_solution" in reference.row else None
    mutant = parsed(source)
    if given is None or mutant is None:
        return True
    names = {part.name for part in given.body if isinstance(part, ast.FunctionDef)} - {reference.row["entry_point"]}
    helpers = [[ast.dump(part) for part in tree.body if _is_named(part, names)] for tree in (given, mutant)]
    return helpers[0] == helpers[1]


def _is_named(part: ast.stmt, names: set[str]) -> bool:
    return isinstance(part, ast.FunctionDef) and part.name in names


def references(judges: Judges, found: Sequence[Reference]) -> dict[str, Any]:
    """All must pass, under both readings of an answer."""
    began, counts, failed = time.perf_counter(), Counter[str](), []
    for reference in found:
        for is_strict in (True, False):
            told = judged(judges, reference.benchmark, reference.problem, reference.source, is_strict)
            counts[told.outcome] += 1
            if told.outcome != "correct":
                failed.append(f"{reference.problem.id}: {told.reason}")
        if reference.benchmark is HUMANEVAL:
            told = judged(judges, HUMANEVAL, reference.problem, reference.row["canonical_solution"])
            counts[f"bodies alone: {told.outcome}"] += 1
    return dict(counts) | {"failed": failed, "seconds": round(time.perf_counter() - began, 1)}


def mutants(judges: Judges, found: Sequence[Reference], each: int, seed: int) -> dict[str, Any]:
    """All that differ must fail; and all must be judged as the data set's own harness does."""
    began, counts, passed, others = time.perf_counter(), Counter[str](), [], []
    with Sandbox() as sandbox:
        difference = Difference(sandbox)
        for reference in found:
            calls = calls_of(read_tests(json.dumps(reference.problem.gold)))
            right = difference.values(reference.source, calls)
            made = [each for each in mutants_of(reference.source) if has_given(reference, each[1])]
            for name, source in random.Random(f"{seed} {reference.problem.id}").sample(made, min(each, len(made))):
                counts["made"] += 1
                told = judged(judges, reference.benchmark, reference.problem, source)
                counts[told.outcome] += 1
                # Looked at twice: a program that a busy machine gave no time has no values, and is no other for that.
                looks = (difference.is_other(calls, right, difference.values(source, calls)) for _ in range(2))
                is_other = bool(calls) and all(looks)
                counts["differ on the tests' inputs"] += is_other
                counts["differ and are judged wrong"] += is_other and told.outcome == "wrong"
                if is_other and told.outcome != "wrong":
                    passed.append(f"{reference.problem.id}: {name}")
                if by_the_book(sandbox, reference, source) != (told.outcome == "correct"):
                    others.append(f"{reference.problem.id}: {name}: {told.reason}")
    counts["judged as by the data set's own harness"] = counts["made"] - len(others)
    ends = {"differ and are not judged wrong": passed, "judged otherwise than by the data set's own harness": others}
    return dict(counts) | ends | {"seconds": round(time.perf_counter() - began, 1)}


def livecodebench(judges: Judges, rows: Sequence[Mapping[str, Any]], programs: Mapping[str, Any]) -> dict[str, Any]:
    """Right and wrong programs; of the wrong ones it is counted how many the public tests alone would let pass."""
    counts, mistakes = Counter[str](), []
    benchmark = LIVECODEBENCH_RELEASES[-1]
    for row in rows:
        (problem,) = benchmark.problems_of([row])
        if problem.id not in programs:
            continue
        counts[f"problems of {row['platform']}"] += 1
        for kind, outcome in (("right", "correct"), ("wrong", "wrong")):
            for source in programs[problem.id][kind]:
                told = judged(judges, benchmark, problem, source, is_strict=False)
                counts[f"{kind} programs"] += 1
                counts[f"{kind} programs judged so"] += told.outcome == outcome
                if told.outcome != outcome:
                    mistakes.append(f"{problem.id}, {kind}: {told.reason}")
        counts["wrong programs that pass the public tests"] += sum(
            judged(judges, benchmark, _public(problem), source, is_strict=False).outcome == "correct"
            for source in programs[problem.id]["wrong"]
        )
    return dict(counts) | {"mistakes": mistakes}


def _public(problem: Problem) -> Problem:
    return Problem(problem.id, problem.messages, problem.gold | {"private_test_cases": "[]"})


def measured(folder: Path | None, each: int, seed: int, limit: int = 0) -> dict[str, Any]:
    """All figures.

    Args:
        each: So many mutants of each program.
        limit: So many problems of HumanEval and of MBPP; 0 for all.
    """
    told: dict[str, Any] = {}
    code = CodeJudge()
    with MathJudge(1) as math:
        judges = Judges(math, code)
        try:
            for benchmark in (HUMANEVAL, MBPP):
                assert benchmark.sample is not None
                found = list(references_of(benchmark, read_rows(benchmark.sample)[: limit or None]))
                told[benchmark.name] = {"problems": len(found), "references": references(judges, found)}
                told[benchmark.name]["mutants"] = mutants(judges, found, each, seed)
            ours = read_rows(FORM)
            by_id = {row["question_id"]: row for row in ours}
            told["livecodebench's form, private tests packed"] = livecodebench(judges, ours, by_id)
            for path in sorted(folder.glob("livecodebench*.jsonl")) if folder else ():
                programs = {row["question_id"]: row for row in read_rows(PROGRAMS)}
                told[f"livecodebench, {path.name}"] = livecodebench(judges, read_rows(path), programs)
            return told | {"level": code.level}
        finally:
            code.close()


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with a file of LiveCodeBench's")
    parser.add_argument("--mutants", type=int, default=2, help="of each program")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    told = {"command": "python -m evals.code_benchmarks_judged --data FOLDER", "mutants": given.mutants}
    told |= {"seed": given.seed} | measured(given.data, given.mutants, given.seed)
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
