"""A data set of the Hub or a file in, its problems with their golds out, in levels where it has some."""

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.errors import BadInput
from model.families import Family
from train.problems import Form, Gold, OpenEnded, Problem, TestsGold
from train.traces import Split, Value, is_held_out
from verify.code.entry_point import named_function
from verify.extraction import final_answer

# Their canonical ids: name, configuration, split.
_HUB: Mapping[str, tuple[str, str | None, str]] = {
    "gsm8k": ("openai/gsm8k", "main", "train"),
    "math": ("DigitalLearningGmbH/MATH-lighteval", "default", "train"),
    "mbpp": ("google-research-datasets/mbpp", "full", "train"),
}
_LEVEL = re.compile(r"\ALevel (\d)\Z")


class SetSource:
    """A finite set of problems, of which one is drawn at a time.

    Raises:
        BadInput: If it is empty.
    """

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        if not problems:
            raise BadInput(f"The source {name!r} has no problems.")
        # Counted from 0 whatever the data count from, as a curriculum does.
        places = {level: at for at, level in enumerate(sorted({problem.level for problem in problems}))}
        self._by_level: list[dict[bool, list[Problem]]] = [defaultdict(list) for _ in places]
        for problem in problems:
            placed = replace(problem, level=places[problem.level])
            self._by_level[placed.level][is_held_out(placed.key)].append(placed)

    @property
    def levels(self) -> int:
        """As many as there are in the data."""
        return len(self._by_level)

    def draw(self, choose: random.Random, level: int, split: Split) -> Problem | None:
        """One of the level and the split."""
        found = self._by_level[level][split == "held_out"]
        return choose.choice(found) if found else None


def open_set(name: str, family: Family, folder: Path | None) -> list[Problem]:
    """The problems of `gsm8k`, `math`, `mbpp`, `file:PATH` or `open:PATH`.

    Args:
        folder: Of the files; of a data set in the Hub's place, as NAME.jsonl with the Hub's columns.

    Raises:
        BadInput: If the data cannot be had, or a row has another form.
    """
    from train.mixed import asked

    kind, _, path = name.partition(":")
    read = {"gsm8k": _gsm8k, "math": _math, "mbpp": _mbpp, "file": _given, "open": _open}[kind]
    rows = _lines(_found(path, folder)) if path else _rows(kind, folder)
    problems = []
    for number, row in enumerate(rows, 1):
        try:
            question, form, gold, level = read(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"Row {number} of {name!r} cannot be read: {type(error).__name__}: {error}.") from error
        key = f"{kind}:{hashlib.sha256(''.join(question.split()).encode()).hexdigest()[:16]}"
        problems.append(Problem(name, key, asked(question, form, family), gold, level))
    return problems


_Read = tuple[str, Form, Gold, int]


def _gsm8k(row: Mapping[str, Any]) -> _Read:
    _, mark, gold = row["answer"].rpartition("####")
    if not mark:
        raise ValueError("the answer does not end with '#### ' and a number")
    return row["question"], "box", Value(gold.strip().replace(",", "")), 0


def _math(row: Mapping[str, Any]) -> _Read:
    answer = row.get("answer") or getattr(final_answer(row["solution"]), "text", "")
    if not answer:
        raise ValueError("the solution has no boxed answer")
    level = _LEVEL.match(str(row.get("level", "")))
    return row["problem"], "box", Value(answer), int(level[1]) - 1 if level else 0


def _mbpp(row: Mapping[str, Any]) -> _Read:
    tests = "\n".join([*row.get("test_imports", ()), *row["test_list"]])
    # As its authors ask: the first test shows the function's name.
    question = f"{row.get('text') or row['prompt']}\nYour code should pass this test:\n{row['test_list'][0]}"
    return question, "code", TestsGold(tests), 0


def _given(row: Mapping[str, Any]) -> _Read:
    problem = str(row["problem"])
    if "gold" in row:
        return problem, "box", Value(str(row["gold"])), int(row.get("level", 0))
    tests = row["tests"] if isinstance(row["tests"], str) else json.dumps(row["tests"])
    entry_point = str(row.get("entry_point") or named_function(problem))
    return problem, "code", TestsGold(tests, None, entry_point), int(row.get("level", 0))


def _open(row: Mapping[str, Any]) -> _Read:
    return str(row.get("prompt") or row["problem"]), "text", OpenEnded(), 0


def _found(path: str, folder: Path | None) -> Path:
    for file in (Path(path), *([folder / path] if folder else [])):
        if file.is_file():
            return file
    raise BadInput(f"There is no file {path!r}. Give one JSON object a line, with `problem` and `gold` or `tests`.")


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadInput(f"Line {number} of {file.name!r} is no JSON: {error}.") from error
        if not isinstance(row, dict):
            raise BadInput(f"Line {number} of {file.name!r} is no JSON object.")
        yield row


def _rows(name: str, folder: Path | None) -> Iterator[Mapping[str, Any]]:
    if folder is not None and (file := folder / f"{name}.jsonl").is_file():
        return _lines(file)
    repository, config, split = _HUB[name]
    try:
        import datasets

        return iter(datasets.load_dataset(repository, config, split=split))
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"The data set {repository} cannot be had: {error} Put its rows into {name}.jsonl in a folder, and name "
            "that with --data."
        ) from error
