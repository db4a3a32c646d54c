"""Tokens: ours, in time, of the same password, not logged out; the key is nobody else's to read."""

import stat
import time
from pathlib import Path

import pytest

from model.errors import RunError
from ui.access_sessions import Sessions, app_key
from ui.access_throttle import MOST_BY_ADDRESS, MOST_BY_NAME, WINDOW_SECONDS, Throttle


def test_token_says_the_name_and_outlives_a_restart(tmp_path: Path) -> None:
    token = Sessions(tmp_path).token("anna", "hash")
    again = Sessions(tmp_path)
    assert again.name_of(token) == "anna" and again.is_valid(token, "hash")


def test_token_ends_with_the_password_with_time_and_with_a_logout(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    token = sessions.token("anna", "hash")
    assert not sessions.is_valid(token, "another hash")
    assert not sessions.is_valid(sessions.token("anna", "hash", seconds=-1), "hash")
    sessions.end(token)
    assert not sessions.is_valid(token, "hash") and not Sessions(tmp_path).is_valid(token, "hash")
    assert sessions.is_valid(sessions.token("anna", "hash"), "hash")


@pytest.mark.parametrize("changed", ["", ".", "a.b", "é.é", "[" * 9999, "bnVsbA.x", "W10.x", "Wy4uLl0.x"])
def test_token_that_is_not_ours_is_none(tmp_path: Path, changed: str) -> None:
    sessions = Sessions(tmp_path)
    assert not sessions.is_valid(changed) and sessions.name_of(changed) == ""
    sessions.end(changed)


def test_token_with_another_name_or_of_another_app_is_none(tmp_path: Path) -> None:
    sessions, others = Sessions(tmp_path / "a"), Sessions(tmp_path / "b")
    anna, ben = sessions.token("anna", "h"), sessions.token("ben", "h")
    mixed = f"{ben.partition('.')[0]}.{anna.partition('.')[2]}"
    assert not sessions.is_valid(mixed, "h") and not others.is_valid(anna, "h")
    assert sessions.suffix != others.suffix


def test_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = app_key(tmp_path)
    assert app_key(tmp_path) == key and len(key) == 32
    assert stat.S_IMODE((tmp_path / "access.key").stat().st_mode) == 0o600
    (tmp_path / "access.key").write_bytes(b"short")
    with pytest.raises(RunError, match="Delete it"):
        app_key(tmp_path)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_failed_logins_of_a_name_are_throttled_from_wherever_they_come() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.wait_seconds("anna", f"10.0.0.{n}") for n in range(MOST_BY_NAME)] == [0] * MOST_BY_NAME
    assert throttle.wait_seconds("anna", "10.0.1.1") == WINDOW_SECONDS
    assert throttle.wait_seconds("ben", "10.0.1.1") == 0
    clock.now += WINDOW_SECONDS + 1
    assert throttle.wait_seconds("anna", "10.0.1.1") == 0


def test_failed_logins_of_an_address_are_throttled_whatever_the_name() -> None:
    throttle = Throttle(Clock())
    assert not any(throttle.wait_seconds(f"user{n}", "10.0.0.1") for n in range(MOST_BY_ADDRESS))
    assert throttle.wait_seconds("anna", "10.0.0.1") > 0 and throttle.wait_seconds("anna", "10.0.0.2") == 0


def test_right_password_forgives_the_name_and_does_not_count_for_the_address() -> None:
    throttle = Throttle(Clock())
    for _ in range(3 * MOST_BY_ADDRESS):
        assert throttle.wait_seconds("anna", "10.0.0.1") == 0
        throttle.forgive("anna", "10.0.0.1")


def test_tries_at_once_count_before_any_has_been_answered() -> None:
    throttle = Throttle(time.monotonic)
    waits = [throttle.wait_seconds("anna", "a") for _ in range(MOST_BY_NAME + 5)]
    assert sum(wait == 0 for wait in waits) == MOST_BY_NAME
