"""An OpenAI-compatible server in, an `Engine` out: vLLM, SGLang, llama.cpp, Ollama, inference providers.

This is the way past one machine. A turn is asked as a chat. When the thinking must end, or a run is taken further, the
text so far goes back to the server for it to write on, in the way that remote_probe.py found to work; the engine around
it is the one of every other decoder (`chat.ChatEngine`).
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from model.abilities import Abilities
from model.catalog import CATALOG, EMBEDDED
from model.chat import ChatEngine
from model.engine import TokenStream, budget_limits
from model.errors import AppError, BadInput, EngineError
from model.events import Sampling
from model.families import SMOLLM2, Family
from model.remote_going_on import Ways, going_on
from model.remote_messages import chat_fields
from model.remote_reading import Reading
from model.remote_text import PieceId, RemotePrompts, RemoteSplitter, chat_of, turn_text
from model.remote_wire import BrokeOff, Busy, Call, Wire
from model.scoring import Scores
from model.settings import REMOTE
from model.token_inbox import CLOSED, TokenInbox

_log = logging.getLogger(__name__)

# A server that has no room is asked so often, and waited for so long in all.
_MOST_WAITS, _MOST_WAIT_SECONDS = 4, 90.0
# A stream that breaks off is taken up so often.
_MOST_REPAIRS = 2
_REPAIR_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of a server and of its model.

    Args:
        model: As the server calls it.
        fields: Which optional fields of a request it takes: "top_k", "seed", "logprobs", "usage", "timings".
        splits: It tells thinking and answer apart.
        takes_tools: It takes tools in a chat; vLLM does only when it was started so.
        off_fields: What asks it to answer without thinking; empty where nothing does.
        budget_fields: Of so many thinking tokens, what asks it to keep to them; None where nothing does.
    """

    model: str
    family: Family
    context_tokens: int
    slots: int
    fields: frozenset[str] = frozenset()
    splits: bool = False
    takes_tools: bool = True
    ways: Ways = field(default_factory=Ways)
    off_fields: tuple[tuple[str, Any], ...] = ()
    budget_fields: Callable[[int], dict[str, Any]] | None = None

    @property
    def abilities(self) -> Abilities:
        """What the page offers."""
        budget = "ours" if self.ways.found else "server" if self.budget_fields else "none"
        return Abilities(
            goes_on=bool(self.ways.found),
            budget=budget,  # type: ignore[arg-type]
            skips_thinking=bool(self.ways.found or self.off_fields),
            scores=False,
            way=self.ways.sentence(),
        )


class RemoteDecoder:
    """A `Decoder` whose ids are pieces of text (remote_text.py)."""

    def __init__(self, wire: Wire, server: Server) -> None:
        self._wire, self._server = wire, server
        self._lock = threading.Lock()
        self._open: set[Future[None]] = set()
        self._is_closed = False

    @property
    def slots(self) -> int:
        """How many requests it is given at once."""
        return self._server.slots

    @property
    def honours_seed(self) -> bool:
        """Whether it takes one."""
        return "seed" in self._server.fields

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """As `engine.Decoder.start`; the key is that of whoever asks."""
        with self._lock:
            if self._is_closed:
                raise EngineError(CLOSED)
            inbox = TokenInbox(lambda: self._end(work), lambda: CLOSED if self._is_closed else None)
            pump = _Pump(self._wire, self._server, prompt_ids, sampling, max_new_tokens, self._wire.key(), inbox)
            work: Future[None] = self._wire.run(pump.run())
            self._open.add(work)
        work.add_done_callback(self._forget)
        return inbox

    def _end(self, work: "Future[None]") -> None:
        work.cancel()

    def _forget(self, work: "Future[None]") -> None:
        with self._lock:
            self._open.discard(work)

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """Not offered.

        Raises:
            BadInput: Always.
        """
        raise BadInput("A server is not asked for the probabilities of a text. Load the model here to see them.")

    def live_requests(self) -> int:
        """Streams that are open."""
        with self._lock:
            return len(self._open)

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            self._is_closed = True
            works = list(self._open)
        for work in works:
            work.cancel()
        self._wire.close()


class _Pump:
    """Reads one request's streams into an inbox: waits where the server is full, takes up what broke off."""

    def __init__(
        self,
        wire: Wire,
        server: Server,
        ids: Sequence[int],
        sampling: Sampling,
        max_new_tokens: int,
        key: str,
        inbox: TokenInbox,
    ) -> None:
        self._wire, self._server, self._key = wire, server, key
        self._request, pieces = chat_of(ids)
        self._given = [piece for piece in pieces if isinstance(piece, PieceId)]
        self._sampling, self._left = sampling, max_new_tokens
        self._written: list[PieceId] = []
        self._inbox = inbox

    async def run(self) -> None:
        """To the end of the turn, or of what can be done."""
        try:
            await self._with_repairs()
        except asyncio.CancelledError:
            raise
        except AppError as error:
            self._inbox.fail(str(error), error)
        except Exception as error:  # noqa: BLE001 - the reader must hear of it, whatever it is
            _log.exception("a remote stream failed")
            self._inbox.fail(f"{self._wire.address.shown} could not be read ({type(error).__name__}: {error}).", error)

    async def _with_repairs(self) -> None:
        repairs = 0
        while True:
            try:
                await self._with_waits()
                return
            except BrokeOff as error:
                repairs += 1
                can_go_on = not self._written or bool(self._server.ways.found)
                if repairs > _MOST_REPAIRS or not can_go_on or self._left <= 0:
                    raise
                why = str(error).rstrip(".")
                again = (
                    f"{why}, so the run goes on from there." if self._written else f"{why}, so it is asked once more."
                )
                self._inbox.tell(again)
                await asyncio.sleep(_REPAIR_SECONDS * repairs)

    async def _with_waits(self) -> None:
        waited, times = 0.0, 0
        while True:
            try:
                await self._once()
                return
            except Busy as error:
                times += 1
                seconds = error.seconds or 2.0**times
                if times > _MOST_WAITS or waited + seconds > _MOST_WAIT_SECONDS:
                    raise
                self._inbox.tell(f"{self._wire.address.shown} has no room now; asked again in {seconds:.0f} s.")
                waited += seconds
                await asyncio.sleep(seconds)

    async def _once(self) -> None:
        call = await self._call()
        # What a server writes on after a text it often does not split, because it has not seen the thinking begin.
        is_fresh = call.is_chat and not (self._given or self._written)
        reading = Reading(self._server.splits and is_fresh, is_chat=call.is_chat)
        async for chunk in self._wire.stream(self._server.model, call, self._key):
            pieces, logprobs = reading.read(chunk)
            self._inbox.prompt_tokens = reading.prompt_tokens
            self._inbox.cached_tokens = reading.cached_tokens
            if pieces:
                self._written += pieces
                self._left -= len(pieces)
                self._inbox.push(pieces, logprobs)
        rest = reading.rest()
        if reading.filtered:
            self._inbox.tell(f"{self._wire.address.shown} ended the text by a filter of its own.")
        self._inbox.push(rest, [None] * len(rest), reading.finish)

    async def _call(self) -> Call:
        """The request as it stands: a chat, or the model's turn to be gone on with."""
        server, request = self._server, self._request
        fields = self._drawing()
        turn = turn_text([*self._given, *self._written], server.family)
        thinks = server.family.name != "plain"
        wants_no_thinking = thinks and request.is_thinking_closed and not turn
        if wants_no_thinking and server.ways.found:
            turn = server.family.close_text
        renders = bool(request.tools) and not server.takes_tools and server.ways.completes
        if turn or renders:
            return await going_on(
                self._wire, server.model, server.family, server.ways, request, turn, fields, self._key
            )
        fields |= chat_fields(request)
        if wants_no_thinking:
            fields |= dict(server.off_fields)
        elif thinks and server.budget_fields is not None and not request.is_uncut:
            tokens = budget_limits(request.budget).tokens
            if tokens is not None:
                fields |= server.budget_fields(tokens)
        return Call(fields)

    def _drawing(self) -> dict[str, Any]:
        drawn, takes = self._sampling, self._server.fields
        fields: dict[str, Any] = {"max_tokens": max(1, self._left), "temperature": drawn.temperature}
        if drawn.top_p is not None:
            fields["top_p"] = drawn.top_p
        if drawn.top_k and "top_k" in takes:
            fields["top_k"] = drawn.top_k
        if drawn.seed is not None and "seed" in takes:
            fields["seed"] = drawn.seed
        return fields | optional_fields(takes)


def optional_fields(takes: frozenset[str]) -> dict[str, Any]:
    """What makes a server say more of what it does."""
    fields: dict[str, Any] = {}
    if "logprobs" in takes:
        fields |= {"logprobs": True, "top_logprobs": 1}
    if "usage" in takes:
        fields["stream_options"] = {"include_usage": True}
        if "running usage" in takes:
            fields["stream_options"]["continuous_usage_stats"] = True
    if "timings" in takes:
        fields["timings_per_token"] = True
    return fields


def shown_name(server: Server) -> str:
    """The catalog's name where it knows the model; of a path its last part.

    >>> from model.families import QWQ
    >>> shown_name(Server("Qwen/QwQ-32B", QWQ, 0, 1)), shown_name(Server("/models/mine.gguf", QWQ, 0, 1))
    ('qwq-32b', 'mine.gguf')
    """
    if server.family is SMOLLM2:
        return EMBEDDED
    known = next((spec for spec in CATALOG.values() if server.model.lower() in (spec.name, spec.hub_id.lower())), None)
    return (
        known.name
        if known
        else server.model.rstrip("/").rpartition("/")[2]
        if "/" == server.model[:1]
        else server.model
    )


def remote_engine(wire: Wire, server: Server) -> ChatEngine:
    """The engine over a server that was probed."""
    return ChatEngine(
        RemoteDecoder(wire, server),
        RemotePrompts(server.family),
        model=shown_name(server),
        precision=REMOTE,
        context_tokens=server.context_tokens,
        family=server.family,
        abilities=server.abilities,
        new_splitter=RemoteSplitter,
    )
