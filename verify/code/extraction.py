"""A model's answer in, the program that it holds out."""

import re

from model.code_events import Program

_BLOCK = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)


def extract_program(answer: str, entry_point: str = "") -> Program:
    r"""The program of an answer; none, with the reason in `words`, where there is no code.

    >>> extract_program("Here it is:\n```python\nprint(1)\n```\n").source
    'print(1)\n'
    """
    blocks = [found[2] for found in _BLOCK.finditer(answer)]
    wanted = [block for block in blocks if re.search(rf"\bdef\s+{re.escape(entry_point)}\b", block)]
    if wanted or blocks:
        return Program((wanted or blocks)[-1], "the last block of code")
    return Program("", "The answer has no code. Ask for the whole program in one ```python block.")
