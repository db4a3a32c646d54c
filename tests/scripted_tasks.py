"""A folder and a judge in, what attempts tasks with a scripted engine out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from model.engine import Request
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from verify.code.attempts import Attempts
from verify.code.judge import CodeJudge
from verify.code.task import CodedTask, read_task

MakeAttempts = Callable[..., tuple[Attempts, Runs]]

FEEDBACK = "^(Your program|There is no program)"
ASKS_FOR_TESTS = "Do not write the program"


@contextmanager
def attempts_maker(folder: Path, judge: CodeJudge) -> Iterator[MakeAttempts]:
    """Makes `Attempts` and `Runs` over the turns that it is given; closes all at the end."""
    made: list[Runs] = []

    def make(*turns: Turn, tokens_per_second: float = 4000, **fields: object) -> tuple[Attempts, Runs]:
        settings = Settings(folder, **fields)  # type: ignore[arg-type]
        engine = ScriptedEngine(list(turns), tokens_per_second=tokens_per_second, slots=16)
        runs = Runs(Store(folder), ModelHost(settings, engine=engine), settings)
        made.append(runs)
        return Attempts(runs, judge), runs

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


def writes(program: str, match: str = "", times: int = 0, steps: int = 1) -> Turn:
    """A turn that writes a program after so many steps."""
    return Turn("One step, number {n}.\n\n", f"Here it is:\n\n```python\n{program}\n```", match, steps, times=times)


def at_its_end(attempts: Attempts, runs: Runs, run_id: str, seconds: float = 120.0) -> CodedTask:
    """The task once nothing more is to come; a reader keeps each run going, as a page does."""
    readers = {}
    deadline = time.monotonic() + seconds
    while not (coded := read_task(runs, run_id)).is_settled and time.monotonic() < deadline:
        for each in coded.rounds:
            if each.run_id not in readers:
                readers[each.run_id] = runs.attach(each.run_id)
        threading.Event().wait(0.02)
    for reader in readers.values():
        reader.close()
    assert coded.is_settled, coded
    return coded


def prompts_of(runs: Runs, coded: CodedTask) -> list[tuple[str, str]]:
    """What each run of a task was asked, as its model reads it: the purpose and all turns together."""
    from model.runs import messages_of

    found: list[tuple[str, str]] = []
    for each in coded.rounds:
        asked = runs.store.events(each.run_id, 0, 1)[0]
        request = Request(messages_of(asked))  # type: ignore[arg-type]
        found.append((each.purpose, "\n".join(message.content + message.thinking for message in request.messages)))
    return found
