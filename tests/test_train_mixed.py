"""Sources of problems: the n-th is always the same, and no held-out one is among those that are trained on."""

import importlib.util
import json
from pathlib import Path

import pytest

from model.errors import BadInput
from model.families import QWQ, SMOLLM2
from train.mixed import Mixture
from train.problems import GymGold, TestsGold
from train.traces import Value, is_held_out

HAS_IFEVAL = all(importlib.util.find_spec(name) for name in ("lm_eval", "langdetect", "nltk", "immutabledict"))
SHARES = {"own:word_one": 1.0, "own:factors": 1.0, "gym:chain_sum": 2.0, "gym:gcd": 1.0}


def test_the_problem_of_a_number_is_the_same_whatever_was_asked_before():
    first, second = Mixture(SHARES, 1, SMOLLM2), Mixture(SHARES, 1, SMOLLM2)
    wanted = [first.problem(number, {}) for number in range(30)]
    assert [second.problem(number, {}) for number in reversed(range(30))] == wanted[::-1]
    assert [Mixture(SHARES, 2, SMOLLM2).problem(number, {}) for number in range(30)] != wanted


def test_training_and_held_out_problems_share_no_content_under_any_seed():
    trained = {problem.key for seed in (1, 2) for problem in drawn(Mixture(SHARES, seed, SMOLLM2), 300)}
    asked = {problem.key for seed in (1, 2) for problem in Mixture(SHARES, seed, SMOLLM2).held_out(60)}
    assert len(asked) > 60 and not trained & asked
    assert all(map(is_held_out, asked)) and not any(map(is_held_out, trained))


def drawn(mixture: Mixture, count: int) -> list:
    return [mixture.problem(number, {}) for number in range(count)]


def test_sources_come_by_their_shares():
    names = [problem.source for problem in drawn(Mixture(SHARES, 3, SMOLLM2), 400)]
    # 160 and 80 are to be expected.
    assert 120 < names.count("gym:chain_sum") < 200 and 50 < names.count("own:factors") < 110


def test_levels_make_problems_of_reasoning_gym_harder():
    mixture = Mixture({"gym:chain_sum": 1.0}, 1, SMOLLM2)
    assert mixture.levels["gym:chain_sum"] >= 4
    easy, hard = (
        sum(len(mixture.problem(number, {"gym:chain_sum": level}).question) for number in range(20)) for level in (0, 3)
    )
    problem = mixture.problem(0, {"gym:chain_sum": 3})
    assert hard > easy and problem.level == 3 and isinstance(problem.gold, GymGold)


def test_a_question_is_asked_as_the_page_asks_the_family():
    problem = Mixture({"gym:gcd": 1.0}, 1, QWQ).problem(0, {})
    assert problem.question.endswith("put your final answer within \\boxed{}.")
    assert "\\boxed" not in Mixture({"gym:gcd": 1.0}, 1, SMOLLM2).problem(0, {}).question


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("own:nothing", "no task 'nothing'", id="own"),
        pytest.param("own:tool_call", "no answer that a verifier judges", id="a call"),
        pytest.param("own:fact", "no answer that a verifier judges", id="an answer in words"),
        pytest.param("own:follow_up", "no answer that a verifier judges", id="some without an answer"),
        pytest.param("own:chat", "no answer that a verifier judges", id="chat"),
        pytest.param("gym:nothing", "no task 'nothing' of reasoning-gym", id="gym"),
        pytest.param("nothing", "no source 'nothing'", id="kind"),
        pytest.param("file:nothing.jsonl", "no file 'nothing.jsonl'", id="file"),
    ],
)
def test_a_source_that_is_none_is_refused(name: str, words: str):
    with pytest.raises(BadInput, match=words):
        Mixture({name: 1.0}, 1, SMOLLM2)


@pytest.mark.parametrize("shares", [{}, {"own:sum": 0.0}, {"own:sum": -1.0}])
def test_a_mixture_needs_shares_above_zero(shares: dict[str, float]):
    with pytest.raises(BadInput, match="share above 0"):
        Mixture(shares, 1, SMOLLM2)


def test_a_file_of_own_problems_is_asked(tmp_path: Path):
    rows = [{"problem": f"What is {n} + 1?", "gold": n + 1} for n in range(60)]
    rows += [{"problem": f"Write f(n) = n + {n}.", "tests": f"assert f(1) == {1 + n}"} for n in range(60)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    mixture = Mixture({"file:mine.jsonl": 1.0}, 1, SMOLLM2, tmp_path)
    golds = {type(problem.gold) for problem in drawn(mixture, 40)}
    assert golds == {Value, TestsGold}
    assert {problem.key for problem in mixture.held_out(100)} == {
        problem.key for problem in mixture.held_out(100) if is_held_out(problem.key)
    }


def test_constraints_without_their_packages_are_refused_at_once():
    if HAS_IFEVAL:
        assert Mixture({"constraints": 1.0}, 1, SMOLLM2).problem(0, {}).form == "text"
    else:
        with pytest.raises(BadInput, match="lm-eval"):
            Mixture({"constraints": 1.0}, 1, SMOLLM2)
