"""Chunks of an OpenAI-compatible stream in, pieces of the model's turn with their logprobs out, tokens counted."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from model.remote_text import Part, PieceId, call_piece, estimated_tokens, spread

# A longer chunk is taken for several tokens where the server does not count them.
_ONE_TOKEN_CHARACTERS = 16


class Reading:
    """Reads one stream.

    Args:
        splits: The server is known to tell thinking and answer apart; else its text may hold the family's tags.
        is_chat: The chunks are a chat's; else a plain completion's.
    """

    def __init__(self, splits: bool, *, is_chat: bool = True) -> None:
        self._splits, self._is_chat = splits and is_chat, is_chat
        self._calls: dict[int, dict[str, str]] = {}
        self._n_written = 0
        self._n_told = 0
        self.finish: Literal["stop", "length"] = "stop"
        self.filtered = False
        self.prompt_tokens = -1
        self.cached_tokens = -1

    def read(self, chunk: Mapping[str, Any]) -> tuple[list[PieceId], list[float | None]]:
        """What a chunk brings."""
        self._count(chunk)
        choice = (chunk.get("choices") or [{}])[0] or {}
        if reason := choice.get("finish_reason"):
            self.finish = "length" if reason == "length" else "stop"
            self.filtered = reason == "content_filter"
        texts = self._texts(choice)
        logprobs = _logprobs(choice.get("logprobs"))
        whole = "".join(text for _, text in texts)
        if not whole:
            return [], []
        n_tokens = self._tokens_of(whole, len(logprobs))
        pieces: list[PieceId] = []
        for number, (part, text) in enumerate(texts):
            is_last = number == len(texts) - 1
            share = n_tokens - len(pieces) if is_last else max(1, round(n_tokens * len(text) / len(whole)))
            pieces += spread(text, part, max(1, share))
        self._n_written += len(pieces)
        told = logprobs if len(logprobs) == len(pieces) else [None] * len(pieces)
        return pieces, list(told)

    def rest(self) -> list[PieceId]:
        """At the end: the calls that the server has read, and tokens that came without text."""
        calls = [call_piece(one["name"], one["arguments"], one["id"]) for _, one in sorted(self._calls.items())]
        missing = self._n_told - self._n_written - len(calls)
        # A token or two end the turn and the thinking; more were not counted as they came.
        return [*(PieceId("") for _ in range(missing if missing > 2 else 0)), *calls]

    def _texts(self, choice: Mapping[str, Any]) -> list[tuple[Part, str]]:
        if not self._is_chat:
            return [("raw", text)] if (text := choice.get("text") or "") else []
        delta = choice.get("delta") or {}
        thinking = _text(delta.get("reasoning")) or _text(delta.get("reasoning_content"))
        answer = _text(delta.get("content"))
        for call in delta.get("tool_calls") or ():
            self._add_call(call)
        self._splits = self._splits or bool(thinking)
        texts: list[tuple[Part, str]] = [("thinking", thinking)] if thinking else []
        return [*texts, ("answer" if self._splits else "raw", answer)] if answer else texts

    def _add_call(self, call: Mapping[str, Any]) -> None:
        """Servers send a call in pieces, its number with each."""
        number = call.get("index")
        at = len(self._calls) if number is None else int(number)
        one = self._calls.setdefault(at, {"id": "", "name": "", "arguments": ""})
        function = call.get("function") or {}
        one["id"] = one["id"] or str(call.get("id") or "")
        one["name"] += function.get("name") or ""
        arguments = function.get("arguments")
        one["arguments"] += arguments if isinstance(arguments, str) else _as_json(arguments)

    def _count(self, chunk: Mapping[str, Any]) -> None:
        usage = chunk.get("usage") or {}
        timings = chunk.get("timings") or {}
        self._n_told = int(usage.get("completion_tokens") or timings.get("predicted_n") or self._n_told)
        if usage.get("prompt_tokens"):
            self.prompt_tokens = int(usage["prompt_tokens"])
        elif timings.get("prompt_n"):
            self.prompt_tokens = int(timings["prompt_n"]) + int(timings.get("cache_n") or 0)
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", timings.get("cache_n"))
        if cached is not None:
            self.cached_tokens = int(cached)

    def _tokens_of(self, text: str, n_logprobs: int) -> int:
        """Tokens of a chunk: as told, else as its logprobs are, else one for a short text."""
        if n_logprobs:
            return n_logprobs
        if self._n_told > self._n_written:
            return self._n_told - self._n_written
        return 1 if len(text) <= _ONE_TOKEN_CHARACTERS else estimated_tokens(text)


def _text(value: Any) -> str:
    """Text, also where it comes as a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(str(part.get("text") or "") for part in value if isinstance(part, Mapping))
    return ""


def _as_json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _logprobs(told: Any) -> list[float]:
    """Of a chat's form, and of the older one of completions."""
    if not isinstance(told, Mapping):
        return []
    content = told.get("content")
    values = [one.get("logprob") for one in content] if isinstance(content, list) else told.get("token_logprobs") or []
    return [min(0.0, float(value)) for value in values if isinstance(value, int | float)]
