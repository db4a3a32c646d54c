"""The sandbox's command: one JSON object as its last line, exit code 0 whatever the program did."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def ran(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", "verify.sandbox"]
    if before:
        run = "import runpy, sys\nsys.argv[0] = 'sandbox'\nrunpy.run_module('verify.sandbox', run_name='__main__')"
        start = [sys.executable, "-c", f"{before}\n{run}"]
    return subprocess.run([*start, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def told(*arguments: str, before: str = "") -> dict[str, Any]:
    done = ran(*arguments, before=before)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.py"
    file.write_text("import sys\ndef f(n):\n    return 10 // n\nif __name__ == '__main__':\n    print(f(int(input())))")
    return file


def test_command_reports_output_and_level(program: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("5\n")
    answer = told(str(program), "--stdin", str(tmp_path / "in.txt"), "--tests", "-")
    expected = {"status": "ok", "stdout": "2\n", "stderr": "", "passed": 0, "total": 0, "tests": []}
    assert expected.items() <= answer.items()
    assert answer["level"] in ("namespaces", "filter", "seccomp-only") and answer["seconds"] > 0


def test_command_reports_every_test(program: Path, tmp_path: Path) -> None:
    tests = [
        {"call": "f", "args": [2], "expected": 5},
        {"call": "f", "args": [3], "expected": 4},
        {"call": "f", "args": [0], "expected": 1},
        {"call": "f", "args": [0], "raises": "ZeroDivisionError"},
        {"stdin": "5", "stdout": "2"},
    ]
    (tmp_path / "tests.json").write_text(json.dumps(tests))
    answer = told(str(program), "--tests", str(tmp_path / "tests.json"))
    assert (answer["status"], answer["passed"], answer["total"]) == ("ok", 3, 5)
    assert [test["outcome"] for test in answer["tests"]] == ["passed", "wrong", "error", "passed", "passed"]
    assert {"outcome", "seconds", "expected", "got", "message"} == answer["tests"][1].keys()
    assert (answer["tests"][1]["expected"], answer["tests"][1]["got"]) == ("4", "3")


def test_command_ends_with_0_when_the_program_does_not(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("print('x')\nwhile True: pass")
    answer = told(str(tmp_path / "p.py"), "--time", "0.3", "--memory", "128", "--tests", "")
    assert (answer["status"], answer["stdout"]) == ("timeout", "x\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "cannot be read"),
        ([__file__, "--tests", "nowhere.json"], "cannot be read"),
        ([__file__, "--tests", __file__], "is no JSON"),
        ([__file__, "--memory", "1"], "MiB"),
        ([__file__, "--time", "-1"], "time limit"),
    ],
)
def test_command_that_is_wrong_is_told_so(arguments: list[str], said: str) -> None:
    done = ran(*arguments)
    assert done.returncode == 2 and said in done.stderr


def test_other_systems_are_refused_with_the_way_out(program: Path) -> None:
    # As on Windows: these modules of Python are not there.
    before = "import sys\nsys.platform = 'win32'\nfor name in ('fcntl', 'resource'): sys.modules[name] = None"
    answer = told(str(program), before=before)
    assert answer["status"] == "refused" and answer["level"] == "none"
    assert "docker" in answer["message"]


def test_machine_without_isolation_is_refused_and_runs_nothing(program: Path) -> None:
    before = "import verify.sandbox.server as s\ns.ROOT = '/nonexistent'"
    answer = told(str(program), before=before)
    assert (answer["status"], answer["stdout"]) == ("refused", "")
    assert "seccomp-only" in answer["message"]


def test_level_whose_proof_fails_is_not_used(program: Path) -> None:
    before = "import verify.sandbox.proof as p\np._ATTEMPTS = 'print(\"broke out\")'"
    answer = told(str(program), "--level", "filter", before=before)
    assert answer["status"] == "refused" and "the proof failed" in answer["message"]
