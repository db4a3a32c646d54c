"""A call that a card asks about in, its texts whole and its pictures out: past Gradio's queue."""

import asyncio
from typing import Any

from model.errors import AppError
from model.events import Event
from model.runs import Runs
from model.steps import steps_of
from ui.agent_values import whole_call
from ui.agent_views import Whole


def whole_call_of(runs: Runs) -> Whole:
    """The function that cards call: Gradio marks it, which a method cannot be."""

    def events_of(run_id: str) -> list[Event]:
        # What has just come may not be in the store yet.
        return runs.events_so_far(run_id, 0) or runs.store.events(run_id)

    async def whole(asked: Any) -> dict[str, Any]:
        """What {"run", "call"} was given and gave back.

        Returns:
            {"arguments", "text", "pictures"}; empty ones where there is no such call.
        """
        run_id, call_id = str(asked["run"]), str(asked["call"])
        try:
            events = await asyncio.to_thread(events_of, run_id)
        except AppError:
            events = []
        calls = (called for step in steps_of(events) for called in step.calls)
        found = next((called for called in calls if called.call.call_id == call_id), None)
        return whole_call(found) if found is not None else {"arguments": [], "text": "", "pictures": []}

    return whole
