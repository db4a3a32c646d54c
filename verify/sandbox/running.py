"""One program handed to a fork server in, what came out of it out: output, lines of results, how it ended.

Nothing is judged here. The limits on wall time and output are kept here; those on CPU time by the fork server.
"""

import contextlib
import fcntl
import json
import os
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

from verify.sandbox.ended import Ended, Reason, ServerLost
from verify.sandbox.inside.fork_server import NEXT
from verify.sandbox.limits import Limits
from verify.sandbox.server import Server

MAX_RESULT_BYTES = 4 << 20
# How long a fork server may take to end a program that it was told to end.
_ANSWER_SECONDS = 5.0
# How long pipes are read on when a program has ended; what it wrote is in them.
_DRAIN_SECONDS = 0.5
_MARK_SECONDS = 0.05
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def run_once(
    server: Server, source: bytes, calls: Sequence[dict[str, Any]] | None, stdin: bytes, limits: Limits
) -> Ended:
    """Run a program to its end.

    Args:
        calls: The wire form of what to call; None for a script.

    Raises:
        ServerLost: If the server is gone, or does not answer.
    """
    n_calls = len(calls or ())
    request = json.dumps({"limits": limits.resources(n_calls), "calls": calls}).encode() + b"\n" + source
    times = {"piece_seconds": limits.cpu_seconds, "all_seconds": limits.all_cpu_seconds(n_calls)}
    with contextlib.ExitStack() as closing:
        control, their_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        closing.callback(control.close)
        with contextlib.ExitStack() as handed_on:
            handed_on.callback(their_control.close)
            pipes = [_pipe(closing, handed_on) for _ in range(3)]
            given = [_sealed(request, handed_on), _sealed(stdin, handed_on), *(writing for _, writing in pipes)]
            try:
                server.submit(times, [*given, their_control.fileno()])
            except OSError as error:
                raise ServerLost("the fork server is gone") from error
        return _Watch(control, [reading for reading, _ in pipes], limits).ended(n_calls)


def _pipe(closing: contextlib.ExitStack, handed_on: contextlib.ExitStack) -> tuple[int, int]:
    """Its end for reading, which stays here, and the one for writing, which does not."""
    reading, writing = os.pipe()
    closing.callback(os.close, reading)
    handed_on.callback(os.close, writing)
    os.set_blocking(reading, False)
    return reading, writing


def _sealed(content: bytes, closing: contextlib.ExitStack) -> int:
    """A file in memory that nobody can change any more: no pump is needed to fill a pipe, and nothing can block."""
    descriptor = os.memfd_create("given", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    closing.callback(os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    return descriptor


_STDOUT, _STDERR, _RESULTS, _CONTROL = range(4)


class _Watch:
    """Reads what a program writes until it has ended, and has it killed when a limit is reached."""

    def __init__(self, control: socket.socket, pipes: Sequence[int], limits: Limits) -> None:
        self._control = control
        self._limits = limits
        self._began = time.monotonic()
        self._ended = Ended()
        self._results = bytearray()
        self._arrivals: list[float] = []
        self._marked = self._began
        self._deadline = self._began + limits.piece_wall_seconds
        # Lines that a program writes itself must not buy it time for ever.
        self._last_deadline = self._began + 2 * limits.piece_wall_seconds
        self._killed: float | None = None
        self._has_told = False
        self._selector = selectors.DefaultSelector()
        for kind, pipe in enumerate(pipes):
            self._selector.register(pipe, selectors.EVENT_READ, kind)
        self._selector.register(control, selectors.EVENT_READ, _CONTROL)

    def ended(self, n_calls: int) -> Ended:
        """What came of it.

        Raises:
            ServerLost: If the server does not answer.
        """
        with self._selector:
            while not self._has_told:
                self._step()
            until = time.monotonic() + _DRAIN_SECONDS
            while self._selector.get_map() and time.monotonic() < until:
                self._read(_DRAIN_SECONDS)
        self._ended.seconds = time.monotonic() - self._began
        # An honest program writes this many: locked, loaded, the calls, the end.
        self._ended.lines = list(self._timed_lines(n_calls + 3))
        return self._ended

    def _step(self) -> None:
        now = time.monotonic()
        if self._killed is not None and now > self._killed + _ANSWER_SECONDS:
            raise ServerLost("the fork server does not answer")
        if now >= self._deadline:
            self._kill("timeout")
        self._read(max(0.0, self._deadline - now) if self._killed is None else _ANSWER_SECONDS)

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data == _CONTROL:
                self._hear()
                continue
            try:
                piece = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if not piece:
                self._selector.unregister(key.fd)
            elif key.data == _RESULTS:
                self._take_results(piece)
            else:
                self._take_output(self._ended.stdout if key.data == _STDOUT else self._ended.stderr, piece)

    def _hear(self) -> None:
        try:
            message = self._control.recv(65536)
        except ConnectionResetError:
            # It closed its end with an order of ours unread. What it had said before is still there.
            message = self._control.recv(65536)
        if not message:
            raise ServerLost("the fork server is gone")
        told = json.loads(message)
        self._has_told = True
        self._selector.unregister(self._control)
        self._ended.code, self._ended.cpu_seconds = told["code"], told["cpu_seconds"]
        self._ended.peak_kib = told["peak_kib"]
        if told["is_over"] and self._ended.reason is None:
            self._ended.reason = "timeout"

    def _take_output(self, held: bytearray, piece: bytes) -> None:
        room = self._limits.output_bytes - len(held)
        held += piece[:room]
        if len(piece) > room:
            self._kill("output-limit")

    def _take_results(self, piece: bytes) -> None:
        now = time.monotonic()
        if len(self._results) + len(piece) > MAX_RESULT_BYTES:
            self._kill("output-limit")
            return
        self._results += piece
        self._arrivals += [now] * piece.count(b"\n")
        if b"\n" in piece:
            self._deadline = min(self._last_deadline, now + self._limits.piece_wall_seconds)
            if now > self._marked + _MARK_SECONDS:
                self._marked = now
                self._order(NEXT)

    def _kill(self, reason: Reason) -> None:
        if self._killed is None:
            self._killed = time.monotonic()
            if not self._has_told:
                self._order(b"kill")
            self._ended.reason = self._ended.reason or reason

    def _order(self, order: bytes) -> None:
        # It may have ended in this moment.
        with contextlib.suppress(OSError):
            self._control.send(order, socket.MSG_DONTWAIT)

    def _timed_lines(self, count: int) -> Iterator[tuple[bytes, float]]:
        before = self._began
        lines = bytes(self._results).split(b"\n", count)[:count]
        for line, arrival in zip(lines, self._arrivals, strict=False):
            yield line, arrival - before
            before = arrival
