"""A request in, the messages and tools of OpenAI's protocol out."""

from collections.abc import Sequence
from typing import Any

from model.engine import Request
from model.events import Message


def chat_fields(request: Request) -> dict[str, Any]:
    """`messages`, and `tools` where there are any.

    A turn's thinking is shown where the request says so; templates that know no such field pass over it.
    """
    fields: dict[str, Any] = {"messages": messages_of(request.messages, request.shows_thinking_from)}
    if request.tools:
        fields["tools"] = [
            tool if "function" in tool else {"type": "function", "function": tool} for tool in request.tools
        ]
    return fields


def messages_of(messages: Sequence[Message], shows_thinking_from: int | None = None) -> list[dict[str, Any]]:
    """The chat; what a tool said is told by the id of the call that asked for it.

    >>> messages_of([Message("user", "2 + 2?")])
    [{'role': 'user', 'content': '2 + 2?'}]
    """
    made: list[dict[str, Any]] = []
    waiting: list[str] = []
    for number, message in enumerate(messages):
        one: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.role == "assistant":
            if message.tool_calls:
                one["tool_calls"] = [
                    {
                        "id": call.call_id,
                        "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments},
                    }
                    for call in message.tool_calls
                ]
                waiting = [call.call_id for call in message.tool_calls]
            if message.thinking and shows_thinking_from is not None and number >= shows_thinking_from:
                one["reasoning_content"] = message.thinking
        elif message.role == "tool":
            one["tool_call_id"] = waiting.pop(0) if waiting else "call"
        made.append(one)
    return made
