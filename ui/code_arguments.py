"""What a script sends in about programs and tests (any JSON value), checked values out."""

import json
import re
from typing import get_args

from model.code_events import Program, TestForm
from model.errors import BadInput
from ui.arguments import check_text, check_whole_number, shown
from verify.code.extraction import extract_program
from verify.code.given import check_program
from verify.code.next_round import is_python
from verify.sandbox.limits import MIN_MEMORY_MIB, Limits

_FORMS = get_args(TestForm)
_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_MOST_SECONDS = 60.0
_MOST_MEMORY_MIB = 4096


def as_tests_text(value: object, name: str) -> str:
    """Tests as they are read: a text, or a JSON list written out; empty for none.

    Raises:
        BadInput: If it is neither.

    >>> as_tests_text([{"stdin": "1", "stdout": "2"}], "tests")
    '[{"stdin": "1", "stdout": "2"}]'
    """
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value)
    if not isinstance(value, str):
        raise BadInput(f"{name} is {shown(value)}; give a text, or a list of objects.")
    return check_text(value, name)


def program_from_text(value: object, entry_point: str) -> Program:
    """A program, or the one in a model's whole answer.

    Raises:
        BadInput: If it is none, or too long.
    """
    source = check_text(value, "program")
    check_program(source)
    if not _FENCE.search(source) or is_python(source):
        return Program(source, "the whole text")
    found = extract_program(source, entry_point)
    if not found.source.strip():
        raise BadInput(found.words)
    return found


def form_from_json(value: object, name: str) -> TestForm | None:
    """How tests are written; None where that is to be found out.

    Raises:
        BadInput: If there is no such form.
    """
    if value is None:
        return None
    if value not in _FORMS:
        raise BadInput(f"{name} is {shown(value)}; give one of {', '.join(_FORMS)}, or leave it out.")
    form: TestForm = value  # type: ignore[assignment]
    return form


def check_flag(value: object, name: str) -> bool:
    """`value` if it is true or false.

    Raises:
        BadInput: If it is neither.
    """
    if not isinstance(value, bool):
        raise BadInput(f"{name} is {shown(value)}; give true or false.")
    return value


def limits_from_json(time_seconds: object, memory_mib: object) -> Limits:
    """Limits of a program; the usual ones for what is left out.

    Raises:
        BadInput: If one is out of range.
    """
    usual = Limits()
    seconds = usual.cpu_seconds if time_seconds is None else time_seconds
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _MOST_SECONDS:
        raise BadInput(
            f"time_seconds is {shown(time_seconds)}; give a number above 0 and at most {_MOST_SECONDS:g} seconds."
        )
    memory = usual.memory_mib if memory_mib is None else memory_mib
    return Limits(
        cpu_seconds=float(seconds),
        memory_mib=check_whole_number(memory, "memory_mib", MIN_MEMORY_MIB, _MOST_MEMORY_MIB),
    )
