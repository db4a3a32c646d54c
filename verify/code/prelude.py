"""The names that a program may use without importing them in; where each comes from out.

LiveCodeBench's judge puts `from string import *`, `from math import *` and so on before each program, then the modules
themselves, and HumanEval's prompts begin with their imports, which an answer need not repeat. Here only those names are
given to a program that it uses and does not bind, and they are put beside it, not before it: its lines stay its own.
"""

import importlib

from verify.code.parsing import missing_names, parsed

# In the order of the reference judge: what comes later wins.
_STARRED = (
    "string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json"
    " typing"
).split()


def _names() -> dict[str, str]:
    """Name to `module` or `module.name`."""
    names = {}
    for module in _STARRED:
        held = importlib.import_module(module)
        public = getattr(held, "__all__", None) or [name for name in vars(held) if not name.startswith("_")]
        names.update({name: f"{module}.{name}" for name in public})
    return names | {module: module for module in _STARRED if module != "typing"}


PRELUDE = _names()


def names_for(source: str) -> dict[str, str]:
    r"""What a program uses and neither binds nor imports, with where it is found.

    >>> names_for("def f(x: List[int]):\n    return sqrt(len(x)) + y")
    {'List': 'typing.List', 'sqrt': 'math.sqrt'}
    """
    tree = parsed(source)
    return {name: PRELUDE[name] for name in sorted(missing_names(tree) if tree else ()) if name in PRELUDE}
