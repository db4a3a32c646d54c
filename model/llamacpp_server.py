"""One line of JSON on standard input in, llama.cpp's own server listening for the process that wrote it out.

`python -m model.llamacpp_server` is started by `model.llamacpp_child`, and by nobody else. It ends when its parent has
ended or closes the pipe, so it never outlives the app.
"""

import json
import os
import sys
import threading
from typing import Any

# How often it looks whether its parent is still there: the pipe says so at once, where no other child holds it open.
_PARENT_CHECK_SECONDS = 1.0


def parameters(options: dict[str, Any]) -> Any:
    """llama.cpp's parameters for `llamacpp_child.ServerOptions` as JSON."""
    import xllamacpp  # type: ignore[import-untyped]

    made = xllamacpp.CommonParams()
    made.model.path = options["model"]
    made.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 1.0) for path in options["adapters"]]
    made.hostnames, made.port = [options["address"]], options["port"]
    made.api_keys = [options["api_key"]]
    made.n_parallel, made.n_ctx, made.kv_unified = options["slots"], options["cache_tokens"], True
    made.cpuparams.n_threads = made.cpuparams_batch.n_threads = options["threads"]
    made.n_batch = made.n_ubatch = options["step_tokens"]
    made.n_threads_http = options["http_threads"]
    made.cache_ram_mib = options["kept_prompts_mib"]
    made.n_gpu_layers = options["gpu_layers"]
    # Only what is used: no page, no templates, no shifting of a full context, nothing fitted behind our back.
    made.ui = made.use_jinja = made.ctx_shift = made.fit_params = made.endpoint_props = False
    made.endpoint_slots = True
    made.verbosity = 1  # errors
    return made


def _end_with(parent: int) -> None:
    """End this process when the parent has ended, however it did."""

    def watch_pipe() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os._exit(0)

    def watch_parent() -> None:
        ticks = threading.Event()
        while os.getppid() == parent:
            ticks.wait(_PARENT_CHECK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch_pipe, daemon=True).start()
    threading.Thread(target=watch_parent, daemon=True).start()


def main() -> None:
    """Serve until the parent is gone."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 65_536)
        if not piece:
            return
        line += piece
    options = json.loads(line)
    _end_with(options["parent"])
    import xllamacpp

    try:
        server = xllamacpp.Server(parameters(options))
    except (RuntimeError, ValueError) as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        sys.stdout.flush()
        sys.exit(1)
    sys.stdout.write(json.dumps({"listening": server.listening_address}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
