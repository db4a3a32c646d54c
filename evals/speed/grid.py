"""Contenders and the room that they have in, their lines for every batch and length of prompt that fit out."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evals.speed.arrivals import Cell, Contender, ask_at_once, middle_of

BATCHES = (1, 2, 4, 8, 16, 32)
LENGTHS = (128, 2048, 8192, 32_768)
Shape = tuple[int, int]  # requests at once, tokens of each prompt


@dataclass(frozen=True, slots=True)
class Room:
    """What a contender may take.

    Args:
        request_tokens: Prompt and new tokens of one request; 0 where nobody knows.
        cache_tokens: Those of all requests together.
        cell_seconds: A line that would take longer, by those before it, is left out; its tries take so long in all.
        step_tokens: Prompt tokens that are read in one step, while the others go on writing.
    """

    request_tokens: int = 0
    cache_tokens: int = 0
    cell_seconds: float = 60.0
    step_tokens: int = 2048


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender with its room."""

    contender: Contender
    room: Room


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of all.

    Args:
        shapes: Small ones first, as they tell how long the large ones will take.
        new_tokens: Those that each request writes while all of them write.
        rounds: How often, at most.
        fresh_text: A number of tokens to a text of about so many that was never asked before.
        is_over: Asked before every round but the first.
    """

    shapes: Sequence[Shape]
    new_tokens: int
    rounds: int
    fresh_text: Callable[[int], str]
    is_over: Callable[[], bool] = field(default=lambda: False)


@dataclass
class _Line:
    tried: list[Cell] = field(default_factory=list)
    seconds: float = 0.0


def whole_grid(batches: Iterable[int] = BATCHES, lengths: Iterable[int] = LENGTHS) -> list[Shape]:
    """Every batch with every length; small ones first."""
    return [(batch, length) for length in sorted(lengths) for batch in sorted(batches)]


def quick_grid(batches: Sequence[int] = BATCHES, lengths: Sequence[int] = LENGTHS) -> list[Shape]:
    """Every batch with the shortest prompts, and every length alone.

    >>> quick_grid((1, 8), (128, 2048))
    [(1, 128), (8, 128), (1, 2048)]
    """
    shortest = min(lengths)
    return [(batch, shortest) for batch in sorted(batches)] + [(1, length) for length in sorted(lengths)[1:]]


def measure_grid(
    entrants: Sequence[Entrant],
    task: Task,
    on_cell: Callable[[Cell], None],
    on_failure: Callable[[str, Exception], None],
) -> None:
    """Round by round, each time all lines, and in each line one contender after the other: whatever else the machine
    does, it does to all of them, and to no line alone.

    Args:
        on_cell: Told each line after each of its tries, with what came of all of them; once when it is left out.
        on_failure: Told the name of a contender that failed, and why; the others go on without it.
    """
    lines: dict[tuple[str, Shape], _Line] = {}
    racing = list(entrants)
    for number in range(task.rounds):
        if number and task.is_over():
            break
        for shape in task.shapes:
            for entrant in list(racing):
                line = lines.setdefault((entrant.contender.name, shape), _Line())
                try:
                    tried = _tried(entrant, shape, task, line, lines)
                except Exception as error:  # noqa: BLE001  whatever it was: one that breaks must not lose the others' figures
                    racing.remove(entrant)
                    on_failure(entrant.contender.name, error)
                    continue
                if tried:
                    on_cell(middle_of(line.tried))


def _tried(entrant: Entrant, shape: Shape, task: Task, line: _Line, lines: dict[tuple[str, Shape], _Line]) -> bool:
    """Measure a line once more, or find why not; False when it has had its tries."""
    batch, length = shape
    room, contender = entrant.room, entrant.contender
    # While the last prompt is read the first request writes on, a token a step.
    new_tokens = task.new_tokens + math.ceil((batch - 1) * length / room.step_tokens)
    if not line.tried:
        known = [middle_of(one.tried) for (name, _), one in lines.items() if name == contender.name and one.tried]
        reason = _why_not(room, batch, length, new_tokens) or _too_slow(room, known, batch, length, new_tokens)
        if reason:
            line.tried.append(Cell(contender.name, batch, length, skipped=reason))
            return True
    elif line.tried[-1].skipped or line.seconds * (1 + 1 / len(line.tried)) > room.cell_seconds:
        return False
    texts = [task.fresh_text(length) for _ in range(batch)]
    began = time.monotonic()
    line.tried.append(ask_at_once(contender, texts, new_tokens, length))
    line.seconds += time.monotonic() - began
    return True


def _why_not(room: Room, batch: int, length: int, new_tokens: int) -> str:
    spare = 32  # read again, a text can be some tokens more
    if room.request_tokens and length + new_tokens + spare > room.request_tokens:
        return f"with {new_tokens} new tokens more than the context of {room.request_tokens:,}"
    if room.cache_tokens and batch * (length + new_tokens + spare) > room.cache_tokens:
        return f"more than the {room.cache_tokens:,} tokens that the memory holds"
    return ""


def _too_slow(room: Room, cells: Iterable[Cell], batch: int, length: int, new_tokens: int) -> str:
    """The reading by the best pace of those before, the writing by that of the largest batch that is no larger."""
    reading = [cell.batch * cell.prompt_tokens / cell.last_first_token_seconds for cell in cells
               if cell.last_first_token_seconds]  # fmt: skip
    writing = [cell.rate for cell in cells if cell.rate and cell.batch <= batch]
    if not reading or not writing:
        return ""
    seconds = batch * length / max(reading) + batch * new_tokens / max(writing)
    return f"would take about {seconds:,.0f} s" if seconds > room.cell_seconds else ""
