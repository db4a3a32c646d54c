"""Disks that are full or read-only, files that are locked or damaged: what is lost (nothing), and what is said."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from model.engine import collect
from model.errors import RunError
from model.events import Asked, Event, Finished, Notice, ThinkingDelta
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.followed_runs import read_all

# Some seconds, and more than a full disk takes.
LONG = Turn("One step after the other, number {n}, with words.\n\n", "At last.", match="long", repeat=150)
QUICK = Turn("Two and two.", "Four.", match="quick")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 1 MiB in all."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode()[:100]}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing more fits; the file to delete again."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return path


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def runs_in(folder: Path) -> Runs:
    settings = Settings(folder)
    engine = ScriptedEngine([LONG, QUICK], tokens_per_second=800)
    return Runs(Store(folder), ModelHost(settings, engine=engine), settings)


def notices(events: list[Event], kind: str = "store") -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.kind == kind]


def test_a_run_on_a_full_disk_goes_on_to_its_end_and_is_written_when_there_is_room_again(small_disk: Path) -> None:
    runs = runs_in(small_disk)
    before = runs.start("quick")
    read_all(runs, before)
    runs.store.flush()
    run_id = runs.start("long", budget="high")
    wait_until(lambda: (runs.tokens(run_id) or (0, 0))[0] > 20)
    filling = fill(small_disk)
    wait_until(lambda: bool(runs.store.trouble))
    assert "is full (0 MiB free)" in runs.store.trouble
    events = read_all(runs, run_id)
    whole = collect(events)
    assert whole.finished is not None and whole.finished.reason == "stop"
    assert whole.answer == "At last."
    assert any("is full" in text for text in notices(events))
    # Whoever comes now sees all of it, and what was there before.
    assert runs.store.events(run_id) == events
    assert collect(runs.store.events(before)).answer == "Four."
    assert [row.id for row in runs.store.rows()] == [run_id, before]
    with pytest.raises(RunError, match=r"is full .* Check the disk's free space"):
        runs.start("quick")
    filling.unlink()
    wait_until(lambda: not runs.store.trouble)
    runs.store.flush()
    runs.close()
    runs.store.close()
    with closing(Store(small_disk)) as again:
        assert again.events(run_id) == events
        assert again.row(run_id).reason == "stop"


def test_a_run_that_still_goes_on_is_told_when_there_is_room_again(small_disk: Path) -> None:
    runs = runs_in(small_disk)
    run_id = runs.start("long", budget="high")
    wait_until(lambda: (runs.tokens(run_id) or (0, 0))[0] > 20)
    filling = fill(small_disk)
    wait_until(lambda: any("is full" in text for text in notices(runs.events_so_far(run_id, 0) or [])))
    filling.unlink()
    texts = notices(read_all(runs, run_id))
    assert len(texts) == 2
    assert texts[1] == "The disk takes what is written again: nothing of this run is lost."
    runs.close()
    runs.store.close()


def test_a_store_that_becomes_read_only_is_said_so_and_nothing_is_lost(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.create("a", Asked("?"))
        store._file._db.execute("PRAGMA query_only = ON")
        store.append("a", [ThinkingDelta("x", 1)])
        with pytest.raises(RunError, match=r"read-only.* kept in memory.* WORKINGS_DATA"):
            store.flush()
        assert len(store.events("a")) == 2
        store._file._db.execute("PRAGMA query_only = OFF")
        wait_until(lambda: not store.trouble)


def test_a_read_only_folder_is_said_so_at_the_start(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RunError, match=r"cannot be written.*WORKINGS_DATA"):
        Store(small_disk)


def test_a_store_that_another_program_holds_locked_waits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.store_file._BUSY_SECONDS", 0.1)
    with closing(Store(tmp_path)) as store:
        store.create("a", Asked("?"))
        other = sqlite3.connect(tmp_path / "runs.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        store.append("a", [ThinkingDelta("x", 1), Finished("stop")])
        with pytest.raises(RunError, match=r"Another program holds .* locked"):
            store.flush()
        assert len(store.events("a")) == 3
        with pytest.raises(RunError, match="Close the program"):
            store.create("b", Asked("?"))
        other.execute("ROLLBACK")
        other.close()
        wait_until(lambda: not store.trouble)
        assert store.row("a").reason == "stop"


@pytest.mark.parametrize("damage", ["not a database", "zeros in the middle", "cut short"])
def test_a_damaged_store_is_kept_aside_with_a_sentence_and_a_new_one_is_begun(tmp_path: Path, damage: str) -> None:
    with closing(Store(tmp_path)) as store:
        for number in range(50):
            store.create(f"r{number}", Asked("?" * 200))
            store.append(f"r{number}", [ThinkingDelta("x" * 2000, 1), Finished("stop")])
        store.flush()
    path = tmp_path / "runs.sqlite3"
    whole = path.read_bytes()
    if damage == "not a database":
        broken = b"not a database " * 100
    elif damage == "cut short":
        broken = whole[: len(whole) // 2 // 4096 * 4096]
    else:
        broken = whole[:8192] + bytes(len(whole) - 16384) + whole[-8192:]
    path.write_bytes(broken)
    with closing(Store(tmp_path)) as store:
        aside = next(tmp_path.glob("runs.damaged-*.sqlite3"))
        assert aside.name in store.note
        assert "was damaged" in store.note
        assert aside.read_bytes()[:4096] == broken[:4096]
        assert store.rows() == []
        store.create("new", Asked("?"))
        store.append("new", [Finished("stop")])
        assert len(store.events("new")) == 2
    with closing(Store(tmp_path)) as store:
        assert store.note == ""
        assert [row.id for row in store.rows()] == ["new"]


def test_a_damaged_store_that_another_living_app_has_open_is_left_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs.sqlite3").write_bytes(b"not a database " * 100)
    monkeypatch.setattr("model.store_file.StoreFile._is_only_app", lambda self: False)
    with pytest.raises(RunError, match="is damaged"):
        Store(tmp_path)
    assert not list(tmp_path.glob("runs.damaged-*"))
