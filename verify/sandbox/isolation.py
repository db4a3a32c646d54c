"""What isolates programs on this machine: found out once, said in the log and on the page."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from model.errors import SandboxRefused
from verify.sandbox.levels import EXPLANATIONS, REFUSED_EXPLANATION, Level
from verify.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a proof has found.

    Attributes:
        level: None where nothing holds, and programs are refused.
        landlock: Version of the kernel's Landlock that is in force; 0 for none.
        refusal: Why programs are refused.
    """

    level: Level | None
    landlock: int = 0
    refusal: str = ""

    @property
    def words(self) -> str:
        """For the log, in one line.

        >>> Isolation("filter", 7).words
        'Programs of the model run isolated: filter (Landlock 7)'
        >>> Isolation("seccomp-only").words
        'Programs of the model run isolated: seccomp-only (no Landlock)'
        >>> Isolation(None, refusal="No seccomp.").words
        'Programs of the model are not run here. No seccomp.'
        """
        if self.level is None:
            return f"Programs of the model are not run here. {self.refusal}"
        landlock = f"Landlock {self.landlock}" if self.landlock else "no Landlock"
        return f"Programs of the model run isolated: {self.level} ({landlock})"

    @property
    def explanation(self) -> str:
        """What the level means, in a sentence or two."""
        return REFUSED_EXPLANATION if self.level is None else EXPLANATIONS[self.level]


_finding_out = threading.Lock()


def isolation() -> Isolation:
    """What isolates programs here. The first call proves it, in a quarter of a second or so; any thread may call."""
    with _finding_out:
        return _proven()


def known_isolation() -> Isolation | None:
    """What a proof has found already; None before the first one. Never waits."""
    return _proven() if _proven.cache_info().currsize else None


@cache
def _proven() -> Isolation:
    try:
        with Sandbox() as sandbox:
            return Isolation(sandbox.level, sandbox.landlock)
    except SandboxRefused as refusal:
        return Isolation(None, refusal=str(refusal))


def protect_this_process() -> None:
    """Nobody of the same user may read this process's memory, environment and descriptors from now on; Linux only.

    A program that broke out would be a process of the same user. Debuggers and profilers that attach from outside are
    kept out as well. Children that run another program are as readable as ever.
    """
    if sys.platform == "linux":
        from verify.sandbox.inside.lock import hide

        hide()


def announce(say: Callable[[str], object]) -> threading.Thread:
    """Find out in the background what isolates programs here, and say it in a line."""
    thread = threading.Thread(target=lambda: say(isolation().words), name="isolation", daemon=True)
    thread.start()
    return thread
