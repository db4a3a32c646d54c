"""The profile *asserting*: a script of tests run in a process where the program is not.

`candidate`, and what else of the program the script names, are stand-ins here: a call of one goes to the app, which has
the program called in its own process and sends back what it returned, as plain values of builtin types. The script's
expected values never leave this process, and no code of the program runs in it.

Out go `{"tests"}`, `{"names"}`, `{"call", "name", "args", "kwargs"}`, `{"i", "outcome", ...}` for each test, `{"end"}`.
"""

import importlib
import types
from typing import Any, Protocol

from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.guarding import flush, guarded, loaded_module
from verify.sandbox.inside.rewriting import CANDIDATE, FAILED, FILE, TEST, Script, rewritten
from verify.sandbox.inside.stand_ins import Lost, Program, shown, words_of


class Failed(AssertionError):
    """An assert that does not hold.

    Attributes:
        values: What it compared, that of the program first; None if it did something else.
    """

    def __init__(self, text: str, values: tuple[Any, Any] | None, message: object) -> None:
        super().__init__(*([] if message is None else [message]))
        self.text = text
        self.values = values


class Tells(Protocol):
    """Is told what becomes of a test."""

    def tell(self, number: int, error: BaseException | None) -> None:
        """No error is a pass."""


class _Tests:
    """Counts the tests, and tells what became of each."""

    def __init__(self, channel: Channel, program: Program, script: Script) -> None:
        self._channel = channel
        self._program = program
        self._given = script.given

    def test(self, number: int) -> "Test":
        return Test(self, number)

    def tell(self, number: int, error: BaseException | None) -> None:
        told = self._program.take_loss() or outcome_of(error, self._given[number], self._program.last)
        self._channel.tell({"i": number} | told)


class Test:
    """What stands around the statement of a test."""

    def __init__(self, tests: "Tells", number: int) -> None:
        self._tests = tests
        self._number = number

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self._tests.tell(self._number, error)
        return True


def outcome_of(error: BaseException | None, given: str, last: tuple[str, object] | None) -> dict[str, Any]:
    """What has become of a test, in values that can cross; `last` is the call before, in words, and what it gave."""
    if error is None:
        return {"outcome": "passed"}
    if isinstance(error, MemoryError):
        return {"outcome": "memory", "message": "the tests took too much memory"}
    if isinstance(error, Lost) or not isinstance(error, AssertionError) or hasattr(error, "told_by_program"):
        return {"outcome": "error", "message": words_of(error), "got": type(error).__name__}
    told: dict[str, Any] = {"outcome": "wrong", "message": str(error)}
    if isinstance(error, Failed):
        if error.values is not None:
            told |= {"got": shown(error.values[0]), "expected": shown(error.values[1])}
        elif last is not None:
            told["got"] = shown(last[1])
        if error.text != given:
            where = f"{error.text} with {last[0]}" if last else error.text
            told["message"] = f"{told['message']} ({where})" if told["message"] else where
    return told


def run(source: bytes, request: dict[str, Any], channel: Channel) -> int:
    """Run a script of tests. Returns the exit code."""
    module = loaded_module(source, "__main__", FILE)
    held: list[BaseException] = []
    end = guarded(lambda: _run(source, request["entry_point"], module, channel), module, held, FILE)
    flush()
    channel.tell((end or {"end": "ok"}) | ({"words": words_of(held[0])} if held else {}))
    return 0


def _run(source: bytes, entry_point: str, module: types.ModuleType, channel: Channel) -> None:
    script = rewritten(source, entry_point)
    channel.tell({"tests": script.given})
    code = compile(script.tree, FILE, "exec", dont_inherit=True)
    program = Program(channel)
    tests = _Tests(channel, program, script)
    for name in script.modules:
        module.__dict__[name] = importlib.import_module(name)
    module.__dict__.update(program.stand_ins(script.asked))
    if entry_point:
        module.__dict__[CANDIDATE] = program.function(entry_point)
    module.__dict__.update({TEST: tests.test, FAILED: Failed})
    exec(code, module.__dict__)
    if script.calls_check:
        module.__dict__["check"](module.__dict__[CANDIDATE])
