"""Sources in, which libraries beside the standard one they want out: those that are installed here and can be had."""

import importlib.util
import os
import re
from collections.abc import Sequence
from functools import cache

LIBRARIES = ("numpy", "sympy", "mpmath", "matplotlib", "PIL")
_MORE = {"mpl_toolkits": "matplotlib"}
# A text that only looks like an import costs no more than a process that has what it does not use. This searches what
# nobody has looked at, and must not go back and forth in it: repetitions end with commas, and hold none.
_IMPORTED = re.compile(
    rb"^[ \t]*(?:from|import(?:[\w. \t]{1,99},){0,20})[ \t]*"
    rb"(numpy|sympy|mpmath|matplotlib|PIL|mpl_toolkits)\b",
    re.M,
)


def wants_libraries(*sources: bytes) -> bool:
    """Whether any of these sources imports one of the libraries that are installed.

    >>> wants_libraries(b"import json, re"), wants_libraries(b"x = 'import numpy'")
    (False, False)
    """
    found = {name.decode() for source in sources for name in _IMPORTED.findall(source)}
    return any(is_installed(_MORE.get(name, name)) for name in found)


@cache
def is_installed(name: str) -> bool:
    """Whether a library can be had."""
    return bool(package_folders((name,)))


def package_folders(names: Sequence[str]) -> list[str]:
    """Where libraries lie; those that are not installed are not there."""
    found = (importlib.util.find_spec(name) for name in names)
    return sorted({os.path.dirname(os.path.dirname(spec.origin)) for spec in found if spec and spec.origin})
