"""Servers that speak OpenAI's protocol and answer with given chunks: for the tests of what asks such servers."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(chunks, status=200, callers=1, models=({"id": "the-model"},)):
    """An OpenAI-compatible server that answers every question with these chunks, once `callers` have asked."""
    asked, all_here = [], threading.Barrier(callers, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            self._send("application/json", json.dumps({"data": list(models)}), 200)

        def do_POST(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            all_here.wait()
            lines = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
            self._send("text/event-stream", "".join(f"data: {line}\n\n" for line in lines), status)

        def _send(self, kind, text, status):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def delta(**fields):
    return {"choices": [{"index": 0, "delta": fields}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 21, "completion_tokens": 12}}
PIECES = [delta(role="assistant"), delta(reasoning_content="Let me"), delta(content="42"), delta(content="."), {}]
