"""The measure of judging, on problems of our own in the forms of the data sets."""

import json
from pathlib import Path

import pytest

from evals import code_judging
from evals.code_judging import Difference, calls_of, measured
from evals.mutants import mutants_of
from verify.code.test_sets import read_tests
from verify.sandbox.cases import Call
from verify.sandbox.sandbox import Sandbox

HUMAN_EVAL = {
    "task_id": "Ours/0",
    "prompt": 'def clipped(n: int) -> int:\n    """Not above ten."""\n',
    "entry_point": "clipped",
    "canonical_solution": "    if n > 10:\n        return 10\n    return n\n",
    "test": "def check(candidate):\n    for n in (3, 10):\n        assert candidate(n) == n\n    assert candidate(12) == 10\n    assert candidate(11) == 10\n",
}
MBPP = {
    "task_id": 1,
    "prompt": "Join.",
    "code": "def joined(words):\n    text = ''\n    for word in words:\n        text = text + word\n    return text",
    "test_imports": [],
    "test_list": ["assert joined(['a', 'b']) == 'ab'", "assert joined([]) == ''"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(HUMAN_EVAL) + "\n", "utf-8")
    (tmp_path / "mbpp_sanitized.jsonl").write_text(json.dumps(MBPP) + "\n", "utf-8")
    ours = Path(__file__).resolve().parent / "data" / "code_problems.jsonl"
    kept = [line for line in ours.read_text("utf-8").splitlines() if "while name" not in line]
    (tmp_path / "livecodebench_ours.jsonl").write_text("\n".join(kept) + "\n", "utf-8")
    monkeypatch.setattr(code_judging, "PROGRAMS", tmp_path / "livecodebench_ours.jsonl")
    return tmp_path


def test_measured_counts_what_is_judged_right(folder: Path) -> None:
    told = measured(folder, each=4, seed=0)
    assert told["references"]["passed"] == 2 and told["references"]["failed ones"] == []
    assert told["mutants"]["made"] == 8 and told["mutants"]["passed"] == []
    assert told["mutants"]["differ"] == told["mutants"]["failed"] > 4
    assert told["livecodebench"]["mistakes"] == []
    assert told["livecodebench"]["problems of leetcode"] == 5


def test_measured_finds_a_reference_that_is_wrong_and_a_program_that_is_judged_wrongly(folder: Path) -> None:
    wrong = MBPP | {"code": "def joined(words): return 'ab'"}
    (folder / "mbpp_sanitized.jsonl").write_text(json.dumps(wrong) + "\n", "utf-8")
    row = json.loads((folder / "livecodebench_ours.jsonl").read_text("utf-8").splitlines()[0])
    mixed_up = row | {"right": row["wrong"][:1], "wrong": row["right"][:1]}
    (folder / "livecodebench_ours.jsonl").write_text(json.dumps(mixed_up) + "\n", "utf-8")
    told = measured(folder, each=0, seed=0)
    assert told["references"]["failed"] == 1
    assert told["references"]["failed ones"][0].startswith("MBPP/1: passes 1 of 2")
    assert [mistake.split(":")[0] for mistake in told["livecodebench"]["mistakes"]] == [
        "crates, right",
        "crates, wrong",
    ]


def test_mutants_differ_in_one_place_and_equal_ones_are_known() -> None:
    source = "def f(a):\n    if a > 2 and a != 5:\n        a += 1\n    return a\n"
    found = dict(mutants_of(source))
    assert {
        "Gt to GtE",
        "And to Or",
        "NotEq to Eq",
        "2 to 3",
        "condition negated",
        "Add to Sub",
        "returns None",
    } <= set(found)
    assert all(changed != source for changed in found.values())
    with Sandbox() as sandbox:
        difference, calls = (
            Difference(sandbox),
            [Call("f", [2], comparison="equal"), Call("f", [7], comparison="equal")],
        )
        right = difference.values(source, calls)
        assert right == [2, 8]
        others = {
            name
            for name, changed in found.items()
            if difference.is_other(calls, right, difference.values(changed, calls))
        }
    assert "Gt to GtE" in others and "5 to 6" not in others


def test_calls_of_finds_those_that_stand_in_test_code() -> None:
    assert [call.args for call in calls_of(read_tests(json.dumps(HUMAN_EVAL)))] == [[12], [11]]
