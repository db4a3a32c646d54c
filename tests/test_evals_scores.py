"""Every figure of a result against a recomputation that shares nothing with it, and what a figure leaves out."""

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.result_file import Judged, ResultWriter, Sample, read_result
from evals.scores import pass_1_of, pass_at_k, scores_of
from tests.checked_result import figures_that_differ, verdicts_that_differ
from tests.recomputed_verdicts import recomputed_verdicts

OUTCOMES = ("correct", "wrong", "undecided")
REASONS = ("stop", "length", "thinking_cut", "loop")


@st.composite
def results(draw: Any) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """A head and the lines of samples and judgements below it: some are still missing, some failed, some came twice."""
    problems = [f"p/{number}" for number in range(draw(st.integers(1, 6)))]
    n = draw(st.integers(1, 5))
    votes = draw(st.booleans())
    by_qwq = draw(st.booleans())
    lines: list[tuple[str, Any]] = []
    for problem in problems:
        for number in range(n):
            if draw(st.integers(0, 9)) == 0:
                continue
            lines.append(("sample", draw(samples(problem, number))))
            if draw(st.integers(0, 9)) == 0:
                continue
            for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
                class_of = draw(st.integers(-1, number)) if votes else -1
                outcome = draw(st.sampled_from(OUTCOMES))
                other = draw(st.sampled_from(("", *OUTCOMES))) if by_qwq else ""
                lines.append(("judgement", Judged(problem, number, outcome, "", class_of=class_of, qwq_outcome=other)))
    return {"version": 1, "problems": problems, "samples": n}, lines


@st.composite
def samples(draw: Any, problem: str, number: int) -> Sample:
    counts = st.integers(0, 5000)
    return Sample(
        problem,
        number,
        "so",
        draw(st.sampled_from(["", "4"])),
        draw(st.sampled_from(REASONS)),
        thinking_tokens=draw(counts),
        answer_tokens=draw(counts),
        started=float(draw(st.integers(1000, 1200))),
        seconds=float(draw(st.integers(0, 30))),
        error=draw(st.sampled_from(["", "", "", "The device failed."])),
    )


def written(path: Path, head: dict[str, Any], lines: list[tuple[Any, Any]]) -> Path:
    path.unlink(missing_ok=True)
    writer = ResultWriter(path)
    writer.write_all([("head", head), *lines])
    writer.close()
    return path


@given(results())
@settings(max_examples=30, deadline=None)
def test_scores_are_those_of_an_independent_recomputation(tmp_path_factory, made):
    path = written(tmp_path_factory.getbasetemp() / "made.jsonl", *made)
    assert figures_that_differ(path) == []
    result = read_result(path)
    assert pass_1_of(result) == scores_of(result).pass_1


REAL = sorted((Path(__file__).parent / "data" / "benchmark_results").glob("*.jsonl"))


def test_there_are_real_results_to_recompute():
    assert [path.name.partition("-")[0] for path in REAL] == ["gsm8k", "humaneval", "reasoning_gym"]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_scores_and_verdicts_of_a_real_result_are_those_of_an_independent_recomputation(path: Path):
    if path.name.startswith("reasoning_gym"):
        pytest.importorskip("reasoning_gym", reason="reasoning-gym is optional: requirements-evals.txt")
    assert figures_that_differ(path) == []
    found = recomputed_verdicts(path)
    assert set(found) == set(read_result(path).judgements)
    assert verdicts_that_differ(path, found) == []


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("gsm8k", "The answer is \\boxed{150}."),
        ("humaneval", "```python\ndef strlen(string):\n    return len(string)\n```"),
        ("reasoning_gym", "They are \\boxed{184}."),
    ],
)
def test_recomputation_says_of_right_answers_and_of_wrong_judgements_what_they_are(
    name: str, right: str, tmp_path: Path
):
    if name == "reasoning_gym":
        pytest.importorskip("reasoning_gym", reason="reasoning-gym is optional: requirements-evals.txt")
    problem = {"gsm8k": "gsm8k-088f5d5ed0", "humaneval": "HumanEval/23", "reasoning_gym": "chain_sum-25510e42f4"}[name]
    head = {"version": 1, "benchmark": name, "problems": [problem], "samples": 2}
    samples = [Sample(problem, number, "so", answer, "stop") for number, answer in enumerate((right, "It is 7."))]
    judged = [Judged(problem, number, "correct", "") for number in range(2)]
    lines = [*(("sample", each) for each in samples), *(("judgement", each) for each in judged)]
    path = written(tmp_path / "r.jsonl", head, lines)
    assert recomputed_verdicts(path) == {(problem, 0): True, (problem, 1): False}
    assert len(verdicts_that_differ(path, recomputed_verdicts(path))) == 1
    assert figures_that_differ(path) == []


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_at_k_is_the_share_of_all_draws_with_a_correct_one(n):
    for correct in range(n + 1):
        for k in range(1, n + 1):
            draws = list(combinations([True] * correct + [False] * (n - correct), k))
            assert pass_at_k(n, correct, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_refuses_more_than_was_drawn():
    with pytest.raises(ValueError, match="pass@5 of 4"):
        pass_at_k(4, 1, 5)


def judged_lines(outcomes: dict[str, list[str]], classes: dict[str, list[int]] | None = None) -> list[tuple[Any, Any]]:
    lines: list[tuple[Any, Any]] = []
    for problem, mine in outcomes.items():
        for number, outcome in enumerate(mine):
            class_of = classes[problem][number] if classes else -1
            lines.append(("sample", Sample(problem, number, "so", "4", "stop")))
            lines.append(("judgement", Judged(problem, number, outcome, "", class_of=class_of)))
    return lines


def test_scores_break_a_tied_vote_neither_for_nor_against_the_model(tmp_path):
    outcomes = {"a": ["correct", "wrong", "wrong", "correct"], "b": ["wrong", "wrong", "correct", "wrong"]}
    classes = {"a": [0, 1, 1, 0], "b": [0, 0, 2, -1]}
    path = written(
        tmp_path / "r.jsonl", {"version": 1, "problems": ["a", "b"], "samples": 4}, judged_lines(outcomes, classes)
    )
    share = scores_of(read_result(path)).cons_k
    assert share is not None and share.value == 0.25


def test_scores_of_the_same_problems_asked_again_err_by_what_samples_of_a_problem_differ(tmp_path):
    outcomes = {"a": ["correct"] * 4, "b": ["correct", "correct", "wrong", "wrong"]}
    path = written(tmp_path / "r.jsonl", {"version": 1, "problems": ["a", "b"], "samples": 4}, judged_lines(outcomes))
    error = scores_of(read_result(path)).same_problems_error
    # The unbiased variance of b's four samples is 1/3; the mean of four of them has 1/12, and half of it counts.
    assert error == pytest.approx(math.sqrt(1 / 12) / 2)


def test_scores_do_not_say_that_the_same_problems_never_differ_where_none_did(tmp_path):
    outcomes = {"a": ["correct"] * 2, "b": ["wrong"] * 2}
    path = written(tmp_path / "r.jsonl", {"version": 1, "problems": ["a", "b"], "samples": 2}, judged_lines(outcomes))
    assert scores_of(read_result(path)).same_problems_error is None


def test_scores_of_a_run_that_has_just_begun_are_none_yet(tmp_path):
    scores = scores_of(read_result(written(tmp_path / "r.jsonl", {"version": 1, "problems": ["a"], "samples": 2}, [])))
    assert (scores.pass_1, scores.cons_k, scores.pass_k, scores.ended, scores.tokens_per_second) == (
        None,
        None,
        {},
        0,
        0,
    )


def test_scores_add_up_the_energy_of_the_sessions_that_know_it(tmp_path):
    lines = [("session", {"joules": 1500.0}), ("session", {"joules": None}), ("session", {"joules": 20.5})]
    head = {"version": 1, "problems": ["a"], "samples": 1}
    assert scores_of(read_result(written(tmp_path / "r.jsonl", head, lines))).joules == 1520.5
    assert scores_of(read_result(written(tmp_path / "s.jsonl", head, [("session", {})]))).joules is None
