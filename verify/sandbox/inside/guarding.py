"""A piece of a program's code to be run in, what ended it out, told in values that can cross."""

import builtins
import contextlib
import errno
import importlib
import linecache
import os
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from typing import Any, TextIO

FILE = "program.py"
_OURS = os.path.dirname(__file__) + os.sep
# Held back, untouched, so that there is room to say that memory has run out.
_RESERVE_BYTES = 2 << 20
_SHOWN_CHARACTERS = 300


def loaded_module(
    source: bytes, name: str, file: str = FILE, names: Mapping[str, str] | None = None
) -> types.ModuleType:
    """A module that a program can be run in, with its lines where tracebacks look for them.

    Args:
        names: What it finds there without importing it, as `module` or `module.name`.
    """
    module = types.ModuleType(name)
    for known, path in (names or {}).items():
        owner, _, member = path.partition(".")
        module.__dict__[known] = (
            getattr(importlib.import_module(owner), member) if member else importlib.import_module(owner)
        )
    module.__file__ = file
    sys.modules[name] = module
    text = source.decode("utf-8", "replace")
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return module


def execute(source: bytes, module: types.ModuleType) -> None:
    """Compile and run it."""
    exec(compile(source, module.__file__ or FILE, "exec", dont_inherit=True), module.__dict__)


def guarded(
    work: Callable[[], object], module: types.ModuleType, held: list[BaseException] | None = None, file: str = FILE
) -> dict[str, Any] | None:
    """Do it; what ended it, or None when nothing did.

    Args:
        module: What to empty when memory has run out, so that there is some.
        held: Where the exception is put that the program has raised.
        file: Whose lines are told.
    """
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
        if held is not None:
            held.append(error)
        print_traceback(error)
        return {"end": "error", **told_of(error, file)}
    return None


def found(module: types.ModuleType, name: str) -> Callable[..., object]:
    """What a dotted name stands for; a class on the way is made an object of, as in `Solution.add`."""
    first, *rest = name.split(".")
    reached: Any = module.__dict__.get(first, getattr(builtins, first, None))
    if reached is None:
        raise NameError(f"name {first!r} is not defined")
    for part in rest:
        reached = getattr(reached() if isinstance(reached, type) else reached, part)
    return reached  # type: ignore[no-any-return]


def told_of(error: BaseException, file: str = FILE) -> dict[str, Any]:
    """An exception by its name, its bases' names, its text and the line of that file."""
    try:
        # A syntax error's own text says the line too.
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:_SHOWN_CHARACTERS]
    except BaseException:  # noqa: BLE001  The program wrote its `__str__`.
        message = ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines.append(error.lineno)
    return {
        "error": type(error).__name__[:80],
        "message": message,
        "bases": [base.__name__[:80] for base in type(error).__mro__[:20]],
        "line": lines[-1] if lines else None,
    }


def print_traceback(error: BaseException) -> None:
    """As Python prints it, without the frames of ours that lie around the program and below it."""
    with contextlib.suppress(BaseException):
        told: traceback.TracebackException | None = traceback.TracebackException.from_exception(error, limit=-20)
        whole = told
        while told is not None:
            told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(_OURS)]
            told = told.__cause__ or told.__context__
        sys.stderr.write("".join(whole.format() if whole else ()))


def told_call(end: dict[str, Any]) -> dict[str, Any]:
    """What ended a call, from what `guarded` says."""
    if end["end"] == "memory":
        return {"memory": True}
    if end["end"] == "exit":
        return {"error": "SystemExit", "message": str(end["code"])[:80], "bases": ["SystemExit"]}
    return {name: told for name, told in end.items() if name != "end"}


def flush(*files: TextIO) -> None:
    """Write out what was printed."""
    for file in (sys.stdout, *files, sys.stderr):
        # The program may have closed them, or put something else there.
        with contextlib.suppress(BaseException):
            file.flush()
