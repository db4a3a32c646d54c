"""What a caller asks of sampling in, checked values out, and a family's preset where nothing was asked."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace

from model.errors import BadInput
from model.events import Sampling
from model.settings import MAX_NEW_TOKENS

_RANGES: dict[str, tuple[float, float, str]] = {
    "temperature": (0.0, 2.0, "0 to 2 (0.6 is the preset of most thinking models; 0 is greedy, which makes them loop)"),
    "top_p": (0.01, 1.0, "0.01 to 1"),
    "top_k": (0, 1000, "0 (off) to 1000, a whole number"),
    "max_new_tokens": (1, 4 * MAX_NEW_TOKENS, f"1 to {4 * MAX_NEW_TOKENS:,} tokens, a whole number"),
    "seed": (0, 2**63 - 1, "0 to 2^63 - 1, a whole number"),
}
_WHOLE = ("top_k", "max_new_tokens", "seed")


def check_sampling(sampling: Sampling) -> Sampling:
    """The same sampling with whole numbers as ints.

    Raises:
        BadInput: If a value is of the wrong type or out of its range; the message names the range.

    >>> check_sampling(Sampling(top_k=40.0)).top_k
    40
    """
    checked: dict[str, float | int] = {}
    for name, (low, high, words) in _RANGES.items():
        value = getattr(sampling, name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadInput(f"The sampling value {name} is {value!r}; give a number, {words}.")
        if not low <= value <= high or (name in _WHOLE and value != int(value)):
            raise BadInput(f"The sampling value {name} is {value!r}; it must be {words}.")
        checked[name] = int(value) if name in _WHOLE else float(value)
    return replace(sampling, **checked)  # type: ignore[arg-type]


def sampling_from_mapping(values: Mapping[str, object] | None) -> Sampling:
    """`Sampling` from a JSON object, checked.

    Raises:
        BadInput: If it is no object, has an unknown name, or a value is out of range.

    >>> sampling_from_mapping({"temperature": 0.7}).temperature
    0.7
    """
    if values is None:
        return Sampling()
    names = [field.name for field in fields(Sampling)]
    if not isinstance(values, Mapping):
        raise BadInput(f"sampling is {values!r}; give an object with any of {', '.join(names)}.")
    unknown = sorted(str(name) for name in values if name not in names)
    if unknown:
        raise BadInput(f"sampling has the unknown name {unknown[0]!r}; the names are {', '.join(names)}.")
    return check_sampling(Sampling(**values))  # type: ignore[arg-type]


def with_preset(sampling: Sampling, preset: Sampling) -> Sampling:
    """Each value of `sampling`, or the preset's where it is None.

    >>> with_preset(Sampling(top_k=1), Sampling(0.6, 0.95, 40)).top_k
    1
    """
    given = {field.name: getattr(sampling, field.name) for field in fields(Sampling)}
    return replace(preset, **{name: value for name, value in given.items() if value is not None})
