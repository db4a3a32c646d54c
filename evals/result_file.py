"""A benchmark's protocol and its samples in, one JSON Lines file out that grows as they come; read back whole.

The first line is the head: benchmark, profile, model, protocol, versions. Then come, in any order, a line for each
sample (what was written; one that had failed may come again), one for each judgement of it (the last one behind it
holds), and one for each session (when the run began and ended). A killed run leaves at most half a line at the end:
readers pass over it, a resumed run cuts it off.
"""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Any, Literal

from model.errors import BadInput

VERSION = 1
NO_HEAD = "{} is empty, or was broken off in its first line."
# Whoever looks whether a file is being written has it for a moment, which is no reason to refuse a writer.
_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 5, 0.04
# "cut" is of the file beside it (`evals.curve_file`).
LineType = Literal["head", "sample", "judgement", "session", "cut"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model wrote for a problem, the `number`-th time (from 0).

    Token counts are those of the whole sample; seconds by the clock, `started` in Unix seconds. `trace` is what the
    judge needs besides, where calls were run (`evals.benchmarks.benchmark.Acting`).
    """

    problem: str
    number: int
    thinking: str
    answer: str
    finish_reason: str
    calls: tuple[tuple[str, str], ...] = ()
    prompt_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    started: float = 0.0
    seconds: float = 0.0
    first_token_seconds: float = 0.0
    error: str = ""
    trace: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """Names it in its file."""
        return self.problem, self.number

    @property
    def is_closed(self) -> bool:
        """Whether the thinking came to an end, so that there can be an answer."""
        return bool(self.answer or self.calls)


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement of a sample.

    Args:
        class_of: The number of the problem's first sample with the same final answer; -1 where none was found.
        qwq_outcome: Under QwQ's own rule: the whole text where the thinking never closed, else as `outcome`.
    """

    problem: str
    number: int
    outcome: str
    reason: str
    answer: str = ""
    class_of: int = -1
    qwq_outcome: str = ""
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """Names the sample in its file."""
        return self.problem, self.number


@dataclass(slots=True)
class Result:
    """A file as it stands. `problems` are the ids in their order, which is part of the head."""

    path: Path
    head: dict[str, Any]
    samples: dict[tuple[str, int], Sample] = field(default_factory=dict)
    judgements: dict[tuple[str, int], Judged] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Ids of all problems that are asked, done or not."""
        return list(self.head["problems"])

    @property
    def n_samples(self) -> int:
        """So many for each problem."""
        return int(self.head["samples"])

    @property
    def is_done(self) -> bool:
        """Whether every sample is there and judged."""
        return len(self.judgements) == len(self.problems) * self.n_samples

    def keys_left(self) -> list[tuple[str, int]]:
        """What is to be asked, the samples of a problem behind one another; those that failed once more."""
        keys = [(problem, number) for problem in self.problems for number in range(self.n_samples)]
        return [key for key in keys if key not in self.samples or self.samples[key].error]


def read_result(path: Path) -> Result:
    """A file as it stands; half a line at its end is passed over.

    Raises:
        BadInput: If it cannot be read, or is no such file.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    result: Result | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
        except ValueError as error:
            if number == len(lines):  # a run was killed while it wrote
                break
            told = f"{path.name}, line {number} is no JSON object, so the file is damaged."
            raise BadInput(f"{told} What stands in the other lines can be read once this one is taken out.") from error
        if result is None:
            result = begun(path, read)
        else:
            add_line(result, read)
    if result is None:
        raise BadInput(NO_HEAD.format(path.name))
    return result


def begun(path: Path, head: Any) -> Result:
    """A result of which the first line is known.

    Raises:
        BadInput: If that is no head.
    """
    is_head = isinstance(head, dict) and head.get("type") == "head" and head.get("version") == VERSION
    if not is_head or not isinstance(head.get("problems"), list) or not isinstance(head.get("samples"), int):
        raise BadInput(f"{path.name} is no result of a benchmark in the form of version {VERSION}.")
    return Result(path, head)


def add_line(result: Result, line: Any) -> Sample | Judged | None:
    """Take in a line behind the head; what it says of a sample, if it is about one.

    Raises:
        BadInput: If it is of another form.
    """
    try:
        return _taken(result, line)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = json.dumps(line, ensure_ascii=False)[:60]
        raise BadInput(
            f"{result.path.name} holds a line that is none of a result in the form of version {VERSION}: {said}"
        ) from error


def _taken(result: Result, line: dict[str, Any]) -> Sample | Judged | None:
    kind = line.pop("type", "")
    if kind == "sample":
        sample = sample_of(line)
        result.samples[sample.key] = sample
        result.judgements.pop(sample.key, None)  # of one that had failed and was asked again
        return sample
    if kind == "judgement":
        judged = Judged(**line)
        result.judgements[judged.key] = judged
        return judged
    if kind == "session":
        result.sessions.append(line)
    return None


def sample_of(line: dict[str, Any]) -> Sample:
    """The sample of a line, without the line's type."""
    calls = tuple((name, arguments) for name, arguments in line.get("calls", ()))
    return Sample(**(line | {"calls": calls}))


class ResultWriter:
    """Appends to a file; what was written is on disk when a method returns. One writer a file, from one thread.

    Raises:
        BadInput: If another process, or another writer of this one, has the file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        if not _locked(self._file, _LOCK_TRIES):
            self._file.close()
            raise BadInput(f"Another process is writing {path} now.")
        held = path.read_bytes()
        # Up to here the file is whole lines; half a one is what a killed run leaves.
        self._length = held.rfind(b"\n") + 1
        if self._length < len(held):
            self._file.truncate(self._length)

    def write(self, kind: LineType, line: Any) -> None:
        """Append a head (a dict), a `Sample`, a `Judged`, a session (a dict) or a `CutAnswer`."""
        self.write_all([(kind, line)])

    def write_all(self, lines: Sequence[tuple[LineType, Any]]) -> None:
        """Append several at once, which costs the disk no more than one; all of them or none.

        Raises:
            OSError: If the disk does not take them.
        """
        objects = ({"type": kind} | (line if isinstance(line, dict) else asdict(line)) for kind, line in lines)
        text = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in objects)
        try:
            left = text
            while left:
                left = left[self._file.write(left) or 0 :]
            os.fsync(self._file.fileno())
        except OSError:
            # Whoever writes on behind half a line would spoil both.
            self._file.truncate(self._length)
            raise
        self._length += len(text)

    def close(self) -> None:
        """End."""
        self._file.close()


def is_being_written(path: Path) -> bool:
    """Whether a `ResultWriter` has the file, of this process or of another one; False where there is no file."""
    try:
        with path.open("rb", buffering=0) as file:
            return not _locked(file, tries=1, shares=True)
    except OSError:
        return False


def _locked(file: RawIOBase, tries: int, shares: bool = False) -> bool:
    """Whether the file is ours until it is closed, or this process ends, however it does.

    Args:
        shares: Only keep writers off, for the moment of a look.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    for left in reversed(range(tries)):
        try:
            # Not lockf: that lock ends as soon as the same process has read the file and closed it.
            fcntl.flock(file, (fcntl.LOCK_SH if shares else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if left:
                time.sleep(_LOCK_PAUSE_SECONDS)
    return False


def paths_in(folder: Path) -> list[Path]:
    """The files of a folder that may be results, the one that was begun last first."""
    found = []
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            found.append((begun_at(path), path))
    return [path for _, path in sorted(found, reverse=True)]


def begun_at(path: Path) -> float:
    """When a result was begun, in Unix seconds; when the file was last written to where it does not say that.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    stat = path.stat()
    return _head_began(path, stat.st_ino) or stat.st_mtime


@functools.lru_cache(maxsize=10_000)
def _head_began(path: Path, inode: int) -> float:
    """What the head says; it is never written anew. 0 where it says nothing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError), path.open("rb") as file:
        return float(json.loads(file.readline())["began"])
    return 0.0


def results_in(folder: Path) -> Iterator[Result]:
    """The results of a folder, the one that was begun last first; what is none is passed over."""
    for path in paths_in(folder):
        try:
            yield read_result(path)
        except BadInput:
            continue
