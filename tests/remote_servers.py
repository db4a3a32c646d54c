"""An OpenAI-compatible server with a tiny made-up model, in many manners and with the faults of real ones.

Its model thinks "t1 t2 ... t40" and answers "The answer is 42." Words are its tokens. Given the beginning of a turn it
writes on from there, if it is of the servers that can.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

THOUGHT = [f"t{number} " for number in range(1, 41)]
ANSWER = ["The ", "answer ", "is ", "42."]
KEY = "the-right-key"


@dataclass
class Fault:
    """What goes wrong with the next request that writes more than two tokens.

    Args:
        kind: "status", "cut", "stall", "malformed", "failure" (an error object in the stream), "reset".
        after: Tokens written before.
    """

    kind: str
    after: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": {"message": "out of order"}}'


@dataclass
class Manner:
    """How the server is.

    Args:
        splits: Field that the thinking comes in; empty leaves the tags in the text.
        prefill: A trailing message of the assistant's is written on: "always", "flagged" or "never".
        completes: Has `/completions`.
        refuses: Fields that it answers with 400.
        budget_field: The name of the thinking budget that it keeps.
        off_field: The field that switches thinking off.
        counts: Says how many tokens there were.
        key: What it wants; empty wants none.
    """

    splits: str = "reasoning_content"
    prefill: str = "never"
    completes: bool = False
    refuses: tuple[str, ...] = ()
    budget_field: str = ""
    off_field: str = ""
    counts: bool = True
    key: str = ""
    models: tuple[dict[str, Any], ...] = ({"id": "made-up-qwq", "max_model_len": 2048},)
    calls: tuple[dict[str, str], ...] = ()
    seconds_a_token: float = 0.0


class Served:
    """What a test sees of the server."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.faults: list[Fault] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.written = 0
        self.open_streams = 0
        self.lock = threading.Lock()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256


@contextmanager
def remote_server(manner: Manner | None = None, port: int = 0) -> Iterator[Served]:
    """A server that runs for as long as the block."""
    served = Served(manner or Manner())
    server = _Server(("127.0.0.1", port), _handler(served))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _words(messages: list[dict[str, Any]]) -> int:
    return sum(3 + len(str(message.get("content") or "").split()) for message in messages)


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class in a closure
    manner = served.manner

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            if self._is_known() and self.path == "/v1/models" and manner.models:
                self._whole(200, {"data": list(manner.models)})
            else:
                self._whole(404, {"detail": "Not Found"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with served.lock:
                served.asked.append({"path": self.path, **body})
                served.headers.append(dict(self.headers))
            if not self._is_known():
                return
            if wrong := [name for name in manner.refuses if name in body]:
                self._whole(400, {"error": {"message": f"Unrecognized request argument supplied: {wrong[0]}"}})
            elif self.path == "/v1/chat/completions":
                self._chat(body)
            elif self.path == "/v1/completions" and manner.completes:
                self._completion(body)
            else:
                self._whole(404, {"detail": "Not Found"})

        def _is_known(self) -> bool:
            if not manner.key or self.headers.get("Authorization") == f"Bearer {manner.key}":
                return True
            self._whole(401, {"error": {"message": f"Invalid key {self.headers.get('Authorization')}"}})
            return False

        def _whole(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
            text = (value if isinstance(value, str) else json.dumps(value)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, one in (headers or {}).items():
                self.send_header(name, one)
            self.end_headers()
            self.wfile.write(text)

        def _chat(self, body: dict[str, Any]) -> None:
            messages = body["messages"]
            goes_on = messages[-1]["role"] == "assistant" and (
                manner.prefill == "always" or (manner.prefill == "flagged" and body.get("continue_final_message"))
            )
            turn = messages[-1]["content"] if goes_on else ""
            chat = messages[:-1] if goes_on else messages
            thinks = not (manner.off_field and body.get(manner.off_field) is False)
            budget = body.get(manner.budget_field) if manner.budget_field else None
            # What goes on is not split: the parser sees no opening tag, as with real servers.
            parts = self._parts(turn, thinks, budget)
            if goes_on or not manner.splits:
                deltas = [{"content": text} for _, text in parts]
                if not goes_on and not manner.splits and thinks:
                    deltas = [{"content": "<think>\n" + deltas[0]["content"]}, *deltas[1:]]
            else:
                shown = [part for part in parts if part[1] != "\n</think>\n\n"]
                deltas = [{manner.splits if kind == "thinking" else "content": text} for kind, text in shown]
            prompt = _words(chat) + 2 + len(turn.split())
            self._stream(body, [{"delta": delta} for delta in deltas], prompt)

        def _completion(self, body: dict[str, Any]) -> None:
            prompt = body["prompt"]
            turn = prompt.rpartition("<|im_start|>assistant")[2]
            parts = self._parts(turn, True, None)
            if "<tools>" in prompt and "</think>" not in turn:
                call = '<tool_call>\n{"name": "calculate", "arguments": {"expression": "2+2"}}\n</tool_call>'
                parts = [*parts[: len(THOUGHT)], ("answer", "\n</think>\n\n"), ("answer", call)]
            choices = [{"text": text} for _, text in parts]
            marks = prompt.replace("<|im_start|>", " <|im_start|> ").replace("<|im_end|>", " <|im_end|> ")
            self._stream(body, choices, len(marks.split()))

        def _parts(self, turn: str, thinks: bool, budget: int | None) -> list[tuple[str, str]]:
            if "</think>" in turn or not thinks:
                said = turn.partition("</think>")[2].strip()
                return [("answer", word) for word in ANSWER[len(said.split()) :]]
            done = sum(1 for word in turn.split() if word.startswith("t") and word[1:].isdigit())
            thought = THOUGHT[done:] if budget is None else THOUGHT[done:budget]
            return [
                *(("thinking", word) for word in thought),
                ("thinking", "\n</think>\n\n"),
                *(("answer", word) for word in ANSWER),
            ]

        def _stream(self, body: dict[str, Any], choices: list[dict[str, Any]], prompt_tokens: int) -> None:
            most = int(body.get("max_tokens", 1000))
            fault = served.faults.pop(0) if served.faults and most > 2 else None
            if fault is not None and fault.kind == "status":
                self._whole(fault.status, fault.body, fault.headers)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            with served.lock:
                served.open_streams += 1
            try:
                self._write(choices[:most], len(choices) > most, prompt_tokens, fault)
            except OSError:
                pass  # the reader has gone
            finally:
                with served.lock:
                    served.open_streams -= 1

        def _write(self, choices: list[dict[str, Any]], is_cut: bool, prompt_tokens: int, fault: Fault | None) -> None:
            for number, choice in enumerate(choices):
                if fault is not None and number == fault.after:
                    if fault.kind == "stall":
                        time.sleep(30)
                    elif fault.kind == "malformed":
                        self._line('{"choices": [{"delta": {"content": "tr')
                    elif fault.kind == "failure":
                        self._line('{"error": {"message": "the worker died", "code": 500}}')
                    return
                self._line({"choices": [{"index": 0, "finish_reason": None, **choice}]})
                with served.lock:
                    served.written += 1
                time.sleep(manner.seconds_a_token)
            for number, call in enumerate(manner.calls):
                half = len(call["arguments"]) // 2
                for text, head in ((call["arguments"][:half], {"name": call["name"]}), (call["arguments"][half:], {})):
                    one = {"index": number, "id": f"call_{number}", "function": {**head, "arguments": text}}
                    self._line({"choices": [{"index": 0, "delta": {"tool_calls": [one]}}]})
            last: dict[str, Any] = {
                "choices": [{"index": 0, "delta": {}, "finish_reason": "length" if is_cut else "stop"}]
            }
            if manner.counts:
                last["usage"] = {"prompt_tokens": prompt_tokens, "completion_tokens": len(choices)}
            self._line(last)
            self._line("[DONE]")

        def _line(self, value: Any) -> None:
            text = value if isinstance(value, str) else json.dumps(value)
            self.wfile.write(f"data: {text}\n\n".encode())
            self.wfile.flush()

    return Handler
