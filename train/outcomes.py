"""A problem and a completion in, what the verifiers say out: correct, wrong, undecided, or open where none can say.

All judging is done by `verify/`. What stands here says only which verifier a gold is for, and that no more than one
final answer counts: a completion that gives several hedges, and one that quotes the question has worked nothing out.
"""

import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from model.code_events import TestReport
from model.errors import BadInput
from train.judging import split_answer
from train.problems import Constraints, GymGold, OpenEnded, Problem, TestsGold
from train.traces import Asserts, Value
from verify.answer_form import form_fault, unlabelled
from verify.code.blocks import Block, blocks_of
from verify.code.extraction import extract_program
from verify.code.judge import CodeJudge
from verify.code.test_sets import TestSet, read_tests
from verify.extraction import closing_brace
from verify.gym_levels import judge_gym
from verify.instructions import InstructionJudge
from verify.math_answer import MathJudge

OPEN_TAG, CLOSE_TAG = "<think>", "</think>"
# What a policy writes is short; anything longer is no answer, and is not handed to a verifier.
MAX_ANSWER_CHARACTERS = 20_000
_BOX = re.compile(r"\\boxed\s*(?=\{)")

Result = Literal["correct", "wrong", "undecided", "open"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a completion.

    Attributes:
        answer: What stands behind the thinking; empty where that never closed.
        faults: What is wrong with its form (`form_faults`).
        tokens: Of the completion, the end-of-turn token included.
        is_truncated: Whether the limit of tokens cut it.
    """

    result: Result
    reason: str
    thinking: str
    answer: str
    faults: tuple[str, ...]
    tokens: int
    is_truncated: bool


def split(completion: str) -> tuple[str, str | None]:
    r"""The thinking and the answer; None where the thinking was not closed.

    >>> split("2+2=4\n</think>\n\nFour."), split("<think>\n2+2")
    (('2+2=4', 'Four.'), ('2+2', None))
    """
    return split_answer(completion.removeprefix(OPEN_TAG))


def boxes(answer: str) -> list[str]:
    r"""What the closed boxes of an answer hold, in order.

    >>> boxes(r"Either $\boxed{\frac{1}{2}}$ or $\boxed{3}$.")
    ['\\frac{1}{2}', '3']
    """
    found = []
    for match in _BOX.finditer(answer):
        end = closing_brace(answer, match.end())
        if end is not None and end > match.end():
            found.append(answer[match.end() + 1 : end].strip())
    return found


def form_faults(problem: Problem, completion: str, is_truncated: bool) -> tuple[str, ...]:
    """What is wrong with the form: one thinking, closed once and not empty; one final answer, where it belongs."""
    thinking, answer = split(completion)
    faults = ["it was cut by the limit of tokens"] if is_truncated else []
    if answer is None:
        return (*faults, "the thinking is not closed")
    if not thinking.strip():
        faults.append("the thinking is empty")
    if OPEN_TAG in thinking or OPEN_TAG in answer or CLOSE_TAG in answer:
        faults.append("the thinking is opened or closed more than once")
    if problem.form == "box" and (count := len(boxes(answer))) != 1:
        faults.append(f"{count} boxed answers, where one is asked for")
    if problem.form == "code" and (count := sum(block.is_closed for block in _fenced(answer))) != 1:
        faults.append(f"{count} blocks of code, where one is asked for")
    return tuple(faults)


class Verifiers:
    """The verifiers, started when they are first needed. Any thread may use them.

    Args:
        n_children: Answers that are compared at once, and programs that are tested at once.
    """

    def __init__(self, n_children: int = 2) -> None:
        self._math = MathJudge(n_children)
        self._code = CodeJudge()
        self._instructions: InstructionJudge | None = None
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(n_children, thread_name_prefix="verifier")

    def judge_all(
        self, problems: Sequence[Problem], completions: Sequence[str], tokens: Sequence[int], is_cut: Sequence[bool]
    ) -> list[Outcome]:
        """What came of each completion, in order."""
        return list(self._pool.map(self.judge, problems, completions, tokens, is_cut))

    def judge(self, problem: Problem, completion: str, tokens: int = 0, is_truncated: bool = False) -> Outcome:
        """What came of a completion; the thinking is never judged.

        Args:
            completion: All that the model wrote, its thinking first, whether or not the prompt had opened that.
        """
        thinking, answer = split(completion)
        faults = form_faults(problem, completion, is_truncated)
        result, reason = self._result(problem, answer, is_truncated)
        return Outcome(result, reason, thinking, answer or "", faults, tokens, is_truncated)

    def _result(self, problem: Problem, answer: str | None, is_truncated: bool) -> tuple[Result, str]:
        if answer is None:
            return "wrong", "the thinking never closed"
        if is_truncated:
            return "wrong", "the answer was cut by the limit of tokens"
        if not answer:
            return "wrong", "there is no answer"
        if CLOSE_TAG in answer or OPEN_TAG in answer:
            return "wrong", "the answer holds a tag of the thinking"
        if len(answer) > MAX_ANSWER_CHARACTERS:
            return "wrong", f"the answer has {len(answer):,} characters, and {MAX_ANSWER_CHARACTERS:,} are read"
        match problem.gold:
            case Value(gold):
                return self._value(problem, gold, answer)
            case GymGold() as gold:
                return self._gym(gold, answer)
            case Asserts(function, asserts):
                return self._program(answer, "\n".join(asserts), TestsGold("\n".join(asserts), "asserts", function))
            case TestsGold() as gold:
                return self._program(answer, gold.tests, gold)
            case Constraints() as gold:
                return self._constraints(problem, gold, answer)
            case OpenEnded():
                return "open", "nothing can be checked"

    def _value(self, problem: Problem, gold: str, answer: str) -> tuple[Result, str]:
        box, fault = _one_box(answer)
        if fault:
            return "wrong", fault
        verdict = self._math.judge(gold, rf"\boxed{{{box}}}", question=problem.question)
        if verdict.outcome == "correct" and (fault := form_fault(gold, box, problem.question)):
            return "wrong", fault
        return verdict.outcome, verdict.reason

    def _gym(self, gold: GymGold, answer: str) -> tuple[Result, str]:
        box, fault = _one_box(answer)
        if fault:
            return "wrong", fault
        verdict = judge_gym(gold.task, gold.settings, gold.index, box)
        # No answer that can be read is an answer here: it was asked for.
        return ("wrong" if verdict.outcome == "undecided" else verdict.outcome), verdict.reason

    def _program(self, answer: str, tests: str, gold: TestsGold) -> tuple[Result, str]:
        program = extract_program(answer, gold.entry_point)
        if not program.source.strip():
            return "wrong", program.words or "there is no program"
        try:
            read: TestSet = read_tests(tests, gold.form, gold.entry_point)
        except BadInput as error:
            return "undecided", f"the tests cannot be read: {error}"
        return _told(self._code.judge(program, read, stop_at_first=True, lends_names=False))

    def _constraints(self, problem: Problem, gold: Constraints, answer: str) -> tuple[Result, str]:
        with self._lock:
            if self._instructions is None:
                self._instructions = InstructionJudge()
        told = self._instructions.judge(problem.question, answer, gold.instructions, gold.kwargs)
        return told.outcome, told.reason

    def close(self) -> None:
        """End their processes."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._math.close()
        self._code.close()
        if self._instructions is not None:
            self._instructions.close()

    def __enter__(self) -> "Verifiers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _one_box(answer: str) -> tuple[str, str]:
    """The boxed answer, or why there is none: several that differ are none."""
    found = boxes(answer)
    if not found:
        return "", "there is no boxed answer"
    if (count := len(set(map(unlabelled, found)))) > 1:
        return "", f"there are {count} different boxed answers"
    if not found[-1]:
        return "", "the box is empty"
    return found[-1], ""


def _told(report: TestReport) -> tuple[Result, str]:
    count = len(report.cases)
    if report.has_passed and report.is_forgeable:
        return "undecided", "tests and program shared a process, so passing says nothing"
    if report.has_passed:
        return "correct", f"passes all {count} tests"
    if report.status == "refused" or not report.has_failed:
        return "undecided", f"not run: {report.message or 'its tests were stopped'}"
    return "wrong", report.message or report.first_failure or report.status


def _fenced(answer: str) -> list[Block]:
    return blocks_of(answer) if "```" in answer else []
