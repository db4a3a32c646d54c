"""A gold answer and a model's whole output in, a verdict with its reason out: correct, wrong or undecided.

    python -m verify.math_answer < lines.jsonl > verdicts.jsonl

reads `{"id", "gold", "pred"}`, with the problem as `question` where it is known, and writes `{"id", "outcome",
"reason", "extracted", "seconds"}`, in order. The comparing is done in child processes that can be killed: no answer,
however it was meant, holds up its caller for long.
"""

import argparse
import contextlib
import io
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from model.events import Evidence, Verdict
from verify.asked import MAX_QUESTION_CHARACTERS
from verify.child import MEMORY_BYTES
from verify.child_process import ChildProcess
from verify.rules import Policy

MAX_SECONDS = 4.0
# What follows the thinking is at the end; the child reads no more of it than that.
_MAX_OUTPUT_CHARACTERS = 60_000
MAX_GOLD_CHARACTERS = 2_000
_MAX_WAITING_LINES = 64


class MathJudge:
    """Checks answers in child processes; any thread may call it.

    Args:
        n_children: How many answers are checked at once; two at least, so that one that takes long leaves a way past.
        max_bytes: Resident memory of a child at which it is given up, also where no limit holds it down.
    """

    def __init__(self, n_children: int = 2, seconds: float = MAX_SECONDS, max_bytes: int = MEMORY_BYTES) -> None:
        self.n_children = n_children
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._idle: queue.LifoQueue[ChildProcess] = queue.LifoQueue()
        self._children = [ChildProcess("verify.child", max_bytes) for _ in range(n_children)]
        for child in self._children:
            self._idle.put(child)

    def start(self) -> None:
        """Start a child process that is idle, so that the next answer need not wait for it. Returns at once."""
        with contextlib.suppress(queue.Empty):
            child = self._idle.get_nowait()
            child.start()
            self._idle.put(child)

    def judge(self, gold: str, output: str, policy: Policy | None = None, question: str = "") -> Verdict:
        r"""Whether the final answer of an output is the gold.

        Args:
            gold: The reference answer alone, in LaTeX or plain text.
            output: All that the model wrote, its thinking included.
            question: The problem, where it is known: it tells what an answer without a box answers.
        """
        if len(gold) > MAX_GOLD_CHARACTERS:
            limit = f"{MAX_GOLD_CHARACTERS:,} can be compared"
            return Verdict("undecided", f"the reference has {len(gold):,} characters, and {limit}", gold=gold)
        began = time.monotonic()
        asked: dict[str, Any] = {
            "gold": gold,
            "output": _end_of(output),
            "question": question[-MAX_QUESTION_CHARACTERS:],
        }
        asked["policy"] = asdict(policy) if policy else None
        told = self._ask("judge", asked)
        seconds = round(time.monotonic() - began, 4)
        if told is None:
            reason = f"it could not be worked out within {self._seconds:.0f} s and {self._max_bytes >> 20:,} MiB"
            return Verdict("undecided", reason, seconds=seconds, gold=gold)
        return Verdict(**told, seconds=seconds, gold=gold)

    def extract(self, output: str, question: str = "") -> str:
        """The final answer of an output as it stands there; empty if there is none, or it cannot be found in time."""
        told = self._ask("extract", {"output": _end_of(output), "question": question[-MAX_QUESTION_CHARACTERS:]})
        return str(told["extracted"]) if told else ""

    def is_same(self, first: str, second: str) -> bool:
        """Whether the second answer says the same as the first; not symmetric for all answers."""
        told = self._ask("compare", {"gold": first, "candidate": second})
        return bool(told and told["outcome"] == "correct")

    def test(self, problem: str, answer: str) -> Evidence | None:
        """What the problem itself says of an answer: put into its own equation, or compared with its own expression."""
        told = self._ask("test", {"problem": problem[:_MAX_OUTPUT_CHARACTERS], "answer": answer})
        return Evidence(**told["evidence"]) if told and told["evidence"] else None

    def _ask(self, kind: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        child = self._idle.get()
        try:
            return child.ask({"kind": kind} | asked, self._seconds)
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End the child processes."""
        for child in self._children:
            child.kill()

    def __enter__(self) -> "MathJudge":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _end_of(output: str) -> str:
    """An output, of a long one its end, with the mark that its thinking was closed, if it was."""
    if len(output) <= _MAX_OUTPUT_CHARACTERS:
        return output
    end = output[-_MAX_OUTPUT_CHARACTERS:]
    before = output[:-_MAX_OUTPUT_CHARACTERS]
    if "</think>" in end:
        return end
    if "</think>" in before:
        return "</think>" + end
    return "<think>" + end if before.lstrip().startswith("<think>") else end


def judge_lines(lines: Iterable[str], judge: MathJudge) -> Iterator[dict[str, Any]]:
    """The verdict on each JSON line, in order; a line that cannot be read gets one too."""
    waiting: queue.Queue[Future[dict[str, Any]] | None] = queue.Queue(_MAX_WAITING_LINES)

    def feed() -> None:
        try:
            for line in lines:
                waiting.put(pool.submit(_judged_line, line, judge))
        finally:
            waiting.put(None)

    with ThreadPoolExecutor(judge.n_children) as pool:
        # Whoever writes a line and waits for its verdict gets it: lines are read beside the writing.
        threading.Thread(target=feed, daemon=True).start()
        while (verdict := waiting.get()) is not None:
            yield verdict.result()


def _judged_line(line: str, judge: MathJudge) -> dict[str, Any]:
    told: dict[str, Any] = {"id": None, "outcome": "undecided", "extracted": "", "seconds": 0.0}
    try:
        asked = json.loads(line)
        told["id"] = asked.get("id")
        gold, output, question = asked["gold"], asked["pred"], asked.get("question", "")
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        return told | {"reason": f"the line is no JSON object with gold and pred ({type(error).__name__})"}
    if not isinstance(gold, str | int | float) or not isinstance(output, str | int | float):
        return told | {"reason": "gold and pred must be texts"}
    verdict = judge.judge(str(gold), str(output), question=question if isinstance(question, str) else "")
    return told | {name: getattr(verdict, name) for name in ("outcome", "reason", "extracted", "seconds")}


def main() -> None:
    """Judge standard input line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=max(2, (os.cpu_count() or 2)), help="processes at once")
    given = parser.parse_args()
    # Bytes that are no text, and halves of characters, are for the verdict to deal with.
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    with MathJudge(given.children) as judge, contextlib.suppress(BrokenPipeError):
        for told in judge_lines((line for line in lines if line.strip()), judge):
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
