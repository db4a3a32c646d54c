"""Panes and the state of the model in, the words on the page out: what goes on, how far, and why it ended."""

from collections.abc import Sequence
from typing import Any

from model.abilities import EVERYTHING, Abilities
from model.errors import AppError
from model.host import HostStatus
from model.restarts import is_of_death
from model.waiting_line import Place
from ui.panes import ENDED_PHASES, Panes, pace_text

_PHASE_WORDS = {
    "waiting": "Waiting",
    "reading": "Reading the question",
    "thinking": "Thinking",
    "answering": "Answering",
    "calling": "Running a tool",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Failed",
}
_END_NOTICES = (*("stopped", "time_limit", "gpu_time", "allowance", "length", "engine", "interrupted", "no_answer"),)


def status_value(
    panes: Panes,
    host: HostStatus,
    waited_seconds: float = 0.0,
    branch: tuple[int, int] = (1, 1),
    place: Place | None = None,
) -> dict[str, Any]:
    """What `status_line` shows of a run.

    Args:
        waited_seconds: How long this page has waited for the first token.
        branch: The run's place among those that stand beside it, and how many there are.
        place: Where the run stands in the line, while it waits for others.
    """
    text, detail = _phase_words(panes, host, waited_seconds, place)
    # What to expect of a call is of no use when the run is over.
    notices = [notice.text for notice in panes.notices if panes.is_live or notice.kind != "gpu_call"]
    ends = [notice.text for notice in panes.notices if notice.kind in _END_NOTICES]
    if ends and not panes.is_live:
        # How it ended, and what to do about it, stands in the status line and not a second time below.
        text = ends[-1]
        notices.remove(text)
    return {
        "run": panes.run_id,
        "phase": panes.phase,
        "shows": _shows(panes, branch[1]),
        "branch": f"{branch[0]} of {branch[1]}" if branch[1] > 1 else "",
        "text": text,
        "detail": detail,
        "tone": _tone(panes),
        "thinking": pace_text(panes.thinking_pace),
        "answer": pace_text(panes.answer_pace),
        "notices": notices,
    }


def _phase_words(panes: Panes, host: HostStatus, waited_seconds: float, place: Place | None) -> tuple[str, str]:
    if panes.phase == "empty":
        return "", ""
    waited = f"{waited_seconds:.0f} s" if waited_seconds >= 1 else ""
    if panes.pending and panes.is_live:
        return panes.pending, place_text(place) if place is not None and panes.gives_way else ""
    if panes.phase == "waiting" and host.state == "loading":
        return "Waiting for the model", progress_text(host)
    if panes.phase == "waiting" and place is not None:
        return "Waiting for a place", place_text(place)
    if panes.phase == "waiting" and host.state == "ready":
        return "Reading the question", waited
    return _PHASE_WORDS[panes.phase], waited if panes.phase == "waiting" else ""


def place_text(place: Place) -> str:
    """How many wait before, and how long it may take.

    >>> place_text(Place(2, 93.0)), place_text(Place(0, 0.0))
    ('2 before you · about 2 min', 'you are next')
    """
    wait = place.seconds
    usual = f"about {wait / 60:.0f} min" if wait >= 90 else f"about {max(wait, 1):.0f} s" if wait else ""
    return joined([f"{place.before:,} before you" if place.before else "you are next", usual])


def _tone(panes: Panes) -> str:
    if panes.is_paused:
        return "paused"
    if panes.is_live:
        return "busy"
    return "error" if panes.phase == "failed" else ""


def refusal(error: AppError) -> dict[str, Any]:
    """What `status_line` shows when something was refused: only its words change, the run on the page is as it was."""
    return {"text": str(error), "tone": "error", "is_refusal": True}


def _shows(panes: Panes, branches: int) -> str:
    """Ids of the buttons and rows that there are in this phase; the style sheet hides the others."""
    is_over = panes.phase in ENDED_PHASES
    has_text = bool(panes.thinking or panes.answer)
    shown = {
        "ask": not panes.is_live,
        "stop": panes.is_live,
        "answer-now": panes.phase in ("reading", "thinking"),
        "more": panes.phase == "thinking" and not panes.is_paused,
        "pause": panes.phase in ("reading", "thinking", "answering") and not panes.is_paused,
        "unpause": panes.is_paused,
        "hint-row": panes.is_paused and panes.phase != "answering",
        "fold": bool(panes.thinking),
        "show-maths": is_over and bool(panes.thinking),
        "continue": is_over and panes.is_cut,
        "think-again": is_over and has_text,
        "after": is_over and has_text,
        "revise": is_over or branches > 1,
        "again": is_over,
        "edit-question": is_over,
        "new-answer": is_over and bool(panes.thinking),
        "edit-thinking": is_over and bool(panes.thinking),
        "branches": branches > 1,
        "examples": panes.phase == "empty",
        "new-chat": panes.phase != "empty",
    }
    return " ".join(name for name, is_shown in shown.items() if is_shown)


def progress_text(host: HostStatus) -> str:
    """How far a load has got.

    >>> progress_text(HostStatus("loading", "qwq-32b", "nf4", "Downloading", 1_500_000_000, 19_500_000_000, "bytes"))
    'Downloading, 1.5 of 19.5 GB'
    """
    text = host.text.rstrip(".")
    if host.total <= 1:
        return text
    if host.unit == "bytes":
        scale, unit = (1e9, "GB") if host.total >= 1e9 else (1e6, "MB")
        return f"{text}, {host.done / scale:.1f} of {host.total / scale:.1f} {unit}"
    return f"{text}, {host.done:,.0f} of {host.total:,.0f}{' ' + host.unit if host.unit else ''}"


def model_line_value(host: HostStatus, abilities: Abilities = EVERYTHING) -> dict[str, Any]:
    """What the line about the model shows, and what of the page's controls its engine cannot do."""
    words = {
        "empty": "No model is loaded",
        "loading": progress_text(host),
        "ready": joined([host.model, "" if host.precision == "none" else host.precision]),
        "failed": f"{host.model} could not be loaded; the Model tab says why",
    }
    if host.state == "failed" and is_of_death(host.text):
        words["failed"] = f"{host.model} has died too often; the Model tab says what to do"
    cannot = {"go-on": not abilities.goes_on, "budget": abilities.budget == "none", "score": not abilities.scores}
    return {
        "text": words[host.state],
        "state": host.state,
        "done": host.done,
        "total": host.total,
        "cannot": [name for name, is_so in cannot.items() if is_so],
    }


def model_text(host: HostStatus) -> str:
    """What the Model tab says of the model: everything that is known."""
    took = f"It took {host.seconds:.0f} s." if host.state == "ready" and host.seconds >= 1 else ""
    return " ".join(part for part in (host.text, host.note, took) if part)


def shortened(text: str, characters: int) -> str:
    """The text as one line of at most so many characters.

    >>> shortened("one two three", 9)
    'one two …'
    """
    line = " ".join(text.split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + " …"


def joined(parts: Sequence[str]) -> str:
    """The parts that are not empty, with a middle dot between."""
    return " · ".join(part for part in parts if part)
