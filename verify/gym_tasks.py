"""The name of a reasoning-gym task in, its problems with their own scorer out; only the files of such tasks are loaded.

The package as a whole imports all of its tasks, and with them packages that the app has no use for, one of which is
compiled as it is installed. So it is installed without what it depends on (requirements-embedded.txt), and the packages
around the modules below are there without being run. It is so wherever the app runs, also beside the whole package,
which others may import: `sys.modules` is as it was when a function returns.

Source:
    reasoning-gym, Apache-2.0, github.com/open-thought/reasoning-gym.
"""

import functools
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from types import ModuleType
from typing import Any

from model.errors import BadInput

_PACKAGE = "reasoning_gym"
# Where each task stands. None of them needs more than numpy, sympy and PyYAML, which the app has.
MODULES: Mapping[str, str] = {
    "aiw": "logic.aiw",
    "base_conversion": "algorithmic.base_conversion",
    "basic_arithmetic": "arithmetic.basic_arithmetic",
    "caesar_cipher": "algorithmic.caesar_cipher",
    "calendar_arithmetic": "arithmetic.calendar_arithmetic",
    "chain_sum": "arithmetic.chain_sum",
    "color_cube_rotation": "cognition.color_cube_rotation",
    "count_bits": "arithmetic.count_bits",
    "course_schedule": "graphs.course_schedule",
    "decimal_chain_sum": "arithmetic.decimal_chain_sum",
    "family_relationships": "graphs.family_relationships",
    "fraction_simplification": "arithmetic.fraction_simplification",
    "gcd": "arithmetic.gcd",
    "knights_knaves": "logic.knights_knaves",
    "lcm": "arithmetic.lcm",
    "leg_counting": "arithmetic.leg_counting",
    "letter_counting": "algorithmic.letter_counting",
    "maze": "games.maze",
    "number_sequence": "cognition.number_sequences",
    "prime_factorization": "arithmetic.prime_factorization",
    "products": "arithmetic.products",
    "simple_equations": "algebra.simple_equations",
    "simple_geometry": "geometry.simple_geometry",
    "spell_backward": "algorithmic.spell_backward",
    "syllogism": "logic.syllogisms",
}

_lock = threading.Lock()


def gym_release() -> str:
    """The version of reasoning-gym.

    Raises:
        BadInput: If it is not installed.
    """
    _check_installed()
    return version("reasoning-gym")


def gym_task(name: str, **settings: Any) -> Any:
    """A task's problems: items by their index, and `score_answer(answer, item)`.

    Args:
        settings: `size`, `seed`, and the task's own.

    Raises:
        BadInput: If reasoning-gym is not installed, or in another form than is known here, or the task is none of
            `MODULES`.

    >>> data = gym_task("gcd", size=1, seed=1)
    >>> data.score_answer(data[0]["answer"], data[0])
    1.0
    """
    _check_known(name)
    with _lock:
        own = _modules()
        with _in_place(own):  # some import the package's data when they are made
            return own[f"{_PACKAGE}.factory"].create_dataset(name, **settings)


def gym_curriculum(name: str) -> Any:
    """The package's own levels of a task, as its `BaseCurriculum` has them.

    Raises:
        BadInput: As `gym_task`.
    """
    _check_known(name)
    with _lock:
        own = _modules()
        with _in_place(own):
            return own[f"{_PACKAGE}.factory"].create_curriculum(name)


def _check_known(name: str) -> None:
    if name not in MODULES:
        raise BadInput(f"reasoning-gym's task {name!r} is not loaded here. There are {', '.join(MODULES)}.")


def _check_installed() -> None:
    if importlib.util.find_spec(_PACKAGE) is None:
        raise BadInput(
            "reasoning-gym's problems need its package, which is not installed here: "
            "pip install --no-deps -r requirements-embedded.txt"
        )


@functools.cache
def _modules() -> dict[str, ModuleType]:
    """Modules of the package by their names: all of `MODULES`, and what these import of it."""
    _check_installed()
    others = _taken_out()
    try:
        _put_bare_packages()
        for name in (*MODULES.values(), "data"):
            importlib.import_module(f"{_PACKAGE}.{name}")
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The tasks of reasoning-gym {version('reasoning-gym')} cannot be loaded: {error}.") from error
    finally:
        own = _taken_out()
        sys.modules.update(others)
    return own


def _taken_out() -> dict[str, ModuleType]:
    """What is imported of the package, which is then imported no more."""
    names = [name for name in list(sys.modules) if name.partition(".")[0] == _PACKAGE]
    return {name: sys.modules.pop(name) for name in names}


def _put_bare_packages() -> None:
    """Import the package and those that the tasks are in, with their places and without what they import."""
    folders = dict.fromkeys(module.partition(".")[0] for module in MODULES.values())
    for name in (_PACKAGE, *(f"{_PACKAGE}.{folder}" for folder in folders)):
        spec = importlib.util.find_spec(name)  # in the one above, which is bare by now
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}")
        sys.modules[name] = importlib.util.module_from_spec(spec)


@contextmanager
def _in_place(own: Mapping[str, ModuleType]) -> Iterator[None]:
    """Our modules in the place of others with their names."""
    others = {name: sys.modules[name] for name in own if name in sys.modules}
    sys.modules.update(own)
    try:
        yield
    finally:
        for name in own:
            sys.modules.pop(name, None)
        sys.modules.update(others)
