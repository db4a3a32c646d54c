"""A user file in, the users who may log in out; and the commands that write it.

    python -m ui.user_file add NAME [--admin]      asks for the password
    python -m ui.user_file change NAME [--admin | --no-admin]
    python -m ui.user_file remove NAME
    python -m ui.user_file list

The file is `--file`, else WORKINGS_USERS, else users.json in the data folder. A running app reads it again when it has
changed: who is removed, or gets another password, is logged out at once.
"""

import argparse
import getpass
import json
import os
import sys
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from model.errors import AppError, BadInput
from model.settings import settings_from_environment
from ui.passwords import NO_ONES, PasswordHash, hash_of, read_hash

_FORMAT = 1
_MOST_BYTES = 5_000_000
_MOST_NAME_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in."""

    name: str
    password: PasswordHash
    is_admin: bool = False


def plain_user_name(name: str) -> str:
    """A name as it is kept: small letters, one way to write each.

    Raises:
        BadInput: If it holds anything but letters, digits and `._@-`.

    >>> plain_user_name(" Anna ")
    'anna'
    """
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    is_written = plain and plain[0].isalnum() and all(each.isalnum() or each in "._@-" for each in plain)
    if not is_written or len(plain) > _MOST_NAME_CHARACTERS:
        raise BadInput(
            f"The user name is {name[:80]!r}. Use 1 to {_MOST_NAME_CHARACTERS} letters, digits, '.', '_', '@' and '-', "
            "a letter or digit first."
        )
    return plain


def read_users(path: Path) -> dict[str, User]:
    """The users of a file, by name.

    Raises:
        BadInput: If it is not there, or not a user file.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"The user file {str(path)!r} cannot be read: {error.strerror}. "
            f"Make it with: python -m ui.user_file --file {path} add NAME"
        ) from error
    try:
        if len(raw) > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
        found = json.loads(raw)
        if not isinstance(found, dict) or found.get("workings_users") != _FORMAT:
            raise ValueError(f'it does not begin with {{"workings_users": {_FORMAT}')
        users = {}
        for name, about in found["users"].items():
            if plain_user_name(name) != name:
                raise ValueError(f"the name {name!r} must be written {plain_user_name(name)!r}")
            users[name] = User(name, read_hash(about["password"]), about.get("is_admin") is True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadInput) as error:
        raise BadInput(
            f"The user file {str(path)!r} is none: {error}. Write it by: python -m ui.user_file --file {path} add NAME"
        ) from error
    return users


def write_users(path: Path, users: Mapping[str, User]) -> None:
    """Write a user file: whole or not at all, and for nobody else to read.

    Raises:
        BadInput: If it cannot be written.
    """
    written = {
        "workings_users": _FORMAT,
        "users": {
            name: {"password": str(user.password)} | ({"is_admin": True} if user.is_admin else {})
            for name, user in sorted(users.items())
        },
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with mode 0600, before anything stands in it.
        with NamedTemporaryFile("w", dir=path.parent, prefix=".users-", delete=False, encoding="utf-8") as file:
            json.dump(written, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except OSError as error:
        raise BadInput(f"The user file {str(path)!r} cannot be written: {error.strerror}.") from error


class Users:
    """The users of a file as it is now; any thread may ask."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadInput: If it cannot be read, or nobody is in it.
        """
        self._path = path
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._users = read_users(path)
        if not self._users:
            raise BadInput(
                f"The user file {str(path)!r} names nobody. Add somebody: python -m ui.user_file --file {path} add NAME"
            )

    def find(self, name: str) -> User | None:
        """The user of this name, written in any way; None where there is none."""
        try:
            return self._now().get(plain_user_name(name))
        except BadInput:
            return None

    def check(self, name: str, password: str) -> User | None:
        """The user, if that is their password. Takes as long where there is no such user."""
        user = self.find(name)
        is_right = (user.password if user else NO_ONES).is_of(password)
        return user if is_right else None

    def _now(self) -> dict[str, User]:
        """Read again where it has changed. A file that is broken leaves those of before; one that is gone, nobody."""
        stamp = _stamp(self._path)
        with self._lock:
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._users = read_users(self._path)
                except BadInput as error:
                    if stamp is None:
                        self._users = {}
                    kept = "" if stamp is None else " Until then those of before may log in."
                    sys.stderr.write(f"{error}{kept}\n")
            return self._users


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _asked_password() -> str:
    if not sys.stdin.isatty():  # a script hands it in
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise BadInput("The two passwords differ. Nothing was written.")
    return first


def _changed(users: dict[str, User], given: argparse.Namespace) -> str:
    """Do what a command says to the users; what to tell of it."""
    name = plain_user_name(given.name)
    user = users.get(name)
    match given.command:
        case "add":
            if user is not None:
                raise BadInput(f"There is a user {name!r} already. Use: change {name}")
            users[name] = User(name, hash_of(_asked_password()), given.admin)
            return f"Added {name}."
        case "change" if user is not None:
            if given.admin is not None:
                users[name] = replace(user, is_admin=given.admin)
                return f"{name} is {'an' if given.admin else 'no'} admin now."
            users[name] = replace(user, password=hash_of(_asked_password()))
            return f"{name} has another password, and is logged out."
        case "remove" if user is not None:
            del users[name]
            return f"Removed {name}. Their runs are kept."
        case _:
            raise BadInput(f"There is no user {name!r}. There are: {', '.join(users) or 'none'}.")


def main(arguments: list[str]) -> str:
    """Do what the command line says; the text to print.

    Raises:
        BadInput: If it cannot be done.
    """
    parser = argparse.ArgumentParser(prog="python -m ui.user_file", description="Who may log in.")
    settings = settings_from_environment()
    default = settings.users_file or settings.data_folder / "users.json"
    parser.add_argument("--file", type=Path, default=default, help=f"the user file (default {default})")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("add", "add a user"), ("change", "another password, or other rights"), ("remove", "remove")):
        command = commands.add_parser(name, help=words)
        command.add_argument("name")
        if name == "change":
            command.add_argument("--admin", action=argparse.BooleanOptionalAction, default=None)
        else:
            command.add_argument("--admin", action="store_true", help=argparse.SUPPRESS if name == "remove" else None)
    commands.add_parser("list", help="list the users")
    given = parser.parse_args(arguments)
    users = read_users(given.file) if given.file.exists() else {}
    if given.command == "list":
        return "\n".join(f"{name}{' (admin)' if user.is_admin else ''}" for name, user in sorted(users.items()))
    words = _changed(users, given)
    write_users(given.file, users)
    return f"{words} ({given.file})"


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]) + "\n")
    except AppError as error:
        sys.exit(str(error))
