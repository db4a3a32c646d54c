"""Lengths in, what streaming costs out: tokens per second at a client over the engine's alone, bytes per token, memory.

`python -m evals.stream` replays a script at 200 tokens per second, so the engine's own speed is known; with
`--engine embedded` it runs the embedded model. Both start `app.py` as users do.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from evals.running_app import running_app
from model.catalog import EMBEDDED
from model.engine import Engine, Request, Steering
from model.events import AnswerDelta, Message, Sampling, ThinkingDelta
from model.host import ModelHost
from model.scripted import load_script
from model.settings import settings_from_environment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results"
SCRIPTED_TOKENS = (1_000, 8_000, 32_000)
EMBEDDED_TOKENS = (1_000, 7_000)
TARGET_SHARE = 0.95
_ANSWER_SHARE = 0.08
_START_SECONDS = 180
_COLUMNS = {
    "asked": ("asked_tokens", 7),
    "new": ("new_tokens", 7),
    "engine/s": ("engine_tokens_per_second", 9),
    "client/s": ("client_tokens_per_second", 9),
    "share": ("share", 7),
    "same run": ("share_of_same_run", 9),
    "B/tok HTTP": ("http_bytes_per_token", 10),
    "B/tok client": ("client_bytes_per_token", 12),
    "client MiB": ("client_peak_mib", 10),
    "client CPU s": ("client_cpu_seconds", 12),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens that came after the first piece, and the seconds from the first piece to the last."""

    tokens: int
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """How fast they came."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reader saw of a stream. `wire_bytes` is 0 where they were not counted.

    `engine_tokens_per_second` is what the engine itself measured in the very same run.
    """

    pace: Pace
    engine_tokens_per_second: float = 0.0
    peak_mib: float = 0.0
    cpu_seconds: float = 0.0
    wire_bytes: int = 0


def pace_of(pieces: Iterable[int]) -> Pace:
    """The pace of a stream, read as it comes; each piece is its number of tokens."""
    tokens, first_at, last_at = 0, None, 0.0
    for n_tokens in pieces:
        if not n_tokens:
            continue
        last_at = time.monotonic()
        if first_at is None:
            first_at = last_at
        else:
            tokens += n_tokens
    return Pace(tokens, last_at - first_at if first_at is not None else 0.0)


def pace_of_engine(engine: Engine, asked: dict[str, Any]) -> Pace:
    """The engine's alone, in this process and without a server."""
    sampling = Sampling(**asked["sampling"])
    request = Request((Message("user", asked["message"]),), sampling, asked["budget"])
    return pace_of(
        event.n_tokens for event in engine.stream(request, Steering()) if isinstance(event, ThinkingDelta | AnswerDelta)
    )


def seen_by_client(address: str, asked: dict[str, Any]) -> Seen:
    """What a `gradio_client` in a process of its own sees."""
    command = [sys.executable, "-m", "evals.stream", "--as-client", address]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])
    return Seen(Pace(**seen.pop("pace")), **seen)


def be_the_client(address: str, asked: dict[str, Any]) -> Seen:
    """The other end of `seen_by_client`."""
    from gradio_client import Client

    job = Client(address, verbose=False).submit(**asked, api_name="/chat")
    pace = pace_of(delta.get("n_tokens", 0) for delta in job)
    usage = job.result()["usage"]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Seen(pace, usage["tokens_per_second"], _peak_mib(), used.ru_utime + used.ru_stime)


def _peak_mib() -> float:
    """Peak memory of this process. (Linux's `ru_maxrss` begins at the parent's.)"""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def seen_on_the_wire(address: str, asked: dict[str, Any]) -> Seen:
    """Bytes of the server-sent events, as `curl` gets them."""
    with httpx.Client(base_url=f"{address}/gradio_api/call/v2/", timeout=None) as http:
        event_id = http.post("chat", json=asked).json()["event_id"]
        with http.stream("GET", f"chat/{event_id}") as response:
            pace = pace_of(_tokens_of(line) for line in response.iter_lines())
            return Seen(pace, wire_bytes=response.num_bytes_downloaded)


def queue_bytes(address: str, asked: dict[str, Any]) -> int:
    """Bytes of the server-sent events, as `gradio_client` gets them."""
    with httpx.Client(base_url=address, timeout=None) as http:
        endpoints = http.get("/config").json()["dependencies"]
        number = next(one["id"] for one in endpoints if one["api_name"] == "chat")
        arguments = [asked["message"], None, asked["sampling"], asked["budget"], None, None, None]
        session = {"session_hash": f"s{random.getrandbits(48):x}"}
        http.post("/gradio_api/queue/join", json={"data": arguments, "fn_index": number} | session)
        with http.stream("GET", "/gradio_api/queue/data", params=session) as response:
            for _ in response.iter_bytes():
                pass
            return int(response.num_bytes_downloaded)


def _tokens_of(line: str) -> int:
    if not line.startswith("data: [{"):
        return 0
    return int(json.loads(line.removeprefix("data: "))[0].get("n_tokens", 0))


def words(n_words: int, seed: int) -> str:
    """So many short words in no order: nothing that a loop detector could find."""
    choose = random.Random(seed)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return " ".join("".join(choose.choices(syllables, k=choose.choice((1, 2, 3)))) for _ in range(n_words))


def write_script(path: Path, lengths: Iterable[int], tokens_per_second: float) -> None:
    """A script whose turn for "Write N tokens." has N tokens: each short word is one."""
    turns = []
    for n_tokens in lengths:
        n_answer = int(n_tokens * _ANSWER_SHARE)
        thinking, answer = words(n_tokens - n_answer, n_tokens), words(n_answer, n_tokens + 1)
        turns.append({"match": f"Write {n_tokens} tokens", "thinking": thinking, "answer": answer})
    path.write_text(json.dumps({"tokens_per_second": tokens_per_second, "turns": turns}), encoding="utf-8")


def row_of(asked_tokens: int, alone: list[Pace], client: list[Seen], wire: Seen, queued: int) -> dict[str, Any]:
    """One row of the table: the best of several tries, as other load only slows. `queued` is from `queue_bytes`."""
    alone_rate = max(pace.tokens_per_second for pace in alone)
    best = max(client, key=lambda seen: seen.pace.tokens_per_second)
    client_rate = best.pace.tokens_per_second
    return {
        "asked_tokens": asked_tokens,
        "new_tokens": best.pace.tokens,
        "engine_tokens_per_second": round(alone_rate, 2),
        "client_tokens_per_second": round(client_rate, 2),
        "share": round(client_rate / alone_rate, 4),
        "share_of_same_run": round(client_rate / best.engine_tokens_per_second, 4),
        "http_bytes_per_token": round(wire.wire_bytes / max(wire.pace.tokens, 1), 1),
        "client_bytes_per_token": round(queued / max(wire.pace.tokens, 1), 1),
        "client_peak_mib": round(max(seen.peak_mib for seen in client), 1),
        "client_cpu_seconds": round(best.cpu_seconds, 2),
        "tries": {"alone": [asdict(pace) for pace in alone], "client": [asdict(seen) for seen in client]},
    }


def at_once(address: str, asked: dict[str, Any]) -> tuple[Seen, Seen, int]:
    """A client and two readers of the wire, each with a run of its own, at the same time."""
    with ThreadPoolExecutor() as pool:
        wire = pool.submit(seen_on_the_wire, address, asked)
        queued = pool.submit(queue_bytes, address, asked)
        return seen_by_client(address, asked), wire.result(), queued.result()


def measure_scripted(lengths: Iterable[int], tokens_per_second: float) -> list[dict[str, Any]]:
    """Each length once; the engine's own rate is measured over 10 s, because the script's clock sets it."""
    lengths, rows = tuple(lengths), []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        alone_tokens = int(10 * tokens_per_second)
        write_script(script, {*lengths, alone_tokens}, tokens_per_second)
        alone = pace_of_engine(load_script(script), _asked(alone_tokens))
        with running_app("--scripted", str(script), "--data", folder) as app:
            for n_tokens in lengths:
                client, wire, queued = at_once(app.address, _asked(n_tokens))
                rows.append(row_of(n_tokens, [alone], [client], wire, queued))
                show(rows[-1])
    return rows


def _asked(n_tokens: int) -> dict[str, Any]:
    return {"message": f"Write {n_tokens} tokens.", "budget": n_tokens, "sampling": {"max_new_tokens": 40_000}}


def measure_embedded(lengths: Iterable[int], tries: int) -> list[dict[str, Any]]:
    """The embedded model writing so many tokens; engine alone and client take turns, as the machine's load changes."""
    rows = []
    host = ModelHost(settings_from_environment())
    host.load(EMBEDDED, adapter="none")
    engine = host.engine(wait_seconds=600)
    with tempfile.TemporaryDirectory() as folder:
        # The converted weights are where they always are; only the runs go to the folder.
        (Path(folder) / "models").symlink_to(settings_from_environment().data_folder / "models")
        with running_app("--model", EMBEDDED, "--adapter", "none", "--data", folder) as app:
            for n_tokens in lengths:
                # Hot sampling wanders on, where the preset would end the turn after a sentence.
                sampling = {"max_new_tokens": n_tokens, "temperature": 2.0, "top_p": 1.0, "top_k": 0}
                asked = {"message": "Tell me a very long story.", "budget": n_tokens // 2, "sampling": sampling}
                alone, client = [], []
                for _ in range(tries):
                    alone.append(pace_of_engine(engine, asked))
                    client.append(seen_by_client(app.address, asked))
                with ThreadPoolExecutor() as pool:  # Bytes, not speeds: both at once.
                    queued = pool.submit(queue_bytes, app.address, asked)
                    wire = seen_on_the_wire(app.address, asked)
                rows.append(row_of(n_tokens, alone, client, wire, queued.result()))
                show(rows[-1])
    host.close()
    return rows


def show(row: dict[str, Any]) -> None:
    """Print one row of the table."""
    print(" ".join(f"{row[name]:>{width}}" for name, width in _COLUMNS.values()), flush=True)


def main() -> int:
    """Measure, print the table, write the result; 1 if a client gets less than its share of the engine's speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("scripted", "embedded"), default="scripted")
    parser.add_argument("--tokens", type=int, nargs="+", help="lengths")
    parser.add_argument("--rate", type=float, default=200.0, help="tokens per second of the script")
    parser.add_argument("--tries", type=int, default=3, help="of each length (embedded)")
    parser.add_argument("--as-client", metavar="ADDRESS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.as_client:
        print(json.dumps(asdict(be_the_client(given.as_client, json.load(sys.stdin)))))
        return 0
    print(
        f"{'asked':>8} {'new':>8} {'engine/s':>9} {'client/s':>9} {'share':>7} {'B/token':>8} {'MiB':>7} {'CPU s':>6}"
    )
    if given.engine == "scripted":
        rows = measure_scripted(given.tokens or SCRIPTED_TOKENS, given.rate)
    else:
        rows = measure_embedded(given.tokens or EMBEDDED_TOKENS, given.tries)
    RESULTS.mkdir(exist_ok=True)
    result = {"engine": given.engine, "rate": given.rate, "at": time.strftime("%Y-%m-%d %H:%M"), "rows": rows}
    (RESULTS / f"stream-{given.engine}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row["share"] >= TARGET_SHARE for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
