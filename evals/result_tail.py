"""A result's file that may be growing in, its samples without their texts out, read on from where it was left.

A page looks at a result every second, and the thinking of a whole benchmark is hundreds of megabytes: only where a
sample's line stands is kept, and read again when somebody opens it.
"""

import json
import threading
from dataclasses import replace
from pathlib import Path

from evals.result_file import NO_HEAD, Result, Sample, add_line, begun, sample_of
from model.errors import BadInput

Key = tuple[str, int]

# In place of an answer, so that a sample still says that it has one.
HAS_ANSWER = "…"


class ResultTail:
    """One file, read as it grows. Any thread may use it.

    Raises:
        BadInput: If the file cannot be read, or is no result.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._offset = 0
        self._result: Result | None = None
        self._lines: dict[Key, int] = {}
        # A key for each line about a sample, in the order of the file: readers say how many they know.
        self._changes: list[Key] = []
        self.read_on()

    @property
    def result(self) -> Result:
        """What is known; samples have no thinking, and `HAS_ANSWER` where there is an answer."""
        assert self._result is not None
        return self._result

    @property
    def n_changes(self) -> int:
        """How many lines about samples there were."""
        return len(self._changes)

    def changed_since(self, n_known: int) -> list[Key]:
        """The samples of which something was written after the first `n_known` lines, each once."""
        return list(dict.fromkeys(self._changes[n_known:]))

    def read_on(self) -> Result:
        """Read whole lines that have come since."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    file.seek(self._offset)
                    for line in file:
                        if not line.endswith(b"\n"):  # half of it is written
                            break
                        self._take(line)
                        self._offset += len(line)
            except OSError as error:
                raise BadInput(f"{self._path.name} cannot be read: {error.strerror}.") from error
            if self._result is None:
                raise BadInput(NO_HEAD.format(self._path.name))
            return self._result

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            read = json.loads(line)
        except ValueError as error:
            raise BadInput(f"{self._path.name} holds a line that is no JSON object.") from error
        if self._result is None:
            self._result = begun(self._path, read)
            return
        taken = add_line(self._result, read)
        if taken is None:
            return
        if isinstance(taken, Sample):
            bare = replace(taken, thinking="", answer=HAS_ANSWER if taken.answer else "")
            self._result.samples[taken.key] = bare
            self._lines[taken.key] = self._offset
        self._changes.append(taken.key)

    def written(self, key: Key) -> Sample:
        """A sample whole, read from the file.

        Raises:
            BadInput: If it was not written yet.
        """
        with self._lock:
            offset = self._lines.get(key)
            if offset is None:
                raise BadInput(f"{self._path.name} has no sample {key[1] + 1} of the problem {key[0]!r}.")
            with self._path.open("rb") as file:
                file.seek(offset)
                read = json.loads(file.readline())
        read.pop("type")
        return sample_of(read)
