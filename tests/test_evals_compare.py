"""Two results against each other: only what both have done, exact p-values, and what else differs."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.compare import MCNEMAR, compared, main
from evals.result_file import Judged, Result, ResultWriter, Sample, read_result
from evals.sign_flips import EXACT
from model.errors import BadInput


def result_of(path: Path, outcomes: dict[str, str], samples: int = 1, **head: Any) -> Result:
    """A result whose samples are written as c (correct), w (wrong), u (undecided) or - (not there)."""
    names = {"c": "correct", "w": "wrong", "u": "undecided"}
    writer = ResultWriter(path)
    told = {"version": 1, "benchmark": "sums", "model": "small", "problems": list(outcomes), "samples": samples}
    writer.write("head", told | head)
    for problem, letters in outcomes.items():
        for number, letter in enumerate(letters):
            if letter != "-":
                writer.write("sample", Sample(problem, number, "so", "4", "stop"))
                writer.write("judgement", Judged(problem, number, names[letter], ""))
    writer.close()
    return read_result(path)


def numbered(letters: str) -> dict[str, str]:
    return {f"p{number}": letter for number, letter in enumerate(letters)}


def test_compared_tests_what_only_one_of_the_two_solves(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", numbered("ccwwwwwwuc"))
    second = result_of(tmp_path / "b.jsonl", numbered("cccccccwcw"))
    told = compared(first, second)
    assert (told.only_first, told.only_second, told.problems, told.left_out) == (1, 6, 10, 0)
    # 7 discordant problems, at most 1 on the one side: 2 * (1 + 7) / 128.
    assert told.p_value == pytest.approx(0.125) and told.test == MCNEMAR
    assert (told.first.value, told.second.value) == (0.3, 0.8) and told.difference.value == pytest.approx(0.5)
    assert -0.1 < told.difference.low < 0.1 < 0.75 < told.difference.high < 0.9


def test_compared_takes_a_problem_as_one_observation_however_many_samples_it_has(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", {"a": "cwww", "b": "ccww", "c": "wwww"}, 4)
    second = result_of(tmp_path / "b.jsonl", {"a": "cccc", "b": "cccc", "c": "cwww"}, 4)
    told = compared(first, second)
    # Of the 8 choices of signs of 3/4, 2/4 and 1/4, only all plus and all minus are as extreme.
    assert (told.p_value, told.test) == (0.25, EXACT)
    assert told.difference.value == pytest.approx(0.5)
    assert (told.only_first, told.only_second) == (0, 3)


def test_compared_turned_round_is_the_same_difference_the_other_way(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", {"a": "cw", "b": "cc", "c": "ww", "d": "wc"}, 2)
    second = result_of(tmp_path / "b.jsonl", numbered("cc") | {"a": "w", "b": "c", "c": "w", "d": "w"})
    there, back = compared(first, second), compared(second, first)
    assert there.p_value == back.p_value
    ends = (there.difference.low, there.difference.value, there.difference.high)
    assert ends == pytest.approx((-back.difference.high, -back.difference.value, -back.difference.low), abs=1e-5)


def test_compared_leaves_out_what_one_has_not_done(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", {"a": "cc", "b": "c-", "c": "ww"}, 2)
    second = result_of(tmp_path / "b.jsonl", {"a": "cw", "b": "cc", "d": "ww"}, 2)
    told = compared(first, second)
    assert (told.problems, told.left_out, told.first.value, told.second.value) == (1, 3, 1.0, 0.5)


def test_compared_says_what_else_is_not_the_same(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", numbered("cw"), model="small", budget="low", problems_sha256="1")
    second = result_of(tmp_path / "b.jsonl", numbered("cc"), model="large", budget=512, problems_sha256="2")
    assert compared(first, second).differs == (
        ("model", "small", "large"),
        ("thinking budget", "low", "512"),
        ("text or reference of a problem", "1", "2"),
    )


def test_compared_refuses_what_cannot_be_compared(tmp_path: Path):
    first = result_of(tmp_path / "a.jsonl", numbered("cw"))
    with pytest.raises(BadInput, match="of sums and of aime24"):
        compared(first, result_of(tmp_path / "b.jsonl", numbered("cw"), benchmark="aime24"))
    with pytest.raises(BadInput, match="share no problem"):
        compared(first, result_of(tmp_path / "c.jsonl", {"p0": "-", "p1": "-"}))


def test_compare_prints_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    result_of(tmp_path / "a.jsonl", numbered("ccwwwwwwwc"))
    result_of(tmp_path / "b.jsonl", numbered("cccccccwcw"), model="large")
    paths = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    assert main(paths) == 0
    told = capsys.readouterr().out
    assert "difference" in told and "50.0%" in told and "p = 0.125 (exact McNemar test)" in told
    assert "Not the same: model: small | large" in told
    assert main([*paths, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["p_value"] == pytest.approx(0.125)
