"""A request to an OpenAI-compatible server in, its stream as it comes out; all faults of servers as sentences.

One event loop in a thread of its own carries all streams, so that hundreds cost no thread each and a cancel closes the
connection at once, which is what frees a slot of the server.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError

from model.errors import EngineError, PromptTooLong
from model.remote_address import Address

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
# Until the first word: the server may read a long prompt, or have others before us.
FIRST_SECONDS = 600.0
# Between two words.
STALL_SECONDS = 60.0
_CLOSE_SECONDS = 3.0
# To render or cut a long chat.
_POST_SECONDS = 60.0
_SAID_CHARACTERS = 300
_TOO_LONG = ("context length", "context size", "maximum context", "too long", "exceeds the available", "max_model_len")


class Busy(EngineError):
    """The server asks to wait.

    Attributes:
        seconds: How long, as it said; 0 when it did not.
    """

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class BrokeOff(EngineError):
    """The stream ended before its end, or what came was no stream; asking again may help."""


class Refused(EngineError):
    """The server will not do this, however often it is asked.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Args:
        is_chat: To `/chat/completions`; else to `/completions`, with a `prompt` among the fields.
        fields: Of the body; `model` and `stream` are added.
    """

    fields: Mapping[str, Any]
    is_chat: bool = True


@dataclass(slots=True)
class Line:
    """An event loop in a thread, begun with the first use."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Have it done over there."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name="remote-line", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """End it; harmless when repeated."""
        with self._lock:
            loop, self._loop = self._loop, None
            thread, self._thread = self._thread, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_CLOSE_SECONDS)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run until told to stop; then end what goes on, which closes its connections."""
    loop.run_forever()
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


class Wire:
    """Speaks with one server.

    Args:
        key: Asked for each request; never kept, shown or logged.
    """

    def __init__(
        self,
        address: Address,
        key: Callable[[], str],
        *,
        first_seconds: float = FIRST_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.address = address
        self.key = key
        self._first_seconds, self._stall_seconds = first_seconds, stall_seconds
        self._line = Line()

    def run(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Have a coroutine of this wire run in its loop."""
        return self._line.run(work)

    def close(self) -> None:
        """End all that goes on."""
        self._line.close()

    # ------------------------------------------------------------------ streams

    async def stream(self, model: str, call: Call, key: str) -> AsyncGenerator[dict[str, Any]]:
        """The objects of the server's stream as they come; it ends after the last one, and never before.

        Raises:
            Busy: If the server has no room now (429, 503).
            BrokeOff: If the connection fails, stalls, or brings what cannot be read.
            Refused: If the server says no: the key, the model, a field.
            PromptTooLong: If the chat does not fit its context.
        """
        chunks = self._chat_chunks(model, call, key) if call.is_chat else self._text_chunks(model, call, key)
        is_first, has_ended = True, False
        try:
            while True:
                seconds = self._first_seconds if is_first else self._stall_seconds
                try:
                    async with asyncio.timeout(seconds):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                except TimeoutError as error:
                    raise BrokeOff(
                        f"{self.address.shown} has sent nothing for {seconds:g} s."
                        + (" It may be reading a long prompt, or be stuck." if is_first else "")
                    ) from error
                is_first = False
                has_ended = has_ended or any(choice.get("finish_reason") for choice in chunk.get("choices") or ())
                yield chunk
        finally:
            await chunks.aclose()
        if not has_ended:
            raise BrokeOff(f"{self.address.shown} broke off in the middle of its answer.")

    async def _chat_chunks(self, model: str, call: Call, key: str) -> AsyncGenerator[dict[str, Any]]:
        fields = dict(call.fields)
        messages = fields.pop("messages")
        try:
            client = self._client(model, key)
        except ValueError as error:
            raise Refused(_sentence(self.address, str(error)), 401) from error
        try:
            if self.address.url:
                # Its hook refuses every address while HF_HUB_OFFLINE is set, a server of one's own, too; and without a
                # key it would send the Hub's token, which is none of a server's business.
                http: Any = await client._get_async_client()  # type: ignore[no-untyped-call]
                http.event_hooks = {
                    "request": [] if key else [_without_authorization],
                    "response": http.event_hooks["response"],
                }
            stream = await client.chat_completion(messages, model=model, stream=True, extra_body=fields)
            async for chunk in stream:
                yield _checked(_plain(chunk), self.address)
        except BaseException as error:
            raise self._as_ours(error) from error
        finally:
            with suppress(Exception):
                await client.close()  # type: ignore[no-untyped-call]

    def _client(self, model: str, key: str) -> AsyncInferenceClient:
        at = self.address
        timeout: Any = (CONNECT_SECONDS, self._first_seconds, 60.0, CONNECT_SECONDS)
        token = key or ("" if at.url else None)
        where: dict[str, Any] = {"base_url": at.url} if at.url else {"provider": at.provider}
        return AsyncInferenceClient(token=token, timeout=timeout, **where)

    async def _text_chunks(self, model: str, call: Call, key: str) -> AsyncGenerator[dict[str, Any]]:
        body = {"model": model, "stream": True} | dict(call.fields)
        timeout = httpx.Timeout(self._first_seconds, connect=CONNECT_SECONDS)
        try:
            async with (
                httpx.AsyncClient(timeout=timeout) as client,
                client.stream("POST", f"{self.address.url}/completions", json=body, headers=_headers(key)) as response,
            ):
                if response.is_error:
                    await response.aread()
                    raise self._refusal(response.status_code, response.headers, response.text)
                async for line in response.aiter_lines():
                    text = line.removeprefix("data:").strip()
                    if not line.startswith("data:") or text == "[DONE]":
                        continue
                    yield _checked(json.loads(text), self.address)
        except BaseException as error:
            raise self._as_ours(error) from error

    # ------------------------------------------------------------------ plain requests

    def ask(self, method: str, path: str, body: Any = None, seconds: float = 15.0, at_root: bool = False) -> Any:
        """A plain request's JSON.

        Raises:
            EngineError: As `stream` does.
        """
        base = self.address.root if at_root else self.address.url
        try:
            answer = httpx.request(
                method, base + path, json=body, headers=_headers(self.key()), timeout=httpx.Timeout(seconds)
            )
            if answer.is_error:
                raise self._refusal(answer.status_code, answer.headers, answer.text)
            return answer.json()
        except Exception as error:
            raise self._as_ours(error) from error

    async def post(self, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The JSON of a route that the server has beside `/v1`.

        Raises:
            EngineError: As `stream` does.
        """
        timeout = httpx.Timeout(_POST_SECONDS, connect=CONNECT_SECONDS)
        try:
            async with httpx.AsyncClient(timeout=timeout) as client:
                answer = await client.post(self.address.root + path, json=dict(body), headers=_headers(key))
            if answer.is_error:
                raise self._refusal(answer.status_code, answer.headers, answer.text)
            told: dict[str, Any] = answer.json()
            return told
        except Exception as error:
            raise self._as_ours(error) from error

    def read_whole(self, model: str, call: Call) -> list[dict[str, Any]]:
        """A stream read to its end; blocks."""

        async def read() -> list[dict[str, Any]]:
            return [chunk async for chunk in self.stream(model, call, self.key())]

        chunks: list[dict[str, Any]] = self.run(read()).result()
        return chunks

    # ------------------------------------------------------------------ faults

    def _as_ours(self, error: BaseException) -> BaseException:
        """The fault as one of the classes above; what ends a task stays as it is."""
        at = self.address.shown
        match error:
            case EngineError() | PromptTooLong() | asyncio.CancelledError() | GeneratorExit() | TimeoutError():
                return error
            case HfHubHTTPError(response=response) if response is not None:
                return self._refusal(response.status_code, response.headers, _body_of(response) or str(error))
            case InferenceTimeoutError():
                return BrokeOff(f"{at} has sent nothing for {self._first_seconds:g} s.")
            case ValueError():  # JSON that is none
                return BrokeOff(f"{at} sent what cannot be read ({str(error)[:120]}).")
            case Exception() if "connect" in type(error).__name__.lower():
                return EngineError(
                    f"{at} cannot be reached ({_first_line(error)}). See that it runs, and that the address is right."
                )
            case Exception():
                return BrokeOff(f"{at} broke off ({type(error).__name__}: {_first_line(error)}).")
        return error

    def _refusal(self, status: int, headers: Mapping[str, str], text: str) -> BaseException:
        key = self.key()
        at, said = self.address.shown, _said(text.replace(key, "(the key)") if key else text)
        if status in (401, 403):
            return Refused(
                f"{at} refuses the key ({status}: {said}). It may have expired: give another in WORKINGS_SERVER_KEY "
                "(HF_TOKEN for Hugging Face), or log in again.",
                status,
            )
        if status in (429, 503):
            seconds = _seconds(headers.get("retry-after", ""))
            return Busy(f"{at} has no room now ({status}: {said}). Try again in {seconds or 30:.0f} s.", seconds)
        if status in (400, 413, 422) and any(mark in said.lower() for mark in _TOO_LONG):
            return PromptTooLong(f"The chat does not fit this server's context: {said} Start a new chat.", 0)
        if status >= 500:
            return BrokeOff(f"{at} failed ({status}: {said}).")
        return Refused(f"{at} refuses the request ({status}: {said}).", status)


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


async def _without_authorization(request: Any) -> None:
    request.headers.pop("Authorization", None)


def _plain(value: Any) -> Any:
    """The client's object as the server sent it: as a dictionary it has lost what the client does not know."""
    if isinstance(value, dict) and hasattr(value, "__dict__"):
        return {name: _plain(each) for name, each in vars(value).items() if each is not None}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _checked(chunk: Any, address: Address) -> dict[str, Any]:
    """A chunk of the stream; an error in the middle is raised.

    Raises:
        BrokeOff: If it says that the server failed.
    """
    if not isinstance(chunk, dict):
        raise ValueError(f"{str(chunk)[:80]!r} is no object")
    if chunk.get("error"):
        raise BrokeOff(f"{address.shown} failed in the middle: {_said(json.dumps(chunk['error']))}")
    return chunk


def _said(text: str) -> str:
    """The server's own sentence, out of the forms that servers give it."""
    with suppress(ValueError):
        told: Any = json.loads(text)
        for name in ("error", "message", "detail"):
            if isinstance(told, dict) and told.get(name):
                told = told[name]
        text = told if isinstance(told, str) else json.dumps(told)
    return " ".join(text.split())[:_SAID_CHARACTERS] or "it says nothing more"


def _sentence(address: Address, text: str) -> str:
    return f"{address.shown} cannot be asked: {text}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_SAID_CHARACTERS]


def _body_of(response: Any) -> str:
    try:
        return str(response.text)
    except Exception:  # noqa: BLE001  a stream whose body was not read
        return ""


def _seconds(text: str) -> float:
    """Of a Retry-After header; a date there counts as nothing said.

    >>> _seconds("7"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT")
    (7.0, 0.0)
    """
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
