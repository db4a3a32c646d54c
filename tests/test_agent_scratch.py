"""The files of a run: what names are taken, how much they may hold, and that nothing beside them is reached."""

import os
import threading
from pathlib import Path

import pytest

from agent import scratch as scratch_module
from agent.scratch import MAX_SCRATCH_FILES, Scratch, plain_name
from model.errors import BadInput


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / "runs" / "one")


def test_scratch_gives_back_what_was_written(scratch: Scratch) -> None:
    scratch.write("table.csv", b"a,b\n")
    scratch.write("über 1.txt", b"x")
    scratch.write("table.csv", b"a,b\n1,2\n")
    assert scratch.read("table.csv") == b"a,b\n1,2\n"
    assert [(file.name, file.n_bytes) for file in scratch.files()] == [("table.csv", 8), ("über 1.txt", 1)]
    scratch.delete("table.csv")
    assert scratch.all_contents() == {"über 1.txt": b"x"}


def test_scratch_has_no_files_before_the_first_is_written(scratch: Scratch) -> None:
    assert scratch.files() == () and not scratch.folder.exists()


@pytest.mark.parametrize(
    "name",
    ["../a", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".hidden", "a\0b", "a\nb", "C:x", "x" * 121, "日" * 100, "\ud800", " a", "a."],
)  # fmt: skip
def test_scratch_refuses_what_is_no_plain_name(scratch: Scratch, name: str) -> None:
    for use in (scratch.read, scratch.delete, scratch.path_of, lambda name: scratch.write(name, b"x")):
        with pytest.raises(BadInput, match="no name for a file here"):
            use(name)
    assert not scratch.folder.exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\a\\b.txt", ".bashrc", "x" * 300 + ".csv", "a\u202eb", "", "..", "日" * 200]
)
def test_plain_name_is_one_that_a_file_may_have(scratch: Scratch, name: str) -> None:
    scratch.write(plain_name(name), b"x")
    assert scratch.names() == (plain_name(name),)


def test_plain_name_keeps_the_ending_of_a_long_name() -> None:
    assert plain_name("x" * 300 + ".csv").endswith(".csv")


def test_scratch_reads_and_lists_no_link_and_no_folder(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    scratch.write("mine", b"mine")
    os.symlink(tmp_path / "secret", scratch.folder / "link")
    os.mkdir(scratch.folder / "folder")
    assert scratch.names() == ("mine",)
    for name in ("link", "folder"):
        with pytest.raises(BadInput, match="There are: mine"):
            scratch.read(name)
    scratch.write("link", b"new")
    assert (tmp_path / "secret").read_bytes() == b"secret" and scratch.read("link") == b"new"


def test_scratch_holds_so_many_bytes_and_no_more(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_module, "MAX_SCRATCH_BYTES", 10)
    scratch.write("a", b"12345")
    with pytest.raises(BadInput, match="would take 11 bytes and the limit is 10"):
        scratch.write("b", b"123456")
    assert scratch.names() == ("a",)
    scratch.write("a", b"1234567890")


def test_scratch_holds_so_many_files_and_no_more(scratch: Scratch) -> None:
    for number in range(MAX_SCRATCH_FILES):
        scratch.write(f"{number}", b"")
    with pytest.raises(BadInput, match=f"{MAX_SCRATCH_FILES} files"):
        scratch.write("more", b"")
    scratch.write("0", b"replaced")


def test_scratch_keeps_to_its_limit_when_many_write_at_once(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_module, "MAX_SCRATCH_BYTES", 50)

    def write(number: int) -> None:
        try:
            scratch.write(str(number), b"0123456789")
        except BadInput:
            refused.append(number)

    refused: list[int] = []
    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scratch.names()) == 5 and len(refused) == 7
