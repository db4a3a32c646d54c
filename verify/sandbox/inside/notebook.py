"""The profile *notebook*: cells that run one after the other in one process, with files and figures in memory.

In come `{"cell", "number", "files"}`, out go `{"began"}` and a line for each: `{"number", "value", "figures", "files",
...}` and how it ended if it did not end well. `value` is the last expression as Python writes it; `files` those that
the cell has changed, in base64, null for one that it removed; those that come in were changed so by the app.
"""

import ast
import base64
import linecache
import sys
import types
from typing import Any

from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.figures import Figures
from verify.sandbox.inside.files import MAX_FILE_BYTES, MAX_FILES, Files
from verify.sandbox.inside.guarding import flush, guarded

MAX_VALUE_CHARACTERS = 20_000
# So much must be free for a notebook to go on when a cell has run out of memory.
_ROOM_BYTES = 32 << 20
# In the fork server libraries' files are put here; programs that are judged find these, and no folder.
FILES = Files()


class _Notebook:
    """What lasts from one cell to the next."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._module = types.ModuleType("__main__")
        sys.modules["__main__"] = self._module
        self._figures = Figures()
        self._known = {name: bytes(held) for name, held in FILES.contents.items()}
        self._standard_output = sys.stdout

    def take_files(self, files: dict[str, str | None]) -> None:
        """Put files in the folder that the app has changed there since the last cell."""
        for name, held in files.items():
            FILES.contents.pop(name, None)
            if held is not None:
                FILES.contents[name] = bytearray(base64.b64decode(held))
        self._known = {name: bytes(held) for name, held in FILES.contents.items()}

    def run_cell(self, source: str, number: int) -> bool:
        """Run one and tell what came of it. False if the process is to end."""
        self._channel.tell({"began": number})
        held: list[str] = []
        self._figures.images = []
        end = guarded(
            lambda: self._run(source, f"cell {number}", held), types.ModuleType("unused"), file=f"cell {number}"
        )
        told: dict[str, Any] = {"number": number, **(end or {"end": "ok"}), "value": held[0] if held else None}
        drawn = guarded(self._figures.show, types.ModuleType("unused"))
        if drawn is not None and end is None:
            told |= drawn
        told["figures"] = [base64.b64encode(image).decode() for image in self._figures.images]
        told["files"] = self._changed_files()
        flush(self._standard_output)
        goes_on = told["end"] != "memory" or _has_room()
        self._channel.tell(told | {"goes_on": goes_on})
        return goes_on

    def _run(self, source: str, file: str, held: list[str]) -> None:
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        tree: Any = compile(source, file, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = ast.Expression(tree.body.pop().value)
        names = self._module.__dict__
        exec(compile(tree, file, "exec", dont_inherit=True), names)
        if last is None:
            return
        value = eval(compile(last, file, "eval", dont_inherit=True), names)
        if value is not None:
            names["_"] = value
            text = repr(value)
            cut = f"… ({len(text) - MAX_VALUE_CHARACTERS:,} more characters)"
            held.append(text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + cut)

    def _changed_files(self) -> dict[str, str | None]:
        now = {name: bytes(held) for name, held in list(FILES.contents.items())[:MAX_FILES]}
        if sum(map(len, now.values())) > MAX_FILE_BYTES:
            return {}
        changed: dict[str, str | None] = {
            name: base64.b64encode(held).decode() for name, held in now.items() if self._known.get(name) != held
        }
        changed |= {name: None for name in self._known if name not in now}
        self._known = now
        return changed


def _has_room() -> bool:
    try:
        bytearray(_ROOM_BYTES)
    except MemoryError:
        return False
    return True


def run(_: bytes, request: dict[str, Any], channel: Channel) -> int:
    """Run cells until there are none any more. Returns the exit code."""
    FILES.has_folder = True
    FILES.contents = {name: bytearray(base64.b64decode(held)) for name, held in request["files"].items()}
    notebook = _Notebook(channel)
    while (asked := channel.hear()) is not None:
        if asked["files"]:
            notebook.take_files(asked["files"])
        if not notebook.run_cell(asked["cell"], asked["number"]):
            break
    return 0
