"""A file with a program in, one JSON object about what came of it out, as the last line of standard output.

    python -m verify.sandbox FILE [--tests TESTS.json] [--stdin FILE] [--time SECONDS] [--memory MIB] [--level LEVEL]

The exit code is 0 whatever the program did, also when this machine refuses to run it; 2 when the command is wrong.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from model.errors import AppError, BadInput, SandboxRefused
from verify.sandbox.cases import Case, cases_from_json
from verify.sandbox.levels import LEVELS, check_machine
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report
from verify.sandbox.sandbox import Sandbox


def read_cases(path: str) -> list[Case]:
    """Tests from a JSON file; none from `-` or no path.

    Raises:
        BadInput: If there are none to be read.
    """
    if path in ("", "-"):
        return []
    try:
        return cases_from_json(json.loads(_read(path).decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path!r} is no JSON: {error}") from error


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path!r} cannot be read: {error.strerror}") from error


def report_on(given: argparse.Namespace) -> dict[str, Any]:
    """Run what the command line asks for.

    Raises:
        BadInput: If a file cannot be read, or a limit is out of range.
    """
    program, cases = _read(given.file), read_cases(given.tests)
    stdin = _read(given.stdin) if given.stdin else b""
    limits = Limits(cpu_seconds=given.time, memory_mib=given.memory)
    try:
        check_machine()
        _hide()
        with Sandbox(given.level) as sandbox:
            report = (
                sandbox.run_tests(program, cases, limits) if cases else sandbox.run(program, stdin=stdin, limits=limits)
            )
    except SandboxRefused as refusal:
        report = Report("refused", "", "", 0.0, "none", str(refusal))
    return report.to_json()


def _hide() -> None:
    """One more wall: nobody of the same user may read this process's memory and environment."""
    from verify.sandbox.inside.lock import hide  # on Linux only

    hide()


def main() -> int:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", help="the program")
    parser.add_argument(
        "--tests", default="", help="JSON list of calls with expected values, or of inputs with outputs"
    )
    parser.add_argument("--stdin", default="", help="file that the program reads as its standard input")
    parser.add_argument("--time", type=float, default=Limits().cpu_seconds, help="CPU seconds")
    parser.add_argument("--memory", type=int, default=Limits().memory_mib, help="MiB")
    parser.add_argument("--level", choices=LEVELS, help="this level of isolation and no other")
    given = parser.parse_args()
    try:
        told = report_on(given)
    except AppError as error:
        parser.error(str(error))
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
