"""The events of a run that goes on in, the rough tint of its thinking out: piece by piece, from the streamed logprobs.

They are those of the sampling distribution, after temperature, top-k and top-p, and several tokens share a piece: what
is sure looks surer than it is. A scoring pass gives the true probabilities when the run has ended (model/scoring.py).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from math import exp

from model.events import Event, ThinkingDelta
from model.runs import Runs
from ui.watching import watch_events

_UPDATE_SECONDS = 0.4


def utf16_units(text: str) -> int:
    """How long a browser finds a text.

    >>> utf16_units("a🙂")
    3
    """
    return len(text.encode("utf-16-le")) // 2


def pieces_of(events: Iterable[Event]) -> str:
    """Each piece of thinking: its UTF-16 units and the permille of its least likely token, -1 where none was drawn.

    >>> pieces_of([ThinkingDelta("2 and 2", 3, (-0.1, -0.7, -0.01)), ThinkingDelta(" is", 1, by_user=True)])
    '7,497;3,-1;'
    """
    rows = []
    for event in events:
        if isinstance(event, ThinkingDelta) and event.text:
            is_drawn = bool(event.logprobs) and not (event.forced or event.by_user)
            permille = round(1000 * exp(min(event.logprobs))) if is_drawn else -1
            rows.append(f"{utf16_units(event.text)},{permille};")
    return "".join(rows)


async def watch_pieces(runs: Runs, run_id: str) -> AsyncGenerator[str, None]:
    """All pieces so far, again and again until the run has ended.

    Raises:
        RunNotFound: If no run has this id.
    """
    pieces = ""
    async with aclosing(watch_events(runs, run_id)) as arriving:
        async for timed in arriving:
            pieces += pieces_of(event for _, event in timed)
            yield pieces
            await asyncio.sleep(_UPDATE_SECONDS)
