"""The address of an OpenAI-compatible server in, when its pieces come and how many tokens they were out.

llama.cpp's server, vLLM, SGLang, Ollama and `transformers serve` all speak it: `POST /v1/chat/completions` with
`stream`, answered by server-sent events.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from evals.speed.arrivals import Heard, now, scaled
from evals.speed.bench import PRESET
from model.errors import BadInput, EngineError

_TEXTS = ("content", "reasoning_content", "reasoning")  # servers that split the thinking off give it names of their own
_SECONDS = httpx.Timeout(30.0, read=1800.0)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Args:
        url: Up to and without `/chat/completions`, such as "http://127.0.0.1:8000/v1".
        model: The name to ask for.
        more: Further fields of each request, such as {"ignore_eos": true} for vLLM and llama.cpp.
    """

    name: str
    url: str
    model: str
    more: Mapping[str, Any] = field(default_factory=dict)


def found_at(name: str, url: str, more: Mapping[str, Any] | None = None) -> Address:
    """The address of a server with the first model that it names.

    Raises:
        BadInput: If nothing that speaks the protocol answers there.
    """
    url = url.rstrip("/")
    try:
        model = str(httpx.get(f"{url}/models", timeout=_SECONDS).json()["data"][0]["id"])
    except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BadInput(
            f"{url}/models names no model ({type(error).__name__}: {error}). Give the address of an OpenAI-compatible "
            "server as it ends in /v1."
        ) from error
    return Address(name, url, model, more or {})


class OpenAiServer:
    """A `Contender`: a server that may run anywhere, whatever model it serves.

    Args:
        count_tokens: Reads the text of a server that does not say how many tokens it wrote.
    """

    def __init__(self, address: Address, count_tokens: Callable[[str], int]) -> None:
        self.name = address.name
        self._at, self._count_tokens = address, count_tokens

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """As `Contender.ask`."""
        body = {
            "model": self._at.model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": new_tokens,
            "temperature": PRESET.temperature,
            "top_p": PRESET.top_p,
        } | dict(self._at.more)
        asked_at, times, usage, written = now(), list[float](), dict[str, Any](), list[str]()
        for chunk in self._chunks(body):
            usage = chunk.get("usage") or usage
            delta = (chunk.get("choices") or [{}])[0].get("delta") or {}
            if text := "".join(delta.get(name) or "" for name in _TEXTS):
                times.append(now())
                written.append(text)
        told = int(usage.get("completion_tokens") or 0)
        arrivals = scaled(times, told or self._count_tokens("".join(written))) if times else ()
        return Heard(asked_at, arrivals, int(usage.get("prompt_tokens") or 0), "tokens" if told else "read again")

    def _chunks(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects of the stream, as they come.

        Raises:
            EngineError: If the server refuses, breaks off, or says that it failed.
        """
        url = f"{self._at.url}/chat/completions"
        try:
            with httpx.stream("POST", url, json=body, timeout=_SECONDS) as response:
                if response.is_error:
                    raise EngineError(f"{self.name} answered {response.status_code}: {response.read().decode()[:300]}")
                for line in response.iter_lines():
                    text = line.removeprefix("data:").strip()
                    if not line.startswith("data:") or text == "[DONE]":
                        continue
                    chunk = json.loads(text)
                    if "error" in chunk:
                        raise EngineError(f"{self.name} failed in the middle: {chunk['error']}")
                    yield chunk
        except (httpx.HTTPError, ValueError) as error:
            raise EngineError(f"{self.name} broke off: {type(error).__name__}: {error}") from error
