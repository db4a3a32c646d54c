"""A growing result is read on without its texts: nothing is lost, nothing read twice, and the figures are the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.result_file import Judged, ResultWriter, Sample, read_result
from evals.result_tail import ResultTail
from evals.scores import scores_of
from model.errors import BadInput

HEAD = {"version": 1, "benchmark": "sums", "model": "m", "profile": "quick", "samples": 2, "problems": ["a", "b"]}
SAMPLE = Sample("a", 0, "Thinking, é and 思考.\n" * 50, "It is 2.", "stop", (), 9, 70, 5, 100.0, 2.0, 0.5)
KEYS = [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sums.jsonl"
    write(path, ("head", HEAD))
    return path


def write(path: Path, *lines: tuple[str, object]) -> None:
    writer = ResultWriter(path)
    for kind, line in lines:
        writer.write(kind, line)  # type: ignore[arg-type]
    writer.close()


def test_tail_reads_on_what_has_come_since(path: Path) -> None:
    tail = ResultTail(path)
    assert (tail.result.problems, tail.n_changes) == (["a", "b"], 0)
    write(path, ("sample", SAMPLE))
    tail.read_on()
    write(path, ("judgement", Judged("a", 0, "correct", "2 = 2", "2")), ("sample", replace(SAMPLE, number=1)))
    result = tail.read_on()
    assert (set(result.samples), set(result.judgements)) == ({("a", 0), ("a", 1)}, {("a", 0)})
    assert tail.changed_since(0) == [("a", 0), ("a", 1)] and tail.changed_since(2) == [("a", 1)]
    assert tail.changed_since(tail.n_changes) == []


def test_half_a_line_is_left_until_it_is_whole(path: Path) -> None:
    tail = ResultTail(path)
    other = path.with_name("other.jsonl")
    write(other, ("sample", SAMPLE))
    line = other.read_bytes()
    for piece in (line[:40], line[40:200]):
        with path.open("ab") as file:
            file.write(piece)
        assert tail.read_on().samples == {}
    with path.open("ab") as file:
        file.write(line[200:])
    assert list(tail.read_on().samples) == [("a", 0)]


def test_tail_keeps_no_texts_and_finds_them_again(path: Path) -> None:
    write(path, *(("sample", replace(SAMPLE, problem=id_, number=number)) for id_, number in KEYS))
    tail = ResultTail(path)
    kept = tail.result.samples["b", 1]
    assert kept.thinking == "" and kept.is_closed and kept.thinking_tokens == 70
    assert tail.written(("b", 1)) == replace(SAMPLE, problem="b", number=1)
    with pytest.raises(BadInput, match="no sample 3"):
        tail.written(("b", 2))


def test_figures_are_those_of_the_whole_file(path: Path) -> None:
    cut = replace(SAMPLE, problem="b", answer="", finish_reason="length", started=103.0)
    write(
        path, ("sample", SAMPLE), ("sample", replace(SAMPLE, number=1, error="It broke.", answer="")), ("sample", cut)
    )
    write(path, ("judgement", Judged("a", 0, "correct", "", "2", 0)), ("judgement", Judged("b", 0, "undecided", "")))
    write(path, ("session", {"began": 100.0, "ended": 110.0, "samples": 3, "end": "stopped", "note": ""}))
    assert scores_of(ResultTail(path).result) == scores_of(read_result(path))


def test_sample_that_is_asked_again_is_judged_again(path: Path) -> None:
    write(path, ("sample", SAMPLE), ("judgement", Judged("a", 0, "undecided", "")), ("sample", SAMPLE))
    tail = ResultTail(path)
    assert tail.result.judgements == {} == read_result(path).judgements


def test_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    for text, words in (("", "empty"), ('{"type": "sample"}\n', "no result"), ("[\n", "no JSON")):
        path = tmp_path / "x.jsonl"
        path.write_text(text)
        with pytest.raises(BadInput, match=words):
            ResultTail(path)
