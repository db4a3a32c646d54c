"""The golds of benchmarks in, how many are judged right and how many of other problems wrong out: a judge's own test.

    python -m evals.golds_judged [--data FOLDER]

Each gold is given as the answer, in a box, under the strict reading and the other; then each problem gets the gold
of the next one, where it is another. Where a folder has no file of a benchmark, its shipped sample is taken. IFEval's
prompts have no golds: for each kind of its instructions there is an answer that follows it and one that breaks it
(`evals/data/ifeval_pairs.jsonl`).
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.benchmarks.aime import AIME24, AIME25
from evals.benchmarks.benchmark import Benchmark, Judges, Outcome, Problem, Written
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.ifeval import IFEVAL
from evals.benchmarks.math500 import MATH500
from evals.benchmarks.reasoning_gym import REASONING_GYM
from evals.benchmarks.row_files import read_rows
from evals.benchmarks.sources import Rows, rows_of
from model.errors import AppError, BadInput
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

BENCHMARKS = (GSM8K, MATH500, AIME24, AIME25, REASONING_GYM)
PAIRS = Path(__file__).parent / "data" / "ifeval_pairs.jsonl"
RESULTS = Path(__file__).parent / "results" / "golds-judged.json"


def source_for(benchmark: Benchmark, folder: Path | None) -> str | None:
    """Where its rows are read: made, the folder, the sample; None if there are none at hand."""
    if benchmark.rows_made is not None:
        return "auto"
    if folder is not None and (folder / benchmark.file).is_file():
        return str(folder)
    return "sample" if benchmark.sample else None


def gold_of(problem: Problem) -> str:
    """The gold as it is answered."""
    return str(problem.gold["answer"] if isinstance(problem.gold, dict) else problem.gold)


def figures(benchmark: Benchmark, rows: Rows, judges: Judges, limit: int = 0) -> dict[str, Any]:
    """Golds, and those of the next problem where they differ, as a benchmark's judge takes them.

    Args:
        limit: So many problems; 0 for all.
    """
    problems = benchmark.problems_of(rows.rows[: limit or None])
    golds = [gold_of(problem) for problem in problems]
    own = list(zip(problems, golds, strict=True))
    others = [each for each in zip(problems, golds[1:] + golds[:1], strict=True) if each[1] != gold_of(each[0])]
    strictly = _judged(benchmark, judges, [(problem, _boxed(gold, True)) for problem, gold in own], "correct")
    freely = _judged(benchmark, judges, [(problem, _boxed(gold, False)) for problem, gold in own], "correct")
    wrong = _judged(benchmark, judges, [(problem, _boxed(gold, True)) for problem, gold in others], "wrong")
    return {
        "data": f"{rows.source}: {rows.origin}",
        "golds": len(own),
        "golds judged correct, strictly": len(own) - len(strictly),
        "golds judged correct, not strictly": len(own) - len(freely),
        "other problems' golds": len(others),
        "other problems' golds judged wrong": len(others) - len(wrong),
        "judged otherwise": list(dict.fromkeys(strictly + freely + wrong)),
    }


def ifeval_figures(judges: Judges, pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Answers that follow an instruction, and that break it, as IFEval's checks take them.

    Raises:
        BadInput: If the package with the checks is missing.
    """
    prompts = [
        {
            "key": each["instruction"],
            "prompt": "Write of rain.",
            "instruction_id_list": [each["instruction"]],
            "kwargs": [each["kwargs"]],
        }
        for each in pairs
    ]
    asked = list(zip(IFEVAL.problems_of(prompts), pairs, strict=True))
    follows = _judged(IFEVAL, judges, [(problem, Written(each["follows"])) for problem, each in asked], "correct")
    breaks = _judged(IFEVAL, judges, [(problem, Written(each["breaks"])) for problem, each in asked], "wrong")
    return {
        "data": PAIRS.name,
        "golds": len(asked),
        "golds judged correct, strictly": len(asked) - len(follows),
        "other problems' golds": len(asked),
        "other problems' golds judged wrong": len(asked) - len(breaks),
        "judged otherwise": follows + breaks,
    }


def _boxed(answer: str, is_strict: bool) -> Written:
    return Written(f"The answer is \\boxed{{{answer}}}.", is_strict=is_strict)


def _judged(
    benchmark: Benchmark, judges: Judges, asked: Sequence[tuple[Problem, Written]], wanted: Outcome
) -> list[str]:
    """A sentence about each answer that is judged otherwise."""
    odd = []
    for problem, written in asked:
        judged = benchmark.judge(judges, problem, written)
        if judged.outcome == "undecided":  # a busy machine can be too slow; as in a run, it has another try
            judged = benchmark.judge(judges, problem, written)
        if judged.outcome != wanted:
            odd.append(f"{problem.id}: {written.answer!r} is {judged.outcome} and not {wanted}: {judged.reason}")
    return odd


def measured(folder: Path | None = None, limit: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """A benchmark's title and its figures, or why there are none, one after the other."""
    with contextlib.closing(CodeJudge()) as code, MathJudge() as math, contextlib.closing(Judges(math, code)) as judges:
        for benchmark in BENCHMARKS:
            source = source_for(benchmark, folder)
            if source is None:
                yield benchmark.title, {"left out": f"no data at hand: --data FOLDER with {benchmark.file}"}
                continue
            yield benchmark.title, figures(benchmark, rows_of(benchmark, source), judges, limit)
        try:
            yield IFEVAL.title, ifeval_figures(judges, read_rows(PAIRS))
        except BadInput as error:
            yield IFEVAL.title, {"left out": str(error)}


def line_of(title: str, told: Mapping[str, Any]) -> str:
    """A row of the table.

    >>> line_of("AIME 2024", {"left out": "no data at hand"})
    '| AIME 2024 | left out: no data at hand | | | |'
    """
    if "left out" in told:
        return f"| {title} | left out: {told['left out']} | | | |"
    n, n_others = told["golds"], told["other problems' golds"]
    strictly = f"{told['golds judged correct, strictly']:,} of {n:,}"
    freely = f"{told[_FREELY]:,} of {n:,}" if _FREELY in told else ""
    wrong = f"{told[_OTHERS_WRONG]:,} of {n_others:,}"
    return f"| {title} | {told['data']} | {strictly} | {freely} | {wrong} |"


_FREELY = "golds judged correct, not strictly"
_OTHERS_WRONG = "other problems' golds judged wrong"
_HEADING = (
    "| | data | golds that are correct, strictly | and not strictly | other problems' golds that are wrong |\n"
    "| --- | --- | --- | --- | --- |"
)


def main(arguments: Sequence[str]) -> int:
    """Judge, print a table, write the figures; 0 if all is as it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.golds_judged",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of data, as evals.run takes it")
    parser.add_argument("--limit", type=int, default=0, help="so many problems of each benchmark; 0 for all")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    if given.data is not None and not given.data.is_dir():
        raise BadInput(f"{given.data} is no folder.")
    told = {}
    print(_HEADING, flush=True)
    for title, found in measured(given.data, given.limit):
        told[title] = found
        print(line_of(title, found), flush=True)
    odd = [f"{title}, {each}" for title, found in told.items() for each in found.get("judged otherwise", ())]
    print("\n".join(["", *odd]) if odd else "\nAll are judged as they should be.")
    command = "python -m evals.golds_judged" + (" --data FOLDER" if given.data else "")
    given.out.write_text(json.dumps({"command": command} | told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if odd else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
