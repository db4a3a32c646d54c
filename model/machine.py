"""Nothing in; cores and memory of the machine, as far as this process may use them, out. Needs no torch."""

import os
from pathlib import Path

import psutil


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_machine_bytes() -> int:
    """The machine's available memory, or what the container's limit leaves of it."""
    return min(int(psutil.virtual_memory().available), container_bytes_left())


def container_bytes_left(root: Path = Path("/sys/fs/cgroup")) -> int:
    """What a container's memory limit leaves (cgroup 2); a very large number where there is none."""
    try:
        limit = int((root / "memory.max").read_text())
        used = int((root / "memory.current").read_text())
        statistics = dict(line.split() for line in (root / "memory.stat").read_text().splitlines())
        # File pages that the kernel gives back when asked.
        return limit - used + int(statistics.get("inactive_file", "0"))
    except (OSError, ValueError):  # no such limit ("max"), or no cgroup 2
        return 2**62
