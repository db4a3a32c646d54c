"""A run that has ended and a number in, so many runs of the same question, started at once beside it, out.

And what all need that start several runs of one question: room, seeds and temperatures that let them differ, an end.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from model.branching import Branch
from model.errors import AppError, BadInput, RunBusy
from model.events import Asked, Notice, Sampling
from model.families import Family
from model.runs import Runs

FEWEST_SAMPLES, MOST_SAMPLES = 2, 8
# Runs that are all but greedy say the same: several are drawn at this temperature at least, unless another is given.
_LEAST_TEMPERATURE = 0.6


def start_samples(runs: Runs, run_id: str, k: int, *, owner: str = "") -> list[str]:
    """Ask a run's question `k` times at once, with its settings: all of the runs are started, or none.

    A fixed seed would make all of them the same text, so each gets the next seed after the run's own.

    Args:
        k: How many, from 2 to 8.
        owner: Whose list of runs they belong to.

    Returns:
        The ids of the new runs, in the order in which they stand among the branches.

    Raises:
        BadInput: If `k` is out of its range, or the run was drawn greedily, so that each would be the same.
        RunBusy: If the run is still going on.
        RunNotFound: If no run has this id.
        TooManyRuns: If there is no room for all of them under `settings.max_runs`.
    """
    if not FEWEST_SAMPLES <= k <= MOST_SAMPLES:
        raise BadInput(f"{k} samples were asked for; give a number from {FEWEST_SAMPLES} to {MOST_SAMPLES}.")
    if runs.is_live(run_id):
        raise RunBusy(f"The run {run_id!r} is still going on. Stop it, or wait for its end, then ask several times.")
    asked = runs.store.events(run_id, 0, 1)[0]
    assert isinstance(asked, Asked)
    drawn = asked.sampling
    check_drawn(drawn)
    runs.check_room(owner, k)
    samplings = (with_seed_after(drawn, number) for number in range(1, k + 1))
    return all_or_none(runs, (runs.branch(run_id, Branch(), sampling=each, owner=owner) for each in samplings))


def all_or_none(runs: Runs, starting: Iterable[str]) -> list[str]:
    """The ids of runs, each started when it is asked for; when one cannot be, those before it are stopped.

    Raises:
        AppError: Whatever kept one from starting: somebody may have taken the room meanwhile.
    """
    started: list[str] = []
    try:
        for run_id in starting:
            started.append(run_id)  # noqa: PERF402  what was started before an error has to be known
    except AppError:
        stop_all(runs, started)
        raise
    return started


def stop_all(runs: Runs, run_ids: Iterable[str], why: Notice | None = None) -> bool:
    """Stop runs, whatever has become of them; False if none went on.

    Args:
        why: What their events say of it, where it was no user's doing.
    """
    was_live = False
    for run_id in run_ids:
        with suppress(AppError):
            was_live = runs.stop(run_id, why) or was_live
    return was_live


def check_drawn(sampling: Sampling) -> None:
    """Refuse to ask several times what would come out the same each time.

    Raises:
        BadInput: If the sampling is greedy.
    """
    if sampling.temperature == 0 or sampling.top_k == 1:
        raise BadInput(
            "This run was drawn greedily, so every sample would be the same text. Ask with a temperature above 0 (and "
            "top_k not 1) first."
        )


def able_to_differ(sampling: Sampling, family: Family) -> Sampling:
    """The sampling, at a temperature at which a question can get several answers, unless one was asked for."""
    if sampling.temperature is None and (family.sampling.temperature or 0.0) < _LEAST_TEMPERATURE:
        return replace(sampling, temperature=_LEAST_TEMPERATURE)
    return sampling


def drawn_apart(sampling: Sampling, k: int, family: Family) -> Sampling:
    """What so many runs of one question are drawn with.

    Raises:
        BadInput: If they are several and greedy, so that all would be the same.
    """
    if k == 1:
        return sampling
    check_drawn(sampling)
    return able_to_differ(sampling, family)


def with_seed_after(sampling: Sampling, number: int) -> Sampling:
    """The sampling with a seed so many steps further, if it has one."""
    return sampling if sampling.seed is None else replace(sampling, seed=(sampling.seed + number) % 2**63)
