"""The battery's attacks in processes that are kept and spoken to: in a notebook's cell, and on both sides of a check.

`python tests/sandbox_kept.py [LEVEL] [quick]` runs them as whoever it is run by, and prints one JSON object: the level, how
many were run, and what went wrong with which. `quick` leaves those out that wait for a limit.
"""

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.sandbox_attacks import FILES, NETWORK, PROCESSES, RESOURCES
from tests.sandbox_battery import IS_X86, _is_for_any_machine, planted
from tests.sandbox_programs import SECRET, Program
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox

# A kept process is spoken to on descriptor 3, so that it can read there.
_NOT_HERE = ("reads the results' pipe",)
# A notebook has a folder of its own in memory, and has loaded that library before the lock.
_NOT_IN_CELLS = ("lists folders", "loads a library")
# One of each kind: the others differ in nothing that a kept process changes, and take their seconds.
_OF_RESOURCES = (
    "endless loop",
    "sleep",
    "memory bit by bit",
    "output past Python",
    "results without end",
    "closes everything and goes on",
    "raises its own limits",
    "fork bomb",
)
ATTACKS = [
    program
    for program in [*FILES, *NETWORK, *PROCESSES, *(held for held in RESOURCES if held.name in _OF_RESOURCES)]
    if program.name not in _NOT_HERE and (IS_X86 or _is_for_any_machine(program))
]
QUICK = [program for program in ATTACKS if program.name not in _OF_RESOURCES]
# Short for those that only a limit ends; the others come to their end by themselves, however busy the machine is.
_SHORT = Limits(cpu_seconds=0.5, memory_mib=256, wall_seconds=1)
_LONG = Limits(cpu_seconds=2, memory_mib=256, wall_seconds=60)


def _complaints(stdout: str, stderr: str, seconds: float) -> list[str]:
    wrong = []
    if "BROKEN" in stdout:
        wrong.append(f"got through: {stdout[-300:]!r}")
    if SECRET in stdout + stderr:
        wrong.append("has read a secret")
    if seconds > 60:
        wrong.append(f"took {seconds} s")
    return wrong


def in_a_cell(sandbox: Sandbox, programs: list[Program], secret: Path) -> dict[str, list[str]]:
    """All of them in one notebook, which is started anew when one has ended its process."""
    found = {}
    with sandbox.open_notebook() as notebook:
        for program in programs:
            result = notebook.run_cell(_source(program, secret), _limits(program))
            found[program.name] = _complaints(result.stdout, result.stderr, result.seconds)
            after = notebook.run_cell("print(6 * 7)", _LONG)
            if (after.status, after.stdout) != ("ok", "42\n") and program.name != "closes everything and goes on":
                found[program.name].append(f"the cell after it: {after}")
    return found


def as_program(sandbox: Sandbox, program: Program, secret: Path) -> list[str]:
    """As the program of a check, and once more in a call; nothing of it passes a test that wants something."""
    source = _source(program, secret)
    in_call = "def f():\n    exec(" + repr(source) + ", {'__name__': 'x'})\n    return 'f'"
    wrong = []
    for attacking, expected in ((source, "f()"), (in_call, "f() == 'g'"))[program.name in _OF_RESOURCES :]:
        report = sandbox.run_check(attacking, f"assert {expected}", limits=_limits(program))
        wrong += _complaints(report.stdout, report.stderr, report.seconds)
        if report.passed or (program.name not in _OF_RESOURCES and len(report.tests) != 1):
            wrong.append(f"passed: {report}")
    return wrong


def as_tests(sandbox: Sandbox, program: Program, secret: Path) -> list[str]:
    """As a script of tests: people's scripts are not trusted any more than programs are."""
    report = sandbox.run_check(
        "def f(): return 1", _source(program, secret) + "\nassert f() == 2", limits=_limits(program)
    )
    return _complaints(report.stdout, report.stderr, report.seconds) + ([f"passed: {report}"] if report.passed else [])


def run_all(sandbox: Sandbox, secret: Path, attacks: list[Program]) -> dict[str, list[str]]:
    """What went wrong, by place and attack."""
    sides: list[Callable[[Sandbox, Program, Path], list[str]]] = [as_program, as_tests]
    with ThreadPoolExecutor(6) as pool:
        in_cells = [program for program in attacks if program.name not in _NOT_IN_CELLS]
        cells = [pool.submit(in_a_cell, sandbox, in_cells[start::2], secret) for start in range(2)]
        checks = {
            f"{side.__name__}: {program.name}": pool.submit(side, sandbox, program, secret)
            for side in sides
            for program in attacks
        }
    found = {f"in_a_cell: {name}": wrong for cell in cells for name, wrong in cell.result().items()}
    found |= {name: wrong.result() for name, wrong in checks.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def _limits(program: Program) -> Limits:
    return _SHORT if program.name in _OF_RESOURCES else _LONG


def _source(program: Program, secret: Path) -> str:
    source = program.source.replace("@SECRET_FILE@", str(secret)).replace("@APP_PID@", str(os.getpid()))
    return source.replace("@SECRET@", SECRET)


def main() -> None:
    attacks = QUICK if "quick" in sys.argv[2:] else ATTACKS
    with planted() as secret, Sandbox(*sys.argv[1:2]) as sandbox:  # type: ignore[arg-type]
        told = {"level": sandbox.level, "uid": os.getuid(), "attacks": len(attacks)}
        sys.stdout.write(json.dumps(told | {"wrong": run_all(sandbox, secret, attacks)}) + "\n")


if __name__ == "__main__":
    main()
