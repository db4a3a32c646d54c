"""A stretch of work in, the memory that this process held on the device at its end and at its peak out, in bytes."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch

from model.device import device_kind

_LOOK_SECONDS = 0.1


@dataclass
class Held:
    """Filled in when the stretch is over. On a CPU it is resident memory; on a GPU what torch has taken there."""

    at_end: int = 0
    peak: int = 0


def held_bytes() -> int:
    """What this process holds now."""
    match device_kind():
        case "cuda":
            return int(torch.cuda.memory_reserved(0))
        case "mps":
            return int(torch.mps.driver_allocated_memory())
        case _:
            return int(psutil.Process().memory_info().rss)


@contextlib.contextmanager
def memory_watched() -> Iterator[Held]:
    """Watch a stretch of work."""
    held, ended = Held(), threading.Event()
    if device_kind() == "cuda":
        torch.cuda.init()  # before the first allocation there is nothing to reset, and torch refuses
        torch.cuda.reset_peak_memory_stats(0)

    def watch() -> None:
        while not ended.wait(_LOOK_SECONDS):
            held.peak = max(held.peak, held_bytes())

    watcher = threading.Thread(target=watch, name="memory-watch", daemon=True)
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()
        held.at_end = held_bytes()
        known = int(torch.cuda.max_memory_reserved(0)) if device_kind() == "cuda" else 0
        held.peak = max(held.peak, held.at_end, known)
