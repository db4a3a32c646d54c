"""The profile *judge*: one request in, one program run to its end in this process; values go out on the channel.

What goes out is one JSON object a line: `{"loaded": true}` before the first call, `{"i", "value"}` or
`{"i", "error", ...}` for each, `{"end": ...}`. A program can write to that descriptor too. It gains nothing: lines hold
what calls returned, and what they should have returned is not here.
"""

import atexit
import builtins
import sys
import threading
import types
from typing import Any

from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.guarding import execute, flush, found, guarded, loaded_module, told_call
from verify.sandbox.values import decoded, encoded


def run(source: bytes, request: dict[str, Any], channel: Channel) -> int:
    """Run a program, and call what is to be called; without a list of calls it is a script. Returns the exit code."""
    calls = request["calls"]
    module = loaded_module(source, "__main__" if calls is None else "program", names=request["names"])
    standard_output = sys.stdout
    end = guarded(lambda: execute(source, module), module)
    if calls is None:
        wound_up = guarded(_wind_up, module)
        end = end or wound_up
    elif end is None:
        channel.tell({"loaded": True})
        for number, call in enumerate(calls):
            if not _answer(number, call, module, channel):
                end = {"end": "memory"}
                break
    flush(standard_output)
    channel.tell(end or {"end": "ok"})
    return 0


def _wind_up() -> None:
    """What Python does when a script has come to its end: wait for threads, call what was registered."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _answer(number: int, call: dict[str, Any], module: types.ModuleType, channel: Channel) -> bool:
    """Call what is to be called and tell what came of it. False when memory has run out."""
    held: list[object] = []

    def work() -> None:
        function = found(module, call["name"])
        value = function(*decoded(call["args"]), **decoded(call["kwargs"]))
        # Whoever rebinds them changes its own answer only.
        held.append(encoded(getattr(builtins, call["view"])(value) if "view" in call else value))

    end = guarded(work, types.ModuleType("unused"))
    channel.tell({"i": number} | ({"value": held[0]} if end is None else told_call(end)))
    return end is None or end["end"] != "memory"
