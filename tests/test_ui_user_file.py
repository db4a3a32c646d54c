"""The user file: written whole and for nobody else to read, read again when it has changed, refused where it is broken."""

import io
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from model.errors import BadInput
from ui.passwords import NO_ONES, hash_of, read_hash
from ui.user_file import User, Users, main, plain_user_name, read_users, write_users


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


def command(monkeypatch: pytest.MonkeyPatch, path: Path, *arguments: str, typed: str = "a password") -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
    return main(["--file", str(path), *arguments])


def test_commands_add_change_list_and_remove(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    command(monkeypatch, path, "add", "Anna", "--admin")
    command(monkeypatch, path, "add", "ben")
    assert command(monkeypatch, path, "list").splitlines() == ["anna (admin)", "ben"]
    users = Users(path)
    anna = users.check("ANNA", "a password")
    assert anna is not None and anna.is_admin and users.check("anna", "another") is None
    command(monkeypatch, path, "change", "anna", typed="other words")
    assert users.check("anna", "a password") is None and users.check("anna", "other words") is not None
    command(monkeypatch, path, "change", "anna", "--no-admin")
    assert (found := users.find("anna")) is not None and not found.is_admin
    command(monkeypatch, path, "remove", "anna")
    assert users.check("anna", "other words") is None and users.find("ben") is not None


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", "anna"), "a password", "already"),
        (("add", "an na"), "a password", "Use 1 to 64"),
        (("add", "../x"), "a password", "Use 1 to 64"),
        (("add", "ben"), "short", "8 to 1,000"),
        (("change", "nobody"), "a password", "no user"),
        (("remove", "nobody"), "", "There are: anna"),
    ],
)
def test_command_that_cannot_be_done_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, path: Path, arguments: tuple[str, ...], typed: str, words: str
) -> None:
    command(monkeypatch, path, "add", "anna")
    before = path.read_bytes()
    with pytest.raises(BadInput, match=words):
        command(monkeypatch, path, *arguments, typed=typed)
    assert path.read_bytes() == before


def test_file_is_for_its_owner_alone_and_holds_no_password(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    command(monkeypatch, path, "add", "anna")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "a password" not in path.read_text()
    assert os.listdir(path.parent) == ["users.json"]


def test_two_hashes_of_one_password_differ_and_both_fit() -> None:
    one, two = hash_of("a password"), hash_of("a password")
    assert one.salt != two.salt and one.key != two.key
    assert read_hash(str(one)).is_of("a password") and not read_hash(str(two)).is_of("a passwort")
    assert not NO_ONES.is_of("") and not NO_ONES.is_of("a password")


def test_unknown_name_takes_as_long_as_a_wrong_password(path: Path) -> None:
    write_users(path, {"anna": User("anna", hash_of("a password"))})
    users = Users(path)

    def least(name: str) -> float:
        took = []
        for _ in range(5):
            began = time.perf_counter()
            assert users.check(name, "wrong words") is None
            took.append(time.perf_counter() - began)
        return min(took)

    known, unknown, no_name = least("anna"), least("ben"), least("/ /")
    assert 0.5 < unknown / known < 2 and 0.5 < no_name / known < 2


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        "{}",
        '{"workings_users": 2, "users": {}}',
        '{"workings_users": 1, "users": []}',
        '{"workings_users": 1, "users": {"anna": "x"}}',
        '{"workings_users": 1, "users": {"anna": {"password": "plain"}}}',
        '{"workings_users": 1, "users": {"anna": {"password": "scrypt:1048576:999:1:00:00"}}}',
        json.dumps({"workings_users": 1, "users": {"Anna": {"password": str(hash_of("a password"))}}}),
        "[" * 100_000,
        "\udcff",
    ],
)
def test_broken_file_is_refused_with_what_to_do(path: Path, written: str) -> None:
    path.write_bytes(written.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match="python -m ui.user_file"):
        Users(path)


def test_missing_file_and_one_without_users_are_refused_at_the_start(path: Path) -> None:
    with pytest.raises(BadInput, match="add NAME"):
        Users(path)
    write_users(path, {})
    with pytest.raises(BadInput, match="names nobody"):
        Users(path)


def test_file_that_breaks_later_leaves_its_users_and_one_that_is_gone_nobody(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_users(path, {"anna": User("anna", hash_of("a password"))})
    users = Users(path)
    path.write_text("{")
    assert users.find("anna") is not None
    assert "those of before may log in" in capsys.readouterr().err
    path.unlink()
    assert users.find("anna") is None
    write_users(path, {"ben": User("ben", hash_of("a password"))})
    assert users.find("ben") is not None and users.find("anna") is None


def test_reader_never_sees_half_a_file(path: Path) -> None:
    many = {f"u{number}": User(f"u{number}", NO_ONES) for number in range(300)}
    write_users(path, many)
    is_over = threading.Event()

    def write() -> None:
        for _ in range(40):
            write_users(path, many)
        is_over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not is_over.is_set():
        assert len(read_users(path)) == 300
    writer.join()


@pytest.mark.parametrize(("written", "plain"), [("ＡＮＮＡ", "anna"), ("李雷", "李雷"), (" b.c@d-e_f ", "b.c@d-e_f")])
def test_name_is_one_however_it_is_written(written: str, plain: str) -> None:
    assert plain_user_name(written) == plain


@pytest.mark.parametrize("name", ["", ".a", "a b", "a/b", "a:b", "a\nb", "x" * 65, "<b>"])
def test_name_that_could_be_anything_else_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        plain_user_name(name)


def test_format_of_the_file_is_named_in_it(path: Path) -> None:
    write_users(path, {"anna": User("anna", NO_ONES, is_admin=True)})
    kept = json.loads(path.read_text())
    assert kept["workings_users"] == 1 and kept["users"]["anna"]["is_admin"] is True
