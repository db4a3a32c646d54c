"""What is said of a run: only what its files bear out."""

import tomllib

import pytest

from tests.reported_run import LOG, PLAN, write_run
from train.plans import Plan, plan_of
from train.run_facts import Rate, as_toml, began, command, facts_of, held_out, standing


def test_number_of_problems_is_that_of_the_time_when_they_were_asked():
    rows = held_out(LOG)
    assert [(row.source, row.first.problems, row.last.problems) for row in rows] == [
        ("all", 64, 60),
        ("gsm8k", 32, 30),
        ("own:sum", 32, 30),
    ]


def test_rate_whose_count_is_not_logged_has_no_interval():
    log = [{"step": 3, "held_out/arithmetic": 0.8, "asked/words": 9.0}]
    assert [(row.source, row.last.interval) for row in held_out(log)] == [("arithmetic", None)]


def test_interval_is_that_of_the_problems_asked():
    low, high = Rate(9, 0.8, 100).interval or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.711, 0.867)
    assert Rate(9, 0.8).interval is None


def test_rate_asked_for_once_is_first_and_last():
    (row, *_) = held_out(LOG[:1])
    assert row.first == row.last == Rate(0, 0.5, 64)


def test_reason_of_a_stop_stands_behind_it(tmp_path):
    facts = facts_of(write_run(tmp_path / "run", status="stopped", step=9, reason="Ctrl-C was pressed."))
    assert standing(facts) == "Stopped after 9 of 30 steps. Ctrl-C was pressed."


def test_file_in_the_command_is_the_plan_that_was_run():
    plan = Plan(
        start='C:\\runs\\"mine"', sources={"gym:gcd": 0.5, "file:a b.jsonl": 1.0}, weights={"format": 0.2}, beta=1e-05
    )
    assert plan_of(tomllib.loads(as_toml(plan.as_json()))) == plan
    assert as_toml(plan.as_json()) in command(plan.as_json() | {"kind": "grpo"})


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("shipped", "the adapter that the app ships"),
        ("fresh", ""),
        ("someone/lora", "the adapter someone/lora"),
        ("/x/half/adapter", "the adapter half/adapter"),
    ],
)
def test_beginning_is_told_in_words(tmp_path, start, words):
    assert began(facts_of(write_run(tmp_path / "run", plan=PLAN | {"start": start}))) == words
