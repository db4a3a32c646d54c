"""The address of an OpenAI-compatible server in, when its pieces come and how many tokens they were out.

llama.cpp's server, vLLM, SGLang, Ollama and `transformers serve` all speak it: `POST /v1/chat/completions` with
`stream`, answered by server-sent events.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from evals.speed.arrivals import Heard, now, scaled
from evals.speed.bench import PRESET
from model.errors import BadInput, EngineError

_TEXTS = ("content", "reasoning_content", "reasoning")  # servers that split the thinking off give it names of their own
_SECONDS = httpx.Timeout(30.0, read=1800.0)


class OpenAiServer:
    """A `Contender`: a server that may run anywhere, whatever model it serves.

    Args:
        address: Up to and without `/chat/completions`, such as "http://127.0.0.1:8000/v1".
        model: The name to ask for; empty asks the server which it has and takes the first.
        more: Further fields of each request, such as {"ignore_eos": true} for vLLM and llama.cpp.

    Raises:
        BadInput: If nothing that speaks the protocol answers there.
    """

    def __init__(self, name: str, address: str, model: str = "", more: dict[str, Any] | None = None) -> None:
        self.name = name
        self._address = address.rstrip("/")
        self._more = more or {}
        self._model = model or self._first_model()

    def _first_model(self) -> str:
        try:
            return str(httpx.get(f"{self._address}/models", timeout=_SECONDS).json()["data"][0]["id"])
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise BadInput(
                f"{self._address}/models names no model ({type(error).__name__}: {error}). Give the address of an "
                "OpenAI-compatible server as it ends in /v1, or name its model."
            ) from error

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """As `Contender.ask`."""
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": new_tokens,
            "temperature": PRESET.temperature,
            "top_p": PRESET.top_p,
        } | self._more
        asked_at, times, usage = now(), list[float](), dict[str, Any]()
        for chunk in self._chunks(body):
            usage = chunk.get("usage") or usage
            delta = (chunk.get("choices") or [{}])[0].get("delta") or {}
            if any(delta.get(name) for name in _TEXTS):
                times.append(now())
        told = int(usage.get("completion_tokens") or 0)
        arrivals = scaled(times, told or len(times)) if times else ()
        return Heard(asked_at, arrivals, int(usage.get("prompt_tokens") or 0), "tokens" if told else "pieces")

    def _chunks(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects of the stream, as they come.

        Raises:
            EngineError: If the server refuses, breaks off, or says that it failed.
        """
        url = f"{self._address}/chat/completions"
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
