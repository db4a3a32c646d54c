"""One request in, its tokens out as llama.cpp's server sends them: a body of JSON there, server-sent events back."""

import json
import math
import socket
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from model.errors import EngineError, PromptTooLong
from model.events import Sampling
from model.llamacpp_child import LlamaChild
from model.token_pieces import TokenPieces

# The probability of a token that the server rounds to 0.
_LEAST_PROBABILITY = 1e-30
# The order in which transformers does it, so that top-p means the same there and here.
_SAMPLERS = ["temperature", "top_k", "top_p"]


class CacheFull(Exception):
    """The requests of a moment need more keys and values together than the server has room for: none can go on."""


Finish = Literal["stop", "length"] | None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a request in one message.

    Attributes:
        cached_tokens: -1 in messages that do not say it.
        ended_here: It is over by one of our stop tokens, which the server knows nothing of.
    """

    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    finish: Finish = None
    cached_tokens: int = -1
    ended_here: bool = False


def body_of(prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, alike: int = 1) -> dict[str, Any]:
    """The request as the server wants it, with every way of sampling off that is none of ours.

    Args:
        alike: So many requests are made of it, drawn apart.
    """
    temperature = 1.0 if sampling.temperature is None else max(0.0, float(sampling.temperature))
    return {
        "prompt": list(prompt_ids),
        "n_predict": max_new_tokens,
        "temperature": temperature,
        "top_k": sampling.top_k or 0,
        "top_p": 1.0 if sampling.top_p is None else float(sampling.top_p),
        "seed": -1 if sampling.seed is None else sampling.seed % 2**32,
        "samplers": _SAMPLERS,
        "min_p": 0.0,
        "repeat_penalty": 1.0,
        "n_cmpl": alike,
        "stream": True,
        "return_tokens": True,
        "return_progress": True,
        "cache_prompt": True,
        "n_probs": 1,
        "post_sampling_probs": True,
        "response_fields": ["index", "tokens", "stop", "stop_type", "tokens_predicted"],
    }


class Exchange:
    """One request, or a few alike, on the way. `run` is one thread's; `abort` is anybody's.

    Args:
        stop_ids: Tokens that end it, besides those that llama.cpp itself ends at.
    """

    def __init__(self, child: LlamaChild, body: dict[str, Any], stop_ids: Collection[int], pieces: TokenPieces) -> None:
        self._child = child
        self._body = body
        self._readers = [_Reader(stop_ids, pieces) for _ in range(body.get("n_cmpl", 1))]
        self._socket: socket.socket | None = None
        self._aborted = threading.Event()

    def was_aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted.is_set()

    def abort(self) -> None:
        """Hang up, which frees the slots; never blocks."""
        self._aborted.set()
        connected = self._socket
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

    def run(self) -> Iterator[tuple[int, Written]]:
        """What comes, and of which of the requests; each one's last has its `finish`. Fewer after an `abort`.

        Raises:
            EngineError: If the server refuses.
            CacheFull: If too many are under way at once.
            PromptTooLong: If the prompt does not fit what it holds.
            OSError: If the server dies.
        """
        connection = self._child.connection()
        try:
            connection.connect()
            self._socket = connection.sock
            if self.was_aborted():
                return
            connection.request("POST", "/completion", json.dumps(self._body).encode(), self._child.headers())
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response.read())
            open_ones = set(range(len(self._readers)))
            for line in iter(response.readline, b""):
                if self.was_aborted():
                    return
                if not line.startswith((b"data: ", b"error: ")):
                    continue
                message = json.loads(line.partition(b": ")[2])
                index = int(message.get("index", 0))
                written = self._readers[index].read(message)
                if written.finish is not None:
                    open_ones.discard(index)
                yield index, written
                if not open_ones:
                    return
            raise ConnectionError("the connection ended in mid-run")
        except OSError:
            if not self.was_aborted():
                raise
        finally:
            self._socket = None
            connection.close()


class _Reader:
    """What the server says of one request, message by message."""

    def __init__(self, stop_ids: Collection[int], pieces: TokenPieces) -> None:
        self._stop_ids = stop_ids
        self._pieces = pieces
        self._counted = 0
        # A token without text: one that llama.cpp ended at, if nothing comes after it.
        self._held: tuple[tuple[int, ...], tuple[float, ...]] = ((), ())

    def read(self, message: dict[str, Any]) -> Written:
        """One message.

        Raises:
            EngineError: If it is a refusal.
            CacheFull: If too many are under way at once.
        """
        if "error" in message:
            raise _refusal(json.dumps(message).encode())
        if "code" in message and "message" in message:
            raise _refusal(json.dumps({"error": message}).encode())
        if "prompt_progress" in message:
            return Written(cached_tokens=int(message["prompt_progress"]["cache"]))
        if message.get("stop"):
            return self._finish(message)
        ids, logprobs = self._new_tokens(message)
        held, self._held = self._held, ((), ())
        for place, token_id in enumerate(ids):
            if token_id in self._stop_ids:
                return Written((*held[0], *ids[:place]), (*held[1], *logprobs[:place]), "stop", ended_here=True)
        if ids and not message.get("content"):
            self._held = (ids, logprobs)
            return Written(held[0], held[1])
        return Written((*held[0], *ids), (*held[1], *logprobs))

    def _finish(self, message: dict[str, Any]) -> Written:
        finish: Finish = "length" if message.get("stop_type") == "limit" else "stop"
        ids, logprobs = ((), ()) if message.get("stop_type") == "eos" else self._held
        return Written(ids, logprobs, finish)

    def _new_tokens(self, message: dict[str, Any]) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """The tokens of a message, those before a whole character included.

        Those have no probability of their own in what the server says: the character's stands at its last token.
        """
        ids = tuple(int(token_id) for token_id in message.get("tokens", ()))
        rows = message.get("completion_probabilities", ())
        logprobs = tuple(_logprob(row) for row in rows[: len(ids)])
        logprobs += (0.0,) * (len(ids) - len(logprobs))
        counted = int(message.get("tokens_predicted", self._counted + len(ids)))
        hidden, self._counted = counted - self._counted - len(ids), counted
        if hidden > 0 and ids:
            before = self._pieces.before(str(message.get("content", "")).encode(), ids[-1], hidden) or ()
            return (*before, *ids), (*(0.0,) * len(before), *logprobs)
        return ids, logprobs


def _logprob(row: dict[str, Any]) -> float:
    return min(0.0, math.log(max(float(row.get("prob", 1.0)), _LEAST_PROBABILITY)))


def _refusal(answer: bytes) -> EngineError | PromptTooLong | CacheFull:
    """What the server says against a request, as an error for its reader."""
    try:
        error = json.loads(answer)["error"]
        text, kind = str(error["message"]), str(error.get("type", ""))
    except (ValueError, KeyError, TypeError):
        text, kind = answer[:200].decode("utf-8", "replace"), ""
    if kind == "exceed_context_size_error":
        return PromptTooLong(
            f"{text.rstrip('. ')}. Start a new chat, or load the model with a larger context.",
            int(error.get("n_prompt_tokens", 0)),
        )
    if "context size" in text.lower():
        return CacheFull(text)
    return EngineError(f"llama.cpp refused this request: {text.rstrip('. ')}. Try again.")
