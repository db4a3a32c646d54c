"""Which budget a curve says to take, and what its points are made of."""

from pathlib import Path

import pytest

from evals.curve_file import CutAnswer, Point, best_budget, curve_of, default_budgets, own_budget, read_cuts
from evals.intervals import Share
from evals.result_file import Judged, Result, ResultWriter, Sample
from model.errors import BadInput


def point(budget: int, scores: list[float]) -> Point:
    n = len(scores)
    mean = sum(scores) / n
    error = (sum((each - mean) ** 2 for each in scores) / (n - 1) / n) ** 0.5
    named = {f"p{number}": each for number, each in enumerate(scores)}
    return Point(budget, False, Share(mean, 0, 1, n, ""), error, 0.0, 0.0, named)


def test_best_budget_is_the_smallest_that_loses_nothing_to_speak_of():
    most, less, half = [1.0] * 15 + [0.0] * 5, [1.0] * 14 + [0.0] * 6, [1.0] * 8 + [0.0] * 12
    assert best_budget([point(100, half), point(200, less), point(400, most), point(800, most)]) == 200
    assert best_budget([point(800, most), point(100, half)]) == 800


def test_best_budget_sees_a_loss_that_one_standard_error_of_the_best_would_let_pass():
    most = [1.0] * 10 + [0.0] * 10
    less = [1.0] * 8 + [0.0] * 12  # within 11 points of the best, but no problem is won where two are lost
    assert point(400, most).standard_error > 0.1
    assert best_budget([point(100, less), point(400, most)]) == 400


def test_best_budget_takes_the_smallest_of_budgets_that_are_all_alike():
    assert best_budget([point(0, [0.0, 0.0]), point(64, [0.0, 0.0])]) == 0
    assert best_budget([]) is None


def test_best_budget_is_not_named_before_all_points_have_the_same_problems():
    assert best_budget([point(100, [1.0, 0.0]), point(200, [1.0, 0.0, 1.0])]) is None


def result_of(*outcomes: str, budget: object = 512, tokens: int = 300) -> Result:
    problems = [f"p{number}" for number in range(len(outcomes))]
    head = {"problems": problems, "samples": 1, "budget": budget, "sampling": {"max_new_tokens": None}}
    samples = {(p, 0): Sample(p, 0, "so", "4", "stop", thinking_tokens=tokens) for p in problems}
    judgements = {(p, 0): Judged(p, 0, outcome, "") for p, outcome in zip(problems, outcomes, strict=True)}
    return Result(Path("r.jsonl"), head, samples, judgements)


def test_curve_takes_the_samples_own_judgement_where_nothing_was_cut():
    result = result_of("correct", "wrong", "correct", tokens=90)
    cuts = [
        CutAnswer("p0", 0, 64, 90, False),
        CutAnswer("p1", 0, 64, 70, True, "thinking_cut", "4", outcome="correct"),
        CutAnswer("p2", 0, 64, 70, True, "thinking_cut", "5", outcome="wrong"),
    ]
    curve = curve_of(result, {cut.key: cut for cut in cuts})
    assert [(each.budget, each.is_own) for each in curve.points] == [(64, False), (512, True)]
    assert curve.points[0].scores == {"p0": 1.0, "p1": 1.0, "p2": 0.0}
    assert curve.points[1].scores == {"p0": 1.0, "p1": 0.0, "p2": 1.0}
    assert curve.points[0].thinking_tokens == pytest.approx(230 / 3) and curve.points[0].cut == pytest.approx(2 / 3)
    assert curve.best == 64


def test_own_budget_is_the_token_limit_where_nothing_was_cut():
    assert own_budget(result_of("wrong")) == 512
    assert own_budget(result_of("wrong", budget="low")) == 1024
    assert own_budget(result_of("wrong", budget=None)) == own_budget(result_of("wrong", budget="90s")) == 32_768


def test_default_budgets_double_up_to_what_was_thought():
    assert default_budgets(result_of("wrong", tokens=300)) == [0, 16, 32, 64, 128, 256]
    assert default_budgets(result_of("wrong", budget=128, tokens=300)) == [0, 16, 32, 64]
    assert default_budgets(result_of("wrong", budget=None, tokens=30_000)) == [
        0,
        256,
        512,
        1024,
        2048,
        4096,
        8192,
        16_384,
    ]
    assert default_budgets(result_of("wrong", tokens=0)) == []


def test_cuts_are_read_back_as_they_were_written_and_half_a_line_is_passed_over(tmp_path: Path):
    cut = CutAnswer("p0", 0, 64, 70, True, "loop", "4", (("add", "{}"),), 12, 0.5, "wrong", "No.", "")
    path = tmp_path / "r.curve"
    writer = ResultWriter(path)
    writer.write("cut", cut)
    writer.close()
    path.write_bytes(path.read_bytes() + b'{"type": "cut", "problem": "p1", "nu')
    assert read_cuts(path) == {cut.key: cut}
    path.write_bytes(b'{"type": "cut"}\n' + path.read_bytes())
    with pytest.raises(BadInput, match="line 1"):
        read_cuts(path)
    assert read_cuts(tmp_path / "none.curve") == {}
