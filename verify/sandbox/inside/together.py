"""The profile *together*: a program and tests that need its objects, in one process. What it says can be forged.

Out go `{"loaded": true}`, `{"tests": [names]}`, `{"i", "outcome", ...}` for each test, `{"end"}`. A program can write
such lines itself, or change what its tests see: whoever reads them must say so.
"""

import ast
import doctest
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from verify.sandbox.inside import asserting, testing
from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.guarding import execute, flush, guarded, loaded_module, told_of
from verify.sandbox.inside.rewriting import CANDIDATE, FAILED, FILE, TEST, rewritten

# Tests import the program under any name; these are packages that it cannot be.
_PACKAGES = frozenset(
    "numpy pandas scipy sympy matplotlib sklearn torch hypothesis requests networkx pytest _pytest mock".split()
)


def run(source: bytes, request: dict[str, Any], channel: Channel) -> int:
    """Load a program, then run its tests. Returns the exit code."""
    module = loaded_module(source, "program", names=request["names"])
    end = guarded(lambda: execute(source, module), module)
    if end is None:
        channel.tell({"loaded": True})
        script: str = request["script"]
        work = _KINDS[request["kind"]]
        held: list[BaseException] = []
        end = guarded(lambda: work(script, request["entry_point"], module, channel), module, held)
        if end is not None and held:
            end |= told_of(held[0], FILE) | {"is_tests": True}
    flush()
    channel.tell(end or {"end": "ok"})
    return 0


def _asserts(script: str, entry_point: str, module: types.ModuleType, channel: Channel) -> None:
    """Statements that assert, each of them a test."""
    told = rewritten(_with_program(script, module).encode(), entry_point)
    channel.tell({"tests": list(told.given)})
    tests = loaded_module(script.encode(), "tests", FILE)
    tests.__dict__.update(visible(module))
    if entry_point:
        found = module.__dict__.get(entry_point)
        tests.__dict__[CANDIDATE] = found
    for name in told.modules:
        tests.__dict__.setdefault(name, __import__(name))

    outcomes = _Outcomes(channel, told.given)
    tests.__dict__.update({TEST: outcomes.test, FAILED: asserting.Failed})
    exec(compile(told.tree, FILE, "exec", dont_inherit=True), tests.__dict__)
    if told.calls_check:
        tests.__dict__["check"](tests.__dict__[CANDIDATE])


class _Outcomes:
    """Tells what becomes of each statement that asserts."""

    def __init__(self, channel: Channel, given: Sequence[str]) -> None:
        self._channel, self._given = channel, given

    def test(self, number: int) -> asserting.Test:
        """What stands around a statement."""
        return asserting.Test(self, number)

    def tell(self, number: int, error: BaseException | None) -> None:
        """What has become of one."""
        if error is None or isinstance(error, (AssertionError, MemoryError)):
            self._channel.tell({"i": number} | asserting.outcome_of(error, self._given[number], None))
        else:
            self._channel.tell({"i": number} | _raised(error))


def _raised(error: BaseException) -> dict[str, Any]:
    """A test that ended by an exception, with the program's line if it went through one."""
    told = told_of(error)
    line = f" (line {told['line']})" if told["line"] else ""
    message = f"{told['error']}: {told['message']}".removesuffix(": ") + line
    return {"outcome": "error", "got": told["error"], "message": message}


def visible(module: types.ModuleType) -> dict[str, Any]:
    """What tests may use of a program without importing it."""
    return {name: value for name, value in module.__dict__.items() if not name.startswith("__")}


def _with_program(script: str, module: types.ModuleType) -> str:
    """The script; what it imports the program as is the program."""
    name_program(ast.parse(script), module)
    return script


def name_program(tree: ast.Module, module: types.ModuleType) -> None:
    """Let a program be found under the names that tests import it as: `solution`, `main`, whatever is no package."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # `from .solution import f`, `from . import f`
            names, node.level = [node.module or "solution"], 0
            node.module = names[0]
        for name in names:
            if name.split(".")[0] not in sys.stdlib_module_names | _PACKAGES:
                parts = name.split(".")
                for end in range(1, len(parts) + 1):
                    sys.modules[".".join(parts[:end])] = module


class _Examples(doctest.DocTestRunner):
    """Tells what becomes of each example."""

    def __init__(self, examples: list[doctest.Example], channel: Channel) -> None:
        super().__init__(verbose=False)
        self._examples, self._channel = examples, channel

    def report_start(self, *_: object) -> None:
        """Nothing is printed."""

    def report_success(self, out: object, test: object, example: doctest.Example, got: str) -> None:
        self._tell(example, {"outcome": "passed"})

    def report_failure(self, out: object, test: object, example: doctest.Example, got: str) -> None:
        told = {"outcome": "wrong", "expected": example.want.rstrip("\n"), "got": got.rstrip("\n")}
        self._tell(example, told)

    def report_unexpected_exception(self, out: object, test: object, example: doctest.Example, exc_info: Any) -> None:
        if isinstance(exc_info[1], MemoryError):
            raise exc_info[1]
        self._tell(example, _raised(exc_info[1]))

    def _tell(self, example: doctest.Example, told: dict[str, Any]) -> None:
        number = next(at for at, known in enumerate(self._examples) if known is example)
        self._channel.tell({"i": number} | told)


def _doctest(script: str, _: str, module: types.ModuleType, channel: Channel) -> None:
    """Python's own doctest; its examples see what the program defines."""
    examples = doctest.DocTestParser().get_examples(script, FILE)
    for example in examples:
        try:
            name_program(ast.parse(example.source), module)
        except SyntaxError:
            continue
    channel.tell({"tests": [example.source.strip() for example in examples]})
    names = visible(module) | {"__name__": "__main__"}
    test = doctest.DocTest(examples, names, FILE, None, 0, None)
    standard_output = sys.stdout
    try:
        _Examples(examples, channel).run(test, out=lambda _: None, clear_globs=False)
    finally:
        sys.stdout = standard_output


def _pytest(script: str, _: str, module: types.ModuleType, channel: Channel) -> None:
    """Real pytest, where the fork server has it."""
    tree = ast.parse(script, testing.FILE)
    name_program(tree, module)
    testing.run(script, tree, visible(module), channel)


_KINDS: dict[str, Callable[[str, str, types.ModuleType, Channel], None]] = {
    "asserts": _asserts,
    "doctest": _doctest,
    "pytest": _pytest,
}
