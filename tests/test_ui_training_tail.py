"""A file of completions is read from its end, in blocks, however long it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from ui import training_tail
from ui.training_tail import last_samples, sample_at


def written(folder: Path, samples: list[dict[str, Any]], end: str = "\n") -> Path:
    path = folder / "samples.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in samples) + end, "utf-8")
    return path


def numbered(n: int, **more: Any) -> list[dict[str, Any]]:
    return [{"step": step, "outcome": "wrong" if step % 10 else "correct"} | more for step in range(n)]


def steps(tail: training_tail.Tail) -> list[int]:
    return [sample["step"] for _, sample in tail.samples]


def test_last_completions_come_first_and_earlier_ones_follow_without_a_gap(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(10))
    first = last_samples(path, 4)
    assert steps(first) == [9, 8, 7, 6]
    second = last_samples(path, 4, before=first.before)
    third = last_samples(path, 4, before=second.before)
    assert steps(second) + steps(third) == [5, 4, 3, 2, 1, 0]
    assert third.before is None


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
def test_size_of_a_block_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    path = written(tmp_path, numbered(30, thinking="é" * 50))
    monkeypatch.setattr(training_tail, "_BLOCK_BYTES", block)
    tail = last_samples(path, 100)
    assert steps(tail) == list(range(29, -1, -1))
    assert [sample_at(path, place) for place, _ in tail.samples] == [sample for _, sample in tail.samples]


def test_only_an_outcome_is_looked_for_when_that_is_asked(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(95))
    assert steps(last_samples(path, 3, "correct")) == [90, 80, 70]
    assert steps(last_samples(path, 3, "open")) == []


def test_look_ends_after_its_share_of_a_long_file_and_says_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, numbered(400))
    monkeypatch.setattr(training_tail, "MOST_BYTES", 1000)
    looks, before = 0, None
    while True:
        tail = last_samples(path, 10, "open", before)
        assert tail.samples == () and (before is None or tail.before is None or tail.before < before)
        looks, before = looks + 1, tail.before
        if before is None:
            break
    assert looks == pytest.approx(path.stat().st_size / 1000, abs=2)


def test_line_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(3), end='\n{"step": 3, "out')
    assert steps(last_samples(path, 10)) == [2, 1, 0]
    path.write_text('{"step": 0')
    assert last_samples(path, 10).samples == ()


def test_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"step": 0}\n{"step": 1, "thi\n[2]\n{"step": 3}\n')
    assert steps(last_samples(path, 10)) == [3, 0]


def test_file_that_is_not_there_yet_has_no_completions(tmp_path: Path) -> None:
    assert last_samples(tmp_path / "none", 10).samples == ()
    assert sample_at(tmp_path / "none", 0) is None


def test_place_that_is_no_beginning_of_a_line_holds_no_completion(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(2))
    assert sample_at(path, 1) is None and sample_at(path, 10_000) is None
