"""The steps of a run in, what the Agent tab shows of them out: cards of calls, whose thinking, what goes on.

Pure, no gradio. What displays it is in agent_views.py.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from model.host import HostStatus
from model.steps import Called, Step
from model.waiting_line import Place
from ui.panes import ENDED_PHASES, Panes
from ui.sentences import joined, shortened, status_value
from ui.so_far import SoFar

Value = dict[str, Any]
State = Literal["waiting", "next", "running", "ok", "failed", "refused", "not_run"]

# A card shows so much of a text; the rest is asked for by whoever wants it. What may be allowed is shown whole.
_SHOWN_CHARACTERS = 3_000
_LINE_CHARACTERS = 90
# They are about one step's thinking.
_OF_A_STEP = {"show-maths", "edit-thinking", "new-answer"}
# The thinking is the smaller part there: nobody wants it folded away.
_WITHOUT = {"fold"} | _OF_A_STEP


def states_of(step: Step, is_live: bool) -> list[State]:
    """How each call of a step stands.

    >>> from model.tool_events import ToolCall, ToolResult
    >>> calls = [Called(ToolCall(name, name, "{}")) for name in "abc"]
    >>> calls[0] = Called(calls[0].call, ToolResult("a", "4"))
    >>> calls[1] = Called(calls[1].call, approval="asked")
    >>> states_of(Step(calls=tuple(calls)), is_live=True)
    ['ok', 'waiting', 'next']
    """
    states: list[State] = []
    for called in step.calls:
        if called.result is not None:
            states.append(called.result.outcome)
        elif not is_live:
            states.append("not_run")
        elif called.approval == "asked":
            states.append("waiting")
        else:
            states.append("next" if "waiting" in states else "running")
    return states


def arguments_of(text: str) -> list[tuple[str, str]]:
    r"""The arguments of a call for people: names and values, a text as it is and all else as JSON.

    >>> arguments_of('{"code": "a = 1\\nprint(a)", "limits": [1, 2]}')
    [('code', 'a = 1\nprint(a)'), ('limits', '[1, 2]')]
    >>> arguments_of('{"broken": ')
    [('', '{"broken": ')]
    """
    try:
        read = json.loads(text or "{}")
    except ValueError:
        return [("", text)]
    if not isinstance(read, dict):
        return [("", text)]
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))
        if isinstance(value, str) or len(str(value)) > _LINE_CHARACTERS
        else (name, json.dumps(value, ensure_ascii=False))
        for name, value in read.items()
    ]


def line_of(arguments: Sequence[tuple[str, str]]) -> str:
    """All arguments on one line, for a card that is folded.

    >>> line_of([("query", "tide tables")]), line_of([("a", "1"), ("b", "2")])
    ('tide tables', 'a: 1, b: 2')
    """
    if len(arguments) == 1:
        return shortened(arguments[0][1], _LINE_CHARACTERS)
    return shortened(", ".join(f"{name}: {text}" for name, text in arguments), _LINE_CHARACTERS)


def call_value(called: Called, state: State) -> Value:
    """A card."""
    call, result = called.call, called.result
    arguments = arguments_of(call.arguments)
    text = result.text if result is not None else ""
    most = max((len(value) for _, value in arguments), default=0)
    is_cut = len(text) > _SHOWN_CHARACTERS or (state != "waiting" and most > _SHOWN_CHARACTERS)
    if state != "waiting":
        arguments = [(name, value[:_SHOWN_CHARACTERS]) for name, value in arguments]
    return {
        "id": call.call_id,
        "name": call.name,
        "state": state,
        "line": line_of(arguments),
        "arguments": arguments,
        "came": shortened(text, _LINE_CHARACTERS),
        "text": text[:_SHOWN_CHARACTERS],
        "seconds": f"{result.seconds:.1f} s" if result is not None and result.seconds >= 0.05 else "",
        "is_outside": result is not None and result.is_untrusted,
        "is_cut": is_cut,
        "n_pictures": len(result.images) if result is not None else 0,
        "files": list(result.files) if result is not None else [],
    }


def whole_call(called: Called) -> Value:
    """All that a card left out: its texts whole, and the pictures."""
    result = called.result
    return {
        "arguments": arguments_of(called.call.arguments),
        "text": result.text if result is not None else "",
        "pictures": list(result.images) if result is not None else [],
    }


def step_words(step: Step, number: int, is_going: bool) -> str:
    """What the line above a step says.

    >>> step_words(Step(thinking="So", n_thinking_tokens=1_200), 2, False)
    'Step 2 · 1,200 thinking tokens'
    """
    tokens = step.n_thinking_tokens
    thought = f"{tokens:,} thinking token{'' if tokens == 1 else 's'}" if tokens else "no thinking"
    return f"Step {number} · {'thinking' if is_going and not tokens else thought}"


def steps_value(so_far: SoFar, panes: Panes, shown: int, is_following: bool, now: float | None = None) -> Value:
    """What `agent_views.steps_view` shows.

    Args:
        shown: The step whose thinking is beside it, from 0.
        is_following: Whether that is the newest one, whichever it is.
        now: Unix seconds.
    """
    steps = so_far.steps()
    now = time.time() if now is None else now
    told: dict[str, list[str]] = {kind: so_far.notices(kind) for kind in ("reminded", "step_limit")}
    values: list[Value] = []
    left: dict[str, str] = {}
    for at, step in enumerate(steps):
        is_last = at == len(steps) - 1
        states = states_of(step, panes.is_live)
        calls = [call_value(called, state) for called, state in zip(step.calls, states, strict=True)]
        notices = told.get(step.ended_by, [])
        values.append(
            {
                "words": step_words(step, at + 1, panes.is_live and is_last),
                "said": step.answer.strip() if step.calls or not is_last else "",
                "calls": calls,
                "told": notices.pop(0) if notices else "",
            }
        )
        left |= {value["id"]: _left(so_far.waits_until, value, now) for value in calls if value["state"] == "waiting"}
    is_empty = panes.phase in ("empty", "waiting") and len(steps) == 1 and not steps[0].thinking
    return {
        "run": panes.run_id,
        # As texts: a browser that is handed many values anew builds each of them anew.
        "steps": [] if is_empty else [json.dumps(value, ensure_ascii=False) for value in values],
        "offered": "" if is_empty else ", ".join(so_far.offered()),
        "shown": shown,
        "is_following": is_following,
        "left": left,
    }


def _left(waits_until: Mapping[str, float], call: Value, now: float) -> str:
    """How long the user still has.

    >>> _left({"a": 100.0}, {"id": "a"}, 25.4)
    '1:15'
    """
    seconds = max(0, round(waits_until.get(call["id"], now) - now))
    return f"{seconds // 60}:{seconds % 60:02d}"


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}" if count else ""


def counts_words(steps: Sequence[Step]) -> str:
    """How many steps and calls there are.

    >>> from model.tool_events import ToolCall
    >>> counts_words([Step(thinking="So", calls=(Called(ToolCall("a", "python", "{}")),)), Step(answer="4")])
    '2 steps · 1 call'
    """
    n_calls = sum(len(step.calls) for step in steps)
    n_steps = f"{len(steps):,} step{'' if len(steps) == 1 else 's'}"
    return joined([n_steps, f"{n_calls:,} call{'' if n_calls == 1 else 's'}" if n_calls else ""])


def final_answer(steps: Sequence[Step]) -> str:
    """The answer itself: what the last step wrote outside its thinking, if it called nothing."""
    return "" if steps[-1].calls else steps[-1].answer


def panes_of_step(panes: Panes, step: Step, is_last: bool) -> Panes:
    """The panes as if the run were one of its steps: for its thinking, its outline, its sums."""
    if is_last:
        return replace(panes, thinking=step.thinking, phase="answering" if panes.phase == "calling" else panes.phase)
    return replace(panes, thinking=step.thinking, phase="done")


def _shows(names: Sequence[str], steps: Sequence[Step], shown: int, is_over: bool) -> list[str]:
    """Those of the names that a run with steps has a use for; for a thinking only where the step has one."""
    kept = [name for name in names if name not in _WITHOUT]
    kept += ["show-maths", "edit-thinking"] if is_over and steps[shown].thinking.strip() else []
    kept += ["new-answer"] if is_over and steps[-1].thinking.strip() and not steps[-1].calls else []
    return [*kept, "answer"] if final_answer(steps) else kept


def agent_status(
    panes: Panes,
    steps: Sequence[Step],
    shown: int,
    host: HostStatus,
    waited_seconds: float = 0.0,
    branch: tuple[int, int] = (1, 1),
    place: Place | None = None,
) -> Value:
    """What the status line of the Agent tab shows.

    Args:
        shown: The step whose thinking is on the page, from 0.
        waited_seconds: How long this page has waited for the first token.
        branch: The run's place among those that stand beside it, and how many there are.
        place: Where the run stands in the line, while it waits for others.
    """
    own = replace(panes, answer=final_answer(steps))
    notices = tuple(notice for notice in panes.notices if notice.kind not in ("reminded", "step_limit"))
    value = status_value(replace(own, notices=notices), host, waited_seconds, branch, place)
    value["shows"] = " ".join(_shows(value["shows"].split(), steps, shown, panes.phase in ENDED_PHASES))
    tokens = steps[shown].n_thinking_tokens
    value["thinking"] = _tokens(tokens)
    value["answer"] = _tokens(steps[-1].n_answer_tokens) if own.answer else ""
    # Always named, so that the pane says whose thinking it shows.
    value["step"] = f"Step {shown + 1} of {len(steps)}" if panes.phase != "empty" else ""
    value["steps"] = counts_words(steps)
    if panes.phase == "calling" and not panes.pending:
        states = states_of(steps[-1], panes.is_live)
        waiting = [each.call.name for each, state in zip(steps[-1].calls, states, strict=True) if state == "waiting"]
        running = [each.call.name for each, state in zip(steps[-1].calls, states, strict=True) if state == "running"]
        if waiting:
            value |= {"text": f"{waiting[0]} waits for your word", "detail": "", "tone": "paused"}
        elif running:
            value |= {"text": f"Running {', '.join(running)}", "detail": ""}
    return value
