"""`Attempts` in, `/solve_code` out: programs written, tested and repaired for scripts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from model.host import ModelHost
from model.runs import Runs
from model.sampling import sampling_from_mapping
from model.settings import Settings
from ui.arguments import check_model, check_text, check_whole_number, json_object
from ui.code_arguments import as_tests_text, check_flag, form_from_json
from ui.code_deltas import ToldTests
from ui.code_objects import task_object
from ui.code_words import counted
from ui.deltas import Delta, final_of, found_of, notice
from ui.endpoint_errors import errors_as_sentences
from ui.judge_endpoints import add_judge_endpoints
from ui.script_runs import Begun, ScriptRuns, in_thread, merged, serving_engine, stop_soon
from verify.code.attempts import Attempts
from verify.code.given import MOST_ATTEMPTS, MOST_ROUNDS
from verify.code.progress import Progress
from verify.code.task import CodedTask, Round, read_task

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
            Deltas as /chat, each with its "attempt", "round" and "purpose"; of each round {"type": "program"}, then
            {"type": "tests"} as they are run, then {"type": "test_report"}; last {"type": "final", "standing", "words",
            "program", "report", "hidden_report", "rounds", ...}.
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
            async with aclosing(self._tested(following)) as found:
                async for delta in found:
                    yield delta | place | {"run_id": following}
            coded, own = await asyncio.to_thread(self._found, following)
            for report in own.reports:
                yield found_of(report) | place | {"n_tokens": 0, "run_id": following}
            later = coded.round_after(following)
            following = later.run_id if later else None

    async def _tested(self, run_id: str) -> AsyncGenerator[Delta, None]:
        """The program of a round, then what its tests say as they are run, until all of it is stored."""
        told: ToldTests | None = None
        is_settled = False
        while not is_settled:
            own = (await asyncio.to_thread(self._found, run_id))[1]
            is_settled, progress = own.is_settled, self._attempts.progress(run_id)
            program = own.program or (progress.program if progress else None)
            if told is None and program is not None:
                told = ToldTests(progress or Progress(program))
                yield found_of(program) | {"n_tokens": 0}
            for delta in told.new() if told else ():
                yield delta
            if not is_settled:
                await asyncio.sleep(_SETTLE_SECONDS)

    def _found(self, run_id: str) -> tuple[CodedTask, Round]:
        """The task as it stands, and this round of it."""
        coded = read_task(self._runs, run_id)
        return coded, coded.round_of(run_id)

    async def _final(self, run_id: str) -> Delta:
        while not (coded := await asyncio.to_thread(self._attempts.settle, run_id)).is_settled:
            await asyncio.sleep(_SETTLE_SECONDS)
        shown_run = (coded.best or coded.rounds[0]).run_id
        whole = final_of(shown_run, await asyncio.to_thread(self._runs.store.events, shown_run))
        return {name: told for name, told in whole.items() if name not in _OF_ANSWERS} | task_object(coded)

    def _stop_soon(self, run_ids: list[str]) -> None:
        stop_soon(self._attempts.stop, run_ids[0])


def add_code_endpoints(attempts: Attempts, runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = CodeEndpoints(attempts, runs, host, settings)
    gr.api(endpoints.solve_code, api_name="solve_code", concurrency_id="runs", concurrency_limit=None)
    add_judge_endpoints(attempts.judge)
