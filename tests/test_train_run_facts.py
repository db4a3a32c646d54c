"""What is said of a run: only what its files bear out."""

import pytest

from tests.reported_run import LOG, PLAN, write_run
from train.run_facts import facts_of, held_out, public_model, standing


@pytest.mark.parametrize(("planned", "known"), [(64, 64), (4, 4), (30, 0), (0, 0), (None, 0), (True, 0)])
def test_number_of_problems_is_taken_from_the_plan_only_if_the_rates_are_shares_of_it(tmp_path, planned, known):
    # The rates are 1/2 and 3/4: of 30 problems neither could be.
    passed = held_out(facts_of(write_run(tmp_path / "run", plan=PLAN | {"held_out": planned})))
    assert [(row.source, row.problems) for row in passed] == [("all", known), ("gsm8k", 0), ("own:sum", 0)]


def test_interval_is_that_of_the_problems_asked(tmp_path):
    (row, *_) = held_out(facts_of(write_run(tmp_path / "run", plan=PLAN | {"held_out": 100})))
    low, high = row.interval(0.8) or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.711, 0.867)


def test_rate_asked_for_once_is_first_and_last(tmp_path):
    (row, *_) = held_out(facts_of(write_run(tmp_path / "run", log=LOG[:1])))
    assert (row.first_step, row.last_step, row.first) == (0, 0, row.last)


def test_reason_of_a_stop_stands_behind_it(tmp_path):
    facts = facts_of(write_run(tmp_path / "run", status="stopped", step=9, reason="Ctrl-C was pressed."))
    assert standing(facts) == "Stopped after 9 of 30 steps. Ctrl-C was pressed."


@pytest.mark.parametrize(
    "path", ["/home/someone/models/mine", "C:\\models\\mine", "./mine", "~/models/mine", "models/big/mine", "/x/mine/"]
)
def test_no_folder_of_this_machine_is_in_a_models_public_name(path):
    assert public_model(path) == "mine"
