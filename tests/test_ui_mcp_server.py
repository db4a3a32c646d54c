"""The app with `--mcp` as a process, and the `mcp` SDK's own client: what any MCP client gets from it."""

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.chat_page import scripted_app
from tests.conftest import ROOT, RunningApp, StartApp, tail_of
from tests.mcp_client import PATH, called, in_session, text_of
from tests.script_client import client_of, is_soon

TURNS = [
    {"match": "prime", "thinking": "On and on, {n}. ", "repeat": 5000, "answer": "Never."},
    {"match": "double", "thinking": "Twice.", "answer": "```python\ndef double(n):\n    return n * 2\n```"},
    {"match": "", "thinking": "Two and two.", "answer": "It is \\boxed{4}."},
]
FIVE = {"solve_math", "verify_math", "solve_code", "run_tests", "think"}


@pytest.fixture(scope="module")
def app(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    started: list[RunningApp] = []

    def start(*arguments: str, **options: Any) -> RunningApp:
        started.append(start_shared_app(*arguments, "--mcp", **options))
        return started[-1]

    scripted_app(start, tmp_path_factory.mktemp("script"), TURNS, speed=50)
    return started[0]


def test_clients_are_offered_five_tools_and_their_words(app: RunningApp) -> None:
    listed = in_session(app, lambda session: session.list_tools()).tools
    assert {tool.name for tool in listed} == FIVE
    for tool in listed:
        assert "JSON object" in (tool.description or "")
        parameters = tool.inputSchema["properties"]
        assert all(each["type"] in ("string", "integer", "number", "boolean") for each in parameters.values())
        assert all(len(each["description"]) > 20 for each in parameters.values())
    solve = next(tool for tool in listed if tool.name == "solve_math")
    assert solve.inputSchema["required"] == ["problem"]
    assert solve.inputSchema["properties"]["budget"]["enum"] == ["off", "low", "medium", "high"]
    assert (solve.inputSchema["properties"]["k"]["minimum"], solve.inputSchema["properties"]["k"]["default"]) == (1, 1)


def test_checks_need_no_model_and_give_json(app: RunningApp) -> None:
    result, notes = called(app, "verify_math", gold="1/2", output="so it is 0.5")
    assert json.loads(text_of(result))["outcome"] == "correct" and not result.isError
    assert notes
    program = "def double(n):\n    return n * 2 if n else 1"
    result, _ = called(app, "run_tests", program=program, tests="assert double(2) == 4\nassert double(0) == 0")
    report = json.loads(text_of(result))
    assert (report["passed"], report["total"]) == (1, 2)
    assert report["failed_cases"][0]["got"] == "1"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("verify_math", {"gold": "1"}, "output is missing; verify_math needs it."),
        ("solve_math", {"problem": "1+1", "k": 99}, "k is a number, 99."),
        ("think", {"question": "Why?", "budget": "a lot"}, "'off', 'low', 'medium' or 'high'"),
        ("think", {"question": "Why?", "depth": 3}, "think has no argument 'depth'."),
        ("think", {"question": " "}, "question"),
        ("run_tests", {"program": "x = 1"}, "There are no tests."),
        ("chat", {"message": "Hello"}, "There is no tool 'chat'; there are solve_math,"),
    ],
)
def test_a_wrong_call_is_an_error_that_says_what_is_wrong(
    app: RunningApp, name: str, arguments: dict[str, Any], words: str
) -> None:
    result, _ = called(app, name, **arguments)
    assert result.isError
    assert words in text_of(result)


def test_solve_math_votes_and_solve_code_is_tested(app: RunningApp) -> None:
    result, notes = called(app, "solve_math", problem="What is 2 + 2?", k=3, budget="low")
    solved = json.loads(text_of(result))
    assert (solved["final_answer"], solved["classes"]) == ("4", [{"answer": "4", "chains": 3}])
    assert any("3 of 3 samples say 4" in each["words"] for each in solved["evidence"])
    assert notes[0][1] == "3 chains started."
    result, _ = called(app, "solve_code", task="Write double(n).", tests="assert double(4) == 8", with_thinking=True)
    written = json.loads(text_of(result))
    assert written["program"].startswith("def double(n):") and written["thinking"].strip() == "Twice."
    assert (written["standing"], written["report"]["passed"]) == ("passes", 1)


LONG = {"question": "Tell me of every prime number.", "budget": "high"}


async def leave_the_session(app: RunningApp) -> str:
    """Ask, wait for the first note, which names the run, and end the session."""
    notes: asyncio.Queue[str] = asyncio.Queue()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.put_nowait(message or "")

    async with streamable_http_client(f"{app.url}{PATH}/") as (reading, writing, _):
        async with ClientSession(reading, writing) as session:
            await session.initialize()
            asking = asyncio.create_task(session.call_tool("think", LONG, progress_callback=note))
            first = await asyncio.wait_for(notes.get(), 120)
            asking.cancel()
            return first


async def drop_the_connection(app: RunningApp) -> str:
    """The same, without a word: as a client whose process is killed."""
    async with raw_call(app) as (_, stream):
        return await first_note(stream)


async def take_the_call_back(app: RunningApp) -> str:
    """The same, by the protocol's notification, in a session that stays."""
    async with raw_call(app) as (post, stream):
        first = await first_note(stream)
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": 1}}
        assert (await post(cancelled)).status_code == 202
        lines = [line async for line in stream]
        assert any("cancelled" in line for line in lines)
        return first


@asynccontextmanager
async def raw_call(
    app: RunningApp,
) -> AsyncIterator[tuple[Callable[..., Awaitable[httpx.Response]], AsyncIterator[str]]]:
    """A call of think with progress notes, made by hand: how to post more in its session, and the lines that come."""
    headers = {"Accept": "application/json, text/event-stream"}
    client_info = {"name": "by hand", "version": "1"}
    async with httpx.AsyncClient(headers=headers, timeout=120) as client:

        def post(message: dict[str, Any]) -> Awaitable[httpx.Response]:
            return client.post(f"{app.url}{PATH}/", json={"jsonrpc": "2.0"} | message)

        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client_info}
        begun = await post({"id": 0, "method": "initialize", "params": hello})
        client.headers["mcp-session-id"] = begun.headers["mcp-session-id"]
        await post({"method": "notifications/initialized"})
        parameters = {"name": "think", "arguments": LONG, "_meta": {"progressToken": 7}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
        async with client.stream("POST", f"{app.url}{PATH}/", json=message) as answer:
            yield post, answer.aiter_lines()


async def first_note(stream: AsyncIterator[str]) -> str:
    async for line in stream:
        if line.startswith("data:") and "notifications/progress" in line:
            return str(json.loads(line.removeprefix("data:"))["params"]["message"])
    raise AssertionError("no note came")


@pytest.mark.parametrize("leave", [leave_the_session, drop_the_connection, take_the_call_back])
def test_a_run_is_stopped_when_nobody_waits_for_it(
    app: RunningApp, leave: Callable[[RunningApp], Coroutine[Any, Any, str]]
) -> None:
    note = re.fullmatch(r"Run (\S+) started\.", asyncio.run(leave(app)))
    assert note
    client = client_of(app.url)
    try:
        # It would go on for minutes; /attach waits for its end.
        assert client.predict(run_id=note[1], api_name="/attach")["finish_reason"] == "stopped"
    finally:
        client.close()


def test_the_guide_s_python_example_runs(app: RunningApp, capsys: pytest.CaptureFixture[str]) -> None:
    guide = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    [example] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert "http://127.0.0.1:7860" in example
    exec(compile(example.replace("http://127.0.0.1:7860", app.url), "docs/mcp.md", "exec"), {})
    assert capsys.readouterr().out == "correct\n"


def test_every_other_endpoint_is_there_for_scripts(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.url}/gradio_api/info") as answer:
        named = {name.lstrip("/") for name in json.load(answer)["named_endpoints"]}
    assert {"chat", "solve_math", "run_code", "runs", "attach", "models"} <= named


def test_a_browser_that_comes_by_is_told_what_this_is(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.url}{PATH}") as answer:
        assert f"{app.url}{PATH}/" in answer.read().decode()


def test_a_web_page_that_calls_this_machine_by_a_name_of_its_own_is_refused(app: RunningApp) -> None:
    headers = {"Host": "rebound.example", "Accept": "application/json, text/event-stream"}
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(f"{app.url}{PATH}/", b'{"jsonrpc": "2.0", "method": "ping", "id": 1}', headers)
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(request)


def test_clients_that_leave_are_no_errors_in_the_log(app: RunningApp) -> None:
    assert is_soon(lambda: "MCP clients: " in tail_of(app.log))
    assert "Traceback" not in app.log.read_text()
