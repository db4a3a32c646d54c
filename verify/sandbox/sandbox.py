"""Programs in, reports out: the sandbox that the rest of the app uses. Any thread may call it.

    with Sandbox() as sandbox:
        report = sandbox.run("print(6 * 7)")
        report = sandbox.run_calls("def double(n): return 2 * n", [Call("double", [4], expected=8)])

It owns one fork server, started and proven at the strongest level that this machine offers (`verify.sandbox.levels`),
and again when it was lost. This is the profile *judge*: every program has its own process, and leaves nothing behind.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from model.errors import SandboxRefused
from verify.sandbox.cases import Call, Case
from verify.sandbox.ended import Ended, ServerLost, StartFailed
from verify.sandbox.levels import LEVELS, Level, check_machine
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report
from verify.sandbox.suites import Suite, report_of
from verify.sandbox.verdicts import read_script

if TYPE_CHECKING:
    from verify.sandbox.server import Server
    from verify.sandbox.together import Kind

T = TypeVar("T")

# Programs at once: what they may take together is this times the memory of each.
AT_ONCE = 8


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
        self._starting = threading.Lock()
        self._is_closed = False
        self._server, self.level = _first_proven(LEVELS if level is None else (level,))

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
    ) -> Report:
        """Run a program's tests: its calls in one process, and a process for each input; raises what `run` does.

        An input's output is compared line by line. When a limit is reached, what is left is not run.
        """
        limits = limits or Limits()
        suite = Suite(lambda calls, stdin: self._ended(program, calls, stdin, limits, names), cases)
        suite.run()
        return suite.report(self.level)

    def run_check(
        self,
        program: str | bytes,
        script: str | bytes,
        entry_point: str = "",
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Report:
        """Run a script of tests against a program, each in a process of its own; raises what `run` does.

        Every statement at the top of the script's `check(candidate)` that holds an assert is a test, or at the top of
        the script where it has no `check`. Calls of the program's functions, by name or as `candidate`, are handed
        over with plain values. A test that needs more than values of the program is an `error` whose message begins
        with `verify.sandbox.inside.stand_ins.NEEDS_OBJECT`.

        Args:
            entry_point: The function that is `candidate`; a dotted name makes an object (`Solution.add`).
        """
        from verify.sandbox.checking import Check  # on Linux only

        def checked(server: "Server") -> Report:
            check = Check(server, _bytes(program), _bytes(script), entry_point, limits or Limits(), names)
            return check.report(self.level)

        return self._with_server(checked)

    def run_together(
        self,
        program: str | bytes,
        script: str,
        kind: "Kind",
        entry_point: str = "",
        limits: Limits | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Report:
        """Run tests in the program's own process; raises what `run` does. The program could forge what they say.

        Args:
            kind: What the script is: statements that assert, a text with doctests, a file for pytest.
        """
        from verify.sandbox.together import run_together  # on Linux only

        given = _bytes(program), script, kind, entry_point, limits or Limits(), names or {}
        return self._with_server(lambda server: run_together(server, *given, self.level))

    def close(self) -> None:
        """End the fork server and all that it runs. Calls that still go on raise `SandboxRefused`."""
        with self._starting:
            self._is_closed = True
            self._server.close()

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
    ) -> Ended:
        from verify.sandbox.running import run_once  # on Linux only

        return self._with_server(lambda server: run_once(server, _bytes(program), calls, stdin, limits, names))

    def _with_server(self, work: "Callable[[Server], T]") -> "T":
        """Do it; once more if the server is lost, which is no fault of the program's."""
        with self._turns:
            for _ in range(2):
                server = self._running_server()
                try:
                    return work(server)
                except ServerLost:
                    server.close()
        raise SandboxRefused("The sandbox was lost twice while this program ran; its result is not known.")

    def _running_server(self) -> "Server":
        with self._starting:
            if self._is_closed:
                raise SandboxRefused("The sandbox has been closed.")
            if not self._server.is_alive:
                self._server.close()
                self._server, _ = _first_proven((self.level,))
            return self._server


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _first_proven(levels: Sequence[Level]) -> "tuple[Server, Level]":
    """A server of the first level that holds."""
    from verify.sandbox.proof import proven_server  # on Linux only

    reasons = []
    for level in levels:
        try:
            return proven_server(level), level
        except (StartFailed, OSError) as error:
            reasons.append(f"{level}: {error}")
    raise SandboxRefused("This machine cannot isolate programs, so none is run. " + "; ".join(reasons))
