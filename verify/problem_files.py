"""A CSV or JSON Lines file of problems in, checked problems out; and rows back into either form."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from model.errors import BadInput
from verify.math_answer import MAX_GOLD_CHARACTERS

TableForm = Literal["csv", "json_lines"]

MOST_PROBLEMS = 2_000
# On a shared server, where others wait meanwhile.
MOST_PROBLEMS_HOSTED = 50
MAX_FILE_BYTES = 8_000_000
MAX_PROBLEM_CHARACTERS = 20_000
# Columns of the usual data sets, in the order in which they are looked for.
_PROBLEM_NAMES = ("problem", "question", "prompt")
_GOLD_NAMES = ("gold", "answer", "expected_answer", "target")
_ID_NAMES = ("id", "unique_id", "problem_id")


@dataclass(frozen=True, slots=True)
class GivenProblem:
    """One problem of many; `gold` is empty where the answer is not known."""

    id: str
    problem: str
    gold: str = ""


def problems_from_file(name: str, content: bytes) -> list[GivenProblem]:
    r"""The problems of a file: JSON Lines (or a JSON array), or CSV with a head; the content tells which.

    Raises:
        BadInput: If it is too large, holds no problem, too many, or a line that cannot be read; the message names it.

    >>> problems_from_file("few.csv", b"problem,answer\n1+1,2\n")
    [GivenProblem(id='1', problem='1+1', gold='2')]
    """
    if len(content) > MAX_FILE_BYTES:
        raise BadInput(
            f"{name} has {len(content) / 1e6:.1f} MB and the limit is {MAX_FILE_BYTES / 1e6:.0f} MB. Split it."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    if text.lstrip()[:1] in ("{", "["):
        return problems_from_rows(_json_rows(name, text), name)
    return problems_from_rows(_csv_rows(name, text), name)


def problems_from_rows(rows: Iterable[tuple[int, Any]], name: str) -> list[GivenProblem]:
    """Problems from objects, each with the number that a message calls it by.

    Raises:
        BadInput: As `problems_from_file`.
    """
    problems: list[GivenProblem] = []
    for number, row in rows:
        if len(problems) == MOST_PROBLEMS:
            raise BadInput(f"{name} has more than {MOST_PROBLEMS:,} problems, which is the limit. Split it.")
        problems.append(_problem(row, f"{name}, row {number}", str(len(problems) + 1)))
    if not problems:
        raise BadInput(f"{name} holds no problem. Give one a line, with a column or field named problem.")
    return problems


def _problem(row: Any, where: str, number: str) -> GivenProblem:
    if not isinstance(row, Mapping):
        raise BadInput(f"{where}: it is {type(row).__name__} {str(row)[:60]!r}; give an object with a problem.")
    fields = {str(key).strip().casefold(): value for key, value in row.items() if key is not None}
    problem = _text(fields, _PROBLEM_NAMES, where)
    if not problem.strip():
        names = ", ".join(sorted(fields)) or "nothing"
        raise BadInput(f"{where}: there is no problem. It has {names}; one of {', '.join(_PROBLEM_NAMES)} is needed.")
    gold = _text(fields, _GOLD_NAMES, where)
    if "####" in gold:
        # GSM8K's answers are derivations; the answer follows this mark.
        gold = gold.rpartition("####")[2]
    for what, text, limit in (("problem", problem, MAX_PROBLEM_CHARACTERS), ("answer", gold, MAX_GOLD_CHARACTERS)):
        if len(text) > limit:
            raise BadInput(f"{where}: the {what} has {len(text):,} characters and the limit is {limit:,}. Shorten it.")
    return GivenProblem(_text(fields, _ID_NAMES, where).strip() or number, problem.strip(), gold.strip())


def _text(fields: Mapping[str, Any], names: Sequence[str], where: str) -> str:
    value = next((fields[name] for name in names if fields.get(name) is not None), "")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadInput(f"{where}: {value!r} is neither a text nor a number.")
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{where}: it holds half of a surrogate pair, which is no character. Remove it.") from error
    return text


def _json_rows(name: str, text: str) -> Iterable[tuple[int, Any]]:
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(text), 1)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name} begins like a JSON array and is none: {error}. Mend it.") from error
        return
    # Not splitlines: it also splits at characters that may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadInput(f"{name}, line {number}: it is no JSON object ({error}). Mend it.") from error


def _csv_rows(name: str, text: str) -> Iterable[tuple[int, Any]]:
    head = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns = [str(column).strip().casefold() for column in reader.fieldnames or []]
    if not set(columns) & set(_PROBLEM_NAMES):
        found = ", ".join(repr(column) for column in columns[:8]) or "nothing"
        raise BadInput(
            f"The first line of {name} has the columns {found}. Name one of them problem, and one gold if the answers "
            "are known; or give JSON Lines."
        )
    try:
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise BadInput(f"{name}, line {reader.line_num}: it is no CSV ({error}). Mend it.") from error


def check_number(problems: Sequence[GivenProblem], is_hosted: bool) -> None:
    """Refuse more problems than a shared server takes at once.

    Raises:
        BadInput: If there are too many.
    """
    if is_hosted and len(problems) > MOST_PROBLEMS_HOSTED:
        raise BadInput(
            f"There are {len(problems):,} problems and this shared server takes {MOST_PROBLEMS_HOSTED} at once. Send "
            "fewer, or run Workings on your own machine."
        )


def to_table(rows: Sequence[Mapping[str, Any]], form: TableForm) -> str:
    """Rows of equal fields as a file; CSV has a head, and no objects within."""
    if form == "json_lines":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
