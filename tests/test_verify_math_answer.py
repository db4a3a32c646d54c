import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.judging import HOSTILE as MEASURED
from verify.child_process import ROOT
from verify.comparison import compare
from verify.extraction import final_answer
from verify.math_answer import MathJudge, judge_lines
from verify.rules import Policy

ROWS = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "math_pairs.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def judge() -> Iterator[MathJudge]:
    with MathJudge(2) as judge:
        yield judge


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['id']}-{row['gold']}"[:40] for row in ROWS])
def test_answer_is_told_from_another_one(row: dict[str, object]) -> None:
    found = final_answer(str(row["pred"]), str(row.get("question", "")))
    outcome = compare(str(row["gold"]), found.text).outcome if found else "undecided"
    assert (outcome == "correct") == row["is_same"], outcome


def test_verdict_says_why_and_what_was_compared(judge: MathJudge) -> None:
    verdict = judge.judge(r"\frac{1}{2}", r"<think>\boxed{3}</think>It is $\boxed{2/4}$.")
    assert (verdict.outcome, verdict.reason) == ("correct", r"2/4 equals \frac{1}{2}")
    assert (verdict.extracted, verdict.gold_form, verdict.candidate_form) == ("2/4", r"\frac{1}{2}", "2/4")
    assert judge.judge("5 m", r"\boxed{5 cm}").reason == "the unit says cm, the reference m"


def test_thinking_that_was_never_closed_holds_no_answer(judge: MathJudge) -> None:
    verdict = judge.judge("4", r"<think>It is \boxed{4}")
    assert (verdict.outcome, verdict.reason) == ("undecided", "no final answer was found")
    long = "<think>" + "so on " * 20_000 + r"\boxed{4}"
    assert judge.judge("4", long).outcome == "undecided"
    assert judge.judge("4", long + r"</think>\boxed{4}").outcome == "correct"


def test_percent_and_missing_units_follow_the_policy(judge: MathJudge) -> None:
    assert judge.judge("28%", r"\boxed{28}").outcome == "correct"
    assert judge.judge("28%", r"\boxed{28}", Policy(percent="strict")).outcome == "wrong"
    assert judge.judge("28%", r"\boxed{0.28}", Policy(percent="strict")).outcome == "correct"
    assert judge.judge("5 cm", r"\boxed{5}").outcome == "correct"
    assert judge.judge("5 cm", r"\boxed{5}", Policy(takes_missing_unit=False)).outcome == "wrong"


# Those that are measured, some of them smaller, and what is no case for a measurement.
HOSTILE = MEASURED | {
    "braces": r"\boxed{" + "{" * 1000 + "1" + "}" * 1000 + "}",
    "brackets": "(" * 20_000,
    "fractions": r"\boxed{" + r"\frac{1}{" * 300 + "1" + "}" * 300 + "}",
    "digits": r"\boxed{" + "7" * 100_000 + "}",
    "dollars": "$" * 100_000,
    "surrogate": "\ud800\\boxed{4}",
    "code": r"\boxed{__import__('os').system('touch pwned')}",
}


@pytest.mark.parametrize("output", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_answer_is_neither_correct_nor_holds_anybody_up_for_long(judge: MathJudge, output: str) -> None:
    began = time.monotonic()
    assert judge.judge("5", output).outcome != "correct"
    assert time.monotonic() - began < 60  # 4 s on a machine with nothing else to do
    assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"


def test_others_are_served_while_one_answer_takes_its_time() -> None:
    with MathJudge(2, seconds=600.0) as judge:
        warming = [threading.Thread(target=judge.judge, args=("1", r"\boxed{1}")) for _ in range(2)]
        for thread in warming:
            thread.start()
        for thread in warming:
            thread.join()
        done = threading.Event()

        def ask() -> None:
            judge.judge("5", HOSTILE["integral"])
            done.set()

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.2)
        assert all(judge.judge("1/2", r"\boxed{0.5}").outcome == "correct" for _ in range(20))
        assert not done.is_set()
        for child in judge._children:
            child.kill()
        asking.join(30)


def test_child_that_has_grown_too_large_is_given_up_where_no_limit_holds_it_down() -> None:
    with MathJudge(1, seconds=600.0, max_bytes=1 << 20) as judge:
        # Any child is larger than that; one that answers at once is never looked at.
        assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"
        began = time.monotonic()
        verdict = judge.judge("5", HOSTILE["integral"])
        assert (verdict.outcome, verdict.reason) == ("undecided", "it could not be worked out within 600 s and 1 MiB")
        assert time.monotonic() - began < 60
        assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"


def test_child_that_is_killed_is_started_again() -> None:
    with MathJudge(1) as judge:
        assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"
        process = judge._children[0]._process
        assert process is not None
        os.kill(process.pid, 9)
        process.wait()
        assert judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"


def test_lines_are_answered_in_order_and_none_of_them_ends_the_command() -> None:
    lines = [
        json.dumps({"id": "a", "gold": "1/2", "pred": r"<think>hm</think>\boxed{0.5}"}),
        "no json",
        json.dumps({"id": "b", "gold": "5", "pred": HOSTILE["tower"]}),
        json.dumps({"id": "c", "pred": "no gold"}),
        json.dumps({"id": "d", "gold": 7, "pred": "The answer is 8."}),
        json.dumps(["e"]),
        json.dumps({"id": "f", "gold": "1", "pred": "\\boxed{\ud800}"}),
        '{"id": "g", "gold": "1", "pred": "\udcff"}',
    ]
    done = subprocess.run(
        [sys.executable, "-m", "verify.math_answer"],
        input=("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"),
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["id"] for each in told] == ["a", None, "b", "c", "d", None, "f", "g"]
    outcomes = [each["outcome"] for each in told]
    assert outcomes[:6] == ["correct", "undecided", "undecided", "undecided", "wrong", "undecided"]
    assert "correct" not in outcomes[6:]
    assert all(each["reason"] and {"extracted", "seconds"} <= each.keys() for each in told)


def test_each_line_is_answered_before_the_next_one_has_to_be_there(judge: MathJudge) -> None:
    asked: queue.Queue[str] = queue.Queue()
    told = judge_lines(iter(asked.get, ""), judge)
    for number in range(3):
        asked.put(json.dumps({"id": number, "gold": "2", "pred": str(number)}))
        assert next(told)["id"] == number
    asked.put("")
    assert list(told) == []
