"""A run's events in, the JSON objects that scripts read out: deltas for what is new, one final object for all of it.

Every value is a plain JSON type: no NaN, no Infinity, no tuples.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, assert_never

from model.checked import Checked, checked_of
from model.code_events import Program, Task, TestReport
from model.engine import collect
from model.errors import RunError
from model.events import (
    AnswerDelta,
    Asked,
    Branched,
    Event,
    Evidence,
    FinalAnswer,
    Finished,
    Notice,
    Problem,
    PromptRead,
    Queued,
    Steered,
    ThinkingDelta,
    Verdict,
)
from model.tool_events import ApprovalAsked, Equipped, ToolCall, ToolResult
from ui.agent_objects import agent_fields

Delta = dict[str, Any]

_STEERED_TEXTS = {
    "stop": "Stop was asked for.",
    "answer_now": "Answer now was asked for.",
    "think_longer": "More thinking was asked for.",
    "continue": "The run goes on from where it was cut.",
    "pause": "A pause was asked for.",
    "resume": "The pause is over.",
    "hint": "A hint was put into the thinking.",
    "budget": "Another thinking budget was set.",
    "allow": "A tool call was allowed.",
    "allow_always": "A tool was allowed for the rest of the run.",
    "refuse": "A tool call was refused.",
}

_BRANCHED_TEXTS = {
    "regenerated": "The question is asked again.",
    "new_question": "The question was changed.",
    "new_answer": "The thinking is kept, the answer is written anew.",
    "edited_thinking": "The thinking was changed by hand and goes on from there.",
    "forked": "The thinking is kept up to a place and goes on from there.",
}


def notice(kind: str, text: str, **more: Any) -> Delta:
    """A delta that is a sentence for the user; `kind` is for programs."""
    return {"type": "notice", "kind": kind, "text": text, "n_tokens": 0, **more}


def queued(event: Queued) -> Delta:
    """A delta that says where a run stands in the line, or that its turn has come.

    >>> queued(Queued(before=2, seconds=40.0))["text"]
    'It waits for its turn: 2 before it, about 40 s.'
    """
    if event.is_over:
        text = f"Its turn has come after {event.seconds:.0f} s."
    else:
        before = f"{event.before:,} before it" if event.before else "it is next"
        about = f", about {event.seconds:.0f} s" if event.seconds >= 0.5 else ""
        text = f"It waits for its turn: {before}{about}."
    return {"n_tokens": 0} | asdict(event) | {"text": text, "seconds": rounded(event.seconds)}


def delta_of(event: Event) -> Delta | None:
    """What a script sees of one event; None for those that only the final object shows.

    >>> delta_of(AnswerDelta("4", 1))
    {'type': 'answer', 'text': '4', 'n_tokens': 1}
    """
    match event:
        case ThinkingDelta(text, n_tokens, _, forced, by_user):
            marks = {"forced": forced, "by_user": by_user}
            set_marks = {name: True for name, is_set in marks.items() if is_set}
            return {"type": "thinking", "text": text, "n_tokens": n_tokens} | set_marks
        case AnswerDelta(text, n_tokens):
            return {"type": "answer", "text": text, "n_tokens": n_tokens}
        case Notice(kind, text):
            return notice(kind, text)
        case Steered(action, tokens, text):
            given = {"given": text} if text else {}
            return notice("steered", _STEERED_TEXTS[action], action=action, tokens=tokens, **given)
        case Queued():
            return queued(event)
        case ToolCall(call_id, name, arguments):
            return {"type": "tool_call", "text": arguments, "n_tokens": 0, "name": name, "call_id": call_id}
        case ApprovalAsked(call_id, seconds):
            return {"type": "approval_asked", "text": "", "n_tokens": 0, "call_id": call_id, "seconds": seconds}
        case ToolResult():
            return asdict(event) | {"n_tokens": 0, "is_error": event.is_error}
        case Branched(from_run, way):
            return notice("branched", _BRANCHED_TEXTS[way], from_run=from_run, way=way)
        case Verdict() | Evidence() | FinalAnswer() | Program() | TestReport():
            return found_of(event) | {"n_tokens": 0}
        case Asked() | Problem() | Equipped() | Task() | PromptRead() | Finished():
            return None
        case _:
            assert_never(event)


def found_of(event: Verdict | Evidence | FinalAnswer | Program | TestReport) -> Delta:
    """What was found out about an answer, with a `text` for people.

    >>> found_of(Program("print(1)"))["text"]
    'print(1)'
    """
    match event:
        case Verdict():
            text = event.reason
        case Evidence() | TestReport():
            text = event.words
        case FinalAnswer():
            text = event.text
        case Program():
            text = event.source
    counts = {"passed": event.passed, "total": len(event.cases)} if isinstance(event, TestReport) else {}
    return asdict(event) | counts | {"text": text}


def deltas_of(events: Sequence[Event], first_number: int) -> list[Delta]:
    """The deltas of neighbouring events, same kinds of text merged.

    Args:
        events: Neighbours in their run.
        first_number: The number of `events[0]` in its run.

    Returns:
        Deltas, each with `event`: the number of the last event that is in it.

    >>> deltas_of([AnswerDelta("4", 1), AnswerDelta("2", 1)], 7)
    [{'type': 'answer', 'text': '42', 'n_tokens': 2, 'event': 8}]
    """
    merged: list[Delta] = []
    for number, event in enumerate(events, first_number):
        delta = delta_of(event)
        if delta is None:
            continue
        last = merged[-1] if merged else None
        if last is not None and isinstance(event, ThinkingDelta | AnswerDelta) and _is_same_kind(last, delta):
            last["text"] += delta["text"]
            last["n_tokens"] += delta["n_tokens"]
            last["event"] = number
        else:
            merged.append(delta | {"event": number})
    return merged


def _is_same_kind(one: Delta, other: Delta) -> bool:
    return all(one.get(name) == other.get(name) for name in ("type", "forced", "by_user"))


def final_of(run_id: str, events: Sequence[Event]) -> Delta:
    """The whole run as one object: the last thing that every streaming endpoint yields.

    `usage` counts the last stream only: what a continued run had written before was counted by an earlier one.

    Args:
        run_id: The run's id.
        events: All events of the run, from its first on.

    Raises:
        RunError: If the run has no end, or no beginning.
    """
    ends = [number for number, event in enumerate(events) if isinstance(event, Finished)]
    if not ends or not isinstance(events[0], Asked):
        raise RunError(f"The run {run_id!r} was not stored whole: it has {len(events)} events and no end.")
    asked, finished = events[0], events[ends[-1]]
    assert isinstance(finished, Finished)
    last_stream = events[ends[-2] + 1 if len(ends) > 1 else 0 :]
    whole = collect(events)
    return (
        {
            "type": "final",
            "run_id": run_id,
            "question": asked.question,
            "thinking": whole.thinking,
            "answer": whole.answer,
            "tool_calls": [asdict(call) for call in whole.tool_calls],
            "usage": _usage(finished, next((event for event in last_stream if isinstance(event, PromptRead)), None)),
            "finish_reason": finished.reason,
            "model": asked.model,
            "precision": asked.precision,
            "budget": asked.budget,
            "sampling": asdict(asked.sampling),
            "seed": asked.sampling.seed,
            "notices": [{"kind": each.kind, "text": each.text} for each in whole.notices],
        }
        | checked_fields(checked_of(events))
        | agent_fields(events)
    )


def checked_fields(checked: Checked) -> Delta:
    """What was found out about an answer, for a final object; nothing where nobody has looked."""
    if checked.final_answer is None and checked.verdict is None and not checked.evidence:
        return {}
    return {
        "final_answer": checked.final_answer.text if checked.final_answer else "",
        "checked": checked.standing,
        "verdict": asdict(checked.verdict) if checked.verdict else None,
        "evidence": [asdict(each) for each in checked.evidence],
    }


def _usage(finished: Finished, prompt_read: PromptRead | None) -> Delta:
    """Tokens and seconds. `cached_tokens` is -1 where the engine cannot tell."""
    new_tokens = finished.thinking_tokens + finished.answer_tokens
    first_token_seconds = prompt_read.seconds if prompt_read else 0.0
    writing_seconds = finished.seconds - first_token_seconds
    return {
        "prompt_tokens": finished.prompt_tokens,
        "cached_tokens": prompt_read.cached_tokens if prompt_read else -1,
        "thinking_tokens": finished.thinking_tokens,
        "answer_tokens": finished.answer_tokens,
        "total_tokens": finished.prompt_tokens + new_tokens,
        "seconds": rounded(finished.seconds),
        "first_token_seconds": rounded(first_token_seconds),
        "thinking_seconds": rounded(finished.thinking_seconds),
        "answer_seconds": rounded(finished.answer_seconds),
        "tokens_per_second": rounded(new_tokens / writing_seconds if writing_seconds > 0 else 0.0),
    }


def rounded(seconds: float) -> float:
    """Three decimals, and 0 for what JSON has no number for."""
    return round(float(seconds), 3) if math.isfinite(seconds) else 0.0
