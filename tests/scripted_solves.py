"""A folder and a judge in, what solves problems with a scripted engine out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge
from verify.solving import Solves

MakeSolves = Callable[..., tuple[Solves, Runs]]


@contextmanager
def solves_maker(folder: Path, judge: MathJudge, code_judge: CodeJudge | None = None) -> Iterator[MakeSolves]:
    """Makes `Solves` and `Runs` over the turns that it is given; closes all at the end."""
    made: list[Runs] = []

    def make(*turns: Turn, tokens_per_second: float = 4000, **fields: object) -> tuple[Solves, Runs]:
        settings = Settings(folder, **fields)  # type: ignore[arg-type]
        engine = ScriptedEngine(list(turns), tokens_per_second=tokens_per_second, slots=16)
        runs = Runs(Store(folder), ModelHost(settings, engine=engine), settings)
        made.append(runs)
        return Solves(runs, judge, code_judge), runs

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


def boxed(answer: str, times: int = 0, steps: int = 1) -> Turn:
    """A turn that boxes the answer after so many steps."""
    return Turn("One step, number {n}.\n\n", f"It is $\\boxed{{{answer}}}$.", repeat=steps, times=times)
