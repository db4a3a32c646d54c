"""`Solves` in, `/solve_math`, `/check_against` and `/solve_math_batch` out: problems solved and checked for scripts."""

import asyncio
import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

import gradio as gr

from model.errors import BadInput
from model.host import ModelHost
from model.runs import Runs
from model.sampling import sampling_from_mapping
from model.settings import Settings
from ui.arguments import check_model, check_text, check_whole_number, json_object, shown
from ui.deltas import Delta, checked_fields, final_of, notice
from ui.endpoint_errors import errors_as_sentences
from ui.script_runs import QUIET_SECONDS, Begun, ScriptRuns, in_thread, merged, serving_engine, stop_soon
from verify.batches import Batch, BatchSettings, as_objects, counts_of
from verify.problem_files import GivenProblem, check_number, problems_from_rows
from verify.solve import Chain, Solve, read_solve
from verify.solving import MOST_CHAINS, Solves

_SETTLE_SECONDS = 0.05


class MathEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, solves: Solves, runs: Runs, host: ModelHost, settings: Settings) -> None:
        self._solves, self._runs, self._host = solves, runs, host
        self._owner = "script" if settings.is_hosted else ""
        self._script_runs = ScriptRuns(runs, host, self._owner)

    async def solve_math(
        self,
        problem: str,
        gold: str | None = None,
        k: int = 1,
        budget: str | int | None = None,
        sampling: dict[str, Any] | None = None,
        first_to_finish: int | None = None,
        model: str | None = None,
        run_id: str | None = None,
        check_program: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Solve a problem, k times at once if you like, and check the answer. The runs stop when their caller goes.

        Args:
            problem: The problem, as text or LaTeX.
            gold: The known answer, if there is one; without it there is evidence, and no verdict.
            k: How many chains think at once and vote, from 1 to 16.
            budget: As in /chat.
            sampling: As in /chat; several chains are drawn at temperature 0.6 at least, unless you give one.
            first_to_finish: Let the first so many chains decide; else those that cannot change the vote are stopped.
            model: Refuse unless this model is the one that is loaded.
            run_id: An id for the first chain's run.
            check_program: Without a gold: let another run, which is told the problem alone, write a program that finds
                the answer, run it in the sandbox, and take what it printed as evidence. Its deltas have chain 0.

        Returns:
            Deltas as /chat, each with its "chain"; {"type": "chain", "chain", "final_answer", ...} as each has ended;
            last {"type": "final", "final_answer", "checked", "verdict", "evidence", "chains", "classes", ...}.
        """

        def begin() -> list[str]:
            check_model(model, (serving_engine(self._host) or self._host.status()).model)
            if not isinstance(check_program, bool):
                raise BadInput(f"check_program is {shown(check_program)}; give true or false.")
            first = None if first_to_finish is None else check_whole_number(first_to_finish, "first_to_finish", 1, 16)
            return self._solves.start(
                check_text(problem, "problem"),
                gold=check_text(gold or "", "gold"),
                k=check_whole_number(k, "k", 1, MOST_CHAINS),
                budget="medium" if budget is None else budget,
                sampling=sampling_from_mapping(json_object(sampling, "sampling")),
                first_to_finish=first,
                check_program=check_program,
                run_id=None if run_id is None else check_text(run_id, "run_id"),
                owner=self._owner,
            )

        with errors_as_sentences("/solve_math"):
            run_ids = await in_thread(begin, undo=self._stop_soon)
            has_ended = False
            try:
                yield notice("started", f"{_chains(len(run_ids))} started.", run_id=run_ids[0], run_ids=run_ids)
                streams = [self._chain(*each) for each in enumerate(run_ids, 1)]
                if checker := (await asyncio.to_thread(read_solve, self._runs, run_ids[0])).checker:
                    streams.append(self._followed(0, checker.run_id))
                async with aclosing(merged(streams)) as deltas:
                    async for delta in deltas:
                        yield delta
                has_ended = True
                yield await asyncio.to_thread(self._final, run_ids[0])
            finally:
                if not has_ended:
                    self._stop_soon(run_ids)

    async def _chain(self, number: int, run_id: str) -> AsyncGenerator[Delta, None]:
        """One chain's deltas, and last what was found out about its answer."""
        async with aclosing(self._followed(number, run_id)) as deltas:
            async for delta in deltas:
                yield delta
        while True:
            solve = await asyncio.to_thread(read_solve, self._runs, run_id)
            chain = solve.chains[number - 1]
            if chain.is_settled:
                yield {"type": "chain", "text": chain.answer, "n_tokens": 0} | chain_object(chain)
                return
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _followed(self, number: int, run_id: str) -> AsyncGenerator[Delta, None]:
        async with aclosing(self._script_runs.follow(Begun(run_id, 0))) as deltas:
            async for delta in deltas:
                if delta["type"] not in ("final", "verdict", "evidence", "final_answer", "program", "test_report"):
                    yield delta | {"chain": number}

    def _final(self, run_id: str) -> Delta:
        solve = self._solves.settle(run_id)
        winner = solve.winner or solve.chains[0]
        whole = final_of(winner.run_id, self._runs.store.events(winner.run_id))
        return whole | solve_object(solve)

    def _stop_soon(self, run_ids: list[str]) -> None:
        stop_soon(self._solves.stop, run_ids[0])

    async def check_against(self, run_id: str, gold: str) -> dict[str, Any]:
        """Check the answers of a problem that was solved against another reference; no model is needed.

        Args:
            run_id: A run of /solve_math that has ended, any of its chains.
            gold: The known answer.

        Returns:
            What the final object of /solve_math says of the answers.
        """
        with errors_as_sentences("/check_against"):
            names = check_text(run_id, "run_id"), check_text(gold, "gold")
            return solve_object(await asyncio.to_thread(self._solves.check_against, *names))

    async def solve_math_batch(
        self,
        problems: list[dict[str, Any]],
        k: int = 1,
        budget: str | int | None = None,
        sampling: dict[str, Any] | None = None,
        model: str | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Solve many problems and check them, as many at once as the model decodes. It stops when its caller goes.

        Args:
            problems: Objects with problem, and if you like gold and id; at most 2,000.
            k: How many chains each problem gets, from 1 to 16.
            budget: As in /chat.
            sampling: As in /solve_math.
            model: Refuse unless this model is the one that is loaded.

        Returns:
            Rows {"type": "row", "index", "id", "problem", "gold", "state", "answer", "checked", "reason", "vote",
            "run_id", "tokens", "seconds", "counts"} as problems are done; last {"type": "final", "rows", "counts"}.
        """

        def begin() -> Batch:
            check_model(model, (serving_engine(self._host) or self._host.status()).model)
            chosen = BatchSettings(
                check_whole_number(k, "k", 1, MOST_CHAINS),
                "medium" if budget is None else budget,
                sampling_from_mapping(json_object(sampling, "sampling")),
            )
            given = _problems(problems)
            check_number(given, self._runs.settings.is_hosted)
            return Batch(self._solves, self._runs, given, chosen, self._owner)

        with errors_as_sentences("/solve_math_batch"):
            batch = await in_thread(begin, undo=Batch.stop)
            try:
                yield notice("started", f"{len(batch.rows)} problems.", batch_id=batch.id)
                told: set[int] = set()
                while True:
                    # Asked first: what is written after it is read below.
                    is_live = batch.is_live
                    rows = batch.rows
                    new = [at for at, row in enumerate(rows) if row.state in ("done", "failed") and at not in told]
                    for at in new:
                        told.add(at)
                        yield {"type": "row", "index": at, "counts": counts_of(rows)} | asdict(rows[at])
                    if not is_live and not new:
                        break
                    if not new:
                        yield notice("waiting", "The problems are being solved.")
                    await asyncio.sleep(QUIET_SECONDS)
                yield {"type": "final", "rows": as_objects(rows), "counts": counts_of(rows)}
            finally:
                batch.stop()


def _chains(n: int) -> str:
    return "1 chain" if n == 1 else f"{n} chains"


def _problems(value: object) -> list[GivenProblem]:
    if not isinstance(value, list):
        raise BadInput(f"problems is {shown(value)}; give a list of objects with a problem.")
    return problems_from_rows(enumerate(value, 1), "problems")


def chain_object(chain: Chain) -> Delta:
    """A chain for scripts."""
    return {
        "chain": chain.number,
        "run_id": chain.run_id,
        "finish_reason": chain.reason,
        "answer_class": chain.answer_class,
        "thinking_tokens": chain.thinking_tokens,
        "answer_tokens": chain.answer_tokens,
        "seconds": chain.seconds,
    } | checked_fields(chain.checked)


def solve_object(solve: Solve) -> Delta:
    """A problem that was solved, for scripts."""
    return checked_fields(solve.checked) | {
        "run_id": solve.id,
        "problem": solve.statement,
        "gold": solve.gold,
        "checked": solve.standing,
        "final_answer": solve.winner.answer if solve.winner else "",
        "vote": asdict(solve.vote) if solve.vote else None,
        "check_run": solve.checker.run_id if solve.checker else None,
        "classes": [
            {"answer": answer, "chains": [chain.number for chain in chains]} for answer, chains in solve.classes
        ],
        "chains": [chain_object(chain) for chain in solve.chains],
    }


def add_math_endpoints(solves: Solves, runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = MathEndpoints(solves, runs, host, settings)
    add = functools.partial(gr.api, concurrency_limit=None)
    for solving in (endpoints.solve_math, endpoints.solve_math_batch):
        add(solving, api_name=solving.__name__, concurrency_id="runs")
    add(endpoints.check_against, api_name="check_against", concurrency_id="checking")
