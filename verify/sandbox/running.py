"""One program handed to a fork server in, what came out of it out: output, lines of results, how it ended.

Nothing is judged here.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from verify.sandbox.child import Child, Times
from verify.sandbox.ended import Ended
from verify.sandbox.limits import Limits
from verify.sandbox.server import Server
from verify.sandbox.suites import OnLine


def run_once(
    server: Server,
    source: bytes,
    calls: Sequence[dict[str, Any]] | None,
    stdin: bytes,
    limits: Limits,
    names: Mapping[str, str] | None = None,
    on_line: OnLine | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        calls: The wire form of what to call; None for a script.
        names: What the program finds without importing it.
        on_line: Is told each line as it comes, with the seconds since the one before; False ends the program.

    Raises:
        ServerLost: If the server is gone, or does not answer.
    """
    n_calls = len(calls or ())
    times = Times(limits.cpu_seconds, limits.all_cpu_seconds(n_calls))
    with Child(
        server,
        "judge",
        {"calls": calls, "names": dict(names or {})},
        source,
        limits,
        times,
        resources=server.resources(limits, n_calls),
        stdin=stdin,
        is_spoken_to=False,
    ) as child:
        # An honest program writes this many: locked, loaded, the calls, the end.
        _collect(child, limits, n_calls + 3, on_line)
        return child.ended


def _collect(child: Child, limits: Limits, n_lines: int, on_line: OnLine | None) -> None:
    """Read its lines until it has ended, each with the seconds since the one before."""
    before = child.began
    deadline = before + limits.piece_wall_seconds
    # Lines that a program writes itself must not buy it time for ever, nor room.
    last_deadline = before + 2 * limits.piece_wall_seconds
    while (line := child.next_line(deadline, is_new=False)) is not None:
        now = time.monotonic()
        deadline = min(last_deadline, now + limits.piece_wall_seconds)
        child.begin_piece(is_often=True)
        if len(child.ended.lines) < n_lines:
            child.ended.lines.append((line, now - before))
            if on_line and not child.is_killed and not on_line(line, now - before):
                child.ended.is_enough = True
                child.kill(None)
        before = now
