"""A typed Python function in, a tool out: its schema is read off its signature and docstring."""

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from transformers.utils import get_json_schema
from transformers.utils.chat_template_utils import DocstringParsingException, TypeHintParsingException

from agent.toolbox import CALL_SECONDS, Tool, ToolContext, ToolOutput
from model.errors import BadInput
from model.tool_events import Policy


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
    takes_context = "context" in inspect.signature(function).parameters
    try:
        described = get_json_schema(_without_context(function) if takes_context else function)["function"]
    except (DocstringParsingException, TypeHintParsingException) as error:
        raise BadInput(f"The function {function.__name__!r} cannot become a tool: {error}") from error
    except (NameError, TypeError, ValueError) as error:
        raise BadInput(f"The types of the function {function.__name__!r} cannot be read: {error}") from error
    described.pop("return", None)
    described["name"] = name or described["name"]

    def call(context: ToolContext, arguments: Mapping[str, Any]) -> ToolOutput:
        return as_output(function(context=context, **arguments) if takes_context else function(**arguments))

    return Tool(
        name=described["name"],
        description=str(described["description"]),
        schema={"type": "function", "function": described},
        call=call,
        policy=policy,
        reaches_outside=reaches_outside,
        is_independent=is_independent,
        origin=origin,
        seconds=seconds,
    )


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
