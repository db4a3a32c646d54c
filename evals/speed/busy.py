"""Processes that a measurement consists of in, how busy the machine was with anything else meanwhile out."""

import contextlib
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil

# What the kernel does for us counts for others here, too: a percent or two on a machine that does nothing else.
QUIET_SHARE = 0.05
# A burst that the mean of a long run hides is still in the lines that it fell into.
BURST_SHARE = 0.25
_BURSTS = 0.05
_LOOK_SECONDS = 2.0


@dataclass
class Busy:
    """How busy the machine was; filled in as time goes by.

    Args:
        before: Load averages over 1, 5 and 15 minutes when it began; empty where the system has none.
        others: Share of all cores that other processes took, of each stretch of two seconds.
    """

    cores: int
    before: tuple[float, ...]
    others: list[float] = field(default_factory=list)

    @property
    def others_share(self) -> float:
        return statistics.fmean(self.others) if self.others else 0.0

    @property
    def is_quiet(self) -> bool:
        """Nobody else took more than a twentieth, on average, nor a quarter in more than one stretch of twenty."""
        bursts = sum(share > BURST_SHARE for share in self.others)
        return bool(self.others) and self.others_share <= QUIET_SHARE and bursts <= _BURSTS * len(self.others)

    def as_json(self) -> dict[str, Any]:
        """In figures that are short enough to read."""
        return {
            "cores": self.cores,
            "load_average_before": [round(load, 2) for load in self.before],
            "load_average_after": [round(load, 2) for load in load_averages()],
            "others_share": round(self.others_share, 4),
            "others_share_most": round(max(self.others, default=0.0), 4),
            "is_quiet": self.is_quiet,
        }


def load_averages() -> tuple[float, ...]:
    """Over 1, 5 and 15 minutes; nothing where the system has none."""
    return os.getloadavg() if hasattr(os, "getloadavg") else ()


@contextlib.contextmanager
def busy_watched(urls: Sequence[str] = ()) -> Iterator[Busy]:
    """Watch a stretch of work.

    Args:
        urls: Servers that are part of it; those on this machine are not "others".
    """
    cores = _our_cores()
    busy, ended = Busy(len(cores), load_averages()), threading.Event()
    ours = OurProcesses([pid for url in urls if (pid := process_at(url))])

    def watch() -> None:
        at, used, own = time.monotonic(), _used_seconds(cores), ours.seconds()
        while not ended.wait(_LOOK_SECONDS):
            before = at, used, own
            at, used, own = time.monotonic(), _used_seconds(cores), ours.seconds()
            foreign = (used - before[1]) - (own - before[2])
            busy.others.append(max(0.0, foreign / ((at - before[0]) * len(cores))))

    watcher = threading.Thread(target=watch, name="busy-watch", daemon=True)
    watcher.start()
    try:
        yield busy
    finally:
        ended.set()
        watcher.join()


def process_at(url: str) -> int | None:
    """The process that listens at an address of this machine; None for other machines, and where the system keeps it
    to itself.
    """
    parts = urlsplit(url)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                return connection.pid
    except psutil.Error:
        pass
    return None


class OurProcesses:
    """Seconds of processor time that this process, its children and some others have used; it never goes down."""

    def __init__(self, more: Sequence[int]) -> None:
        self._roots = [os.getpid(), *more]
        self._known: dict[tuple[int, float], float] = {}

    def seconds(self) -> float:
        for root in self._roots:
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(root)
                for process in (top, *top.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        times = process.cpu_times()
                        self._known[process.pid, process.create_time()] = times.user + times.system
        return sum(self._known.values())


def _our_cores() -> list[int]:
    """The cores that this process may run on: others do not disturb it elsewhere."""
    count = psutil.cpu_count() or 1
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(count))


def _used_seconds(cores: Sequence[int]) -> float:
    """What everybody has used of these cores since the machine started, with what its host took away."""
    all_cores = psutil.cpu_times(percpu=True)
    used = 0.0
    for core in cores:
        if core < len(all_cores):
            times = all_cores[core]
            used += times.user + times.system
            used += sum(getattr(times, name, 0.0) for name in ("nice", "irq", "softirq", "steal"))
    return used
