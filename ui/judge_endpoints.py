"""Programs and tests in, `/run_code` and `/run_tests` out: what running and testing them gave, for scripts."""

import asyncio
import functools
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from model.code_events import Program, TestForm, TestReport
from model.errors import BadInput
from model.settings import SCRIPT_UPDATES_PER_SECOND
from ui.arguments import check_text
from ui.code_arguments import as_tests_text, check_flag, form_from_json, limits_from_json, program_from_text
from ui.code_deltas import ToldTests
from ui.code_objects import report_object, run_object
from ui.deltas import Delta, found_of, notice
from ui.endpoint_errors import errors_as_sentences
from ui.script_runs import QUIET_SECONDS
from verify.code.given import read_given
from verify.code.judge import CodeJudge
from verify.code.parsing import last_function
from verify.code.progress import Progress
from verify.code.test_sets import TestSet, read_tests
from verify.code.trying import without_contents

_MAX_STDIN_CHARACTERS = 8_000_000


class JudgeEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, judge: CodeJudge) -> None:
        self._judge = judge

    async def run_code(
        self, program: str, stdin: str = "", time_seconds: float | None = None, memory_mib: int | None = None
    ) -> dict[str, Any]:
        """Run a Python program in the sandbox; no model is needed.

        Args:
            program: Its source; of a text with ``` blocks, the program in it.
            stdin: What it reads.
            time_seconds: CPU time, up to 60; 2 when left out.
            memory_mib: Memory, from 64 to 4,096; 512 when left out.

        Returns:
            {"status": "ok", "timeout", "memory", "output-limit", "error", "crashed", "early-exit" or "refused",
            "stdout", "stderr", "seconds", "level", "message", "cpu_seconds", "peak_mib"}.
        """
        with errors_as_sentences("/run_code"):
            found = program_from_text(program, "")
            given, limits = check_text(stdin, "stdin"), limits_from_json(time_seconds, memory_mib)
            if len(given) > _MAX_STDIN_CHARACTERS:
                raise BadInput(
                    f"stdin has {len(given):,} characters and the limit is {_MAX_STDIN_CHARACTERS:,}. Send less of it."
                )
            return run_object(await asyncio.to_thread(self._judge.run, found, given, limits))

    async def run_tests(
        self,
        program: str,
        tests: str | list[Any],
        hidden_tests: str | list[Any] | None = None,
        form: str | None = None,
        hidden_form: str | None = None,
        entry_point: str | None = None,
        stop_at_first: bool = False,
        time_seconds: float | None = None,
        memory_mib: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Run a Python program against tests in the sandbox; no model is needed.

        Args:
            program: Its source, or a model's whole answer: the right one of its ``` blocks is taken.
            tests: As in /solve_code; empty for the examples of the program's own docstrings.
            hidden_tests: More tests; of these it is told which passed, not what they hold.
            form: How the tests are written; found out when left out. So is hidden_form.
            entry_point: The function that is asked for, where the tests don't name it.
            stop_at_first: Leave out the tests after the first that fails.
            time_seconds: CPU time of a test, up to 60; 2 when left out.
            memory_mib: As in /run_code.

        Returns:
            {"type": "tests"} as tests are run; last {"type": "final", "status", "passed", "total", "words", "form",
            "cases": [{"name", "outcome", "seconds", "given", "expected", "got", "message"}], "is_forgeable", "level",
            "message", "stdout", "stderr", ..., "program", "hidden_report"}. Leaving ends the tests.
        """
        with errors_as_sentences("/run_tests"):
            limits, at_first = limits_from_json(time_seconds, memory_mib), check_flag(stop_at_first, "stop_at_first")
            name = check_text(entry_point or "", "entry_point")
            found = program_from_text(program, name)
            given = _given(as_tests_text(tests, "tests"), form_from_json(form, "form"), name, found.source)
            hidden = read_given(
                as_tests_text(hidden_tests, "hidden_tests"),
                form_from_json(hidden_form, "hidden_form"),
                name or last_function(found.source),
            )
            if not name and given.entry_point:
                # The tests may say which of several blocks is meant.
                found = program_from_text(program, given.entry_point)
            progress = Progress(found)

            def work() -> tuple[TestReport, TestReport | None]:
                judge = functools.partial(
                    self._judge.judge, found, stop_at_first=at_first, limits=limits, progress=progress
                )
                return judge(given), judge(hidden, tests_from="hidden") if hidden else None

            working = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                async with aclosing(_until_done(working, progress)) as deltas:
                    async for delta in deltas:
                        yield delta
            finally:
                progress.stop()
            report, aside = working.result()
            yield _final(found, report, aside)


async def _until_done(working: asyncio.Future[Any], progress: Progress) -> AsyncGenerator[Delta, None]:
    """What the tests say, as they are run; that one goes on, again and again, while nothing else is new."""
    told, quiet_since = ToldTests(progress), time.monotonic()
    is_done = False
    while not is_done:
        is_done = bool((await asyncio.wait({working}, timeout=1 / SCRIPT_UPDATES_PER_SECOND))[0])
        for delta in told.new():
            quiet_since = time.monotonic()
            yield delta
        if time.monotonic() - quiet_since > QUIET_SECONDS:
            quiet_since = time.monotonic()
            yield notice("waiting", "The test is being run.")


def _final(program: Program, report: TestReport, hidden: TestReport | None) -> Delta:
    words = "; ".join(each.words for each in (report, hidden) if each)
    return found_of(report) | {
        "type": "final",
        "text": words,
        "words": words,
        "program": program.source,
        "program_words": program.words,
        "hidden_report": report_object(without_contents(hidden)) if hidden else None,
    }


def _given(tests: str, form: TestForm | None, entry_point: str, source: str) -> TestSet:
    """The tests, or the examples of the program's own docstrings where there are none.

    Raises:
        BadInput: If there are neither, or they cannot be read.
    """
    if not tests.strip() and form in (None, "doctest") and ">>>" in source:
        return read_tests(source, "doctest", entry_point)
    given = read_given(tests, form, entry_point or last_function(source))
    if given is None:
        raise BadInput("There are no tests. Give some, or run the program alone with /run_code.")
    return given


def add_judge_endpoints(judge: CodeJudge) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = JudgeEndpoints(judge)
    for running in (endpoints.run_code, endpoints.run_tests):
        gr.api(running, api_name=running.__name__, concurrency_id="checking", concurrency_limit=None)
