"""Calls of a program that runs elsewhere in, what it returned or raised out: the stand-ins of its functions."""

import builtins
import reprlib
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from verify.sandbox.inside.channel import Channel
from verify.sandbox.inside.rewriting import FILE
from verify.sandbox.values import Unreadable, decoded, encoded, is_whole

# What a message begins with when tests need more of the program than its values.
NEEDS_OBJECT = "the tests need the object itself"
_SHOWN_CHARACTERS = 300
_NOT_PLAIN = "only None, numbers, text, lists, tuples, sets and dictionaries are handed on"


class Lost(BaseException):
    """A call has no result that a test could look at. No `except Exception` of a script catches it."""


class Opaque:
    """Stands for what is no plain value: known is whether it counts as true, which is for the program to say anyway."""

    def __init__(self, lose: Callable[[], Any], is_true: bool, words: str) -> None:
        self.__dict__.update({"_lose": lose, "_is_true": is_true, "_words": words})

    def __bool__(self) -> bool:
        return bool(self._is_true)

    def __repr__(self) -> str:
        return str(self._words)

    def __getattr__(self, _: str) -> Any:
        return self._lose()

    def _refuse(self, *_: object) -> Any:
        return self._lose()

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __next__ = __contains__ = _refuse
    __getitem__ = __setitem__ = __delitem__ = __setattr__ = __delattr__ = __call__ = __hash__ = __enter__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = _refuse
    __mod__ = __rmod__ = __pow__ = __neg__ = __abs__ = __int__ = __float__ = __index__ = __round__ = __str__ = _refuse
    __and__ = __or__ = __xor__ = __exit__ = __await__ = __aiter__ = __format__ = __bytes__ = __complex__ = _refuse


class Program:
    """The program as the script sees it.

    Attributes:
        last: The call that was made last, in words, and what it returned.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._n_calls = 0
        self._loss = ""
        self._exceptions: dict[str, type[BaseException]] = {}
        self.last: tuple[str, object] | None = None

    def take_loss(self) -> dict[str, Any]:
        """What is to be said of a call that has no result, if there was one since this was last asked.

        A script that catches everything must not pass by it.
        """
        loss, self._loss = self._loss, ""
        return {"outcome": "error", "message": loss} if loss else {}

    def stand_ins(self, names: Sequence[str]) -> dict[str, Any]:
        """What the program has under these names: functions, exceptions, plain values."""
        if not names:
            return {}
        self._channel.tell({"names": names})
        kinds = (self._channel.hear() or {}).get("kinds", {})
        found: dict[str, Any] = {}
        exceptions = {name: kind["exception"] for name, kind in kinds.items() if kind and "exception" in kind}
        for name in sorted(exceptions, key=lambda name: len(exceptions[name])):
            base = self._exception([str(base) for base in exceptions[name][1:]])
            found[name] = self._exceptions[name] = type(name, (base,), {})
        for name, kind in kinds.items():
            if kind and "function" in kind:
                found[name] = self.function(name)
            elif kind and "value" in kind:
                found[name] = self._value(kind["value"], f"{name} is")
        return found

    def function(self, name: str) -> Callable[..., Any]:
        """A function that has the program's called."""

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return self._call(name, args, kwargs)

        stand_in.__name__ = stand_in.__qualname__ = name.rpartition(".")[2]
        return stand_in

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        told = {"name": name, "args": encoded(list(args), is_exact=True), "kwargs": encoded(kwargs, is_exact=True)}
        words = f"{name}({_arguments(args, kwargs)})"
        self.last = words, None
        if not (is_whole(told["args"]) and is_whole(told["kwargs"])):
            self._lose(f"{NEEDS_OBJECT}: an argument of {words} is no plain value ({_NOT_PLAIN})")
        self._n_calls += 1
        self._channel.tell({"call": self._n_calls} | told)
        answer = self._channel.hear()
        if answer is None or "lost" in answer:
            self._lose(answer["lost"] if answer else "the program has ended")
        for before, after in ((list(args), answer.get("args")), (kwargs, answer.get("kwargs"))):
            if after is not None:
                _write_back(before, self._value(after, f"after {words} an argument holds"))
        if "error" in answer:
            raise self._raised(answer)
        if "same" in answer:
            returned = args[answer["same"]] if answer["same"] in range(len(args)) else None
        elif "object" in answer:
            why = f"{NEEDS_OBJECT}: {words} returned a {answer['object']} ({_NOT_PLAIN})"
            returned = Opaque(lambda: self._lose(why), bool(answer.get("is_true")), f"<{answer['object']}>")
        else:
            returned = self._value(answer.get("value"), f"{words} returned")
        self.last = words, returned
        return returned

    def _lose(self, why: str) -> NoReturn:
        self._loss = self._loss or why
        raise Lost(why)

    def _value(self, wire: Any, words: str) -> Any:
        """A value of the program's."""
        try:
            if is_whole(wire):
                return decoded(wire)
        except (Unreadable, ValueError, TypeError, OverflowError, RecursionError):
            self._lose(f"{words} what cannot be read")
        self._lose(f"{NEEDS_OBJECT}: {words} no plain value ({_NOT_PLAIN})")

    def _raised(self, answer: dict[str, Any]) -> BaseException:
        """The exception of the program: the builtin one, or the stand-in, that is nearest to it."""
        bases = answer.get("bases")
        kind = self._exception([str(answer["error"]), *map(str, bases if isinstance(bases, list) else [])])
        message = str(answer.get("message") or "")
        try:
            given = answer.get("given")
            error = kind(*decoded(given)) if given is not None and is_whole(given) else kind(message)
        except Exception:  # noqa: BLE001  Its arguments are the program's, and some kinds are particular about them.
            error = Exception(message)
        line = f" (line {answer['line']})" if isinstance(answer.get("line"), int) else ""
        error.told_by_program = f"{answer['error']}: {message}".removesuffix(": ")[:_SHOWN_CHARACTERS] + line  # type: ignore[attr-defined]
        return error

    def _exception(self, names: Sequence[str]) -> type[BaseException]:
        for name in names:
            known = self._exceptions.get(name) or getattr(builtins, name, None)
            if isinstance(known, type) and issubclass(known, BaseException):
                return known
        return Exception


def _write_back(before: Any, after: Any) -> None:
    """Give a container that the script holds the contents that the program gave its own.

    What is inside of it keeps its identity where there still is something of its kind in its place.
    """
    if isinstance(before, (list, deque)):
        old = list(before)
        new = [_kept(old[at], value) if at < len(old) else value for at, value in enumerate(after)]
        before.clear()
        before.extend(new)
    elif isinstance(before, dict):
        old_items = dict(before)
        before.clear()
        before.update({key: _kept(old_items.get(key), value) for key, value in after.items()})
    elif isinstance(before, set):
        before.clear()
        before.update(after)
    elif isinstance(before, bytearray):
        before[:] = after
    elif isinstance(before, tuple):
        for old_member, value in zip(before, after, strict=False):
            _kept(old_member, value)


def _kept(before: Any, after: Any) -> Any:
    """The old object with the new contents; the new one if they are of different kinds."""
    if type(before) is not type(after) or not isinstance(before, (list, deque, dict, set, bytearray, tuple)):
        return after
    if isinstance(before, tuple) and before != after and len(before) != len(after):
        return after
    _write_back(before, after)
    return before if before == after else after


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxdict = 12


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return ", ".join([*map(_short.repr, args), *(f"{name}={_short.repr(value)}" for name, value in kwargs.items())])


def shown(value: object) -> str:
    """A value as Python writes it, not longer than a report shows."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  Of a number with too many digits, or of what the script defines.
        return f"<{type(error).__name__}>"
    return text[: _SHOWN_CHARACTERS + 100]


def words_of(error: BaseException) -> str:
    """An exception for people: the program's with its line there, the script's with its line here."""
    told = getattr(error, "told_by_program", None)
    if told is not None or isinstance(error, Lost):
        return str(told or error)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    where = f" (line {lines[-1]} of the tests)" if lines else ""
    return f"{type(error).__name__}: {error}"[:_SHOWN_CHARACTERS].removesuffix(": ") + where
