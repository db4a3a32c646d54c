"""A run that is over in, its panes as they once grew out: at any speed, with what its user did, and no engine."""

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from model.errors import RunBusy
from model.events import Event, Steered
from model.runs import Runs
from model.tool_events import ToolCall
from ui.panes import Panes, flush_seconds, update_all
from ui.parts import AT_ONCE, QUIET, small_button
from ui.sentences import joined, refusal, shortened
from ui.words import word

# Events, each with its Unix second.
Told = Callable[[list[tuple[float, Event]]], None]
SPEEDS: dict[str, float] = {"1×": 1.0, "4×": 4.0, "16×": 16.0, "at once": math.inf}
# A pause of the model, or of the user, longer than this is not waited out.
LONGEST_GAP_SECONDS = 2.0
# How soon a replay sees that it was paused, or that its page has gone.
_TICK_SECONDS = 0.25
# How long a replay that is let go may take to end, and Gradio to have written its last update once more.
_LETTING_GO_SECONDS = 1.0
_LAST_UPDATE_SECONDS = 0.15

_DONE_BY_USER = {
    "stop": "Stop",
    "answer_now": "Answer now",
    "think_longer": "Think longer",
    "continue": "Continue",
    "pause": "Pause",
    "resume": "Go on",
    "hint": "Hint",
    "budget": "Budget",
    "allow": "Allow",
    "allow_always": "Always allow",
    "refuse": "Refuse",
}


@dataclass(slots=True, eq=False)
class Replay:
    """One replay on one page, while it is shown.

    Args:
        speed: Stored seconds to each second; infinite for all that is left at once.
        position: Stored seconds that have been shown, gaps shortened.
        done: What the user had done up to there, each as a sentence.
    """

    speed: float
    is_paused: bool = False
    position: float = 0.0
    seconds: float = 0.0
    done: tuple[str, ...] = ()
    is_over: bool = False
    # The page follows something else; and nothing more comes of this one.
    is_let_go: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class ReplayParts:
    """The row of a run that has ended: what plays it again."""

    play: gr.Button
    pause: gr.Button
    go_on: gr.Button
    stop: gr.Button
    speed: gr.Dropdown


def add_replay(prefix: str = "") -> ReplayParts:
    """Lay them out; the style sheet shows the first while nothing is replayed, the others while something is."""
    with gr.Row(elem_id=f"{prefix}replay-row"):
        play = small_button(word("Replay"), f"{prefix}replay", min_width=40)
        pause = small_button(word("Pause replay"), f"{prefix}replay-pause", min_width=40)
        go_on = small_button(word("Go on with the replay"), f"{prefix}replay-go-on", min_width=40)
        stop = small_button(word("Stop replay"), f"{prefix}replay-stop", min_width=40)
        speed = gr.Dropdown(
            [*list(SPEEDS)[:-1], (word("at once"), "at once")],
            value="4×",
            label=word("Speed of the replay"),
            container=False,
            elem_id=f"{prefix}replay-speed",
            min_width=90,
        )
    return ReplayParts(play, pause, go_on, stop, speed)


def places_of(timed_events: Sequence[tuple[int, Event]]) -> list[float]:
    """When each event comes, in seconds from the first one, no gap longer than `LONGEST_GAP_SECONDS`.

    A clock that was set back gives no gap.

    >>> places_of([(1000, Steered("pause")), (1500, Steered("hint")), (90_000, Steered("resume"))])
    [0.0, 0.5, 2.5]
    """
    places: list[float] = []
    for number, (at_ms, _) in enumerate(timed_events):
        gap = (at_ms - timed_events[number - 1][0]) / 1000 if number else 0.0
        places.append((places[-1] if places else 0.0) + min(max(gap, 0.0), LONGEST_GAP_SECONDS))
    return places


class Replays:
    """The replays that pages look at, at most one a page (by its session)."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._replays: dict[str, Replay] = {}

    def begin(self, session: str, to_follow: str) -> Replay | None:
        """The replay whose speed a request to follow a run ends in; None where it wishes for the run itself.

        Either way, the one that the page looked at before comes to its end without another word.
        """
        self.end(session)
        speed = SPEEDS.get(to_follow.rpartition("/")[2])
        if speed is None:
            return None
        return self._replays.setdefault(session, Replay(speed))

    def end(self, session: str) -> None:
        """The page follows something else, or has gone."""
        replay = self._replays.pop(session, None)
        if replay is not None:
            replay.is_let_go.set()

    async def let_go(self, session: str) -> None:
        """End the page's replay and wait until it has: Gradio writes its last update once more when it ends."""
        replay = self._replays.get(session)
        self.end(session)
        if replay is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(replay.has_ended.wait(), _LETTING_GO_SECONDS)
            await asyncio.sleep(_LAST_UPDATE_SECONDS)

    async def watch(
        self, session: str, run_id: str, replay: Replay, also: Told | None = None
    ) -> AsyncGenerator[Panes, None]:
        """Panes of the run from its first event to its last; `replay` says how far it is, and is read as it changes.

        Args:
            also: Is told of each batch of events before the panes that come of it.

        Raises:
            RunNotFound: If no run has this id.
        """
        try:
            async with aclosing(self._played(session, run_id, replay, also)) as played:
                async for panes in played:
                    yield panes
        finally:
            replay.has_ended.set()

    async def _played(
        self, session: str, run_id: str, replay: Replay, also: Told | None
    ) -> AsyncGenerator[Panes, None]:
        timed = await asyncio.to_thread(self._runs.store.timed_events, run_id)
        places = places_of(timed)
        tools = {event.call_id: event.name for _, event in timed if isinstance(event, ToolCall)}
        replay.seconds = places[-1]
        panes, number, before = Panes(run_id=run_id), 0, time.monotonic()
        while number < len(timed):
            now = time.monotonic()
            replay.position = _moved(replay, now - before)
            before = now
            due = bisect_right(places, replay.position)
            passed = [(at_ms / 1000, event) for at_ms, event in timed[number:due]]
            if also is not None:
                also(passed)
            panes = update_all(panes, passed)
            replay.done += tuple(
                _sentence(event, places[place], tools)
                for place, (_, event) in enumerate(timed[number:due], number)
                if isinstance(event, Steered)
            )
            number = due
            replay.is_over = number == len(timed)
            # Looked at right before each update: another run that the page follows is not written over.
            if self._replays.get(session) is not replay:
                return
            yield panes
            with suppress(TimeoutError):
                pause_seconds = _pause_seconds(replay, panes, places, number)
                await asyncio.wait_for(replay.is_let_go.wait(), pause_seconds)

    # ------------------------------------------------------------------ what a user does

    def on_play(self, follow: str, speed: str) -> tuple[Any, Any]:
        """Wish for a replay of the run that `follow` names.

        Returns:
            What to follow and the status line.
        """
        if self._runs.is_live(follow.partition("/")[0]):
            return gr.skip(), refusal(RunBusy("This run is still going on. It can be replayed once it has ended."))
        return f"{follow}/{speed}", gr.skip()

    def on_pause(self, request: gr.Request) -> None:
        """Hold the page's replay where it is."""
        self._hold(request, True)

    def on_go_on(self, request: gr.Request) -> None:
        """Let the page's replay go on."""
        self._hold(request, False)

    def _hold(self, request: gr.Request, is_paused: bool) -> None:
        replay = self._replays.get(str(request.session_hash))
        if replay is not None:
            replay.is_paused = is_paused

    def on_speed(self, speed: str, request: gr.Request) -> None:
        """Another speed, from where the replay is."""
        replay = self._replays.get(str(request.session_hash))
        if replay is not None:
            replay.speed = SPEEDS.get(speed, 1.0)


def _moved(replay: Replay, seconds: float) -> float:
    """How far the replay is after so many seconds more."""
    if replay.is_paused:
        return replay.position
    # Not infinity times the seconds, which may be 0.
    return math.inf if math.isinf(replay.speed) else replay.position + seconds * replay.speed


def _pause_seconds(replay: Replay, panes: Panes, places: Sequence[float], number: int) -> float:
    if replay.is_over:
        return 0.0
    until_next = (places[number] - replay.position) / replay.speed
    return min(max(until_next, flush_seconds(panes)), _TICK_SECONDS)


def _sentence(steered: Steered, at: float, tools: Mapping[str, str]) -> str:
    """What the user did, and when; `tools` are the names of those called, by call."""
    words = _DONE_BY_USER[steered.action]
    if steered.action in ("allow", "allow_always", "refuse"):
        words += f" {tools.get(steered.text, steered.text)}"
    elif steered.text:
        words += f": “{shortened(steered.text, 90)}”" if steered.action == "hint" else f": {steered.text}"
    elif steered.tokens:
        words += f", {steered.tokens:,} tokens more"
    return f"{clock_text(at)} {words}"


def clock_text(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock_text(75.9)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def wire_replay(
    replays: Replays,
    parts: ReplayParts,
    follow: Callable[[str], str],
    run_id: gr.State,
    to_follow: gr.State,
    status: gr.HTML,
    following: Any,
) -> None:
    """Connect the row. `follow` makes a request to follow a run, `following` is the event that does so."""
    events: dict[str, Any] = {"concurrency_limit": None, **QUIET}

    def on_play(run: str, speed: str) -> tuple[Any, Any]:
        return replays.on_play(follow(run), speed)

    parts.play.click(on_play, [run_id, parts.speed], [to_follow, status], **events)
    # Following the run itself shows all of it.
    parts.stop.click(follow, run_id, to_follow, cancels=following, **events)
    parts.pause.click(replays.on_pause, None, None, **AT_ONCE)
    parts.go_on.click(replays.on_go_on, None, None, **AT_ONCE)
    parts.speed.change(replays.on_speed, parts.speed, None, **AT_ONCE)


def replay_value(status: dict[str, Any], replay: Replay) -> dict[str, Any]:
    """The status line of a run's replay, out of that of the run itself: the same run, but it cannot be steered."""
    if replay.is_over:
        return status
    controls = "replay-go-on" if replay.is_paused else "replay-pause"
    words = "Replay paused" if replay.is_paused else f"Replay: {str(status['text']).lower()}"
    shown = [name for name in str(status["shows"]).split() if name in ("fold", "new-chat")]
    speed = next((name for name, speed in SPEEDS.items() if speed == replay.speed), "")
    place = f"{clock_text(min(replay.position, replay.seconds))} of {clock_text(replay.seconds)}"
    return status | {
        "shows": " ".join([*shown, "ask", "after", "replaying", controls]),
        "text": words,
        "detail": joined([place, speed]),
        "tone": "paused" if replay.is_paused else "busy",
        "notices": [*replay.done, *status["notices"]],
    }
