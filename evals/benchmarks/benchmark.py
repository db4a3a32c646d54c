"""What every benchmark is: problems to ask a model, and a judge of what it wrote. One file each beside this one."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from model.engine import Engine, Request, Steering
from model.events import Event, Message
from verify.child import MEMORY_BYTES
from verify.child_process import ChildProcess
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

Outcome = Literal["correct", "wrong", "undecided"]
ProfileName = Literal["quick", "published"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Args:
        id: The same in every copy of the data; results of two models are paired by it.
        messages: What the model is asked, the prompt of the benchmark's published protocol around it.
        gold: What the judge needs: an answer, tests, calls; JSON, in which long texts may be left in their file.
        title: A line for lists.
        tools: JSON schemas of functions that it may call.
        reference: The gold as people read it, or a right answer; empty where the gold is one.
    """

    id: str
    messages: tuple[Message, ...]
    gold: Any
    title: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote for a problem, as a judge is given it.

    Args:
        answer: What stands behind the thinking; empty where the thinking never closed.
        thinking: Never judged, except under QwQ's own rule (`Judgement` of `answer=thinking` where it never closed).
        calls: Names and arguments (JSON text) of the tools called.
        is_strict: Whether only an answer in the form that the prompt asks for counts (a box), as in the `published`
            profile; else also one that the words leave no doubt of.
        trace: What came of the calls, where the benchmark has them run (`Acting.trace`).
    """

    answer: str
    thinking: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    is_strict: bool = False
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether what was written is right; `answer` is the final answer as it was found, for voting."""

    outcome: Outcome
    reason: str
    answer: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Acting(Protocol):
    """Writes one sample in several turns, between which something is done: calls are run."""

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """As an engine's (`model.engine`); called once."""
        ...

    def trace(self) -> Mapping[str, Any]:
        """What the judge needs besides what was written, when the stream is over; JSON."""
        ...


@dataclass(slots=True)
class Judges:
    """The verifiers, started when they are first needed. Any thread may use them.

    Whoever makes them closes `math` and `code`, and these for what only one benchmark needs.
    """

    math: MathJudge
    code: CodeJudge
    _children: dict[str, ChildProcess] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, module: str, asked: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer of a child process that runs a module of ours (`verify.child_process`); one question at a time.

        Returns:
            None if it took longer than so many seconds of the processor, or died.
        """
        with self._lock:
            child = self._children.setdefault(module, ChildProcess(module, MEMORY_BYTES))
            return child.ask(asked, seconds)

    def close(self) -> None:
        """End the child processes that `ask` has started."""
        with self._lock:
            for child in self._children.values():
                child.kill()
            self._children.clear()


@dataclass(frozen=True, slots=True)
class HubData:
    """A data set of the Hub: its id, configuration and split, or the names of its files."""

    repository: str
    config: str | None = None
    split: str = "test"
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark.

    Args:
        name: As the command line and the page have it.
        about: One sentence.
        hub: Where the whole of it lies; None where problems are made (reasoning-gym) or ship with the app.
        file: Its file's name in a folder of data, one JSON object a line; a pattern where it may be several.
        sample: Its shipped sample under evals/data/; None where the licence forbids that.
        remark: What makes the score of these problems another than the benchmark's own, for the end of a list; "" if
            nothing does.
        left_in_file: Columns whose long texts stay in their file until a judge asks for them (`row_files.LeftInFile`).
        rows_in: Reads the rows of a folder in which they are several files; then `sample` is a folder too, and the
            first of the Hub's files lies where the others are below.
        is_sample_whole: Whether that is all of the benchmark, so that nothing need be fetched.
        sample_about: What it is, where it is no part of the benchmark's own data.
        samples: So many for each problem in the published protocol.
        judged_by: One sentence.
        problems_of: Rows of the data to problems; BadInput says which row has what wrong.
        judge: Never raises for what a model wrote.
        same: Whether two final answers say the same, for voting; None where there is no voting (code, calls).
        rows_made: Makes the rows where they are no data but made by a program (reasoning-gym); BadInput if it cannot.
        acting: Who writes a sample where one turn of the engine is not enough; None where it is.
    """

    name: str
    title: str
    about: str
    source: str
    licence: str
    judged_by: str
    problems_of: Callable[[Sequence[Mapping[str, Any]]], list[Problem]]
    judge: Callable[[Judges, Problem, Written], Judgement]
    samples: int = 1
    hub: HubData | None = None
    file: str = ""
    sample: Path | None = None
    is_sample_whole: bool = False
    sample_about: str = ""
    same: Callable[[Judges, str, str], bool] | None = None
    rows_made: Callable[[], Sequence[Mapping[str, Any]]] | None = None
    left_in_file: tuple[str, ...] = ()
    rows_in: Callable[[Path], Sequence[Mapping[str, Any]]] | None = None
    acting: Callable[[Engine, Judges, Problem], Acting] | None = None
    remark: Callable[[Sequence[Problem]], str] | None = None
