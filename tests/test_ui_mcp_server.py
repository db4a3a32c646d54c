"""The app with `--mcp` as a process, and the `mcp` SDK's own client: what any MCP client gets from it."""

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.conftest import ROOT, RunningApp, StartApp, tail_of
from tests.script_client import is_soon

T = TypeVar("T")
Notes = list[tuple[float, str]]

pytestmark = pytest.mark.model

FIVE = {"solve_math", "verify_math", "solve_code", "run_tests", "think"}
PATH = "/gradio_api/mcp"


@pytest.fixture(scope="module")
def app(start_shared_app: StartApp, shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    folder = tmp_path_factory.mktemp("data")
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    return start_shared_app("--mcp", "--model", "smollm2-135m", data_folder=folder)


def in_session(app: RunningApp, act: Callable[[ClientSession], Awaitable[T]]) -> T:
    """What `act` gives back in a session of a client of its own."""

    async def run() -> T:
        async with streamable_http_client(f"{app.url}{PATH}/") as (reading, writing, _):
            async with ClientSession(reading, writing) as session:
                await session.initialize()
                return await act(session)

    return asyncio.run(run())


def called(app: RunningApp, name: str, **arguments: Any) -> tuple[CallToolResult, Notes]:
    """The result of one call, and the notes that came before it."""
    notes: Notes = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append((progress, message or ""))

    return in_session(app, lambda session: session.call_tool(name, arguments, progress_callback=note)), notes


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert content.type == "text"
    return content.text


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


def test_think_tells_how_far_it_is_and_gives_thinking_and_answer(app: RunningApp) -> None:
    result, notes = called(app, "think", question="What is 7 times 8?", budget="low")
    told = json.loads(text_of(result))
    assert "56" in told["answer"] and told["thinking"] and told["usage"]["thinking_tokens"] > 0
    assert any("tokens of thinking" in message for _, message in notes)
    seconds = [progress for progress, _ in notes]
    assert seconds == sorted(set(seconds))


def test_solve_math_gives_a_final_answer_and_a_verdict(app: RunningApp) -> None:
    result, _ = called(app, "solve_math", problem="What is 17 + 25?", gold="42", budget="low")
    told = json.loads(text_of(result))
    assert told["checked"] in ("correct", "wrong") and told["verdict"]["reason"]
    assert (told["checked"] == "correct") == (told["final_answer"] == "42")
    assert "thinking" not in told


def test_a_run_is_stopped_when_its_client_goes(app: RunningApp) -> None:
    async def ask_and_leave(session: ClientSession) -> None:
        has_begun = asyncio.Event()

        async def note(progress: float, total: float | None, message: str | None) -> None:
            has_begun.set()

        arguments = {"question": "Tell me of every prime number up to 10,000.", "budget": "high"}
        asking = asyncio.create_task(session.call_tool("think", arguments, progress_callback=note))
        async with asyncio.timeout(30):
            await has_begun.wait()
        asking.cancel()

    in_session(app, ask_and_leave)
    client = Client(app.url, verbose=False)
    try:
        found = client.predict(query="prime", api_name="/runs")["runs"]
        assert len(found) == 1
        final = client.predict(run_id=found[0]["run_id"], api_name="/attach")
        # The run had begun when its client went, and would have gone on for minutes.
        assert final["finish_reason"] == "stopped"
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
