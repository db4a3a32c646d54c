"""A user with eight long thoughts and one with a short question in, how long the short one takes out.

`python -m scripts.measure_fairness` asks the embedded model through `gradio_client`, with as many slots as `--slots`
says: alone, beside the long thoughts without the line (the engine's own queue decides), and beside them with it. Each
answer stands beside the wait that was foretold.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client import Client

from evals.loaded_host import loaded_host
from evals.measured_on import measured_on
from model.catalog import EMBEDDED
from model.fair_line import FairLine
from model.runs import Runs
from model.settings import settings_from_environment
from model.store import Store
from ui.deltas import Delta
from ui.script_runs import ScriptRuns

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "evals" / "results"
_START_SECONDS = 300
# Hot sampling wanders on and on, where the preset would end the turn after a sentence.
_HOT = {"temperature": 2.0, "top_p": 1.0, "top_k": 0}
_LONG = "Tell me a very long story about a ship, number {n}."
_SHORT = "What is 17 * 23?"


@dataclass(frozen=True, slots=True)
class Answered:
    """One question's way. `foretold` is the wait that it was told first, None where it was told none."""

    seconds: float
    first_token_seconds: float
    foretold: float | None
    waited: float
    tokens: int


def serve(slots: int, turn_seconds: float, with_line: bool) -> None:
    """The server: /ask for any user, until it is killed. Its address is its first line."""
    folder = Path(tempfile.mkdtemp())
    settings = replace(
        settings_from_environment(),
        slots=slots,
        turn_seconds=turn_seconds,
        data_folder=settings_from_environment().data_folder,
    )
    with loaded_host(EMBEDDED, settings=settings) as host:
        if not with_line:
            host.line = FairLine(lambda: 10_000, 0.0)
        runs = Runs(Store(folder), host, settings)

        async def ask(
            owner: str, message: str, budget: int, sampling: dict[str, Any]
        ) -> AsyncGenerator[dict[str, Any], None]:
            own = ScriptRuns(runs, host, owner)
            begin = partial(own.begin_chat, message, None, sampling, budget, None, None)
            async with aclosing(own.own(begin)) as deltas:
                async for delta in deltas:
                    yield delta

        with gr.Blocks(analytics_enabled=False) as demo:
            gr.api(ask, api_name="ask", concurrency_limit=None)
        demo.queue(default_concurrency_limit=None)
        _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", _frontend=False)
        print(json.dumps({"address": address} | measured_on(host.engine())), flush=True)
        threading.Event().wait()


def answered(address: str, owner: str, message: str, budget: int, max_new_tokens: int) -> Answered:
    """Ask and read to the end."""
    sampling = {**_HOT, "max_new_tokens": max_new_tokens}
    began, deltas = time.monotonic(), list[tuple[float, Delta]]()
    for delta in Client(address, verbose=False).submit(owner, message, budget, sampling, api_name="/ask"):
        deltas.append((time.monotonic() - began, delta))
    final = deltas[-1][1]
    queued = [delta for _, delta in deltas if delta["type"] == "queued"]
    first = next((at for at, delta in deltas if delta["type"] in ("thinking", "answer")), deltas[-1][0])
    return Answered(
        round(deltas[-1][0], 2),
        round(first, 2),
        next((delta["seconds"] for delta in queued if not delta["is_over"] and delta["seconds"]), None),
        sum(delta["seconds"] for delta in queued if delta["is_over"]),
        final["usage"]["thinking_tokens"] + final["usage"]["answer_tokens"],
    )


def measured(slots: int, turn_seconds: float, with_line: bool, long_tokens: int, tries: int) -> dict[str, Any]:
    """A's and B's figures on a server of its own."""
    command = [
        sys.executable,
        "-m",
        "scripts.measure_fairness",
        "--serve",
        f"--slots={slots}",
        f"--turn={turn_seconds}",
    ]
    command += [] if with_line else ["--without-line"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert server.stdout is not None
    try:
        head = json.loads(server.stdout.readline())
        address = head.pop("address")
        alone = [answered(address, "user:b", _SHORT, 32, 64) for _ in range(3)]
        begun = time.monotonic()
        long: list[Answered] = []
        threads = [
            threading.Thread(
                target=lambda n=n: long.append(
                    answered(address, "user:a", _LONG.format(n=n), long_tokens, long_tokens + 64)
                )
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        time.sleep(5.0)
        beside = [answered(address, "user:b", _SHORT, 32, 64) for _ in range(tries)]
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
    finally:
        server.kill()
        server.wait()
    return {
        "measured_on": head,
        "slots": slots,
        "turn_seconds": turn_seconds,
        "with_line": with_line,
        "alone_seconds": statistics.median(each.seconds for each in alone),
        "beside": [asdict(each) for each in beside],
        "long": [asdict(each) for each in sorted(long, key=lambda each: each.seconds)],
        "all_seconds": round(took, 1),
    }


def told(row: dict[str, Any]) -> str:
    """A row for people."""
    beside = [each["seconds"] for each in row["beside"]]
    return (
        f"{row['slots']} slots, {'line' if row['with_line'] else 'no line'}: B alone {row['alone_seconds']:.1f} s, "
        f"beside A {', '.join(f'{each:.1f}' for each in beside)} s; A's eight within {row['all_seconds']:.0f} s"
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument(
        "--turn", type=float, default=10.0, help="seconds that a run may hold a slot that others wait for"
    )
    parser.add_argument("--long-tokens", type=int, default=600)
    parser.add_argument("--tries", type=int, default=2, help="short questions, one after the other")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--without-line", action="store_true")
    given = parser.parse_args()
    if given.serve:
        serve(given.slots, given.turn, not given.without_line)
        return
    rows = []
    for with_line in (False, True):
        rows.append(measured(given.slots, given.turn, with_line, given.long_tokens, given.tries))
        print(told(rows[-1]), flush=True)
    path = RESULTS / f"fairness-{given.slots}-slots.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
