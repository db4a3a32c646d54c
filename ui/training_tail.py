"""A long file of scored completions that may be growing in, its last ones out: read from the end, in blocks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

# What one look reads at most, so that it takes a moment: an outcome that is rare is looked for in several.
MOST_BYTES = 16 * 1024 * 1024
_BLOCK_BYTES = 256 * 1024

Sample = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tail:
    """Completions, each with the place of its line, the last one first; and where a further look begins.

    `before` is None where the file was read to its beginning.
    """

    samples: tuple[tuple[int, Sample], ...]
    before: int | None


def last_samples(path: Path, n_most: int, outcome: str = "", before: int | None = None) -> Tail:
    """The last completions that end before a place.

    Args:
        outcome: Only those; empty for all.
        before: Where an earlier look ended; None for the end of the file.
    """
    found: list[tuple[int, Sample]] = []
    try:
        file = path.open("rb")
    except FileNotFoundError:  # nothing was scored yet
        return Tail((), None)
    with file:
        end = file.seek(0, 2)
        end = end if before is None else min(before, end)
        for place, line in _lines_from_the_end(file, end):
            sample = _sample_in(line)
            if sample is not None and outcome in ("", sample.get("outcome")):
                found.append((place, sample))
            if len(found) >= n_most or end - place >= MOST_BYTES:
                return Tail(tuple(found), place or None)
    return Tail(tuple(found), None)


def sample_at(path: Path, place: int) -> Sample | None:
    """The completion whose line begins there; None where none does."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, place - 1))
            if place > 0 and file.read(1) != b"\n":
                return None
            return _sample_in(file.readline())
    except FileNotFoundError:
        return None


def _lines_from_the_end(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines with their places; what stands behind the last line break is half of one, or nothing."""
    rest, is_whole = b"", False
    while end > 0:
        begin = max(0, end - _BLOCK_BYTES)
        file.seek(begin)
        block = file.read(end - begin) + rest
        rest, *lines = block.split(b"\n")
        place = begin + len(block)
        for line in reversed(lines):
            place -= len(line)
            if is_whole:
                yield place, line
            is_whole = True
            place -= 1
        end = begin
    if is_whole:
        yield 0, rest


def _sample_in(line: bytes) -> Sample | None:
    try:
        read = json.loads(line)
    except ValueError:  # a power cut left half of a line, and the run went on behind it
        return None
    return read if isinstance(read, dict) else None
