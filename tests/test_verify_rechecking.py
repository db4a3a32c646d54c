"""Exported runs are judged again without a model: as before if nothing changed, and said where it did."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import BadImport
from model.export import to_json_lines
from model.importing import read_json_lines
from model.runs import Runs
from tests.scripted_solves import boxed, solves_maker
from tests.scripted_tasks import at_its_end, attempts_maker, writes
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge
from verify.rechecking import Rechecked, Rechecker, main


@pytest.fixture(scope="module")
def judges() -> Iterator[tuple[MathJudge, CodeJudge]]:
    code = CodeJudge()
    with MathJudge() as math:
        yield math, code
    code.close()


@pytest.fixture(scope="module")
def maths(judges: tuple[MathJudge, CodeJudge], tmp_path_factory: pytest.TempPathFactory) -> str:
    with solves_maker(tmp_path_factory.mktemp("maths"), judges[0]) as make:
        solves, runs = make(boxed("4", times=1), boxed("5"))
        ids = solves.start("What is 2 + 2?", gold="4", k=2)
        for run_id in ids:
            for _ in runs.attach(run_id):
                pass
        solve = solves.settle(ids[0])
        assert sorted(chain.checked.standing for chain in solve.chains) == ["correct", "wrong"]
        return exported(runs, ids)


@pytest.fixture(scope="module")
def programs(judges: tuple[MathJudge, CodeJudge], tmp_path_factory: pytest.TempPathFactory) -> str:
    with attempts_maker(tmp_path_factory.mktemp("programs"), judges[1]) as make:
        attempts, runs = make(
            writes("def add(a, b):\n    return a - b", times=1), writes("def add(a, b):\n    return a + b")
        )
        tests = "assert add(1, 2) == 3\nassert add(5, 0) == 5"
        ids = attempts.start("Write add(a, b).", tests=tests, hidden_tests="assert add(2, 2) == 4", n_rounds=2)
        task = at_its_end(attempts, runs, ids[0])
        assert task.standing == "passes" and len(task.rounds) == 2
        return exported(runs, [each.run_id for each in task.rounds])


def exported(runs: Runs, ids: list[str]) -> str:
    return to_json_lines([(runs.store.row(run_id), runs.store.timed_events(run_id)) for run_id in ids], True)


def checks(text: str, judges: tuple[MathJudge, CodeJudge]) -> list[Rechecked]:
    return list(Rechecker(read_json_lines(text), *judges).checks())


def test_recheck_gives_the_verdicts_of_before_when_nothing_has_changed(maths: str, judges: tuple[MathJudge, CodeJudge]):
    found = checks(maths, judges)
    assert sorted((each.kind, each.now) for each in found) == [
        ("final answer", "4"),
        ("final answer", "5"),
        ("verdict", "correct"),
        ("verdict", "wrong"),
    ]
    assert all(each.is_same for each in found)


def test_recheck_says_which_verdict_is_another_by_now(maths: str, judges: tuple[MathJudge, CodeJudge]):
    text = maths.replace('"outcome":"wrong"', '"outcome":"correct"')
    assert text != maths
    changed = [each for each in checks(text, judges) if not each.is_same]
    assert [(each.kind, each.before, each.now) for each in changed] == [("verdict", "correct", "wrong")]
    assert changed[0].reason


def test_recheck_runs_programs_against_given_and_hidden_tests_again(programs: str, judges: tuple[MathJudge, CodeJudge]):
    found = checks(programs, judges)
    assert sorted((each.kind, each.now) for each in found) == [
        ("given tests", "1 of 2 passed"),
        ("given tests", "2 of 2 passed"),
        ("hidden tests", "0 of 1 passed"),
        ("hidden tests", "1 of 1 passed"),
    ]
    assert all(each.is_same for each in found)
    doctored = programs.replace("return a + b", "return a * b")
    changed = {each.kind: each.now for each in checks(doctored, judges) if not each.is_same}
    assert changed == {"given tests": "0 of 2 passed"}  # 2 * 2 is 4, too


def test_recheck_says_where_the_tests_of_a_round_are_not_in_the_file(
    programs: str, judges: tuple[MathJudge, CodeJudge]
):
    second = programs[programs.rindex('{"workings_run"') :]
    found = checks(second, judges)
    assert {each.now for each in found} == {"not run"} and "is not in the file" in found[0].reason


def test_recheck_is_a_command_that_needs_no_model(maths: str, tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    path.write_text(maths.replace('"outcome":"wrong"', '"outcome":"correct"'), "utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "model.store", "recheck", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()].count("changed") == 1
    assert "2 runs, 4 checks, 1 changed" in done.stderr
    assert "torch" not in done.stderr and "RuntimeWarning" not in done.stderr


def test_recheck_says_what_is_wrong_with_a_file(tmp_path: Path):
    path = tmp_path / "notes.txt"
    with pytest.raises(BadImport, match="cannot be read"):
        main(["recheck", str(path)])
    path.write_text("hello\n")
    with pytest.raises(BadImport, match="Line 1"):
        main(["recheck", str(path)])
    path.write_text('{"type": "head", "version": 1, "benchmark": "gsm8k"}\n')
    with pytest.raises(BadImport, match="python -m evals.run --judge-again"):
        main(["recheck", str(path)])
