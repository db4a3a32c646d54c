"""Real servers on loopback with the embedded model: llama.cpp's own, and `transformers serve`."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from evals.speed.transformers_serve import Served, transformers_serving
from model.embedded import SHIPPED_ADAPTER, prepare_embedded, prepare_gguf
from model.families import SMOLLM2
from model.gguf_file import read_gguf
from model.gguf_merging import merged_gguf

# What `llama-server -m FILE --chat-template-file FILE --parallel 4` does, by the wheel that carries the same server.
_LLAMA = """
import sys, threading, xllamacpp
made = xllamacpp.CommonParams()
made.model.path, made.hostnames, made.port = sys.argv[1], ["127.0.0.1"], int(sys.argv[2])
made.model_alias = {"smollm2-135m"}
made.chat_template = open(sys.argv[3], encoding="utf-8").read()
made.cpuparams.n_threads = made.cpuparams_batch.n_threads = 1
made.n_parallel, made.n_ctx, made.verbosity = 4, 16384, 1
server = xllamacpp.Server(made)
threading.Event().wait()
"""
_START_SECONDS = 120.0


def missing_for(name: str) -> str:
    """Why such a server cannot be started here; empty when it can."""
    package = {"llama.cpp": "xllamacpp", "transformers serve": "openai"}[name]
    return "" if importlib.util.find_spec(package) else f"{name} needs {package}: pip install -r requirements-dev.txt"


@contextmanager
def real_server(name: str, data_folder: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    """The address of a server, as it ends in /v1, and its name for the model."""
    if name == "llama.cpp":
        with _llama_cpp(data_folder, scratch) as url:
            yield url, "smollm2-135m"
        return
    folder = prepare_embedded(data_folder, lambda *_: None, adapter=SHIPPED_ADAPTER)
    served = Served(folder, SMOLLM2.template_text() or "", "bf16", cache_tokens=8192, ends_turns=True)
    with transformers_serving(served) as found:
        yield found


@contextmanager
def _llama_cpp(data_folder: Path, scratch: Path) -> Iterator[str]:
    plain = prepare_gguf(data_folder, lambda *_: None, lambda: False)
    gguf = merged_gguf(read_gguf(plain), SHIPPED_ADAPTER, data_folder, lambda *_: None, lambda: False)
    template = scratch / "qwq.jinja"
    template.write_text(SMOLLM2.template_text() or "", "utf-8")
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-c", _LLAMA, str(gguf), str(port), str(template)]
    with (scratch / "llama.log").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not _is_healthy(port):
                assert process.poll() is None and time.monotonic() < deadline, (scratch / "llama.log").read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def _is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5.0).status_code == 200
    except httpx.HTTPError:
        return False
