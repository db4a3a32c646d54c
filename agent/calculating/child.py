"""The process that calculates: JSON Lines with a calculation in, one with its result out for each.

Whatever a calculation makes of it, only this process suffers: its parent kills it (`verify.child_process`).
"""

import contextlib
import signal
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from agent.calculating.limits import MAX_SECONDS, NotReadable, TooLarge
from agent.calculating.showing import digits_of
from agent.calculating.values import CannotWork
from agent.calculating.working import work_out
from verify.child import serve

_DECIMAL_SECONDS = 1.5
_MAX_INT_DIGITS = 50_000
# A sum of a thousand numbers is a tree of that depth.
_MAX_RECURSION = 8_000
_HELP = " Write maths, for example: 36*14, solve x^2 - 5x + 6 = 0, integrate(x^2, x, 0, 1), 3 km to miles"

# Of sympy's errors, those that calculations are to blame for.
_SIZES = {
    "ShapeError": "The sizes of these matrices do not fit together.",
    "NonSquareMatrixError": "This needs a square matrix.",
    "DMNonSquareMatrixError": "This needs a square matrix.",
}


class _TooLong(Exception):
    """The alarm has gone off."""


def answered(text: str, seconds: float = MAX_SECONDS) -> dict[str, Any]:
    """The result of a calculation, or why there is none: `{"text", "is_error"}`."""
    try:
        with _alarm(seconds):
            return {"text": work_out(text, _decimal_in_time), "is_error": False}
    except NotReadable as error:
        reason = f"{error}{_HELP}"
    except (CannotWork, TooLarge) as error:
        reason = str(error)
    except _TooLong:
        reason = f"It took more than {seconds:g} s. Ask for something smaller, or for a number with python."
    except MemoryError:
        reason = "It takes too much memory to be worked out."
    except RecursionError:
        reason = "It is nested too deeply."
    except Exception as error:  # noqa: BLE001  Its parent is told instead.
        words = " ".join(str(error).split())[:160]
        name = type(error).__name__
        reason = _SIZES.get(name) or f"It could not be worked out ({name}{': ' + words if words else ''})."
    return {"text": reason, "is_error": True}


def _decimal_in_time(value: Any) -> Any:
    """A value's digits; None rather than no result at all, if they take long."""
    left = signal.getitimer(signal.ITIMER_REAL)[0] if hasattr(signal, "getitimer") else 0.0
    try:
        with _alarm(_DECIMAL_SECONDS):
            return digits_of(value)
    except _TooLong:
        return None
    except (ValueError, TypeError, OverflowError, NotImplementedError, AttributeError, RecursionError, MemoryError):
        return None
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """While this lasts so long, `_TooLong` is raised; where there are no alarms, the parent alone watches."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    # Again and again: sympy may have caught the first in one of its `except Exception`.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _warm_up() -> None:
    warnings.simplefilter("ignore")
    sys.set_int_max_str_digits(_MAX_INT_DIGITS)
    sys.setrecursionlimit(_MAX_RECURSION)
    for warm in ("solve x^2 - 2 = 0", "integrate(x^2, x, 0, 1)"):
        answered(warm)


if __name__ == "__main__":
    serve(lambda asked: answered(**asked), _warm_up)
