"""What isolates programs is found out once and said; the app keeps others of its user out of its memory."""

import os
import sys

import pytest

from tests.sandbox_hidden import is_readable
from tests.sandbox_users import told_by_a_user
from verify.sandbox import isolation as module
from verify.sandbox.isolation import Isolation, announce, isolation
from verify.sandbox.levels import EXPLANATIONS, LEVELS


def test_isolation_is_proven_once_and_has_an_explanation() -> None:
    found = isolation()
    assert found is isolation()
    assert found.level in LEVELS and found.explanation == EXPLANATIONS[found.level]
    assert bool(found.landlock) is (found.level != "seccomp-only")


def test_isolation_of_a_machine_that_refuses_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    module._proven.cache_clear()
    found = isolation()
    module._proven.cache_clear()
    assert found.level is None and "container image" in found.explanation
    assert found.words.startswith("Programs of the model are not run here. Programs are run on Linux")


def test_announcing_says_one_line_from_another_thread() -> None:
    said: list[str] = []
    announce(said.append).join(30)
    assert said == [isolation().words]


def test_every_level_has_an_explanation() -> None:
    assert set(EXPLANATIONS) == set(LEVELS)
    assert len({Isolation(level).explanation for level in (*LEVELS, None)}) == 4


def test_protected_process_cannot_be_read_by_others_of_its_user() -> None:
    if os.getuid() == 0:  # root may read any process
        told = told_by_a_user("sandbox_hidden.py")
    else:
        told = {state: is_readable(state) for state in ("protected", "unprotected")}
    assert (told["unprotected"], told["protected"]) == (True, False)
