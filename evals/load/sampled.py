"""Processes in, their processor time and memory every few seconds out."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look.

    Args:
        at: Seconds since the sampling began.
        cpu: Processor seconds since then, of all processes of a name and their children.
        rss_mib: Their memory.
    """

    at: float
    cpu: float
    rss_mib: float


@dataclass(slots=True)
class Sampler:
    """Looks at named groups of processes until closed.

    Args:
        groups: Names with process ids; children count with their parents.
    """

    groups: dict[str, Sequence[int]]
    samples: dict[str, list[Sample]] = field(init=False)

    def __post_init__(self) -> None:
        self.samples = {name: [] for name in self.groups}
        self._closed = threading.Event()
        self._began = time.monotonic()
        self._look()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    _closed: threading.Event = field(init=False)
    _began: float = field(init=False)
    _thread: threading.Thread = field(init=False)

    def _look_on(self) -> None:
        while not self._closed.wait(_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        for name, pids in self.groups.items():
            cpu = rss = 0.0
            for process in _with_children(pids):
                try:
                    times = process.cpu_times()
                    cpu += times.user + times.system
                    rss += process.memory_info().rss / 2**20
                except psutil.Error:
                    continue
            self.samples[name].append(Sample(time.monotonic() - self._began, cpu, rss))

    def close(self) -> dict[str, dict[str, Any]]:
        """The last look, and the figures of each group."""
        self._closed.set()
        self._thread.join()
        self._look()
        return {name: figures_of(samples) for name, samples in self.samples.items()}


def figures_of(samples: Sequence[Sample]) -> dict[str, Any]:
    """Processor share (1 is one core), and the memory: first, last, most, and growth per minute in the second half.

    >>> figures_of([Sample(0, 0, 100), Sample(60, 30, 110), Sample(120, 60, 112)])["cpu_cores"]
    0.5
    """
    first, last = samples[0], samples[-1]
    seconds = last.at - first.at
    # Children that have ended take their seconds with them.
    used = sum(max(0.0, after.cpu - before.cpu) for before, after in zip(samples, samples[1:], strict=False))
    middle = samples[len(samples) // 2]
    minutes = (last.at - middle.at) / 60
    quarters = [samples[round(part * (len(samples) - 1) / 6)].rss_mib for part in range(7)]
    return {
        "seconds": round(seconds, 1),
        "cpu_cores": round(used / seconds, 3) if seconds else 0.0,
        "rss_mib_over_time": [round(each) for each in quarters],
        "rss_mib_most": round(max(sample.rss_mib for sample in samples)),
        "rss_mib_per_minute_in_second_half": round((last.rss_mib - middle.rss_mib) / minutes, 2) if minutes else 0.0,
    }


def _with_children(pids: Sequence[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
    return found
