"""The command that judges golds: right where the judge is, and telling where it is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals import golds_judged
from evals.benchmarks.aime import AIME24
from evals.benchmarks.benchmark import Judgement, Judges
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.reasoning_gym import REASONING_GYM
from evals.benchmarks.sources import rows_of
from evals.golds_judged import figures, line_of, main, source_for
from model.errors import BadInput


def test_golds_of_a_folder_a_sample_and_of_what_is_made_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sums = [{"problem": f"What is {n} plus {n}?", "answer": f"{2 * n:03}"} for n in (1, 2, 3)]
    (tmp_path / "aime24.jsonl").write_text("\n".join(map(json.dumps, sums)))
    out = tmp_path / "out.json"
    assert main(["--data", str(tmp_path), "--limit", "3", "--out", str(out)]) == 0
    told = json.loads(out.read_text("utf-8"))
    assert {name: each.get("data", "")[:9] for name, each in told.items() if name != "command"} == {
        "GSM8K": "sample: g",
        "MATH-500": "sample: m",
        "AIME 2024": "folder: a",
        "AIME 2025": "",
        "reasoning-gym": "made: rea",
        "IFEval": told["IFEval"].get("data", "")[:9],  # its checks are optional
    }
    assert str(tmp_path) not in out.read_text("utf-8")
    assert "no data at hand: --data FOLDER with aime25.jsonl" in told["AIME 2025"]["left out"]
    shown = capsys.readouterr().out.splitlines()
    assert shown[4] == "| AIME 2024 | folder: aime24.jsonl | 3 of 3 | 3 of 3 | 3 of 3 |"


def test_a_judge_that_takes_everything_is_found_out(judges: Judges):
    blind = replace(GSM8K, judge=lambda _, problem, written: Judgement("correct", "why not"))
    told = figures(blind, rows_of(GSM8K, "sample"), judges, limit=6)
    assert (told["golds judged correct, strictly"], told["other problems' golds judged wrong"]) == (6, 0)
    assert len(told["judged otherwise"]) == told["other problems' golds"] == 6
    assert "is correct and not wrong: why not" in told["judged otherwise"][0]
    assert line_of("GSM8K", told).endswith("| 6 of 6 | 6 of 6 | 0 of 6 |")


def test_a_judge_that_takes_only_boxes_without_words_is_found_out(judges: Judges):
    def judge(_: Judges, problem, written) -> Judgement:
        return Judgement("correct" if written.is_strict and problem.gold in written.answer else "undecided", "no box")

    told = figures(replace(GSM8K, judge=judge), rows_of(GSM8K, "sample"), judges, limit=4)
    assert (told["golds judged correct, strictly"], told["golds judged correct, not strictly"]) == (4, 0)


def test_an_end_that_is_not_as_it_should_be_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    found = {"data": "d", "golds": 1, "golds judged correct, strictly": 0, "other problems' golds": 1}
    found |= {"other problems' golds judged wrong": 1, "judged otherwise": ["q: odd"]}
    monkeypatch.setattr(golds_judged, "measured", lambda folder, limit: iter([("X", found)]))
    assert main(["--out", str(tmp_path / "o.json")]) == 1


def test_rows_are_taken_from_where_they_are(tmp_path: Path):
    (tmp_path / "gsm8k_test.jsonl").write_text("{}")
    assert source_for(GSM8K, tmp_path) == str(tmp_path)
    assert (source_for(GSM8K, None), source_for(AIME24, tmp_path), source_for(REASONING_GYM, None)) == (
        "sample",
        None,
        "auto",
    )
    with pytest.raises(BadInput, match="is no folder"):
        main(["--data", str(tmp_path / "none")])
