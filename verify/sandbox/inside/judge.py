"""The profile *judge*: one request in, one program run to its end in this process; values go out on a descriptor.

What goes out is one JSON object a line: `{"locked": true}` before the program's first byte is read, `{"loaded": true}`
before the first call, `{"i", "value"}` or `{"i", "error", ...}` for each, `{"end": ...}`. A program can write to that
descriptor too. It gains nothing: lines hold what calls returned, and what they should have returned is not here.
"""

import atexit
import builtins
import contextlib
import errno
import io
import json
import linecache
import os
import random
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any

from verify.sandbox.inside.imports import import_named
from verify.sandbox.inside.lock import Lock, limit
from verify.sandbox.values import decoded, encoded

FILE = "program.py"
RESULT = 3
NOT_LOCKED = 97
# Deeper than Python's own 1,000, as judges of programming contests have it; the stack has room for it.
_RECURSION_LIMIT = 10_000
# Held back, untouched, so that there is room to say that memory has run out.
_RESERVE_BYTES = 2 << 20
_SHOWN_CHARACTERS = 300


class _Channel:
    """Lines to the parent."""

    def __init__(self) -> None:
        self._write, self._dumps = os.write, json.dumps

    def tell(self, line: dict[str, Any]) -> None:
        left = self._dumps(line).encode() + b"\n"
        while left:
            left = left[self._write(RESULT, left) :]


def run_child(descriptors: list[int], lock: Lock, server_pid: int) -> None:
    """Everything that a child does; does not return.

    Args:
        descriptors: The request, standard input, output and error, and where results go.
    """
    request_descriptor, *kept = descriptors
    with open(request_descriptor, "rb") as file:
        request, source = json.loads(file.readline()), file.read()
    for number, descriptor in enumerate(kept):
        os.dup2(descriptor, number)
    os.closerange(RESULT + 1, 1024)
    os.nice(5)  # The app's own threads come first.
    limit(request["limits"])
    _open_standard_files()
    import_named(source.decode("utf-8", "replace"))
    sys.argv = [FILE]
    sys.setrecursionlimit(_RECURSION_LIMIT)
    random.seed(0)
    channel = _Channel()
    try:
        lock.close(server_pid)
    except BaseException as error:  # noqa: BLE001  Whatever it is: nothing runs outside of the lock.
        channel.tell({"refused": f"{type(error).__name__}: {error}"})
        os._exit(NOT_LOCKED)
    channel.tell({"locked": True})
    os._exit(_run(source, request["calls"], channel))


def _open_standard_files() -> None:
    sys.stdin = sys.__stdin__ = _text_file(0, "r", "surrogateescape")  # type: ignore[misc]
    # Line by line, so that what a program has written is there when it is killed.
    sys.stdout = sys.__stdout__ = _text_file(1, "w", "backslashreplace")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text_file(2, "w", "backslashreplace")  # type: ignore[misc]
    # The C library asks with a call that takes paths too, which the filter refuses.
    known = {number: os.fstat(number) for number in range(RESULT)}
    real = os.fstat
    os.fstat = lambda fd: known[fd] if fd in known else real(fd)


def _text_file(number: int, mode: str, errors: str) -> io.TextIOWrapper:
    file = open(number, mode, buffering=1, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    assert isinstance(file, io.TextIOWrapper)
    return file


def _run(source: bytes, calls: list[dict[str, Any]] | None, channel: _Channel) -> int:
    """Run a program, and call what is to be called; without a list of calls it is a script. Returns the exit code."""
    module = types.ModuleType("__main__" if calls is None else "program")
    module.__file__ = FILE
    sys.modules[module.__name__] = module
    text = source.decode("utf-8", "replace")
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    standard_output = sys.stdout
    end = _guarded(lambda: _execute(source, module), module)
    if calls is None:
        wound_up = _guarded(_wind_up, module)
        end = end or wound_up
    elif end is None:
        channel.tell({"loaded": True})
        for number, call in enumerate(calls):
            if not _answer(number, call, module, channel):
                end = {"end": "memory"}
                break
    for file in (sys.stdout, standard_output, sys.stderr):
        # The program may have closed them, or put something else there.
        with contextlib.suppress(BaseException):
            file.flush()
    channel.tell(end or {"end": "ok"})
    return 0


def _execute(source: bytes, module: types.ModuleType) -> None:
    exec(compile(source, FILE, "exec", dont_inherit=True), module.__dict__)


def _wind_up() -> None:
    """What Python does when a script has come to its end: wait for threads, call what was registered."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _guarded(work: Callable[[], object], module: types.ModuleType) -> dict[str, Any] | None:
    """Do it; what ended it, or None when nothing did."""
    reserve = bytes(_RESERVE_BYTES)
    try:
        work()
    except SystemExit as error:
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
        return {"end": "exit", "code": code or 0}
    except MemoryError:
        del reserve
        module.__dict__.clear()
        return {"end": "memory"}
    except BaseException as error:  # noqa: BLE001  A program may raise anything.
        del reserve
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return {"end": "memory"}
        _print_traceback(error)
        return {"end": "error", **_told(error)}
    return None


def _answer(number: int, call: dict[str, Any], module: types.ModuleType, channel: _Channel) -> bool:
    """Call what is to be called and tell what came of it. False when memory has run out."""
    held: list[object] = []

    def work() -> None:
        function = _found(module, call["name"])
        value = function(*decoded(call["args"]), **decoded(call["kwargs"]))
        # Whoever rebinds them changes its own answer only.
        held.append(encoded(getattr(builtins, call["view"])(value) if "view" in call else value))

    end = _guarded(work, types.ModuleType("unused"))
    if end is None:
        channel.tell({"i": number, "value": held[0]})
    elif end["end"] == "memory":
        channel.tell({"i": number, "memory": True})
        return False
    elif end["end"] == "exit":
        channel.tell({"i": number, "error": "SystemExit", "message": str(end["code"])[:80], "bases": ["SystemExit"]})
    else:
        channel.tell({"i": number} | {name: told for name, told in end.items() if name != "end"})
    return True


def _found(module: types.ModuleType, name: str) -> Callable[..., object]:
    """What a dotted name stands for; a class on the way is made an object of, as in `Solution.add`."""
    first, *rest = name.split(".")
    found: Any = module.__dict__.get(first, getattr(builtins, first, None))
    if found is None:
        raise NameError(f"name {first!r} is not defined")
    for part in rest:
        found = getattr(found() if isinstance(found, type) else found, part)
    return found  # type: ignore[no-any-return]


def _told(error: BaseException) -> dict[str, Any]:
    """An exception by its name, its bases' names, its text and the program's line."""
    try:
        message = str(error)[:_SHOWN_CHARACTERS]
    except BaseException:  # noqa: BLE001  The program wrote its `__str__`.
        message = ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines.append(error.lineno)
    return {
        "error": type(error).__name__[:80],
        "message": message,
        "bases": [base.__name__[:80] for base in type(error).__mro__[:20]],
        "line": lines[-1] if lines else None,
    }


def _print_traceback(error: BaseException) -> None:
    """As Python prints it, without the frames of this file."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename == __file__:
        at = at.tb_next
    with contextlib.suppress(BaseException):
        traceback.print_exception(type(error), error, at, limit=-20)
