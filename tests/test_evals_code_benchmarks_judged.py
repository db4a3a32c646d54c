"""The measure of the benchmarks of programs counts what is judged right, and names what is not."""

from dataclasses import replace

from evals.benchmarks.benchmark import Judgement, Judges, Problem, Written
from evals.benchmarks.humaneval import HUMANEVAL
from evals.benchmarks.row_files import read_rows
from evals.benchmarks.sources import rows_of
from evals.code_benchmarks_judged import FORM, Reference, livecodebench, mutants, references, references_of

FOUND = list(references_of(HUMANEVAL, rows_of(HUMANEVAL).rows[:3]))


def test_references_name_the_one_that_is_wrong(judges: Judges):
    told = references(judges, FOUND)
    assert (told["correct"], told["bodies alone: correct"], told["failed"]) == (6, 3, [])
    wrong: Reference = replace(FOUND[2], source="def truncate_number(number):\n    return number\n")
    told = references(judges, [wrong])
    assert told["wrong"] == 2 and all(each.startswith("HumanEval/2: fails test 1 of 3") for each in told["failed"])


def test_mutants_fail_and_are_judged_as_by_the_data_set_s_own_harness(judges: Judges):
    told = mutants(judges, FOUND[1:], each=2, seed=0)
    assert told["made"] == 4 == told["judged as by the data set's own harness"]
    assert told["differ on the tests' inputs"] == told["differ and are judged wrong"] > 0


def test_mutants_that_differ_and_pass_are_named(judges: Judges):
    right = f"```python\n{FOUND[2].source}\n```"

    def judge_blindly(judges: Judges, problem: Problem, written: Written) -> Judgement:
        return HUMANEVAL.judge(judges, problem, replace(written, answer=right))

    blind = replace(FOUND[2], benchmark=replace(HUMANEVAL, judge=judge_blindly))
    told = mutants(judges, [blind], each=2, seed=0)
    assert len(told["differ and are not judged wrong"]) == told["differ on the tests' inputs"] > 0
    assert told["judged as by the data set's own harness"] < told["made"]


def test_livecodebench_counts_wrong_programs_that_only_private_tests_find(judges: Judges):
    (row,) = [row for row in read_rows(FORM) if row["question_id"] == "count-peaks"]
    told = livecodebench(judges, [row], {"count-peaks": row})
    assert (told["right programs judged so"], told["wrong programs judged so"], told["mistakes"]) == (1, 3, [])
    assert told["wrong programs that pass the public tests"] == 2
    mixed_up = {"count-peaks": row | {"right": row["wrong"][:1], "wrong": []}}
    assert livecodebench(judges, [row], mixed_up)["mistakes"][0].startswith("count-peaks, right: fails test")
