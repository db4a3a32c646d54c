"""The seams of the model package: requests, engines and decoders, and how a stream of events is read whole.

Two layers. A `Decoder` (batched.py, single.py, scripted.py) takes token ids and gives token ids. An `Engine` takes a
chat and gives events; `chat.ChatEngine` makes one out of any decoder, so that budget, splitting, loop detection and
steering exist once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from model.abilities import Abilities
from model.errors import BadInput
from model.events import Event, Finished, FinishReason, Message, Notice, Sampling, Steered
from model.scoring import Scores
from model.settings import BUDGET_TOKENS
from model.steps import steps_of
from model.tool_events import ToolCall

Budget = str | int
# A run that waits for its turn looks this often whether it is to end.
_LOOK_SECONDS = 0.1
# Of a tool call: it may run, every call of its tool in this run may, or it may not.
Decision = Literal["allow", "allow_always", "refuse"]


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of an engine.

    Args:
        messages: The chat; the last one is the user's (or a tool's).
        budget: "off", "low", "medium", "high", a number of thinking tokens, or seconds as "90s".
        tools: JSON schemas of the tools that the model may call.
        thinking_so_far: Thinking that is there already (a run that is continued, forked or edited).
        is_thinking_closed: True when that thinking is complete, so that the answer comes next.
        is_thinking_cut: It is closed because it was cut: the family's early-stop text is written behind it, as when a
            run is cut while it goes on.
        answer_so_far: Answer text that is there already; only with closed thinking.
        shows_thinking_from: Messages from this number on are shown with their thinking; None leaves it to the family.
        leaves_out_calls: No tool is on offer any more: a call that is written all the same is left out, and an answer
            asked for.
        is_uncut: Nothing but the model and the token limit ends it, as published figures are made: no budget (`budget`
            is passed over), no answer reserve, no end of loops, no asking again. Thinking that fills the limit has no
            answer behind it.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    budget: Budget = "medium"
    tools: tuple[dict[str, Any], ...] = ()
    thinking_so_far: str = ""
    is_thinking_closed: bool = False
    is_thinking_cut: bool = False
    answer_so_far: str = ""
    shows_thinking_from: int | None = None
    leaves_out_calls: bool = False
    is_uncut: bool = False


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """A budget made exact; `None` where there is no such limit."""

    tokens: int | None
    seconds: float | None


def budget_limits(budget: Budget) -> BudgetLimits:
    """The limits that a budget stands for.

    Raises:
        BadInput: If `budget` is none of the names, a number of tokens from 0 up, or seconds such as "90s".

    >>> budget_limits("low"), budget_limits("90s")
    (BudgetLimits(tokens=1024, seconds=None), BudgetLimits(tokens=None, seconds=90.0))
    """
    if isinstance(budget, bool) or not isinstance(budget, str | int):
        raise _bad_budget(budget)
    if isinstance(budget, int):
        if budget < 0:
            raise _bad_budget(budget)
        return BudgetLimits(budget, None)
    text = budget.strip().lower()
    if text in BUDGET_TOKENS:
        return BudgetLimits(BUDGET_TOKENS[text], None)
    number = text.removesuffix("s").strip()
    if number.isascii() and number.isdigit():
        return BudgetLimits(None, float(number)) if text.endswith("s") else BudgetLimits(int(number), None)
    raise _bad_budget(budget)


def _bad_budget(budget: object) -> BadInput:
    names = ", ".join(BUDGET_TOKENS)
    return BadInput(
        f"The thinking budget is {budget!r}. Give one of {names}; a number of tokens from 0 up; "
        "or seconds, such as '90s'."
    )


class Turn(Protocol):
    """A run's place among those that want the model; `model.fair_line.Seat` is the real one."""

    @property
    def must_wait(self) -> bool:
        """Whether it is others' turn."""
        ...

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the run's turn, for so long at most; True when it is."""
        ...

    @property
    def must_give_way(self) -> bool:
        """Whether the run still holds what others are to have."""
        ...

    def leave(self) -> None:
        """Let others have their turn."""
        ...


class Steering:
    """What is done to a run while it goes on, by its user or because it is others' turn.

    The engine reads it between tokens; every method is thread-safe.
    """

    def __init__(self) -> None:
        self._turn: Turn | None = None
        self._lock = threading.Lock()
        self._stop: FinishReason | None = None
        self._answer_now = False
        self._more_tokens = 0
        self._hints: list[str] = []
        self._limits: BudgetLimits | None = None
        self._latest_limits: BudgetLimits | None = None
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._decided = threading.Condition(self._lock)
        self._decisions: dict[str, Decision] = {}

    def stop(self, reason: FinishReason = "stopped") -> None:
        """End the run within one decode step; the first reason given wins."""
        with self._lock:
            self._stop = self._stop or reason
            self._may_go_on.set()
            self._decided.notify_all()

    def answer_now(self) -> None:
        """End the thinking and have the answer written."""
        with self._lock:
            self._answer_now = True
            self._may_go_on.set()
            self._decided.notify_all()

    def decide(self, call_id: str, decision: Decision) -> None:
        """Say whether a tool call may run; the first word counts."""
        with self._lock:
            self._decisions.setdefault(call_id, decision)
            self._decided.notify_all()

    def wait_for_decision(self, call_id: str, seconds: float) -> Decision | None:
        """The word on a tool call; None when it did not come in time, or the run is to end or to answer now."""
        with self._lock:
            self._decided.wait_for(
                lambda: call_id in self._decisions or self._stop is not None or self._answer_now, seconds
            )
            return self._decisions.get(call_id)

    def think_longer(self, tokens: int) -> None:
        """Add `tokens` to the thinking budget."""
        with self._lock:
            self._more_tokens += tokens

    def set_budget(self, limits: BudgetLimits) -> None:
        """Think within these limits from now on, instead of those asked for at first."""
        with self._lock:
            self._limits = self._latest_limits = limits

    def pause(self) -> None:
        """Free the device within one decode step and keep the text, until `go_on`, `answer_now` or `stop`."""
        with self._lock:
            if self._stop is None:
                self._may_go_on.clear()

    def go_on(self, hint: str = "") -> None:
        """Write on after a pause. A hint is put into the thinking first, in a run that was not paused too."""
        with self._lock:
            if hint:
                self._hints.append(hint)
            self._may_go_on.set()

    @property
    def is_paused_by_user(self) -> bool:
        """Whether the run waits for `go_on`."""
        return not self._may_go_on.is_set()

    def take_turns(self, turn: Turn | None) -> None:
        """Write only while it is the run's turn, from now on; at any time, if `turn` is None."""
        self._turn = turn

    @property
    def is_paused(self) -> bool:
        """Whether the engine must let go of the device and wait: the user has paused the run, or it is others' turn."""
        if self._stop is not None:
            return False
        return self.is_paused_by_user or (self._turn is not None and self._turn.must_wait)

    def wait_while_paused(self, timeout_seconds: float) -> None:
        """Return when the pause is over, or in time. The device must be free: others have their turn meanwhile."""
        if self._turn is not None and (self.is_paused_by_user or self._turn.must_give_way):
            self._turn.leave()
        if self._may_go_on.wait(timeout_seconds) and self._turn is not None and self._stop is None:
            self._turn.wait(min(timeout_seconds, _LOOK_SECONDS))  # a stop is not told to the line

    @property
    def stop_reason(self) -> FinishReason | None:
        """Why the run is to end, or None while it is to go on."""
        return self._stop

    @property
    def wants_answer_now(self) -> bool:
        """Whether *answer now* was asked for and nobody has acted on it yet."""
        return self._answer_now

    def take_answer_now(self) -> bool:
        """True once for each *answer now*."""
        with self._lock:
            asked, self._answer_now = self._answer_now, False
            return asked

    def take_more_tokens(self) -> int:
        """The tokens added since the last call."""
        with self._lock:
            tokens, self._more_tokens = self._more_tokens, 0
            return tokens

    def take_budget(self) -> BudgetLimits | None:
        """The limits set since the last call, or None."""
        with self._lock:
            limits, self._limits = self._limits, None
            return limits

    @property
    def budget_set(self) -> BudgetLimits | None:
        """The limits set last, taken or not; None if none were."""
        return self._latest_limits

    def take_hints(self) -> list[str]:
        """The hints given since the last call."""
        with self._lock:
            hints, self._hints = self._hints, []
            return hints


class Engine(Protocol):
    """A chat in, events out."""

    @property
    def model(self) -> str:
        """Name of the model as the catalog has it, or its hub id or folder."""
        ...

    @property
    def precision(self) -> str:
        """What the weights are held in: "bf16", "fp32", "int8", "nf4", or "none" without weights."""
        ...

    @property
    def context_tokens(self) -> int:
        """Prompt and new tokens together."""
        ...

    @property
    def slots(self) -> int:
        """How many requests it decodes at once; further ones wait."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What can be done with its runs."""
        ...

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """Deltas, tool calls and notices, and last exactly one `Finished`; or it raises an `AppError`.

        Closing the iterator cancels the request.
        """
        ...

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        ...

    def close(self) -> None:
        """Free the device. Streams that are still open raise `EngineError`."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a decoder wrote since the last read.

    The finish "short" says that a lent device has time for no more than `tokens_left` tokens after these, and that more
    were asked for: whoever reads says anew how many are wanted.

    Args:
        logprobs: Empty, or one entry for each id; None for an id of which it is not known.
        notices: Sentences for the reader about how it went on, such as a connection that had to be made anew.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float | None, ...] = ()
    finish: Literal["stop", "length", "short"] | None = None
    notices: tuple[str, ...] = ()
    tokens_left: int = 0


class TokenStream(Protocol):
    """The tokens of one request, as they come."""

    @property
    def cached_tokens(self) -> int:
        """Prompt tokens that came out of the prefix cache; -1 if unknown. Valid after the first token."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt where it is known only afterwards; -1 where it was known before, or is not yet."""
        ...

    def read(self, timeout_seconds: float) -> Tokens | None:
        """The tokens since the last read, or None when none came in time.

        After a `Tokens` with a `finish` there is nothing more to read. Stop tokens are not among the ids.

        Raises:
            EngineError: If the decoder died or was closed.
        """
        ...

    def cancel(self) -> None:
        """Free the device within one decode step; harmless when repeated or late. Never blocks."""
        ...


class Decoder(Protocol):
    """Token ids in, token ids out: what differs between batching, `generate()` and a script."""

    @property
    def slots(self) -> int:
        """How many requests it decodes at once."""
        ...

    @property
    def honours_seed(self) -> bool:
        """Whether a `seed` makes a run repeatable here."""
        ...

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """Queue a request. All of `sampling` is set but `seed`, perhaps; `max_new_tokens` here is the one that counts.

        Raises:
            EngineError: If the decoder was closed, or is full.
        """
        ...

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """What the model thinks of each token from number `first` on, given all those before it.

        Blocks as long as a prompt of that length takes to read, and longer while others are being answered: they are
        not held up for more than a piece of it.

        Args:
            first: From 1 on, because the first token of all has nothing before it.
            on_progress: Told after each piece how many tokens have been read.

        Raises:
            BadInput: If the ids are none or are not of this model's vocabulary.
            EngineError: If the decoder was closed, or the device fails.
        """
        ...

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        ...

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        ...


@runtime_checkable
class LentDecoder(Protocol):
    """A decoder on a device that is lent by the second: it wants to know beforehand what is likely to be written."""

    def start_expecting(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        max_new_tokens: int,
        stop_ids: Sequence[int],
        expected_tokens: int,
    ) -> TokenStream:
        """`Decoder.start`, with the tokens that will probably be written."""
        ...

    def outlook(self, prompt_tokens: int) -> str:
        """What whoever asks now can expect of the device's time, in a sentence."""
        ...


class Detokenizer(Protocol):
    """Token ids in, text out, piece by piece: a character that spans tokens comes with the last of them."""

    def feed(self, token_id: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads. `text` is for looking at and for the splitter's prefix; `ids` is what is sent.

    Args:
        n_tokens: Its length where the ids do not tell it.
    """

    ids: tuple[int, ...]
    text: str
    n_tokens: int | None = None


class PromptBuilder(Protocol):
    """A chat in, token ids out, and token ids back to text; `prompt.ChatPrompts` is the real one."""

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """Tokens that end a turn."""
        ...

    def build(self, request: Request) -> Prompt:
        """The prompt up to where the model writes on, `thinking_so_far` and `answer_so_far` included."""
        ...

    def close_thinking(self, is_forced: bool) -> str:
        """The text that ends a thinking: the family's early-stop text when forced, else just the closing tag."""
        ...

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of text that we write into the model's turn; tags of the family become their tokens."""
        ...

    def detokenizer(self) -> Detokenizer: ...


@dataclass(frozen=True, slots=True)
class Collected:
    """A stream read whole."""

    thinking: str
    answer: str
    tool_calls: tuple[ToolCall, ...]
    notices: tuple[Notice, ...]
    finished: Finished | None


def collect(events: Iterable[Event]) -> Collected:
    """What a stream comes to: the same fold that the page does, without the page.

    A *think longer* on a run that had ended drops the answer written before it. The answer of a run with tools is that
    of its last step: text beside a call is part of that call's step (`model.steps`), and never an answer.

    >>> from model.events import AnswerDelta, ThinkingDelta
    >>> collect([ThinkingDelta("2 + 2", 3), AnswerDelta("4", 1), Finished("stop")]).answer
    '4'
    """
    read = list(events)
    steps = steps_of(read)
    finished: Finished | None = None
    for event in read:
        if isinstance(event, Finished):
            finished = event
        elif isinstance(event, Steered):
            finished = None  # of a run that had ended: it goes on
    return Collected(
        "".join(step.thinking for step in steps),
        steps[-1].answer if steps[-1].is_answer else "",
        tuple(called.call for step in steps for called in step.calls),
        tuple(event for event in read if isinstance(event, Notice)),
        finished,
    )
