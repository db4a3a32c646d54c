"""A typed Python function in, a tool out: its schema is read off its signature and docstring."""

import functools
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from agent.toolbox import CALL_SECONDS, Tool, ToolContext, ToolOutput
from model.errors import BadInput
from model.tool_events import Policy

_DESCRIBES = re.compile(r"^[ \t]*(?:Args|Returns|Raises):[ \t]*$", re.MULTILINE)


def tool_from_function(
    function: Callable[..., Any],
    *,
    policy: Policy = "free",
    reaches_outside: bool = False,
    is_independent: bool = False,
    origin: str = "",
    seconds: float = CALL_SECONDS,
    name: str = "",
) -> Tool:
    """The tool that calls `function`.

    Args:
        function: Typed, with a Google docstring that describes each argument. A parameter `context` (a `ToolContext`)
            is filled in and not shown to the model. It returns a string, a `ToolOutput`, or any value that JSON has a
            form for; an exception is told to the model by its last line.
        policy: What holds unless the host or the request says otherwise.
        reaches_outside: Whether a call goes out to the network or to another program.
        is_independent: Whether it may run beside other calls of the same turn.
        origin: The file that it comes from, where it is none of the app's own.
        seconds: How long a call may take.
        name: What the model calls it; the function's own name when empty.

    Raises:
        BadInput: If a type or a description is missing.

    >>> def double(x: float) -> float:
    ...     '''Double a number.
    ...
    ...     Args:
    ...         x: The number.
    ...     '''
    ...     return 2 * x
    >>> tool_from_function(double).schema["function"]["parameters"]["required"]
    ['x']
    """
    called = name or function.__name__
    takes_context = "context" in inspect.signature(function).parameters
    schema = _Schema(_without_context(function) if takes_context else function, called)

    def call(context: ToolContext, arguments: Mapping[str, Any]) -> ToolOutput:
        return as_output(function(context=context, **arguments) if takes_context else function(**arguments))

    return Tool(
        name=called,
        description=_description_of(function),
        schema=schema,
        call=call,
        policy=policy,
        reaches_outside=reaches_outside,
        is_independent=is_independent,
        origin=origin,
        seconds=seconds,
    )


class _Schema(Mapping[str, Any]):
    """A function's schema, made when it is first read: what makes it brings torch in, and the page is up before that.

    What can be wrong with the function is looked at at once.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function = function
        self._name = name
        _check_described(function)

    @functools.cached_property
    def _made(self) -> dict[str, Any]:
        from transformers.utils import get_json_schema
        from transformers.utils.chat_template_utils import DocstringParsingException, TypeHintParsingException

        try:
            described = get_json_schema(self._function)["function"]
        except (DocstringParsingException, TypeHintParsingException, NameError, TypeError, ValueError) as error:
            raise BadInput(f"The function {self._function.__name__!r} cannot become a tool: {error}") from error
        described.pop("return", None)
        return {"type": "function", "function": described | {"name": self._name}}

    def __getitem__(self, key: str) -> Any:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def _check_described(function: Callable[..., Any]) -> None:
    """Refuse what a schema cannot be made of."""
    refused = f"The function {function.__name__!r} cannot become a tool: "
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
    except (NameError, TypeError, ValueError, SyntaxError) as error:
        raise BadInput(f"{refused}its types cannot be read: {error}") from error
    if not _description_of(function):
        raise BadInput(f"{refused}it has no docstring, which tells the model what it does.")
    arguments = _DESCRIBES.split(inspect.getdoc(function) or "", maxsplit=1)[1:]
    for name, parameter in parameters.items():
        if parameter.annotation is parameter.empty:
            raise BadInput(f"{refused}its argument {name!r} has no type.")
        if not arguments or not re.search(rf"^\s*{name}\s*(?:\([^)]*\))?:", arguments[0], re.MULTILINE):
            raise BadInput(f"{refused}its docstring has no line for {name!r} under Args.")


def _description_of(function: Callable[..., Any]) -> str:
    """What the docstring says before its arguments."""
    return _DESCRIBES.split(inspect.getdoc(function) or "", maxsplit=1)[0].strip()


def as_output(value: Any) -> ToolOutput:
    """What a function returned, as a tool's output; other values than strings become JSON.

    >>> as_output([1, 2]).text
    '[1, 2]'
    """
    if isinstance(value, ToolOutput):
        return value
    if isinstance(value, str):
        return ToolOutput(value)
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return ToolOutput(json.dumps(plain, ensure_ascii=False, default=str))


def _without_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as the model is told of it: the same, less its parameter `context`."""

    @functools.wraps(function)
    def shown(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    signature = inspect.signature(function, eval_str=True)
    kept = [each for each in signature.parameters.values() if each.name != "context"]
    shown.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    annotations = inspect.get_annotations(function, eval_str=True)
    shown.__annotations__ = {name: each for name, each in annotations.items() if name != "context"}
    del shown.__wrapped__
    return shown
