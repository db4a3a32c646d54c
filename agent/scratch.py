"""A folder in, the files of a run out: what was uploaded, what its tools wrote; nothing beside it can be reached."""

from pathlib import Path


class Scratch:
    """The files of one run; names are plain, such as "table.csv"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
