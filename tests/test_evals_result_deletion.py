import contextlib
from pathlib import Path

import pytest

from evals.curve_file import curve_path
from evals.result_deletion import delete_result, restore_result
from evals.result_file import ResultWriter, is_being_written, results_in
from model.errors import BadInput

HEAD = '{"type": "head", "version": 1}\n'


def result_in(folder: Path, name: str) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text(HEAD + name)
    curve_path(path).write_text(f"the curve of {name}")
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_result_goes_with_its_curve_and_both_come_back(tmp_path: Path) -> None:
    path = result_in(tmp_path, "one")
    delete_result(path)
    assert names_in(tmp_path) == [] and list(results_in(tmp_path)) == []
    restore_result(tmp_path, "one")
    assert (path.read_text(), curve_path(path).read_text()) == (f"{HEAD}one", "the curve of one")


def test_only_the_last_deletion_is_kept(tmp_path: Path) -> None:
    for name in ("one", "two"):
        delete_result(result_in(tmp_path, name))
    with pytest.raises(BadInput, match="one is gone"):
        restore_result(tmp_path, "one")
    assert names_in(tmp_path / "deleted") == ["two.curve", "two.jsonl"]


def test_what_is_being_written_is_not_deleted(tmp_path: Path) -> None:
    path = result_in(tmp_path, "one")
    for held, words in ((path, "goes on in another process"), (curve_path(path), "is being measured")):
        with contextlib.closing(ResultWriter(held)), pytest.raises(BadInput, match=words):
            assert is_being_written(held)
            delete_result(path)
        assert not is_being_written(held)
    assert names_in(tmp_path) == ["one.curve", "one.jsonl"]


@pytest.mark.parametrize("name", ["../one", "/etc/passwd", "", "deleted/one"])
def test_names_restore_no_other_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    result_in(tmp_path, "one")
    delete_result(result_in(folder, "two"))
    with pytest.raises(BadInput, match="is gone"):
        restore_result(folder, name)
    assert names_in(folder) == []


def test_new_result_of_the_name_is_not_overwritten(tmp_path: Path) -> None:
    delete_result(result_in(tmp_path, "one"))
    path = result_in(tmp_path, "one")
    with pytest.raises(BadInput, match="again"):
        restore_result(tmp_path, "one")
    assert path.read_text() == f"{HEAD}one"
