from pathlib import Path

import pytest

from model.command_line import read_arguments


def test_read_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKINGS_MODEL", "qwen3-4b")
    monkeypatch.setenv("WORKINGS_MCP_SERVERS", "theirs.json")
    settings, given = read_arguments(["--model", "qwq-32b", "--mcp-servers", "mine.json", "--no-browser"])
    assert (settings.model, settings.mcp_servers, given.no_browser) == ("qwq-32b", Path("mine.json"), True)


def test_read_arguments_leave_to_the_environment_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKINGS_MCP", raising=False)
    assert not read_arguments([])[0].serves_mcp
    assert read_arguments(["--mcp"])[0].serves_mcp
    monkeypatch.setenv("WORKINGS_MCP", "1")
    monkeypatch.setenv("WORKINGS_MCP_SERVERS", "theirs.json")
    settings, _ = read_arguments([])
    assert (settings.serves_mcp, settings.mcp_servers) == (True, Path("theirs.json"))
