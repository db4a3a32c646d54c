"""What readers heard, the store and the script in; what was lost, mixed up or late out."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.load.heard import Heard
from model.errors import RunNotFound
from model.events import AnswerDelta, Asked, Event, ThinkingDelta
from model.store import Store

# A question in; the thinking and the answer that its run must have, or None where nobody can know.
Expected = Callable[[str], tuple[str, str] | None]


@dataclass(slots=True)
class Checked:
    """The sums over all runs of one transport."""

    runs: int = 0
    whole_runs: int = 0
    events: int = 0
    lost_events: int = 0
    faults: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    first_text: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Plain values; seconds are of the delay from an event to its reader."""
        delays = sorted(self.delays)
        return {
            "runs": self.runs,
            "runs_read_to_the_end": self.whole_runs,
            "events": self.events,
            "lost_events": self.lost_events,
            "faults": len(self.faults),
            "first_faults": self.faults[:5],
            "delay_seconds": {
                "median": _rounded(statistics.median(delays)) if delays else None,
                "p95": _rounded(delays[int(0.95 * (len(delays) - 1))]) if delays else None,
                "worst": _rounded(delays[-1]) if delays else None,
            },
            "first_text_seconds": _rounded(statistics.median(self.first_text)) if self.first_text else None,
        }


def check_all(heard: Iterable[Heard], store: Store, expected: Expected) -> dict[str, Checked]:
    """Compare every run with what the store holds and what it must be; by transport."""
    by_transport: dict[str, Checked] = {}
    for one in heard:
        checked = by_transport.setdefault(one.transport, Checked())
        checked.runs += 1
        check_one(one, store, expected, checked)
    return by_transport


def check_one(heard: Heard, store: Store, expected: Expected, checked: Checked) -> None:
    """Add one run to the sums."""
    if heard.trouble:
        checked.faults.append(f"{heard.question}: {heard.trouble}")
    if not heard.run_id:
        if not heard.cut and not heard.trouble:
            checked.faults.append(f"{heard.question}: nothing was ever heard of its run")
        return
    try:
        timed = store.timed_events(heard.run_id)
    except RunNotFound:
        checked.faults.append(f"{heard.question}: the store has no run {heard.run_id!r}")
        return
    asked = timed[0][1]
    if not isinstance(asked, Asked) or asked.question != heard.question:
        checked.faults.append(f"{heard.question}: its run {heard.run_id!r} was asked something else")
        return
    checked.whole_runs += not heard.cut and not heard.trouble
    stored = {kind: _text(timed, kind) for kind in ("thinking", "answer")}
    for kind, text in heard.texts.items():
        if not (stored[kind].startswith(text) if heard.cut or heard.trouble else stored[kind] == text):
            checked.faults.append(f"{heard.question}: its {kind} is not what the store holds: {text[-60:]!r}")
    wanted = expected(heard.question)
    if wanted is not None:
        for kind, text in zip(("thinking", "answer"), wanted, strict=True):
            if not text.strip().startswith(heard.texts[kind].strip()):
                checked.faults.append(f"{heard.question}: its {kind} is not what the script says")
    if heard.grown:
        checked.first_text.append(heard.grown[0][2] - heard.began)
    _add_delays(heard, timed, checked)


def _text(timed: Sequence[tuple[int, Event]], kind: str) -> str:
    made = ThinkingDelta if kind == "thinking" else AnswerDelta
    return "".join(event.text for _, event in timed if isinstance(event, made))


def _add_delays(heard: Heard, timed: Sequence[tuple[int, Event]], checked: Checked) -> None:
    """For each event with text: from its time in the store to when its reader had all of it."""
    for kind, made in (("thinking", ThinkingDelta), ("answer", AnswerDelta)):
        grown = [(characters, at) for of_kind, characters, at in heard.grown if of_kind == kind]
        position = written = 0
        for at_ms, event in timed:
            if not isinstance(event, made) or not event.text:
                continue
            written += len(event.text)
            while position < len(grown) and grown[position][0] < written:
                position += 1
            if position == len(grown):
                # A reader that stopped early has not lost what came after.
                if not heard.cut and not heard.trouble:
                    checked.events += 1
                    checked.lost_events += 1
                continue
            checked.events += 1
            checked.delays.append(max(0.0, grown[position][1] - at_ms / 1000))


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
