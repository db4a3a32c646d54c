"""A level in, a fork server out that has proven to hold: a program tried to break out of it. Linux only."""

from collections.abc import Sequence

from verify.sandbox.ended import ServerLost, StartFailed
from verify.sandbox.levels import Level, Loads
from verify.sandbox.limits import Limits
from verify.sandbox.running import run_once
from verify.sandbox.server import Server

# Every one of these must fail. What fails by something else than OSError was not refused, and does not count.
_ATTEMPTS = """
import os, socket
attempts = [
    lambda: open("/proc/self/environ"),
    lambda: os.listdir("/"),
    lambda: socket.socket(),
    lambda: os.fork(),
    lambda: os.kill(os.getppid(), 0),
    lambda: open("/tmp/workings-sandbox", "w"),
    lambda: os.stat("/"),
    lambda: os.execv("/bin/true", ["true"]),
]
for attempt in attempts:
    try:
        attempt()
    except OSError:
        print("refused", flush=True)
    else:
        print("broke out", flush=True)
"""
_REFUSED = "refused\n" * 8


def proven_server(level: Level, folders: Sequence[str] | None = None, loads: Loads = "judge") -> Server:
    """A fork server of a level, with the proof that it holds.

    Args:
        folders: As for `Server`.
        loads: The same.

    Raises:
        StartFailed: If the machine cannot do it, or the proof fails.
    """
    server = Server(level, folders, loads)
    try:
        ended = run_once(server, _ATTEMPTS.encode(), None, b"", Limits(cpu_seconds=5))
    except ServerLost as error:
        server.close()
        raise StartFailed(str(error)) from error
    said = ended.stdout.decode("utf-8", "replace")
    if ended.code != 0 or said != _REFUSED:
        server.close()
        results = b" ".join(line for line, _ in ended.lines).decode("utf-8", "replace")
        raise StartFailed(f"the proof failed: {(said + results)[-300:]!r}, exit code {ended.code}")
    return server
