"""Minutes and numbers of readers in; what was lost, late or mixed up, and what it cost, out.

`python -m evals.load` has 200 readers of a scripted engine at 5 tokens a second each (half as pages, half as scripts),
then 16 `gradio_client` callers of the embedded model. Readers are processes of their own; both sides' processor time is
reported. `--only scripted` or `--only embedded` does one of the two; `--only stalled` has 50 streams that nobody reads.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evals.load.checked import Expected, check_all
from evals.load.heard import Heard, heard_of
from evals.load.sampled import Sampler
from evals.running_app import running_app
from model.catalog import EMBEDDED
from model.scripted import Turn
from model.store import Store

_GENERATORS = 2
# Beside the time they read: to come and to go.
_GRACE_SECONDS = 120.0

# Each run is about five minutes long: 1,200 tokens of thinking and 300 of answer.
TURN = Turn(
    "Step {n} of {question} is to look at it once more, from the side that was not looked at before.\n\n",
    "The answer to {question} is here. " + "It is long enough to be read for a while, line after line.\n" * 20,
    repeat=50,
)


def measure_scripted(minutes: float, readers: int, rate: float) -> dict[str, Any]:
    """Readers of scripted runs, half of them as pages."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        turn = {"thinking": TURN.thinking, "answer": TURN.answer, "repeat": TURN.repeat}
        script.write_text(json.dumps({"tokens_per_second": rate, "slots": readers + 8, "turns": [turn]}))
        pages, scripts = readers // 2, readers - readers // 2
        shares = [
            (pages * part // _GENERATORS, scripts * part // _GENERATORS, readers * part // _GENERATORS)
            for part in range(_GENERATORS + 1)
        ]
        programs = [
            [
                "evals.load.generator",
                *("--pages", str(after[0] - before[0]), "--scripts", str(after[1] - before[1])),
                *("--first", str(before[2] + 1)),
            ]
            for before, after in zip(shares, shares[1:], strict=False)
        ]
        variables = {"WORKINGS_MAX_RUNS": str(readers + 8)}
        return _measured(Path(folder), ["--scripted", str(script)], variables, programs, minutes, _scripted_text)


def measure_stalled(minutes: float, stalled: int, rate: float) -> dict[str, Any]:
    """Ten scripts that read, beside streams that nobody reads."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        turn = {"thinking": TURN.thinking, "answer": TURN.answer, "repeat": 8 * TURN.repeat}
        script.write_text(json.dumps({"tokens_per_second": rate, "slots": stalled + 16, "turns": [turn]}))
        programs = [["evals.load.generator", "--scripts", "10", "--stalled", str(stalled)]]
        variables = {"WORKINGS_MAX_RUNS": str(stalled + 16)}
        return _measured(Path(folder), ["--scripted", str(script)], variables, programs, minutes, lambda _: None)


def measure_embedded(minutes: float, callers: int, data: Path | None) -> dict[str, Any]:
    """`gradio_client` callers of the embedded model."""
    with tempfile.TemporaryDirectory() as folder:
        programs = [["evals.load.callers", "--callers", str(callers)]]
        arguments = ["--model", EMBEDDED, *(["--data", str(data)] if data else [])]
        return _measured(Path(folder), arguments, {}, programs, minutes, lambda _: None, data)


def _scripted_text(question: str) -> tuple[str, str]:
    thinking, _, answer = TURN.text(question).partition("</think>")
    return thinking, answer


def _measured(
    folder: Path,
    arguments: list[str],
    variables: dict[str, str],
    programs: Sequence[list[str]],
    minutes: float,
    expected: Expected,
    data: Path | None = None,
) -> dict[str, Any]:
    data = data or folder / "data"
    with running_app(*arguments, variables={"WORKINGS_DATA": str(data)} | variables) as app:
        files = [folder / f"heard{number}.jsonl" for number in range(len(programs))]
        readers = [
            subprocess.Popen(
                [sys.executable, "-m", name, app.address, str(file), *more, "--seconds", str(60 * minutes)],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
            for (name, *more), file in zip(programs, files, strict=True)
        ]
        sampler = Sampler({"server": [app.process.pid], "readers": [reader.pid for reader in readers]})
        try:
            for reader in readers:
                reader.wait(60 * minutes + _GRACE_SECONDS)
        finally:
            figures = sampler.close()
            for reader in readers:
                reader.kill()
    store = Store(data)
    checked = check_all(_heard_in(files), store, expected)
    store.close()
    return {"minutes": minutes, "by_transport": {name: each.figures() for name, each in checked.items()}} | figures


def _heard_in(files: Sequence[Path]) -> Iterator[Heard]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            yield from map(heard_of, lines)


def main(arguments: list[str]) -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(prog="evals.load", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--minutes", type=float, default=30.0, help="of each of the two parts")
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="tokens a second of each scripted run")
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--stalled", type=int, default=50, help="streams that nobody reads, with --only stalled")
    parser.add_argument("--data", type=Path, help="data folder of the embedded part, to keep its converted weights")
    parser.add_argument("--only", choices=("scripted", "embedded", "stalled"))
    given = parser.parse_args(arguments)
    result: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {sys.version.split()[0]}"
    }
    if given.only == "stalled":
        result["stalled"] = measure_stalled(given.minutes, given.stalled, 4 * given.rate)
    if given.only in (None, "scripted"):
        result["scripted"] = measure_scripted(given.minutes, given.readers, given.rate)
    if given.only in (None, "embedded"):
        result["embedded"] = measure_embedded(given.minutes, given.callers, given.data)
    print(json.dumps(result, indent=1))
    parts = [result[name] for name in ("stalled", "scripted", "embedded") if name in result]
    bad = sum(each["faults"] + each["lost_events"] for part in parts for each in part["by_transport"].values())
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
