"""A run that the address names, or that was chosen from a list, in; the tab that shows it out."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gradio as gr

from model.errors import RunNotFound
from model.runs import Runs
from ui.agent_parts import AgentParts
from ui.agent_tab import is_agent_run
from ui.chat_parts import ChatParts
from ui.code_following import to_follow_on
from ui.code_parts import CodeParts
from ui.math_parts import MathParts
from ui.parts import QUIET
from ui.watching import to_follow
from verify.code.task import task_of
from verify.solve import problem_of

# What else than a run an address names, and the tab for it.
_TABS_OF = {"benchmark": "benchmarks", "training": "training"}
# What the Chat, the Math, the Code and the Agent tab follow, and the tabs.
Opened = tuple[Any, Any, Any, Any, Any]


class Opening:
    """Finds the tab for a run."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def on_load(self, request: gr.Request) -> Opened:
        """Open the run that the address names, live or stored; or the tab of what else it names."""
        run_id = str(request.query_params.get("run") or "")
        if run_id:
            return self._opened(run_id)
        # The tab opens the result, or the training run, itself.
        tab = next((tab for name, tab in _TABS_OF.items() if request.query_params.get(name)), None)
        return gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.Tabs(selected=tab) if tab else gr.skip()

    def on_choose(self, event: gr.EventData) -> Opened:
        """Open a run that was chosen from the list."""
        run_id = str(event.run_id)
        if not event.is_turn and self._tab(run_id) in ("chat", "agent"):
            # The list names conversations by their first turn; what is opened is the latest one.
            with suppress(RunNotFound):
                run_id = self._runs.store.last_turn(run_id).id
        return self._opened(run_id, to_follow_on)

    def _opened(self, run_id: str, follow_code: Callable[[str], str] = to_follow) -> Opened:
        tab = self._tab(run_id)
        ways = {"chat": to_follow, "math": to_follow, "code": follow_code, "agent": to_follow}
        follow = [way(run_id) if tab == name else gr.skip() for name, way in ways.items()]
        return follow[0], follow[1], follow[2], follow[3], gr.Tabs(selected=tab)

    def _tab(self, run_id: str) -> str:
        try:
            if problem_of(self._runs, run_id) is not None:
                return "math"
            if task_of(self._runs, run_id) is not None:
                return "code"
            return "agent" if is_agent_run(self._runs, run_id) else "chat"
        except RunNotFound:
            # What cannot be found is said in the Chat tab.
            return "chat"


def wire_opening(
    demo: gr.Blocks,
    opening: Opening,
    chat: ChatParts,
    math: MathParts,
    code: CodeParts,
    agent: AgentParts,
    following: list[Any],
) -> None:
    """Connect the address and the lists of runs to the tabs.

    Args:
        following: The events that follow a run now; a choice lets them go first, for a tab shows one run.
    """
    outputs: list[Any] = [chat.to_follow, math.to_follow, code.to_follow, agent.to_follow, chat.tabs]
    # Only events of the queue tell the page that a state has changed.
    demo.load(opening.on_load, None, outputs, concurrency_limit=None, **QUIET)
    for runs_list in (chat.past.runs_list, chat.past.rail_list):
        runs_list.select(opening.on_choose, None, outputs, cancels=following, concurrency_limit=None, **QUIET)
