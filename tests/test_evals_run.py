"""The command: what it prints, what it leaves, and how it ends."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.interrupts import Interrupts
from evals.run import followed, main
from model.engine import Request, Steering
from model.errors import BadInput
from model.events import Event
from model.host import ModelHost
from model.scripted import Turn
from model.settings import Settings
from tests.sums_benchmark import CountingEngine, N, load_sums, right_turns, runs_with


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKINGS_DATA", str(tmp_path))
    return tmp_path


def script(folder: Path, *turns: dict[str, object], rate: float = 20_000) -> str:
    path = folder / "script.json"
    path.write_text(json.dumps({"tokens_per_second": rate, "slots": 4, "turns": turns}))
    return str(path)


def right(folder: Path) -> str:
    return script(folder, {"thinking": "Let me see.", "answer": "So it is \\boxed{3}."})


@pytest.fixture
def keeps_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_run_writes_a_result_and_prints_its_figures(
    data_folder: Path, keeps_signals: None, capsys: pytest.CaptureFixture[str]
):
    asked = ["gsm8k", "--data", "sample", "--limit", "5", "--samples", "2", "--script", right(data_folder)]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "5 of 100 problems x 2, quick: budget medium" in out and "pass@1 (mean of 2)" in out
    path = Path(out.splitlines()[-1])
    assert path.parent == data_folder / "benchmarks" and path.name.startswith("gsm8k-scripted-quick-")
    assert main(["--judge-again", str(path)]) == 0
    assert "10 samples were judged again, 0 came out differently." in capsys.readouterr().out
    with pytest.raises(BadInput, match="is complete"):
        main(["--resume", str(path), "--script", right(data_folder)])


def test_run_lists_the_benchmarks(capsys: pytest.CaptureFixture[str]):
    assert main(["--list"]) == 0
    assert "gsm8k" in [line.split()[0] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["gsm9k"], "There is no benchmark 'gsm9k'"),
        (["gsm8k", "--data", "/no/such/folder"], "/no/such/folder"),
        (["reasoning_gym", "--data", "hub"], "its problems are made on this machine"),
        (["gsm8k", "--data", "sample", "--budget", "much"], "thinking budget is 'much'"),
        (["gsm8k", "--data", "sample", "--out", "/dev/full"], "/dev/full is a folder or a device"),
        (["gsm8k", "--data", "sample", "--out", "/tmp"], "/tmp is a folder or a device"),
        (["gsm8k", "--data", "sample", "--profile", "published", "--budget", "low"], "without a thinking budget"),
        (["--resume", "/no/such/file.jsonl"], "cannot be read"),
        (["--judge-again", "/no/such/file.jsonl"], "cannot be read"),
    ],
)
def test_run_says_in_a_sentence_what_is_wrong(asked: list[str], says: str, data_folder: Path, keeps_signals: None):
    with pytest.raises(BadInput, match=re.escape(says)):
        main([*asked, "--script", right(data_folder)])
    assert not (data_folder / "benchmarks").exists()


class HeldEngine(CountingEngine):
    """Writes nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__(right_turns())
        self.is_let_go = threading.Event()

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        assert self.is_let_go.wait(120)
        yield from super().stream(request, steering)


class LateRuns(BenchmarkRuns):
    """A result that ends while it is being stopped."""

    def __init__(self, engine: HeldEngine, judges: Judges, folder: Path) -> None:
        super().__init__(ModelHost(Settings(folder), engine), judges, folder, load_sums)
        self._held = engine

    def stop(self, name: str) -> None:
        self._held.is_let_go.set()
        self.wait(name, 120)
        super().stop(name)


def test_a_run_that_ends_by_itself_as_it_is_stopped_is_done(judges: Judges, tmp_path: Path):
    runs = LateRuns(HeldEngine(), judges, tmp_path)
    name = runs.start("sums")
    interrupted = Interrupts()
    interrupted()
    state = followed(runs, name, interrupted, io.StringIO())
    assert (state.phase, state.done) == ("done", N)
    with pytest.raises(BadInput, match="does not go on now"):
        runs.stop(name)


def test_who_insists_on_an_end_does_not_wait_for_what_is_being_written(judges: Judges, tmp_path: Path):
    endless = Turn("And on it goes, number {n}.\n\n", "never", repeat=20_000)
    engine = CountingEngine([*right_turns()[:2], endless], slots=4, tokens_per_second=100.0)
    runs = runs_with(engine, judges, tmp_path)
    name = runs.start("sums")

    class Insisting(Interrupts):
        @property
        def is_asked(self) -> bool:
            raise KeyboardInterrupt

    state = followed(runs, name, Insisting(), io.StringIO())
    assert state.phase == "stopped" and runs.going is None


def test_interrupted_run_keeps_what_was_finished_and_says_how_to_go_on(data_folder: Path):
    short = {"thinking": "Quick.", "answer": "\\boxed{3}", "times": 3}
    endless = {"thinking": "And on it goes, number {n}.\n\n", "answer": "", "repeat": 20_000}
    path = data_folder / "mine.jsonl"
    command = [sys.executable, "-m", "evals.run", "gsm8k", "--data", "sample", "--limit", "6", "--out", str(path)]
    command += ["--profile", "published", "--samples", "1", "--script", script(data_folder, short, endless, rate=200)]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    # The other three do not end: it stays like this until it is stopped.
    while child.poll() is None and not (path.exists() and path.read_bytes().count(b"\n") >= 7):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Not Ctrl-C: whoever is started in the background has that ignored. As `timeout` does it: to it, and to its group.
    child.send_signal(signal.SIGTERM)
    os.killpg(child.pid, signal.SIGTERM)
    out, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert re.search(r"^samples +3 wrong$", out, re.MULTILINE), out
    assert error.splitlines()[-1] == (
        f"Ended with 3 of 6 samples judged. Go on with it: python -m evals.run --resume {path}"
    )
    assert main(["--resume", str(path), "--script", right(data_folder)]) == 0
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["end"] for line in lines if line["type"] == "session"] == ["stopped", "done"]
    assert sum(line["type"] == "sample" for line in lines) == 6
