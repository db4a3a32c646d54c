import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
import pytest

from model.errors import BadInput
from ui.deltas import Delta
from ui.served_tools import TOOL_NAMES, served_tools

FINAL = {"type": "final", "answer": "4", "finish_reason": "stop", "notices": [], "thinking": "2+2", "run_id": "r"}


def run_think(final: Delta, **arguments: Any) -> tuple[list[Delta], list[Any]]:
    """What think gives over an endpoint that ends in `final`, and what that endpoint was asked."""
    asked: list[Any] = []

    async def chat(
        message: str, history: list[Any] | None = None, sampling: dict[str, Any] | None = None, budget: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        asked.extend((message, history, sampling, budget))
        yield {"type": "answer", "text": "4", "n_tokens": 1}
        yield final

    async def run() -> list[Delta]:
        with gr.Blocks() as demo:
            gr.api(chat, api_name="chat")
        tools = {tool.name: tool for tool in served_tools(demo)}
        assert tuple(tools) == TOOL_NAMES
        return [delta async for delta in tools["think"].run(arguments)]

    return asyncio.run(run()), asked


def test_a_tool_asks_its_endpoint_and_gives_its_deltas_and_a_result() -> None:
    deltas, asked = run_think(FINAL, question="What is 2+2?")
    assert asked == ["What is 2+2?", None, None, "medium"]
    assert [delta["type"] for delta in deltas] == ["answer", "final"]
    assert (deltas[-1]["answer"], deltas[-1]["thinking"]) == ("4", "2+2")
    assert "thinking" not in run_think(FINAL, question="?", with_thinking=False)[0][-1]


def test_a_run_that_failed_without_an_answer_is_an_error_with_its_reason() -> None:
    failed = {"finish_reason": "error", "notices": [{"kind": "error", "text": "No model is loaded."}]}
    with pytest.raises(BadInput, match="No model is loaded"):
        run_think(FINAL | failed | {"answer": ""}, question="?")
    deltas, _ = run_think(FINAL | failed, question="?")
    assert (deltas[-1]["answer"], deltas[-1]["notices"]) == ("4", ["No model is loaded."])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "question is missing; think needs it."),
        ({"question": 7}, "question is a number, 7. Input should be a valid string."),
        ({"question": "?", "depth": 1}, "think has no argument 'depth'."),
        ({"question": "?", "with_thinking": "perhaps"}, "with_thinking is a string, 'perhaps'."),
    ],
)
def test_a_tool_says_what_is_wrong_with_its_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as found:
        run_think(FINAL, **arguments)
    assert words in str(found.value)
