"""The file of a result: read back as it was written, also after a kill or a full disk."""

import contextlib
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.result_file import Judged, Result, ResultWriter, Sample, read_result, results_in
from evals.result_tail import ResultTail
from model.errors import BadInput

HEAD = {"version": 1, "benchmark": "sums", "problems": ["a", "b"], "samples": 1}
SAMPLE = Sample("a", 0, "Let me\nsee: 加.", "It is 4.", "stop", (("add", '{"a": 2}'),), 7, 5, 3, 1.5, 2.5, 0.5)
JUDGED = Judged("a", 0, "correct", "4 is 4", "4", 0, "correct", 0.1, {"boxed": True})


@contextlib.contextmanager
def writing(path: Path) -> Iterator[ResultWriter]:
    with contextlib.closing(ResultWriter(path)) as writer:
        yield writer


def written(path: Path) -> bytes:
    with writing(path) as writer:
        writer.write("head", HEAD)
        writer.write("sample", SAMPLE)
        writer.write("judgement", JUDGED)
        writer.write("session", {"began": 1.0, "ended": 2.0})
    return path.read_bytes()


def test_result_is_read_as_it_was_written(tmp_path: Path):
    path = tmp_path / "of" / "mine.jsonl"
    written(path)
    assert read_result(path) == Result(
        path,
        {"type": "head"} | HEAD,
        {SAMPLE.key: SAMPLE},
        {JUDGED.key: JUDGED},
        [{"began": 1.0, "ended": 2.0}],
    )
    assert not read_result(path).is_done


@given(cut=st.integers(1, 2000))
def test_file_of_a_killed_run_can_be_read_and_written_on_wherever_it_was_cut(
    cut: int, tmp_path_factory: pytest.TempPathFactory
):
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    path.unlink(missing_ok=True)
    whole = written(path)
    head = whole.index(b"\n") + 1
    kept = whole[: max(len(whole) - cut, head)]
    path.write_bytes(kept)
    before = read_result(path)
    with writing(path) as writer:
        writer.write("judgement", JUDGED)
    lines = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    assert len(lines) == kept.count(b"\n") + 1
    assert read_result(path).samples == {key: each for key, each in before.samples.items() if _is_whole(kept, each)}


def _is_whole(kept: bytes, sample: Sample) -> bool:
    """Whether its line has its end; without it, it is read but asked again."""
    return b'"type": "sample"' in kept[: kept.rfind(b"\n")]


def test_half_a_line_in_the_middle_is_a_damaged_file(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    lines = written(path).split(b"\n")
    path.write_bytes(b"\n".join([lines[0], lines[1][:20], *lines[2:]]))
    with pytest.raises(BadInput, match="line 2"):
        read_result(path)


def test_full_disk_leaves_whole_lines_and_the_next_line_stands_alone(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    with writing(path) as writer:
        writer.write("head", HEAD)
        before = path.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, hard))
        try:
            with pytest.raises(OSError, match="large"):
                writer.write_all([("sample", SAMPLE), ("judgement", JUDGED)])
            assert path.read_bytes() == before
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.write("session", {"end": "failed"})
    assert read_result(path).sessions == [{"end": "failed"}]


def test_later_lines_of_a_sample_hold_and_a_sample_asked_again_is_not_judged_yet(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    failed = Sample("a", 0, "", "", "error", error="on fire")
    with writing(path) as writer:
        writer.write_all([("head", HEAD), ("sample", failed), ("judgement", Judged("a", 0, "undecided", "on fire"))])
        writer.write("sample", SAMPLE)
        assert read_result(path).judgements == {}
        writer.write_all([("judgement", JUDGED), ("judgement", Judged("a", 0, "wrong", "judged again"))])
    result = read_result(path)
    assert (result.samples["a", 0], result.judgements["a", 0].outcome) == (SAMPLE, "wrong")


def test_only_one_writer_has_a_file(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    with writing(path), pytest.raises(BadInput, match="Another process"):
        ResultWriter(path)
    with writing(path) as writer:
        writer.write("head", HEAD)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ('{"type": "head", "vers', "broken off in its first line"),
        ("hello\nworld\n", "line 1"),
        ('{"type": "sample"}\n', "no result"),
        ('{"type": "head"}\n', "no result"),
        ('{"type": "head", "version": 1, "problems": "a", "samples": 1}\n', "no result"),
        ("[]\n", "no result"),
        ("7\n", "no result"),
    ],
)
def test_what_is_no_result_is_said_to_be_none(text: str, says: str, tmp_path: Path):
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(BadInput, match=says):
        read_result(path)
    assert list(results_in(tmp_path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "[1, 2]",
        "3",
        '{"type": "sample", "problem": "a"}',
        '{"type": "sample", "problem": "a", "number": 0, "thinking": "", "answer": "", "finish_reason": "stop", "x": 1}',
        '{"type": "judgement", "problem": "a"}',
    ],
)
def test_line_of_another_form_is_quoted_whether_the_file_is_read_at_once_or_as_it_grows(line: str, tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(written(path) + line.encode() + b"\n")
    for read in (read_result, ResultTail):
        with pytest.raises(BadInput, match="mine.jsonl holds a line that is none of a result"):
            read(path)
    written(tmp_path / "good.jsonl")
    assert [result.path.stem for result in results_in(tmp_path)] == ["good"]


def test_results_of_a_folder_come_newest_first(tmp_path: Path):
    for name, changed in {"old": 10, "new": 30, "middle": 20}.items():
        written(tmp_path / f"{name}.jsonl")
        os.utime(tmp_path / f"{name}.jsonl", (0, changed))
    assert [result.path.stem for result in results_in(tmp_path)] == ["new", "middle", "old"]
