"""All programs for the sandbox in, what went wrong with which of them out.

`python tests/sandbox_battery.py [LEVEL]` runs all of them as whoever it is run by, on the standard library alone, and
prints one JSON object: the level, and what went wrong with which program.
"""

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.sandbox_attacks import FILES, NETWORK, PROCESSES, RESOURCES
from tests.sandbox_forgeries import VERDICTS
from tests.sandbox_honest import HONEST
from tests.sandbox_programs import PRELUDE, SECRET, Program
from verify.sandbox.report import Report
from verify.sandbox.sandbox import Sandbox

ATTACKS = [*RESOURCES, *FILES, *NETWORK, *PROCESSES, *VERDICTS]
IS_X86 = os.uname().machine == "x86_64"


def _is_for_any_machine(program: Program) -> bool:
    """Some attacks hold the numbers of system calls and the code of one machine."""
    own = program.source.removeprefix(PRELUDE)
    return "call(" not in own and "fromhex" not in own


BATTERY = [program for program in [*ATTACKS, *HONEST] if IS_X86 or _is_for_any_machine(program)]


def complaints(program: Program, report: Report) -> list[str]:
    """What is wrong with what came of a program."""
    wrong = []
    if "BROKEN" in report.stdout:
        wrong.append(f"got through: {report.stdout[-300:]!r}")
    if SECRET in report.stdout + report.stderr:
        wrong.append("has read a secret")
    if report.status not in program.statuses:
        wrong.append(f"status {report.status} ({report.message}), not {program.statuses}: {report.stderr[-300:]!r}")
    if report.passed != program.passed or len(report.tests) != len(program.cases):
        wrong.append(f"{report.passed} of {len(report.tests)} passed, not {program.passed}: {report.tests}")
    if program.prints is not None and report.stdout.strip() != program.prints:
        wrong.append(f"printed {report.stdout!r}, not {program.prints!r}: {report.stderr[-300:]!r}")
    outcomes = tuple(test.outcome for test in report.tests)
    if program.outcomes and outcomes != program.outcomes:
        wrong.append(f"outcomes {outcomes}, not {program.outcomes}")
    if report.seconds > 20 + 3 * program.limits.wall_seconds * max(1, len(program.cases)):
        wrong.append(f"took {report.seconds} s")
    return wrong


@contextmanager
def planted() -> Iterator[Path]:
    """A secret in this process's environment and in a file that anybody may read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        file = Path(folder) / "secret.txt"
        file.write_text(SECRET)
        os.chmod(file, 0o666)
        os.environ["BATTERY_TOKEN"] = SECRET
        try:
            yield file
        finally:
            del os.environ["BATTERY_TOKEN"]


def run_program(sandbox: Sandbox, program: Program, secret: Path) -> list[str]:
    """Run one program and say what is wrong with what came of it."""
    source = program.source.replace("@SECRET_FILE@", str(secret)).replace("@APP_PID@", str(os.getpid()))
    source = source.replace("@SECRET@", SECRET)
    # Only what is to run into the clock has little of it: a machine may stand still for seconds.
    limits = program.limits if "timeout" in program.statuses else replace(program.limits, wall_seconds=60)
    if program.cases:
        report = sandbox.run_tests(source, program.cases, limits)
    else:
        report = sandbox.run(source, stdin=program.stdin, limits=limits)
    return complaints(program, report)


def run_all(sandbox: Sandbox, secret: Path) -> dict[str, list[str]]:
    """What went wrong, by program; and under "afterwards" what is different when all have run."""
    before = _traces(secret)
    signals: list[int] = []
    held = {number: signal.signal(number, lambda n, _: signals.append(n)) for number in (signal.SIGTERM, signal.SIGIO)}
    try:
        with ThreadPoolExecutor(4) as pool:
            found = dict(
                zip(
                    (p.name for p in BATTERY), pool.map(lambda p: run_program(sandbox, p, secret), BATTERY), strict=True
                )
            )
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
    found["afterwards"] = [f"was {b}, is {a}" for b, a in zip(before, _traces(secret), strict=True) if a != b]
    found["afterwards"] += [f"signal {number}" for number in signals]
    return {name: wrong for name, wrong in found.items() if wrong}


def _traces(secret: Path) -> list[object]:
    """What no program may change: the file, what lies beside it, this process's limits and priority."""
    state = secret.stat()
    return [
        secret.read_text(),
        (state.st_mode, state.st_mtime_ns, state.st_uid, state.st_nlink),
        sorted(path.name for path in secret.parent.iterdir()),
        resource.getrlimit(resource.RLIMIT_NOFILE),
        os.getpriority(os.PRIO_PROCESS, 0),
    ]


def main() -> None:
    with planted() as secret, Sandbox(*sys.argv[1:]) as sandbox:  # type: ignore[arg-type]
        wrong = run_all(sandbox, secret)
        sys.stdout.write(
            json.dumps({"level": sandbox.level, "uid": os.getuid(), "programs": len(BATTERY), "wrong": wrong}) + "\n"
        )


if __name__ == "__main__":
    main()
