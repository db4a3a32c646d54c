"""A contender and the room that it has in, its lines for every batch and length of prompt that fit out."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evals.speed.arrivals import Cell, Contender, ask_at_once

BATCHES = (1, 2, 4, 8, 16, 32)
LENGTHS = (128, 2048, 8192, 32_768)
# Of the time that one line may take: once it is over, no further try begins.
_TRIES_SHARE = 0.2
Shape = tuple[int, int]  # requests at once, tokens of each prompt


@dataclass(frozen=True, slots=True)
class Room:
    """What a grid may take.

    Args:
        request_tokens: Prompt and new tokens of one request; 0 where nobody knows.
        cache_tokens: Those of all requests together.
        cell_seconds: A line that would take longer, by those before it, is left out.
        step_tokens: Prompt tokens that are read in one step, while the others go on writing.
        tries: A line that is over soon is measured so often, and the fastest kept, as other load only slows.
    """

    request_tokens: int = 0
    cache_tokens: int = 0
    cell_seconds: float = 60.0
    step_tokens: int = 2048
    tries: int = 1


def whole_grid(batches: Iterable[int] = BATCHES, lengths: Iterable[int] = LENGTHS) -> list[Shape]:
    """Every batch with every length; small ones first, as they tell how long the large ones will take."""
    return [(batch, length) for length in sorted(lengths) for batch in sorted(batches)]


def quick_grid(batches: Sequence[int] = BATCHES, lengths: Sequence[int] = LENGTHS) -> list[Shape]:
    """Every batch with the shortest prompts, and every length alone.

    >>> quick_grid((1, 8), (128, 2048))
    [(1, 128), (8, 128), (1, 2048)]
    """
    shortest = min(lengths)
    return [(batch, shortest) for batch in sorted(batches)] + [(1, length) for length in sorted(lengths)[1:]]


def measure_grid(
    contender: Contender,
    fresh_text: Callable[[int], str],
    shapes: Iterable[Shape],
    new_tokens: int,
    room: Room,
    on_cell: Callable[[Cell], None],
) -> list[Cell]:
    """Measure line by line.

    Args:
        fresh_text: A number of tokens to a text of about so many that was never asked before.
        new_tokens: Those that each request writes while all of them write.
        on_cell: Told each line as it is there, left out ones too.

    Raises:
        AppError: If the contender fails.
    """
    cells: list[Cell] = []
    for batch, length in shapes:
        # While the last prompt is read the first request writes on, a token a step.
        tokens = new_tokens + math.ceil((batch - 1) * length / room.step_tokens)
        reason = _why_not(room, batch, length, tokens) or _too_slow(room, cells, batch, length, tokens)
        if reason:
            cells.append(Cell(contender.name, batch, length, skipped=reason))
        else:
            cells.append(_best_of_several(contender, fresh_text, (batch, length), tokens, room))
        on_cell(cells[-1])
    return cells


def _best_of_several(
    contender: Contender, fresh_text: Callable[[int], str], shape: Shape, new_tokens: int, room: Room
) -> Cell:
    batch, length = shape
    tried: list[Cell] = []
    deadline = time.monotonic() + room.cell_seconds * _TRIES_SHARE
    while not tried or (len(tried) < room.tries and time.monotonic() < deadline):
        texts = [fresh_text(length) for _ in range(batch)]
        tried.append(ask_at_once(contender, texts, new_tokens, length))
    return max(tried, key=lambda cell: cell.decode_tokens_per_second or cell.tokens_per_second or 0.0)


def _why_not(room: Room, batch: int, length: int, new_tokens: int) -> str:
    spare = 32  # read again, a text can be some tokens more
    if room.request_tokens and length + new_tokens + spare > room.request_tokens:
        return f"more than the context of {room.request_tokens:,} tokens"
    if room.cache_tokens and batch * (length + new_tokens + spare) > room.cache_tokens:
        return f"more than the {room.cache_tokens:,} tokens that the memory holds"
    return ""


def _too_slow(room: Room, cells: Iterable[Cell], batch: int, length: int, new_tokens: int) -> str:
    """The reading by the best pace of those before, the writing by that of the largest batch that is no larger."""
    reading = [cell.batch * cell.prompt_tokens / cell.last_first_token_seconds for cell in cells
               if cell.last_first_token_seconds]  # fmt: skip
    writing = [cell for cell in cells if cell.tokens_per_second and cell.batch <= batch]
    if not reading or not writing:
        return ""
    rate = max(cell.decode_tokens_per_second or cell.tokens_per_second or 1.0 for cell in writing)
    seconds = batch * length / max(reading) + batch * new_tokens / rate
    return f"would take about {seconds:,.0f} s" if seconds > room.cell_seconds else ""
