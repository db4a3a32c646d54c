"""Sessions, events, uploads and downloads in, whose they are out: what Gradio keeps by names that others may learn."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

Kind = Literal["session", "event", "file", "upload", "mcp"]

# Each owner's oldest are forgotten first; nobody can push out another's.
_MOST_OF_AN_OWNER = 5_000
_MOST_OWNERS_OF_ONE = 50


class Claims:
    """Who has made what; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[tuple[Kind, str], set[str]] = {}
        self._of: defaultdict[str, OrderedDict[tuple[Kind, str], None]] = defaultdict(OrderedDict)

    def claim(self, kind: Kind, name: str, owner: str) -> bool:
        """Let this be the owner's; False if it is another's. A file may be of several: its name is its content."""
        with self._lock:
            owners = self._owners.setdefault((kind, name), set())
            is_taken = bool(owners) and owner not in owners
            if is_taken and (kind != "file" or len(owners) >= _MOST_OWNERS_OF_ONE):
                return False
            owners.add(owner)
            mine = self._of[owner]
            mine[kind, name] = None
            mine.move_to_end((kind, name))
            while len(mine) > _MOST_OF_AN_OWNER:
                self._drop(mine.popitem(last=False)[0], owner)
            return True

    def is_open_to(self, kind: Kind, name: str, owner: str) -> bool:
        """Whether this is the owner's, or (but for files) nobody's yet."""
        with self._lock:
            owners = self._owners.get((kind, name))
            return owner in owners if owners else kind != "file"

    def _drop(self, key: tuple[Kind, str], owner: str) -> None:
        owners = self._owners.get(key, set())
        owners.discard(owner)
        if not owners:
            self._owners.pop(key, None)


def file_paths(value: Any) -> Iterator[str]:
    """The paths of all files that a value of components names, however deep they are.

    >>> list(file_paths([{"path": "/tmp/a.csv", "meta": {"_type": "gradio.FileData"}}, "x"]))
    ['/tmp/a.csv']
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if isinstance(one.get("path"), str) and "meta" in one:
                yield one["path"]
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one


def plain_file(path: str) -> str:
    """A path as claims name it: absolute, without links and dots."""
    try:
        return str(Path(path).resolve())
    except (OSError, ValueError, RuntimeError):
        return path
