"""A chat that is too long in, the same with its longest tool result halved out."""

from collections.abc import Sequence
from dataclasses import replace

from model.events import Message

_LEAST_RESULT_CHARACTERS = 200
_CUT_MARK = "\n… (cut: too long for this chat)"


def with_shorter_results(messages: Sequence[Message]) -> tuple[Message, ...] | None:
    """The chat with its longest result halved; None if there is nothing left to shorten."""
    results = [number for number, message in enumerate(messages) if message.role == "tool"]
    longest = max(results, key=lambda number: len(messages[number].content), default=None)
    if longest is None or len(messages[longest].content) <= _LEAST_RESULT_CHARACTERS:
        return None
    text = messages[longest].content.removesuffix(_CUT_MARK)
    shorter = replace(messages[longest], content=text[: len(text) // 2] + _CUT_MARK)
    return (*messages[:longest], shorter, *messages[longest + 1 :])
