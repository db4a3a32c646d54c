"""What a Space keeps: on storage of its own, else nothing; and the variables that say where."""

from pathlib import Path

import pytest

from model import space
from model.space import is_kept, storage_variables

A_SPACE = {"SPACE_ID": "somebody/workings"}


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a disk of its own."""
    own = tmp_path / "storage"
    own.mkdir()
    monkeypatch.setattr(space, "_device", lambda path: 2 if path.is_relative_to(own) else 1)
    return own


def test_space_with_storage_puts_runs_and_downloads_there(storage: Path):
    expected = {"HF_HOME": str(storage / "huggingface"), "WORKINGS_DATA": str(storage / "workings")}
    assert storage_variables(A_SPACE, storage) == expected


def test_what_the_host_says_of_a_place_stands(storage: Path):
    said = A_SPACE | {"WORKINGS_DATA": "/elsewhere"}
    assert storage_variables(said, storage) == {"HF_HOME": str(storage / "huggingface")}


def test_folder_on_the_containers_own_disk_is_no_storage(tmp_path: Path, storage: Path):
    assert storage_variables(A_SPACE, tmp_path) == {}
    assert storage_variables(A_SPACE, tmp_path / "none") == {}


def test_nothing_is_moved_where_there_is_no_space(storage: Path):
    assert storage_variables({}, storage) == {}


def test_folder_that_is_not_made_yet_is_kept_where_its_disk_is(storage: Path, tmp_path: Path):
    assert is_kept(storage / "workings" / "deep")
    assert not is_kept(tmp_path / "workings" / "deep")
