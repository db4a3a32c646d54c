"""A JSON Lines file in, its objects out; long texts of some columns stay in the file until they are asked for.

The private tests of LiveCodeBench are gigabytes, and each is needed only when a program is judged by it.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import BadInput

# A place in a file takes some hundred bytes of its own.
_SHORT_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class LeftInFile:
    """A text that was left where it stands: a column of the line at an offset.

    Args:
        length: Of the line, in bytes.
        sha256: Of the line.
    """

    path: Path
    offset: int
    length: int
    sha256: bytes
    column: str

    def read(self) -> str:
        """The text.

        Raises:
            BadInput: If the file cannot be read, or was changed since.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                line = file.read(self.length)
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror}.") from error
        if hashlib.sha256(line).digest() != self.sha256:
            raise BadInput(f"{self.path.name} has changed since its rows were read.")
        return str(json.loads(line)[self.column])


def whole_text(value: Any) -> Any:
    """A value as it stands in its row."""
    return value.read() if isinstance(value, LeftInFile) else value


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its object, and where it stands."""

    row: dict[str, Any]
    path: Path
    offset: int
    told: bytes

    def without(self, columns: Collection[str]) -> dict[str, Any]:
        """The object, with long texts of these columns left in the file."""
        kept = dict(self.row)
        for column in columns:
            if isinstance(text := kept.get(column), str) and len(text) > _SHORT_CHARACTERS:
                sha256 = hashlib.sha256(self.told).digest()
                kept[column] = LeftInFile(self.path, self.offset, len(self.told), sha256, column)
        return kept


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a JSON Lines file that are not empty, one after the other.

    Raises:
        BadInput: If it cannot be read, a line is no JSON object, or there is none.
    """
    offset = number = n_rows = 0
    try:
        with path.open("rb") as lines:
            for number, told in enumerate(lines, 1):
                if told.strip():
                    row = json.loads(told.decode("utf-8"))
                    if not isinstance(row, dict):
                        raise BadInput(f"{path.name}, line {number} is no JSON object.")
                    n_rows += 1
                    yield Line(row, path, offset, told)
                offset += len(told)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadInput(f"{path.name}, line {number} is no JSON in UTF-8: {error}.") from error
    if not n_rows:
        raise BadInput(f"{path.name} is empty.")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file, whole; raises as `read_lines`."""
    return [line.row for line in read_lines(path)]
