"""Files of a user in, their tools out: one typed function in one Python file, named by `WORKINGS_OWN_TOOLS`.

Such a function runs in the app's own process, with all rights of the app: a user's tool is trusted as the app is.
"""

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.toolbox import Tool
from agent.tools import tool_from_function
from model.errors import BadInput
from model.tool_events import Policy

_POLICIES: tuple[Policy, ...] = ("free", "ask", "off")


def own_tools(places: str) -> tuple[Tool, ...]:
    """The tools in these places.

    Args:
        places: Python files, or folders of them, with the system's separator of paths between them (`:`, on Windows
            `;`). In a folder, files that begin with `_` or `.` are left out.

    Raises:
        BadInput: If there is no such place, a file cannot be loaded, or holds no function that can become a tool.
    """
    files = [file for place in places.split(os.pathsep) if place.strip() for file in _files_of(place.strip())]
    tools = tuple(_tool_in(file) for file in files)
    for tool in tools:
        twins = [each.origin for each in tools if each.name == tool.name]
        if len(twins) > 1:
            raise BadInput(f"Two tools are called {tool.name!r}: {' and '.join(twins)}. Rename one of the functions.")
    return tools


def _files_of(place: str) -> list[Path]:
    path = Path(place).expanduser()
    if path.is_dir():
        return sorted(file for file in path.glob("*.py") if not file.name.startswith(("_", ".")))
    if path.suffix != ".py" or not path.is_file():
        raise BadInput(
            f"WORKINGS_OWN_TOOLS names {place!r}, which is no Python file and no folder. Correct it, or take it out."
        )
    return [path]


def _tool_in(file: Path) -> Tool:
    module = _loaded(file)
    policy = getattr(module, "POLICY", "ask")
    if policy not in _POLICIES:
        raise BadInput(f"POLICY in {file.name} is {policy!r}; it is one of {', '.join(_POLICIES)}.")
    seconds = getattr(module, "SECONDS", 60.0)
    if not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
        raise BadInput(f"SECONDS in {file.name} is {seconds!r}; it is a number above 0, at most 3,600.")
    function = _function_in(module, file)
    try:
        tool = tool_from_function(
            function, policy=policy, reaches_outside=True, origin=file.name, seconds=float(seconds)
        )
        len(tool.schema)  # made now, so that its author is told at once what is wrong with it
        return tool
    except BadInput as error:
        raise BadInput(f"{file.name}: {error}") from error


def _function_in(module: ModuleType, file: Path) -> Callable[..., Any]:
    """The one that is called like the file, else the only one that is defined there without an underscore in front."""
    functions = {
        name: each
        for name, each in vars(module).items()
        if inspect.isfunction(each) and each.__module__ == module.__name__ and not name.startswith("_")
    }
    if file.stem in functions:
        return functions[file.stem]
    if len(functions) == 1:
        return next(iter(functions.values()))
    if not functions:
        raise BadInput(f"{file.name} defines no function. A tool is one function, such as {file.stem}().")
    raise BadInput(
        f"{file.name} defines {', '.join(functions)}. Call the one that is the tool {file.stem}, or begin the names of "
        "the others with an underscore."
    )


def _loaded(file: Path) -> ModuleType:
    name = f"workings_tool_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadInput(f"{file} cannot be loaded as Python.")
    module = importlib.util.module_from_spec(spec)
    # Where annotations are looked up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise BadInput(f"{file} cannot be loaded{line}: {type(error).__name__}: {error}") from error
    return module
