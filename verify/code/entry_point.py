"""A task in words in, the function that it asks for out, as far as it says one."""

import re

from verify.code.parsing import last_function

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
