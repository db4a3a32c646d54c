"""Programs in, reports out: the sandbox that the rest of the app uses. Any thread may call it.

    with Sandbox() as sandbox:
        report = sandbox.run("print(6 * 7)")
        report = sandbox.run_calls("def double(n): return 2 * n", [Call("double", [4], expected=8)])

It owns a fork server, started and proven at the strongest level that this machine offers (`verify.sandbox.levels`), and
again when it was lost. Every program has its own process and leaves nothing behind. Only a *notebook* keeps its process
from cell to cell; for these, and for programs that import numpy and its like, there is a second fork server with more
libraries, started when it is first needed, and for tests that pytest is to run a third.
"""

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from model.errors import SandboxRefused
from verify.sandbox.cases import Call, Case
from verify.sandbox.ended import Ended, ServerLost, StartFailed
from verify.sandbox.levels import LEVELS, Level, Loads, check_machine
from verify.sandbox.libraries import LIBRARIES, package_folders, wants_libraries
from verify.sandbox.limits import Limits
from verify.sandbox.notebook import IDLE_SECONDS, Notebook
from verify.sandbox.report import Report
from verify.sandbox.suites import OnLine, Suite, report_of
from verify.sandbox.verdicts import read_script
from verify.sandbox.watching import NOBODY, Watch

if TYPE_CHECKING:
    from verify.sandbox.server import Server
    from verify.sandbox.together import Kind

T = TypeVar("T")

# Programs at once: what they may take together is this times the memory of each.
AT_ONCE = 8
# Processes that wait for the next cell; of the notebook that was used the longest ago it is ended if there are more.
MAX_NOTEBOOKS = 16


class Sandbox:
    """Runs programs that nobody trusts.

    Args:
        level: The level to run at; None takes the strongest that works.
        at_once: How many programs may run at the same time; further callers wait.

    Raises:
        SandboxRefused: If this machine cannot isolate programs. Nothing is ever run without isolation.
    """

    def __init__(self, level: Level | None = None, at_once: int = AT_ONCE) -> None:
        check_machine()
        self._turns = threading.BoundedSemaphore(at_once)
        self._starting, self._listing = threading.Lock(), threading.Lock()
        self._is_closed = False
        self._notebooks: weakref.WeakSet[Notebook] = weakref.WeakSet()
        self._notebook_server: Server | None = None
        self._pytest_server: Server | None = None
        self._server, self.level = _first_proven(LEVELS if level is None else (level,))

    @property
    def landlock(self) -> int:
        """The version of Landlock that is in force; 0 for none."""
        return self._server.landlock_abi if self.level != "seccomp-only" else 0

    def run(
        self,
        program: str | bytes,
        *,
        stdin: str | bytes = "",
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Report:
        """Run a program as a script.

        Args:
            names: What the program finds without importing it: `{"sqrt": "math.sqrt"}`, of the standard library.

        Raises:
            SandboxRefused: If the sandbox was closed, or was lost and does not come up again.
        """
        reading = read_script(self._ended(program, None, _bytes(stdin), limits or Limits(), names))
        return report_of(reading, self.level, [reading.ended])

    def run_calls(self, program: str | bytes, calls: Sequence[Call], limits: Limits | None = None) -> Report:
        """Load a program and call its functions, one after the other in one process; raises what `run` does.

        A call that reaches a limit ends the suite; one that ends its process costs that call only.
        """
        return self.run_tests(program, calls, limits)

    def run_tests(
        self,
        program: str | bytes,
        cases: Sequence[Case],
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
        watch: Watch = NOBODY,
    ) -> Report:
        """Run a program's tests: its calls in one process, and a process for each input; raises what `run` does.

        An input's output is compared line by line. When a limit is reached, what is left is not run.

        Args:
            watch: Is told of each test as it is known, and may end the suite.
        """
        limits = limits or Limits()

        def run(calls: list[dict[str, Any]] | None, stdin: bytes, on_line: OnLine | None) -> Ended:
            return self._ended(program, calls, stdin, limits, names, on_line)

        suite = Suite(run, cases, watch)
        suite.run()
        return suite.report(self.level)

    def run_check(
        self,
        program: str | bytes,
        script: str | bytes,
        entry_point: str = "",
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
        watch: Watch = NOBODY,
    ) -> Report:
        """Run a script of tests against a program, each in a process of its own; raises what `run` does.

        Every statement at the top of the script's `check(candidate)` that holds an assert is a test, or at the top of
        the script where it has no `check`. Calls of the program's functions, by name or as `candidate`, are handed
        over with plain values. A test that needs more than values of the program is an `error` whose message begins
        with `verify.sandbox.inside.stand_ins.NEEDS_OBJECT`.

        What both print stands in the report, the tests' own after the program's.

        Args:
            entry_point: The function that is `candidate`; a dotted name makes an object (`Solution.add`).
            watch: As for `run_tests`.
        """
        from verify.sandbox.checking import Check  # on Linux only

        def checked(server: "Server") -> Report:
            check = Check(server, _bytes(program), _bytes(script), entry_point, limits or Limits(), names, watch)
            return check.report(self.level)

        return self._with_server(checked, self._server_for(_bytes(program), _bytes(script)))

    def run_together(
        self,
        program: str | bytes,
        script: str,
        kind: "Kind",
        entry_point: str = "",
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
        watch: Watch = NOBODY,
    ) -> Report:
        """Run tests in the program's own process; raises what `run` does. The program could forge what they say.

        Args:
            kind: What the script is: statements that assert, a text with doctests, a file for pytest.
            watch: As for `run_tests`.
        """
        from verify.sandbox.together import run_together  # on Linux only

        given = _bytes(program), script, kind, entry_point, limits or Limits(), names or {}
        running = self._server_for(_bytes(program), _bytes(script), with_pytest=kind == "pytest")
        return self._with_server(lambda server: run_together(server, *given, self.level, watch), running)

    def open_notebook(
        self, files: Mapping[str, bytes] | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> Notebook:
        """Cells that share names, files and one process; see `verify.sandbox.notebook`. Nothing is started yet.

        Raises:
            BadInput: If a notebook cannot be given these files.
        """
        notebook = Notebook(self._server_for_notebook, self._turns, files or {}, idle_seconds)
        with self._listing:
            self._notebooks.add(notebook)
        return notebook

    def close(self) -> None:
        """End the fork servers and all that they run. Calls that still go on raise `SandboxRefused`."""
        with self._starting:
            self._is_closed = True
            for server in (self._server, self._notebook_server, self._pytest_server):
                if server is not None:
                    server.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ended(
        self,
        program: str | bytes,
        calls: list[dict[str, Any]] | None,
        stdin: bytes,
        limits: Limits,
        names: Mapping[str, str] | None,
        on_line: OnLine | None = None,
    ) -> Ended:
        from verify.sandbox.running import run_once  # on Linux only

        given = _bytes(program), calls, stdin, limits, names, on_line
        return self._with_server(lambda server: run_once(server, *given), self._server_for(_bytes(program)))

    def _with_server(self, work: "Callable[[Server], T]", running: "Callable[[], Server]") -> "T":
        """Do it; once more if the server is lost, which is no fault of the program's."""
        with self._turns:
            for _ in range(2):
                server = running()
                try:
                    return work(server)
                except ServerLost:
                    server.close()
        raise SandboxRefused("The sandbox was lost twice while this program ran; its result is not known.")

    def _server_for(self, *sources: bytes, with_pytest: bool = False) -> "Callable[[], Server]":
        """What gives the fork server that has what these sources import."""
        if wants_libraries(*sources):
            return self._server_with_libraries
        return self._server_for_pytest if with_pytest else self._running_server

    def _running_server(self) -> "Server":
        with self._starting:
            self._server = self._alive(self._server)
            return self._server

    def _server_for_notebook(self) -> "Server":
        """The fork server that has the libraries of notebooks; and a process less if there are too many."""
        with self._listing:
            kept = [held for held in self._notebooks if held.has_process]
        idle = sorted((held for held in kept if not held.is_running), key=lambda held: held.used)
        for notebook in idle[: max(0, len(kept) + 1 - MAX_NOTEBOOKS)]:
            notebook.end()
        return self._server_with_libraries()

    def _server_with_libraries(self) -> "Server":
        """The fork server of notebooks, which programs that are judged share where they import what it has."""
        with self._starting:
            # Nobody is sent here for pytest alone.
            folders = package_folders((*LIBRARIES, "pytest") if LIBRARIES else ())
            self._notebook_server = self._alive(self._notebook_server, folders, "notebook")
            return self._notebook_server

    def _server_for_pytest(self) -> "Server":
        """The fork server that has pytest."""
        with self._starting:
            self._pytest_server = self._alive(self._pytest_server, package_folders(("pytest",)), "pytest")
            return self._pytest_server

    def _alive(self, server: "Server | None", folders: Sequence[str] | None = None, loads: Loads = "judge") -> "Server":
        if self._is_closed:
            raise SandboxRefused("The sandbox has been closed.")
        if server is not None and server.is_alive:
            return server
        if server is not None:
            server.close()
        return _first_proven((self.level,), folders, loads)[0]


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _first_proven(
    levels: Sequence[Level], folders: Sequence[str] | None = None, loads: Loads = "judge"
) -> "tuple[Server, Level]":
    """A server of the first level that holds."""
    from verify.sandbox.proof import proven_server  # on Linux only

    reasons = []
    for level in levels:
        try:
            return proven_server(level, folders, loads), level
        except (StartFailed, OSError) as error:
            reasons.append(f"{level}: {error}")
    raise SandboxRefused("This machine cannot isolate programs, so none is run. " + "; ".join(reasons))
