"""A model's name in, how its family is asked for programs out; a sampling in, one that lets programs differ out."""

from dataclasses import replace

from model.catalog import find_model
from model.errors import AppError
from model.events import Sampling
from model.families import PLAIN, Family
from model.samples import check_drawn

# Attempts that are all but greedy write the same program: several are drawn at this temperature at least, unless
# another is given.
_LEAST_TEMPERATURE = 0.6


def family_of(model: str) -> Family:
    """The family of a model that may be in no catalog."""
    try:
        return find_model(model).family
    except AppError:
        return PLAIN


def able_to_differ(sampling: Sampling, family: Family) -> Sampling:
    """The sampling, at a temperature at which a question can get several answers, unless one was asked for."""
    if sampling.temperature is None and (family.sampling.temperature or 0.0) < _LEAST_TEMPERATURE:
        return replace(sampling, temperature=_LEAST_TEMPERATURE)
    return sampling


def drawn_apart(sampling: Sampling, k: int, family: Family) -> Sampling:
    """What so many attempts at once are drawn with.

    Raises:
        BadInput: If they are several and greedy, so that all would be the same.
    """
    if k == 1:
        return sampling
    check_drawn(sampling)
    return able_to_differ(sampling, family)
