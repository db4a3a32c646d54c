"""Where a file is to be in, a place to write it out: what is there afterwards is whole, or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(kept: Path) -> Iterator[Path]:
    """A file to write, which becomes `kept` when all of it is there, and is gone when something fails.

    Raises:
        OSError: If it cannot be written.
    """
    part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, kept)
    finally:
        part.unlink(missing_ok=True)
