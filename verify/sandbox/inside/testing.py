"""A file of tests in, what pytest says of each of them out: real pytest, in a process that can open no file.

The fork server imports pytest and makes its configuration and session, while it may read. A locked child compiles the
tests with pytest's own rewriting of asserts, collects them from a module in memory, and runs them by pytest's protocol.
"""

import ast
import contextlib
import importlib
import linecache
import os
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verify.sandbox.inside.channel import Channel

# pytest wants absolute paths.
FILE = "/tests.py"
_MAX_TESTS = 2_000
_SHOWN_CHARACTERS = 2_000
# All of these would write or read files, or print.
_OPTIONS = [
    *(
        word
        for name in ("cacheprovider", "tmpdir", "faulthandler", "terminal", "junitxml")
        for word in ("-p", f"no:{name}")
    ),
    *(
        word
        for name in ("pastebin", "legacypath", "setuponly", "setupplan", "stepwise")
        for word in ("-p", f"no:{name}")
    ),
    "--capture=no",
    "--noconftest",
    "--rootdir=/",
    f"-c{os.path.join(os.path.dirname(os.path.abspath(__file__)), 'in_memory.cfg')}",
    "--import-mode=importlib",
]
_session: Any = None
_reports: list[Any] = []
_why_not = "pytest is not there"


def load(folders: list[str]) -> None:
    """Import pytest in the fork server and make its session, or keep in mind why that cannot be done."""
    global _session, _why_not
    sys.path += [folder for folder in folders if folder not in sys.path]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        configuration = importlib.import_module("_pytest.config")
        for module in pkgutil.walk_packages(importlib.import_module("_pytest").__path__, "_pytest."):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
        config = configuration._prepareconfig(_OPTIONS, [_plugin()])
        config._do_configure()
        _session = importlib.import_module("_pytest.main").Session.from_config(config)
        _session.gethookproxy = lambda _: config.hook
        config.hook.pytest_sessionstart(session=_session)
    except Exception as error:  # noqa: BLE001  Whatever it is: there is no pytest then.
        _session = None
        _why_not = f"pytest cannot be used ({type(error).__name__}: {error}). Install it: pip install pytest"
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]


def _plugin() -> types.ModuleType:
    """Hears what becomes of tests, and says why there is no `tmp_path`, where pytest would list other fixtures."""
    pytest = importlib.import_module("pytest")
    plugin = types.ModuleType("in_memory")
    plugin.__dict__["pytest_runtest_logreport"] = lambda report: _reports.append(report)

    def refuse() -> None:
        pytest.fail("tests can write no file here, so there are no temporary folders and no cache", pytrace=False)

    for name in ("tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory", "cache"):
        plugin.__dict__[name] = pytest.fixture(name=name)(
            types.FunctionType(refuse.__code__, {}, closure=refuse.__closure__)
        )
    return plugin


def run(script: str, tree: ast.Module, names: dict[str, Any], channel: Channel) -> None:
    """Collect and run tests.

    Args:
        names: What they may use without importing it.
    """
    if _session is None:
        raise RuntimeError(_why_not)
    os.getcwd = lambda: "/"
    linecache.cache[FILE] = (len(script), None, script.splitlines(keepends=True), FILE)
    importlib.import_module("_pytest.assertion.rewrite").rewrite_asserts(tree, script.encode(), FILE, _session.config)
    module = types.ModuleType("tests")
    module.__dict__.update(names | {"__file__": FILE})
    sys.modules["tests"] = module
    exec(compile(tree, FILE, "exec", dont_inherit=True), module.__dict__)
    items = list(_items(_file_of(module), module))
    if not items:
        raise LookupError("pytest finds no test in them")
    _session.items = items
    channel.tell({"tests": [_name(item) for item in items[:_MAX_TESTS]]})
    for number, item in enumerate(items[:_MAX_TESTS]):
        following = items[number + 1] if number + 1 < len(items) else None
        _reports.clear()
        _session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        channel.tell({"i": number} | _outcome(_reports))


def _file_of(module: types.ModuleType) -> Any:
    """A node of pytest for a module that is there already."""
    pytest = importlib.import_module("pytest")

    class File(pytest.Module):  # type: ignore[name-defined,misc]
        def _getobj(self) -> types.ModuleType:
            return module

    return File.from_parent(_session, path=Path(FILE), nodeid="tests.py")


def _items(node: Any, module: types.ModuleType) -> Iterator[Any]:
    """The tests below a node. Those that the program brings along are not the user's."""
    if not hasattr(node, "collect"):
        yield node
        return
    report = importlib.import_module("_pytest.runner").collect_one_node(node)
    if report.failed:
        raise AssertionError(f"the tests cannot be collected: {_last_words(report.longreprtext)}")
    for child in report.result or []:
        defined_in = getattr(getattr(child, "obj", None), "__module__", module.__name__)
        if defined_in == module.__name__:
            yield from _items(child, module)


def _name(item: Any) -> str:
    """`TestAdd::test_two[1-2]`."""
    return str(item.nodeid).partition("::")[2] or str(item.name)


def _outcome(reports: list[Any]) -> dict[str, Any]:
    """What a test's set-up, call and tear-down say together."""
    failed = next((report for report in reports if report.failed), None)
    if failed is not None:
        message = _last_words(failed.longreprtext)
        is_wrong = failed.when == "call" and re.search(
            r"\b(AssertionError|Failed|XPASS)\b|^E? *assert ", failed.longreprtext
        )
        return {"outcome": "wrong" if is_wrong else "error", "message": message}
    skipped = next((report for report in reports if report.skipped), None)
    if skipped is not None and not hasattr(skipped, "wasxfail"):
        reason = skipped.longrepr[2] if isinstance(skipped.longrepr, tuple) else skipped.longreprtext
        return {"outcome": "not_run", "message": str(reason)[:_SHOWN_CHARACTERS], "got": "skipped"}
    return {"outcome": "passed", "message": "failed as expected" if skipped is not None else ""}


def _last_words(text: str) -> str:
    """What a report says of the failure itself: pytest marks these lines with E."""
    lines = text.replace(FILE, FILE[1:]).splitlines()
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    said = "\n".join(marked or lines).strip()
    where = re.findall(r"^(tests|program)\.py:(\d+)", text.replace("/tests.py", "tests.py"), re.MULTILINE)
    line = next((f" (line {number})" for file, number in reversed(where) if file == "program"), "")
    return said[:_SHOWN_CHARACTERS] + line
