"""`Attempts` in, `/solve_code`, `/run_code` and `/run_tests` out: programs written, run and tested for scripts."""

import asyncio
import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from model.code_events import TestForm
from model.errors import BadInput
from model.host import ModelHost
from model.runs import Runs
from model.sampling import sampling_from_mapping
from model.settings import Settings
from ui.arguments import check_model, check_text, check_whole_number, json_object
from ui.code_arguments import as_tests_text, check_flag, form_from_json, limits_from_json, program_from_text
from ui.code_objects import report_object, run_object, task_object
from ui.code_words import counted
from ui.deltas import Delta, final_of, found_of, notice
from ui.endpoint_errors import errors_as_sentences
from ui.script_runs import Begun, ScriptRuns, in_thread, merged, serving_engine, stop_soon
from verify.code.attempts import Attempts
from verify.code.given import MOST_ATTEMPTS, MOST_ROUNDS, read_given
from verify.code.parsing import last_function
from verify.code.task import CodedTask, Round, read_task
from verify.code.test_sets import TestSet, read_tests
from verify.code.trying import without_contents

_SETTLE_SECONDS = 0.05
_MAX_STDIN_CHARACTERS = 8_000_000
# Of a chat's final object: what was found out about an answer that is no program.
_OF_ANSWERS = ("final_answer", "checked", "verdict", "evidence")


class CodeEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, attempts: Attempts, runs: Runs, host: ModelHost, settings: Settings) -> None:
        self._attempts, self._runs, self._host = attempts, runs, host
        self._owner = "script" if settings.is_hosted else ""
        self._script_runs = ScriptRuns(runs, host, self._owner)

    async def solve_code(
        self,
        task: str,
        tests: str | list[Any] | None = None,
        hidden_tests: str | list[Any] | None = None,
        k: int = 1,
        rounds: int = 3,
        budget: str | int | None = None,
        sampling: dict[str, Any] | None = None,
        form: str | None = None,
        hidden_form: str | None = None,
        entry_point: str | None = None,
        asks_for_tests: bool = True,
        model: str | None = None,
        run_id: str | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Have a program written, run against tests and repaired, k times at once if you like. Leaving stops it.

        Args:
            task: What the program is to do, in words, or a function's head with its docstring.
            tests: Asserts, a pytest file, doctests, HumanEval's check, or a list of {"stdin", "stdout"} or {"call",
                "args", "expected"}. The model sees them.
            hidden_tests: Tests that no model is shown; their share is reported apart.
            k: How many attempts run at once, from 1 to 8; the first that passes all given tests wins.
            rounds: How many programs each attempt may write, from 1 to 8, each told the smallest failure before it.
            budget: As in /chat, for each round.
            sampling: As in /chat; several attempts are drawn at temperature 0.6 at least, unless you give one.
            form: How the tests are written; found out when left out. So is hidden_form.
            entry_point: The function that is asked for, where neither task nor tests name it.
            asks_for_tests: Without tests, let the model write some from the task alone; they are no proof.
            model: Refuse unless this model is the one that is loaded.
            run_id: An id for the first run.

        Returns:
            Deltas as /chat, each with its "attempt", "round" and "purpose"; {"type": "program"} and
            {"type": "test_report"} as each round is tested; last {"type": "final", "standing", "words", "program",
            "report", "hidden_report", "rounds", ...}.
        """

        def begin() -> list[str]:
            check_model(model, (serving_engine(self._host) or self._host.status()).model)
            return self._attempts.start(
                check_text(task, "task"),
                tests=as_tests_text(tests, "tests"),
                form=form_from_json(form, "form"),
                hidden_tests=as_tests_text(hidden_tests, "hidden_tests"),
                hidden_form=form_from_json(hidden_form, "hidden_form"),
                entry_point=check_text(entry_point or "", "entry_point"),
                k=check_whole_number(k, "k", 1, MOST_ATTEMPTS),
                n_rounds=check_whole_number(rounds, "rounds", 1, MOST_ROUNDS),
                budget="medium" if budget is None else budget,
                sampling=sampling_from_mapping(json_object(sampling, "sampling")),
                asks_for_tests=check_flag(asks_for_tests, "asks_for_tests"),
                run_id=None if run_id is None else check_text(run_id, "run_id"),
                owner=self._owner,
            )

        with errors_as_sentences("/solve_code"):
            run_ids = await in_thread(begin, undo=self._stop_soon)
            has_ended = False
            try:
                yield notice("started", f"{counted(k, 'attempt')} started.", run_id=run_ids[0], run_ids=run_ids)
                async with aclosing(merged([self._rounds(each) for each in run_ids])) as deltas:
                    async for delta in deltas:
                        yield delta
                yield await self._final(run_ids[0])
                has_ended = True
            finally:
                if not has_ended:
                    self._stop_soon(run_ids)

    async def _rounds(self, run_id: str) -> AsyncGenerator[Delta, None]:
        """The deltas of one attempt: each round's, and what its tests said, until none follows."""
        following: str | None = run_id
        while following:
            own = (await asyncio.to_thread(read_task, self._runs, following)).round_of(following)
            place = {"attempt": own.attempt, "round": own.number, "purpose": own.purpose}
            async with aclosing(self._script_runs.follow(Begun(following, 0))) as deltas:
                async for delta in deltas:
                    if delta["type"] not in ("final", "program", "test_report", *_OF_ANSWERS):
                        yield delta | place
            coded, own = await self._settled(following)
            assert own.program is not None
            yield found_of(own.program) | place | {"n_tokens": 0, "run_id": own.run_id}
            for report in own.reports:
                yield found_of(report) | place | {"n_tokens": 0, "run_id": own.run_id}
            later = coded.round_after(following)
            following = later.run_id if later else None

    async def _settled(self, run_id: str) -> tuple[CodedTask, Round]:
        """The task, once this round of it has been tested."""
        while True:
            coded = await asyncio.to_thread(read_task, self._runs, run_id)
            own = coded.round_of(run_id)
            if own.is_settled:
                return coded, own
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _final(self, run_id: str) -> Delta:
        while not (coded := await asyncio.to_thread(self._attempts.settle, run_id)).is_settled:
            await asyncio.sleep(_SETTLE_SECONDS)
        shown_run = (coded.best or coded.rounds[0]).run_id
        whole = final_of(shown_run, await asyncio.to_thread(self._runs.store.events, shown_run))
        return {name: told for name, told in whole.items() if name not in _OF_ANSWERS} | task_object(coded)

    def _stop_soon(self, run_ids: list[str]) -> None:
        stop_soon(self._attempts.stop, run_ids[0])

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
            return run_object(await asyncio.to_thread(self._attempts.judge.run, found, given, limits))

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
    ) -> dict[str, Any]:
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
            {"status", "passed", "total", "words", "form", "cases": [{"name", "outcome", "seconds", "given", "expected",
            "got", "message"}], "is_forgeable", "level", "message", "stdout", "stderr", ..., "program",
            "hidden_report"}.
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
            judge = functools.partial(self._attempts.judge.judge, found, stop_at_first=at_first, limits=limits)
            report = await asyncio.to_thread(judge, given)
            aside = await asyncio.to_thread(judge, hidden, tests_from="hidden") if hidden else None
            words = "; ".join(each.words for each in (report, aside) if each)
            return found_of(report) | {
                "text": words,
                "words": words,
                "program": found.source,
                "program_words": found.words,
                "hidden_report": report_object(without_contents(aside)) if aside else None,
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


def add_code_endpoints(attempts: Attempts, runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = CodeEndpoints(attempts, runs, host, settings)
    add = functools.partial(gr.api, concurrency_limit=None)
    add(endpoints.solve_code, api_name="solve_code", concurrency_id="runs")
    for running in (endpoints.run_code, endpoints.run_tests):
        add(running, api_name=running.__name__, concurrency_id="checking")
