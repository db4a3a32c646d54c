"""The levels of isolation, strongest first, and the machines that have any."""

import os
import sys
from typing import Literal

from model.errors import SandboxRefused

Level = Literal["namespaces", "filter", "seccomp-only"]
# What a fork server imports for its children: the standard library; pytest too; the libraries of notebooks too.
Loads = Literal["judge", "notebook", "pytest"]

# What each adds: bubblewrap around the fork server; Landlock; the filter of system calls, limits, no privileges.
LEVELS: tuple[Level, ...] = ("namespaces", "filter", "seccomp-only")
# What each means to somebody who asks whether to trust in it.
EXPLANATIONS: dict[Level, str] = {
    "namespaces": "Programs run behind three walls: in namespaces of their own, where there is no network and no other "
    "process, without any right to files (Landlock), and with a filter that leaves only the system calls of computing.",
    "filter": "Programs run behind two walls: without any right to files (Landlock), and with a filter that leaves "
    "only the system calls of computing. They cannot open a file, reach the network, or start or signal a process.",
    "seccomp-only": "Programs run behind one wall, since this kernel has no Landlock: a filter that leaves only the "
    "system calls of computing. They cannot open a file, reach the network, or start or signal a process.",
}
REFUSED_EXPLANATION = (
    "This machine cannot isolate programs, so none that a model wrote is run here. The container image and a Space can."
)
# What to do about it, for whoever runs the app.
REMEDY = (
    "Run the app in its container image with Docker's own seccomp profile (docker run without --security-opt), or on "
    "Linux with a kernel that lets a process filter its own system calls."
)
_MACHINES = ("x86_64", "aarch64")


def check_machine() -> None:
    """Whether there is any isolation at all; to be asked before the modules that only Linux can import.

    Raises:
        SandboxRefused: If there is none.
    """
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        raise SandboxRefused(
            "Programs are run on Linux (x86_64, aarch64) only, where the kernel can isolate them. "
            "Use the container image here: docker build -t workings . && docker run --rm -p 7860:7860 workings"
        )
