import json
import re
from pathlib import Path
from typing import Any

import pytest

from agent.mcp_settings import ServerEntry, read_servers
from model.errors import BadInput
from tests.conftest import ROOT


def written(folder: Path, servers: Any) -> Path:
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return path


def test_read_servers_takes_programs_and_addresses_in_the_file_s_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "notes": {"command": "npx", "args": ["-y", "notes"], "env": {"KEY": "${NOTES_KEY}"}, "timeout": 5},
            "papers": {"type": "http", "url": "http://127.0.0.1:9/mcp", "headers": {"A": "Bearer ${TOKEN}"}},
            "rest": {"command": "rest", "cwd": "inside", "disabled": True, "alwaysAllow": ["everything"]},
        },
    )
    notes, papers, rest = read_servers(path, {"NOTES_KEY": "k", "TOKEN": "t", "OTHER": "o"})
    assert (notes.command, notes.arguments, notes.environment) == ("npx", ("-y", "notes"), {"KEY": "k"})
    assert (notes.folder, notes.call_seconds, notes.is_on) == (tmp_path, 5.0, True)
    assert (papers.kind, papers.url, papers.headers) == ("http", "http://127.0.0.1:9/mcp", {"A": "Bearer t"})
    assert (rest.folder, rest.is_on) == (tmp_path / "inside", False)
    assert not any(entry.problem for entry in (notes, papers, rest))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"comand": "npx"}, "neither a command nor a url, but comand"),
        ({"command": "npx", "url": "http://a"}, "both a command and a url"),
        ({"command": "npx", "args": "-y"}, 'args is "-y"; give a list of strings'),
        ({"command": "npx", "env": {"KEY": 7}}, "env must be an object of strings"),
        ({"command": "npx", "env": {"KEY": "${NOWHERE}"}}, "has no NOWHERE"),
        ({"command": "npx", "disabled": "no"}, 'disabled is "no"; give true or false'),
        ({"command": "npx", "timeout": -1}, "timeout is -1; give seconds"),
        ({"command": " "}, "command is"),
        ({"url": "ftp://a/mcp"}, "give an address such as http"),
        ({"type": "sse", "url": "http://a/sse"}, "older transport"),
        ({"type": "smoke", "url": "http://a"}, 'type is "smoke"'),
        ("npx", 'It is "npx"; give an object'),
    ],
)
def test_read_servers_says_what_is_wrong_with_an_entry_and_keeps_the_others(
    tmp_path: Path, entry: Any, words: str
) -> None:
    wrong, right = read_servers(written(tmp_path, {"wrong": entry, "right": {"command": "npx"}}), {})
    assert words in wrong.problem
    assert right.problem == ""


def test_read_servers_never_quotes_what_may_be_a_secret(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"a": {"env": {"KEY": "s3cret"}}, "b": {"command": "x", "headers": "s", "env": ["s3cret"]}}
    )
    assert not any("s3cret" in entry.problem for entry in read_servers(path, {}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"mcpServers": {', "is no JSON: .* at line 1, column"),
        ('{"servers": {}}', "has no object mcpServers, but an object with servers"),
        ("[]", r"has no object mcpServers, but \[\]"),
        ('{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}', "'a' stands twice"),
        (json.dumps({"mcpServers": {str(n): {"command": "x"} for n in range(33)}}), "33 servers and the limit is 32"),
        ("[" * 100_000, "nested too deeply"),
        (" " * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_read_servers_says_what_is_wrong_with_the_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_servers(path)


def test_read_servers_says_when_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_servers(tmp_path / "none.json")


def test_read_servers_takes_the_examples_of_the_guide(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    examples = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    environment = {name: "x" for name in re.findall(r"\$\{([A-Z_]+)\}", guide)} | {"NAME": ""}
    found: list[ServerEntry] = []
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.json"
        path.write_text(example)
        found += read_servers(path, environment)
    assert [entry.name for entry in found if not entry.problem] == ["workings", "files", "tickets", "papers"]
