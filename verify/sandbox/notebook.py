r"""Cells of Python in, what each printed, returned and drew out: the profile *notebook*, for which a process is kept.

    with sandbox.open_notebook({"data.csv": b"1,2"}) as notebook:
        notebook.run_cell("import numpy as np\nx = np.loadtxt('data.csv', delimiter=',')")
        notebook.run_cell("x.sum()").value  # 'np.float64(3.0)', by the names of the cell before

Names last from cell to cell, files too. A cell that reaches a limit ends the process, and so does an hour of life or
ten minutes in which no cell is run. The files are still there then, as the last cell that came to its end has left
them; names are not, and the next cell starts anew and says so.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.errors import SandboxRefused
from verify.sandbox.ended import Ended, ServerLost
from verify.sandbox.limits import Limits
from verify.sandbox.notebook_files import check_files, figures_of, files_after
from verify.sandbox.report import Status
from verify.sandbox.verdicts import read_line, status_of, text_of

if TYPE_CHECKING:
    from verify.sandbox.child import Child
    from verify.sandbox.server import Server

CELL_LIMITS = Limits(cpu_seconds=10, memory_mib=1024, wall_seconds=30)
IDLE_SECONDS = 600.0
LIFE_SECONDS = 3600.0
# Figures and files in base64, and what is said beside them.
_MAX_LINE_BYTES = 48 << 20
_START_SECONDS = 10.0
# How long a process may take to end that has said that it ends.
_GOODBYE_SECONDS = 2.0
_ALL_CPU_SECONDS = 1800.0
_ANEW = "The notebook was started anew: the names of earlier cells are gone, its files are still there."


@dataclass(frozen=True, slots=True)
class CellResult:
    """A cell that was run.

    Attributes:
        status: As of a program; `memory` with `has_lost_state` False if one request was too large and nothing else.
        stdout: What it printed, also when it was stopped.
        value: The last expression as Python writes it; None if there was none.
        figures: PNG images, in the order in which they were shown.
        seconds: By the clock.
        message: What stopped it, in words; also that the notebook was started anew before it.
        has_lost_state: Whether the names that this cell and those before it have defined are gone.
        is_anew: Whether those of the cells before were gone when it began.
    """

    status: Status
    stdout: str = ""
    stderr: str = ""
    value: str | None = None
    figures: tuple[bytes, ...] = ()
    seconds: float = 0.0
    message: str = ""
    has_lost_state: bool = False
    is_anew: bool = False


class _EndedBefore(Exception):
    """The process has ended, and the cell had not begun."""


class Notebook:
    """One session of cells. Any thread may call it; cells run one after the other. `Sandbox.open_notebook` makes it.

    Args:
        server: Gives the fork server to start the process in.
        turns: Taken for the time of a cell.
        files: What the cells find in their folder: names without a path, contents.
        idle_seconds: The process is ended when so long no cell has run.

    Raises:
        BadInput: If a file's name is none, or there are too many of them or too much in them.
    """

    def __init__(
        self,
        server: "Callable[[], Server]",
        turns: threading.BoundedSemaphore,
        files: Mapping[str, bytes],
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        check_files(files)
        self._idle_seconds = idle_seconds
        self._server = server
        self._turns = turns
        self._files = dict(files)
        # What the process has not been told of yet; None for a file that is gone.
        self._to_give: dict[str, bytes | None] = {}
        self._child: Child | None = None
        self._is_closed = False
        self._n_cells = 0
        self._one_at_a_time = threading.Lock()
        self.used = time.monotonic()

    def run_cell(self, source: str, limits: Limits | None = None) -> CellResult:
        """Run a cell, in the process of the cells before it if that is still there.

        Args:
            limits: The memory is that of the notebook's process, and counts when it is started.

        Raises:
            SandboxRefused: If the notebook or the sandbox was closed, or is lost and does not come up again.
        """
        limits = limits or CELL_LIMITS
        with self._one_at_a_time, self._turns:
            self.used = time.monotonic()
            for _ in range(2):
                try:
                    result = self._run_cell(source, limits)
                except (ServerLost, _EndedBefore):
                    self._discard()
                else:
                    self.used = time.monotonic()
                    return result
                finally:
                    if self._is_closed:
                        self._discard()
        raise SandboxRefused("The sandbox was lost twice while this cell ran; its result is not known.")

    def files(self) -> dict[str, bytes]:
        """The files as the last cell that came to its end has left them."""
        return dict(self._files)

    def set_files(self, files: Mapping[str, bytes]) -> None:
        """Let the next cell find exactly these files. Names are not lost.

        Raises:
            BadInput: If a file's name is none, or there are too many of them or too much in them.
        """
        check_files(files)
        with self._one_at_a_time:
            changed = {name: held for name, held in files.items() if self._files.get(name) != held}
            self._to_give |= changed | {name: None for name in self._files if name not in files}
            self._files = dict(files)

    def end(self) -> None:
        """End the process; the next cell starts anew. Names are lost, files are not. A cell that runs is `timeout`."""
        if self._one_at_a_time.acquire(blocking=False):
            try:
                self._discard()
            finally:
                self._one_at_a_time.release()
        elif (child := self._child) is not None:
            # The thread that waits for the cell closes it.
            child.kill("timeout")

    def close(self) -> None:
        """End the process for good. A cell that still runs raises `SandboxRefused`."""
        self._is_closed = True
        self.end()

    @property
    def is_running(self) -> bool:
        """Whether a cell runs, or waits for its turn."""
        return self._one_at_a_time.locked()

    @property
    def has_process(self) -> bool:
        """Whether a process is kept for it, as far as is known."""
        return self._child is not None

    def __enter__(self) -> "Notebook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run_cell(self, source: str, limits: Limits) -> CellResult:
        child, is_anew = self._running(limits)
        self._n_cells += 1
        began = time.monotonic()
        deadline = began + min(limits.piece_wall_seconds, self._idle_seconds / 2)
        child.begin_piece(limits.cpu_seconds)
        child.output_bytes = limits.output_bytes
        child.send({"cell": source, "number": self._n_cells, "files": _as_base64(self._to_give)}, deadline)
        self._to_give = {}
        told = self._heard(child, deadline, {"began": self._n_cells})
        if told is None and not child.is_killed:
            raise _EndedBefore
        told = told and self._heard(child, deadline, {"number": self._n_cells})
        # What it printed before it told stands in the pipes.
        stdout, stderr = map(text_of, child.take_output())
        result = CellResult("ok", stdout, stderr, seconds=round(time.monotonic() - began, 4), is_anew=is_anew)
        if told is None or child.is_killed or told.get("goes_on") is not True:
            result = self._last_result(child, told, result)
        else:
            child.begin_piece(limits.cpu_seconds)
            result = self._taken(told, result)
        return replace(result, message=f"{_ANEW} {result.message}".strip()) if is_anew else result

    def _running(self, limits: Limits) -> "tuple[Child, bool]":
        """The process, and whether it is another one than that of the cells before."""
        if self._is_closed:
            raise SandboxRefused("The notebook has been closed.")
        if self._child is not None and not self._child.has_ended():
            return self._child, False
        self._discard()
        is_anew = self._n_cells > 0
        self._child = _started(self._server(), limits, self._files, self._idle_seconds)
        self._to_give = {}
        return self._child, is_anew

    def _heard(self, child: "Child", deadline: float, wanted: dict[str, int]) -> dict[str, Any] | None:
        """The next line that holds this; None if its process ends before."""
        while (line := child.next_line(deadline)) is not None:
            told = read_line(line)
            if told is not None and wanted.items() <= told.items():
                return told
        return None

    def _last_result(self, child: "Child", told: dict[str, Any] | None, result: CellResult) -> CellResult:
        """Of the cell in which its process has ended."""
        ended = child.wait() if child.is_killed or told is None else child.last_words(_GOODBYE_SECONDS)
        stdout, stderr = result.stdout + text_of(ended.stdout), result.stderr + text_of(ended.stderr)
        self._discard()
        lines = [{"locked": True}, *([told] if told else [])]
        status, message = status_of(ended, lines, is_script=False)
        if status == "ok":
            status, message = "early-exit", "it ended its own process"
        if self._is_closed:
            raise SandboxRefused("The notebook was closed while this cell ran.")
        message = f"{message}; the names that the cells have defined are gone"
        return replace(result, status=status, stdout=stdout, stderr=stderr, message=message, has_lost_state=True)

    def _taken(self, told: dict[str, Any], result: CellResult) -> CellResult:
        """What a cell that came to its end has told, and its files taken over. Nothing of it is trusted."""
        self._files = files_after(self._files, told.get("files"))
        value = told.get("value")
        result = replace(
            result, figures=figures_of(told.get("figures")), value=value if isinstance(value, str) else None
        )
        status, message = status_of(Ended(), [{"locked": True}, told], is_script=True)
        if status == "memory":
            message += "; names and files are still there"
        return replace(result, status=status, message=message)

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


def _started(server: "Server", limits: Limits, files: Mapping[str, bytes], idle_seconds: float) -> "Child":
    """A process that waits for cells.

    Raises:
        SandboxRefused: If it could not be isolated.
    """
    from verify.sandbox.child import Child, Times  # on Linux only

    times = Times(limits.cpu_seconds, _ALL_CPU_SECONDS, idle_seconds, LIFE_SECONDS)
    resources = server.resources(limits, 0) | {"CPU": int(_ALL_CPU_SECONDS) + 2}
    child = Child(
        server,
        "notebook",
        {"files": _as_base64(files)},
        b"",
        limits,
        times,
        resources=resources,
        max_line_bytes=_MAX_LINE_BYTES,
    )
    try:
        line = child.next_line(time.monotonic() + _START_SECONDS)
        told = read_line(line or b"") or {}
        if told.get("locked") is not True:
            raise SandboxRefused(f"The notebook could not be isolated, and was not started: {told.get('refused')}")
    except BaseException:
        child.close()
        raise
    return child


def _as_base64(files: Mapping[str, bytes | None]) -> dict[str, str | None]:
    return {name: None if held is None else base64.b64encode(held).decode() for name, held in files.items()}
