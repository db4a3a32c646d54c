"""What somebody asks to be programmed in, a sentence where it cannot be so out: tasks, tests and programs."""

from dataclasses import replace

from model.code_events import Task, TestForm
from model.errors import BadInput
from model.settings import MAX_MESSAGE_CHARACTERS
from verify.code.test_sets import TestSet, read_tests

MOST_ATTEMPTS = 8
MOST_ROUNDS = 8
DEFAULT_ROUNDS = 3
MAX_TESTS_CHARACTERS = 8_000_000
MAX_PROGRAM_CHARACTERS = 400_000


def read_given(tests: str, form: TestForm | None, entry_point: str, otherwise: str = "") -> TestSet | None:
    """The tests, read; `None` where there are none.

    Args:
        otherwise: The function that is meant where nobody names one and they cannot be read without.

    Raises:
        BadInput: If they are too long or cannot be read.
    """
    if not tests.strip():
        return None
    if len(tests) > MAX_TESTS_CHARACTERS:
        raise BadInput(
            f"The tests have {len(tests):,} characters and the limit is {MAX_TESTS_CHARACTERS:,}. Give fewer of them."
        )
    try:
        return read_tests(tests, form, entry_point.strip())
    except BadInput:
        if entry_point.strip() or not otherwise:
            raise
    return read_tests(tests, form, otherwise)


def check_task(statement: str, entry_point: str, k: int, n_rounds: int) -> None:
    """Refuse a task that is empty or too long, or numbers that are out of range.

    Raises:
        BadInput: If it is.
    """
    if not statement.strip():
        raise BadInput("The task is empty. Say what the program is to do.")
    if len(statement) > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The task has {len(statement):,} characters and the limit is {MAX_MESSAGE_CHARACTERS:,}. Shorten it."
        )
    check_entry_point(entry_point)
    if not 1 <= k <= MOST_ATTEMPTS:
        raise BadInput(f"{k} attempts were asked for; give a number from 1 to {MOST_ATTEMPTS}.")
    if not 1 <= n_rounds <= MOST_ROUNDS:
        raise BadInput(f"{n_rounds} rounds were asked for; give a number from 1 to {MOST_ROUNDS}.")


def check_entry_point(name: str) -> None:
    """Refuse what is no function's name; empty is none.

    Raises:
        BadInput: If it is.
    """
    if name and not all(part.isidentifier() for part in name.split(".")):
        raise BadInput(
            f"The function that is asked for is {name[:80]!r}; give its name alone, such as add or Solution.add."
        )


def check_program(source: str) -> None:
    """Refuse a program that is empty or too long.

    Raises:
        BadInput: If it is.
    """
    if not source.strip():
        raise BadInput("The program is empty. Write one, then run it.")
    if len(source) > MAX_PROGRAM_CHARACTERS:
        raise BadInput(
            f"The program has {len(source):,} characters and the limit is {MAX_PROGRAM_CHARACTERS:,}. Shorten it."
        )


def task_with(
    task: Task,
    tests: str,
    form: TestForm | None,
    hidden_tests: str | None,
    hidden_form: TestForm | None,
    entry_point: str | None,
) -> Task:
    """A task with other tests.

    Args:
        hidden_tests: None keeps those of before; so it does with `entry_point`.

    Raises:
        BadInput: If the tests cannot be read.
    """
    name = (task.entry_point if entry_point is None else entry_point).strip()
    check_entry_point(name)
    given = read_given(tests, form, name)
    changed = replace(task, tests=tests if given else "", form=given.form if given else "", entry_point=name)
    if hidden_tests is None:
        return changed
    hidden = read_given(hidden_tests, hidden_form, name)
    return replace(changed, hidden_tests=hidden_tests if hidden else "", hidden_form=hidden.form if hidden else "")
