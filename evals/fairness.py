"""A user with eight long thoughts and one with a short question in, how long the short one takes out.

`python -m evals.fairness` asks the embedded model of the real app through `gradio_client`, two users logged in: the
short question alone, beside the long thoughts without the line (the engine's own queue decides, as before there was
one), and beside them with it. Each answer stands beside the wait that was foretold.
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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gradio_client import Client

from evals.running_app import running_app
from model.settings import settings_from_environment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results"
# Hot sampling wanders on and on, where the preset would end the turn after a sentence.
_HOT = {"temperature": 2.0, "top_p": 1.0, "top_k": 0}
_LONG = "Tell me a very long story about a ship, number {n}."
_SHORT = "What is 17 * 23?"
_USERS = ("anna", "ben")
_PASSWORD = "a password of these two"
# The app with everybody let in at once: whoever is over waits in the engine's own queue.
_WITHOUT_LINE = """
import sys
import model.host
from model.fair_line import FairLine
model.host.FairLine = lambda slots, turn_seconds: FairLine(lambda: 10_000 * bool(slots()), 0.0)
import app
app.main(sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """One question's way. `foretold` is the wait that it was told first, None where it was told none."""

    seconds: float
    first_token_seconds: float
    foretold: float | None
    waited: float
    tokens: int


def answered(address: str, user: str, message: str, budget: int, max_new_tokens: int) -> Answered:
    """Ask and read to the end."""
    client = Client(address, auth=(user, _PASSWORD), verbose=False, httpx_kwargs={"timeout": 300.0})
    sampling = {**_HOT, "max_new_tokens": max_new_tokens}
    began = time.monotonic()
    deltas: list[tuple[float, dict[str, Any]]] = []
    for delta in client.submit(message, budget=budget, sampling=sampling, api_name="/chat"):
        deltas.append((time.monotonic() - began, delta))
    at, final = deltas[-1]
    queued = [delta for _, delta in deltas if delta["type"] == "queued"]
    return Answered(
        round(at, 2),
        round(next((at for at, delta in deltas if delta["type"] in ("thinking", "answer")), at), 2),
        next((delta["seconds"] for delta in queued if not delta["is_over"] and delta["seconds"]), None),
        round(sum(delta["seconds"] for delta in queued if delta["is_over"]), 1),
        final["usage"]["thinking_tokens"] + final["usage"]["answer_tokens"],
    )


def users_file(folder: Path) -> Path:
    """Two who may log in."""
    path = folder / "users.json"
    for user in _USERS:
        command = [sys.executable, "-m", "ui.user_file", "--file", str(path), "add", user]
        subprocess.run(command, cwd=ROOT, input=f"{_PASSWORD}\n", text=True, check=True, stdout=subprocess.DEVNULL)
    return path


def measured(slots: int, turn_seconds: float, with_line: bool, long_tokens: int, tries: int) -> dict[str, Any]:
    """Anna's and Ben's figures on an app of their own."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {
            "WORKINGS_USERS": str(users_file(Path(folder))),
            "WORKINGS_SLOTS": str(slots),
            "WORKINGS_TURN_SECONDS": str(turn_seconds),
            "WORKINGS_ENGINE": "transformers",
            "WORKINGS_MODEL": "smollm2-135m",
        }
        program = ("app.py",) if with_line else ("-c", _WITHOUT_LINE)
        with running_app("--data", _data(folder), variables=variables, program=program) as app:
            return _figures(app.address, long_tokens, tries) | {
                "slots": slots,
                "turn_seconds": turn_seconds,
                "with_line": with_line,
            }


def _data(folder: str) -> str:
    """A data folder of its own, with the converted weights of the usual one."""
    own, usual = Path(folder) / "data", settings_from_environment().data_folder
    own.mkdir()
    for known in usual.glob("*"):
        if known.is_dir() and known.name not in ("benchmarks", "scratch"):
            os.symlink(known, own / known.name)
    return str(own)


def _figures(address: str, long_tokens: int, tries: int) -> dict[str, Any]:
    def think(n: int) -> None:
        long.append(answered(address, _USERS[0], _LONG.format(n=n), long_tokens, long_tokens + 64))

    def ask() -> Answered:
        return answered(address, _USERS[1], _SHORT, 32, 64)

    alone, long = [ask() for _ in range(3)], list[Answered]()
    begun = time.monotonic()
    threads = [threading.Thread(target=think, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(5.0)
    beside = [ask() for _ in range(tries)]
    for thread in threads:
        thread.join()
    return {
        "alone_seconds": statistics.median(each.seconds for each in alone),
        "beside": [asdict(each) for each in beside],
        "long": [asdict(each) for each in sorted(long, key=lambda each: each.seconds)],
        "all_seconds": round(time.monotonic() - begun, 1),
    }


def told(row: dict[str, Any]) -> str:
    """A row for people."""
    beside = ", ".join(f"{each['seconds']:.1f}" for each in row["beside"])
    return (
        f"{row['slots']} slots, {'line' if row['with_line'] else 'no line'}: the short question alone "
        f"{row['alone_seconds']:.1f} s, beside the thoughts {beside} s; the eight within {row['all_seconds']:.0f} s"
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--turn", type=float, default=10.0, help="seconds of a turn")
    parser.add_argument("--long-tokens", type=int, default=600)
    parser.add_argument("--tries", type=int, default=2, help="short questions, one after the other")
    given = parser.parse_args()
    rows = []
    for with_line in (False, True):
        rows.append(measured(given.slots, given.turn, with_line, given.long_tokens, given.tries))
        print(told(rows[-1]), flush=True)
    path = RESULTS / f"fairness-{given.slots}-slots.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
