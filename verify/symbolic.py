"""The last rule: math-verify, which reads what the others cannot. Main thread of the child process only (alarms)."""

import logging
from functools import lru_cache
from typing import Any

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
from math_verify.errors import TimeoutException

from verify.rules import ComparesParts, Finding, Policy, correct, undecided, wrong

_SECONDS = 2
_MAX_CHARACTERS = 600
logging.getLogger("math_verify").setLevel(logging.CRITICAL)


class _NotRead(Exception):
    """Not kept by the cache: a busy machine can be too slow for it once, and is not the next time."""


def _parsed(form: str) -> tuple[Any, ...]:
    try:
        return _read(form)
    except _NotRead:
        return ()


@lru_cache(maxsize=512)
def _read(form: str) -> tuple[Any, ...]:
    wrapped = rf"\boxed{{{form}}}"
    targets = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
    found = tuple(parse(wrapped, extraction_config=targets, parsing_timeout=_SECONDS))
    if not found:
        raise _NotRead
    return found


def symbolic(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Whether sympy finds the two equal within a few seconds."""
    if max(len(gold), len(candidate)) > _MAX_CHARACTERS:
        return undecided(f"it is longer than {_MAX_CHARACTERS} characters")
    try:
        wanted, given = _parsed(gold), _parsed(candidate)
        if not wanted or not given:
            return undecided(f"{'the reference' if not wanted else 'the answer'} could not be read")
        is_equal = _is_equal(wanted, given)
    except (KeyError, IndexError, RuntimeError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        return undecided(f"math-verify could not compare them ({type(error).__name__})")
    except (TimeoutException, MemoryError):
        return undecided(f"it could not be worked out within {_SECONDS} s")
    return correct(f"sympy finds {candidate} equal to {gold}") if is_equal else wrong(f"{candidate} is not {gold}")


def _is_equal(wanted: tuple[Any, ...], given: tuple[Any, ...]) -> bool:
    options: dict[str, Any] = {
        "float_rounding": 9,
        "numeric_precision": 30,
        "allow_set_relation_comp": True,
        "timeout_seconds": _SECONDS,
    }
    try:
        # Without raising, an answer that takes too long would count as another one.
        return bool(verify(list(wanted), list(given), raise_on_error=True, **options))
    except (ValueError, TypeError, AttributeError, NotImplementedError, ZeroDivisionError):
        return bool(verify(list(wanted), list(given), **options))
