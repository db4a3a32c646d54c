"""The profile *answering*: a program that is loaded and then called, one call after the other, as the app asks.

In come `{"names"}` and `{"call", "name", "args", "kwargs"}`, out go `{"loaded": true}` or what ended the loading,
`{"kinds"}`, and `{"i", "value"}` or `{"i", "error", ...}`, with `args` and `kwargs` where the program has changed them.
Neither the tests nor what they expect are in this process.
"""

import types
from typing import Any

from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.guarding import execute, flush, found, guarded, loaded_module, told_call
from verify.sandbox.values import decoded, encoded, is_whole


def run(source: bytes, request: dict[str, Any], channel: Channel) -> int:
    """Load a program, then answer until nobody asks any more. Returns the exit code."""
    module = loaded_module(source, "program", names=request["names"])
    end = guarded(lambda: execute(source, module), module)
    flush()
    if end is not None:
        channel.tell(end)
        return 0
    channel.tell({"loaded": True})
    while (asked := channel.hear()) is not None:
        if "names" in asked:
            channel.tell({"kinds": {name: _kind(module, name) for name in asked["names"]}})
        else:
            channel.tell(_answer(module, asked))
    return 0


def _kind(module: types.ModuleType, name: str) -> dict[str, Any] | None:
    """What a name of the program is; None if there is none."""
    if name not in module.__dict__:
        return None
    named = module.__dict__[name]
    if isinstance(named, type) and issubclass(named, BaseException):
        return {"exception": [base.__name__[:80] for base in named.__mro__[:20]]}
    if callable(named):
        return {"function": True}
    return {"value": encoded(named, is_exact=True)}


def _answer(module: types.ModuleType, asked: dict[str, Any]) -> dict[str, Any]:
    """Call a function; what it returned or raised, and the arguments if they are others now."""
    args, kwargs = decoded(asked["args"]), decoded(asked["kwargs"])
    before = _written(args, kwargs)
    told: dict[str, Any] = {"i": asked["call"]}

    def work() -> None:
        returned = found(module, asked["name"])(*args, **kwargs)
        same = [number for number, argument in enumerate(args) if argument is returned and _is_mutable(argument)]
        told.update({"same": same[0]} if same else _carried(returned))

    held: list[BaseException] = []
    end = guarded(work, types.ModuleType("unused"), held)
    if end is not None:
        told.update(told_call(end))
        given = encoded(list(held[0].args), is_exact=True) if held else None
        if given is not None and is_whole(given):
            told["given"] = given
    after = _written(args, kwargs)
    if repr(after) != repr(before):
        told |= {"args": after[0], "kwargs": after[1]}
    flush()
    return told


def _carried(returned: object) -> dict[str, Any]:
    """A plain value; of anything else what kind it is and whether it counts as true."""
    value = encoded(returned, is_exact=True)
    return {"value": value} if is_whole(value) else {"object": type(returned).__name__[:80], "is_true": bool(returned)}


def _is_mutable(argument: object) -> bool:
    return argument is not None and type(argument).__hash__ is None


def _written(args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The arguments as they are now; nothing where none of them can change."""
    if not any(map(_is_container, [*args, *kwargs.values()])):
        return None, None
    return encoded(args, is_exact=True), encoded(kwargs, is_exact=True)


def _is_container(argument: object) -> bool:
    return not isinstance(argument, (bool, int, float, complex, str, bytes, type(None)))
