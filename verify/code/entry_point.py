"""Tests, a task in words and a program in, the function that they are about out: as far as they say it."""

import re

from model.code_events import TestForm
from model.errors import BadInput
from verify.code.parsing import last_function
from verify.code.test_sets import read_tests

# "a function add(a, b)", "the function `add`", "Write add(a, b)"
_CALLED = re.compile(r"\b(?:function|method)\s+(?:called\s+|named\s+)?`?([A-Za-z_]\w*)`?\s*\(|`([A-Za-z_]\w*)\(")
_NAMED = re.compile(r"\b(?:function|method)\s+(?:(?:called|named)\s+`?|`)([A-Za-z_]\w*)`?")
_COMMANDED = re.compile(r"^\s*(?:Write|Implement|Define|Complete)\s+`?([A-Za-z_]\w*)`?\(")


def named_function(statement: str) -> str:
    r"""The function that a task in words asks for, or whose head it is; empty if it names none.

    >>> named_function("Write a function add(a, b) that adds."), named_function("Implement a function named `twice`.")
    ('add', 'twice')
    >>> named_function("def f(x: int) -> int:\n    '''Add one.'''"), named_function("Read two numbers (a and b).")
    ('f', '')
    """
    if head := last_function(statement):
        return head
    for pattern in (_COMMANDED, _CALLED, _NAMED):
        if found := pattern.search(statement):
            return next(name for name in found.groups() if name)
    return ""


def meant_function(tests: str, form: TestForm | None, statement: str, source: str = "") -> str:
    """The function that tests are about: as they call it, else as the task or the program names it; or none.

    >>> meant_function("assert add(1, 2) == 3", None, "Write plus(a, b)."), meant_function("", None, "Write f(x).")
    ('add', 'f')
    """
    try:
        told = read_tests(tests, form) if tests.strip() else None
    except BadInput:  # they may be of a kind that does not name it
        told = None
    if told is not None and (told.entry_point or told.form == "input_output"):
        return told.entry_point
    return named_function(statement) or last_function(source)


def lacks_function(tests: str, form: TestForm | None) -> bool:
    """Whether tests can only be read by somebody who knows which function they are about."""
    try:
        read_tests(tests, form)
    except BadInput:
        try:
            read_tests(tests, form, "f")
        except BadInput:
            return False
        return True
    return False
