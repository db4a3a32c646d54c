"""Which Chromium the browser tests get: one that starts, and else none."""

from pathlib import Path

import pytest

from scripts.install_chromium import find_chromium, starts


def program(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_starts_refuses_a_stub_that_only_asks_for_an_installation(tmp_path: Path) -> None:
    assert not starts(program(tmp_path, "stub", "echo 'requires the chromium snap to be installed' >&2; exit 1"))
    assert not starts(program(tmp_path, "silent", "exit 0"))
    assert not starts(str(tmp_path / "missing"))
    assert starts(program(tmp_path, "real", "echo 'Chromium 156.0.8078.79'"))


def test_find_chromium_takes_the_first_name_that_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "stubbed", "exit 1")
    good = program(tmp_path, "good", "echo Chromium 1.2")
    monkeypatch.delenv("WORKINGS_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium(("absent", "stubbed", "good")) == good


def test_find_chromium_never_replaces_the_one_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKINGS_CHROMIUM", str(tmp_path / "missing"))
    assert find_chromium() is None
