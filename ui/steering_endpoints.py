"""`Runs` in, the named endpoints that steer one while it goes on out: `/answer_now`, `/stop`, `/pause` and so on."""

import asyncio
from collections.abc import Callable
from typing import Any

from model.runs import Runs
from model.settings import THINK_LONGER_TOKENS
from ui.arguments import check_text, check_whole_number
from ui.deltas import Delta
from ui.endpoint_errors import errors_as_sentences

_MOST_THINK_LONGER_TOKENS = 131_072


class SteeringEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def answer_now(self, run_id: str) -> dict[str, Any]:
        """End the thinking of a run that is going on, and have its answer written.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/answer_now", run_id, self._runs.answer_now, "The answer comes next.")

    async def stop(self, run_id: str) -> dict[str, Any]:
        """Stop a run; what it has written is kept, and /continue_run takes it further.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/stop", run_id, self._runs.stop, "The run is being stopped.")

    async def think_longer(self, run_id: str, tokens: int = THINK_LONGER_TOKENS) -> dict[str, Any]:
        """Add to the thinking budget of a run that is going on.

        Args:
            run_id: The run.
            tokens: How many tokens to add.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """

        def add(name: str) -> bool:
            return self._runs.think_longer(name, check_whole_number(tokens, "tokens", 1, _MOST_THINK_LONGER_TOKENS))

        return await self._steer("/think_longer", run_id, add, "The thinking budget was raised.")

    async def pause(self, run_id: str) -> dict[str, Any]:
        """Free the device and keep a run that is going on where it is, until /go_on, /answer_now or /stop.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/pause", run_id, self._runs.pause, "The run waits.")

    async def go_on(self, run_id: str, hint: str = "") -> dict[str, Any]:
        """Write on after a pause, or put a hint into the thinking of a run that is going on.

        Args:
            run_id: The run.
            hint: Text that the thinking goes on from, as a paragraph of its own.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """

        def go_on(name: str) -> bool:
            return self._runs.go_on(name, check_text(hint, "hint") if hint else "")

        return await self._steer("/go_on", run_id, go_on, "The run goes on.")

    async def set_budget(self, run_id: str, budget: str | int) -> dict[str, Any]:
        """Give a run that is going on another thinking budget.

        Args:
            run_id: The run.
            budget: "low", "medium", "high", a number of thinking tokens, or seconds as "90s".

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer(
            "/set_budget", run_id, lambda name: self._runs.set_budget(name, budget), "The thinking budget was changed."
        )

    async def _steer(self, endpoint: str, run_id: object, steer: Callable[[str], bool], text: str) -> Delta:
        with errors_as_sentences(endpoint):
            name = check_text(run_id, "run_id")
            done = await asyncio.to_thread(steer, name)
            return {"run_id": name, "done": done, "text": text if done else "The run had ended already."}
