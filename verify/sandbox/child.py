"""A locked child as the app sees it: a request in, its lines and its output out, until it has ended.

It lives as long as this object is open: it is killed when that is closed, when the fork server ends and when the app
does. The limits on wall time and output are kept here; those on CPU time, on idleness and on the length of its life by
the fork server.
"""

import contextlib
import json
import os
import selectors
import socket
import time
import weakref
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from verify.sandbox.descriptors import pair, pipe, sealed
from verify.sandbox.ended import Ended, Reason, ServerLost
from verify.sandbox.inside.fork_server import NEXT
from verify.sandbox.limits import Limits
from verify.sandbox.server import Server

MAX_RESULT_BYTES = 4 << 20
# How long a fork server may take to end a child that it was told to end.
_ANSWER_SECONDS = 5.0
# How long pipes are read on when a child has ended; what it wrote is in them.
_DRAIN_SECONDS = 0.5
_MARK_SECONDS = 0.05
_STDOUT, _STDERR, _CHANNEL, _CONTROL = range(4)


@dataclass(frozen=True, slots=True)
class Times:
    """What the fork server holds a child to, in seconds.

    Attributes:
        piece_seconds: CPU time for a piece of its work.
        all_seconds: CPU time for all of it.
        idle_seconds: By the clock, since the last piece began; 0 for no limit.
        life_seconds: By the clock, since it was born; 0 for no limit.
    """

    piece_seconds: float
    all_seconds: float
    idle_seconds: float = 0.0
    life_seconds: float = 0.0


class Child:
    """One locked child; one thread at a time may use it.

    Args:
        profile: What it is to do: a key of `verify.sandbox.inside.child.PROFILES`.
        request: What that profile needs to know; JSON.
        limits: Of these, what it may print.
        resources: The kernel's limits by name.
        is_spoken_to: Whether `send` will be used; what it cannot be told, it cannot read either.
        max_line_bytes: What may come over its channel for one line, or for all lines if none is new.

    Raises:
        ServerLost: If the server is gone.
    """

    def __init__(
        self,
        server: Server,
        profile: str,
        request: dict[str, Any],
        source: bytes,
        limits: Limits,
        times: Times,
        *,
        resources: dict[str, int],
        stdin: bytes = b"",
        is_spoken_to: bool = True,
        max_line_bytes: int = MAX_RESULT_BYTES,
    ) -> None:
        self.output_bytes = limits.output_bytes
        self._max_line_bytes = max_line_bytes
        self.began = self._marked = time.monotonic()
        self.ended = Ended()
        self._is_told = False
        self._killed: float | None = None
        self._lines: deque[bytes] = deque()
        self._partial = bytearray()
        self._n_bytes = 0
        self._selector = selectors.DefaultSelector()
        told = {"profile": profile, "limits": resources} | request
        with contextlib.ExitStack() as closing:
            self._hand_over(server, json.dumps(told).encode() + b"\n" + source, stdin, times, is_spoken_to, closing)
            # Also when nobody closes it: pipes are plain numbers, which Python does not close by itself.
            self._close = weakref.finalize(self, closing.pop_all().close)

    def _hand_over(
        self,
        server: Server,
        request: bytes,
        stdin: bytes,
        times: Times,
        is_spoken_to: bool,
        closing: contextlib.ExitStack,
    ) -> None:
        closing.enter_context(self._selector)
        with contextlib.ExitStack() as handed_on:
            self._control, their_control = pair(socket.SOCK_SEQPACKET, closing, handed_on)
            pipes = [pipe(closing, handed_on) for _ in range(2 if is_spoken_to else 3)]
            if is_spoken_to:
                ours, theirs = pair(socket.SOCK_STREAM, closing, handed_on)
                ours.setblocking(False)
                pipes.append((ours.fileno(), theirs.fileno()))
            self._channel = pipes[-1][0]
            given = [sealed(request, handed_on), sealed(stdin, handed_on), *(writing for _, writing in pipes)]
            for kind, source in enumerate([*(reading for reading, _ in pipes), self._control.fileno()]):
                self._selector.register(source, selectors.EVENT_READ, kind)
            try:
                server.submit(asdict(times), [*given, their_control.fileno()])
            except OSError as error:
                raise ServerLost("the fork server is gone") from error

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it. What it has written since is lost."""
        self._close()

    def has_ended(self) -> bool:
        """Whether its process is gone, or will be in a moment."""
        self._read(0)
        return self._is_told or self.is_killed

    @property
    def is_killed(self) -> bool:
        """Whether it reached a limit of ours, and is being ended for that."""
        return self._killed is not None

    def next_line(self, deadline: float, *, is_new: bool = True) -> bytes | None:
        """What it writes next on its channel; None when it has ended and there is no more.

        Args:
            deadline: On the monotonic clock: it is killed then, for a timeout.
            is_new: Whether what came before does not count any more against what it may write.

        Raises:
            ServerLost: If the server does not answer.
        """
        if is_new:
            self._n_bytes = len(self._partial)
        while not self._lines and not self._is_told:
            self._step(deadline)
        if not self._lines and self._is_told:
            self._drain()
        return self._lines.popleft() if self._lines else None

    def send(self, line: dict[str, Any], deadline: float) -> None:
        """Write to it. If it does not read, it is killed at the deadline; that it has ended, `next_line` tells."""
        left = memoryview(json.dumps(line).encode() + b"\n")
        while left and not self._is_told:
            try:
                left = left[os.write(self._channel, left) :]
            except BlockingIOError:
                self._watch_channel(selectors.EVENT_READ | selectors.EVENT_WRITE)
                self._step(deadline)
                self._watch_channel(selectors.EVENT_READ)
            except OSError:
                return

    def _watch_channel(self, events: int) -> None:
        if self._channel in self._selector.get_map():
            self._selector.modify(self._channel, events, _CHANNEL)

    def begin_piece(self, piece_seconds: float | None = None, *, is_often: bool = False) -> None:
        """From here on it has the CPU time of a piece again.

        Args:
            piece_seconds: Another limit than before.
            is_often: Leave it out if one has begun a moment ago.
        """
        now = time.monotonic()
        if not is_often or now > self._marked + _MARK_SECONDS:
            self._marked = now
            self._order(NEXT if piece_seconds is None else NEXT + b" %f" % piece_seconds)

    def kill(self, reason: Reason | None) -> None:
        """Have it ended; for no limit's sake if there is no reason."""
        if self._killed is None:
            self._killed = time.monotonic()
            if not self._is_told:
                self._order(b"kill")
            self.ended.reason = self.ended.reason or reason

    def last_words(self, seconds: float) -> Ended:
        """Wait so long for it to end by itself; then as `wait`."""
        until = time.monotonic() + seconds
        while not self._is_told and time.monotonic() < until:
            self._read(max(0.0, until - time.monotonic()))
        return self.wait()

    def wait(self) -> Ended:
        """Kill it unless it has ended, and what came of it.

        Raises:
            ServerLost: If the server does not answer.
        """
        self.kill(None)
        while not self._is_told:
            self._step(time.monotonic() + _ANSWER_SECONDS)
        self._drain()
        return self.ended

    def take_output(self) -> tuple[bytes, bytes]:
        """What it has printed since this was last asked, on standard output and error."""
        while self._read(0):
            pass
        taken = bytes(self.ended.stdout), bytes(self.ended.stderr)
        self.ended.stdout, self.ended.stderr = bytearray(), bytearray()
        return taken

    def _step(self, deadline: float) -> None:
        now = time.monotonic()
        if self._killed is not None and now > self._killed + _ANSWER_SECONDS:
            raise ServerLost("the fork server does not answer")
        if now >= deadline:
            self.kill("timeout")
        self._read(max(0.0, deadline - now) if self._killed is None else _ANSWER_SECONDS)

    def _drain(self) -> None:
        until = time.monotonic() + _DRAIN_SECONDS
        while self._selector.get_map() and time.monotonic() < until:
            self._read(_DRAIN_SECONDS)
        self.ended.seconds = self.ended.seconds or time.monotonic() - self.began

    def _read(self, seconds: float) -> bool:
        """Take what comes next; whether anything came."""
        found = self._selector.select(seconds)
        for key, ready in found:
            if not ready & selectors.EVENT_READ:
                continue
            if key.data == _CONTROL:
                self._hear()
                continue
            try:
                piece = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            except OSError:  # It closed its end of the channel with something unread.
                piece = b""
            if not piece:
                self._selector.unregister(key.fd)
            elif key.data == _CHANNEL:
                self._take_lines(piece)
            else:
                self._take_output(self.ended.stdout if key.data == _STDOUT else self.ended.stderr, piece)
        return bool(found)

    def _hear(self) -> None:
        try:
            message = self._control.recv(65536)
        except ConnectionResetError:
            # It closed its end with an order of ours unread. What it had said before is still there.
            message = self._control.recv(65536)
        if not message:
            raise ServerLost("the fork server is gone")
        told = json.loads(message)
        self._is_told = True
        self._selector.unregister(self._control)
        self.ended.code, self.ended.cpu_seconds = told["code"], told["cpu_seconds"]
        self.ended.peak_kib = told["peak_kib"]
        self.ended.over = told["over"]
        if told["over"] and self.ended.reason is None:
            self.ended.reason = "timeout"

    def _take_output(self, held: bytearray, piece: bytes) -> None:
        room = self.output_bytes - len(held)
        held += piece[:room]
        if len(piece) > room:
            self.kill("output-limit")

    def _take_lines(self, piece: bytes) -> None:
        self._n_bytes += len(piece)
        if self._n_bytes > self._max_line_bytes:
            self.kill("output-limit")
            self._partial.clear()
            return
        *whole, rest = piece.split(b"\n")
        for line in whole:
            self._lines.append(bytes(self._partial) + line)
            self._partial.clear()
        self._partial += rest

    def _order(self, order: bytes) -> None:
        # It may have ended in this moment.
        with contextlib.suppress(OSError):
            self._control.send(order, socket.MSG_DONTWAIT)
