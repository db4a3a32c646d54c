"""A loaded model and what to measure in, the record filled part by part out.

Our engine first. Then what it is compared with: where the memory holds them all, every one of them at once, so that
each round asks all of them and ours in turn; a card is full with one model and its cache, so there they come one after
the other, the demo pattern on our weights, the rest with weights of their own once ours are let go.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from evals.speed.arrivals import Cell, Contender, ask_at_once
from evals.speed.bench import Bench, EngineAlone, Prompts
from evals.speed.delivered import engine_pace, measure_delivered
from evals.speed.grid import Entrant, Room, Shape, Task, measure_grid
from evals.speed.memory import held_bytes, memory_watched
from evals.speed.neighbours import Neighbour, Neighbours
from evals.speed.openai_server import Address
from evals.speed.ratios import MEASURES, Measure, tokens_per_second
from evals.speed.record import Record
from evals.speed.subject import Subject
from evals.stream import Pace
from model.batched import BatchedDecoder
from model.device import free_device_bytes
from model.engine import Decoder
from model.errors import AppError
from model.settings import Settings
from model.single import SingleDecoder

PARTS = ("grid", *MEASURES, "delivered", "demo", "serve", "llamacpp")
# Of all the time that a run may take, what is over when a part begins no further round.
_ENDS = {"grid": 0.3, "ratios": 0.5, "delivered": 0.65, "beside": 0.9}
# A process with a model of its own: what it takes beside the weights.
_PROCESS_BYTES = 2**30


@dataclass
class Wish:
    """What to measure.

    Args:
        parts: Some of `PARTS`.
        shapes: Batches and lengths of prompts for our own engine.
        side_shapes: Those for all that it is compared with.
        new_tokens: Tokens that each request writes.
        rounds: Tries of which medians are taken, at most.
        cell_seconds: What one line may take, all its tries together.
        minutes: After so many no further round begins; 0 has no such limit.
        servers: Further OpenAI-compatible servers.
        serve_options: More arguments of `transformers serve`.
    """

    parts: tuple[str, ...] = PARTS
    shapes: list[Shape] = field(default_factory=list)
    side_shapes: list[Shape] = field(default_factory=list)
    new_tokens: int = 64
    rounds: int = 3
    cell_seconds: float = 60.0
    minutes: float = 0.0
    decoder: str = "batched"
    servers: list[Address] = field(default_factory=list)
    serve_options: tuple[str, ...] = ()


class Session:
    """Measures a subject into a record."""

    def __init__(self, subject: Subject, record: Record, wish: Wish, settings: Settings) -> None:
        self._subject, self._record, self._wish = subject, record, wish
        self._prompts = Prompts(subject.loaded.tokenizer)
        self._neighbours = Neighbours(subject, wish, settings, self._prompts)
        self._room = Room(subject.loaded.context_tokens, cell_seconds=wish.cell_seconds)
        self._paces: list[Pace] = []
        self._began = time.monotonic()
        needed = 2 * (subject.loaded.weight_bytes + _PROCESS_BYTES)
        self._fits_together = subject.loaded.device != "cuda" and free_device_bytes() > needed

    def measure(self) -> None:
        """All parts; one that fails says why in the record, and the next one goes on."""
        with ExitStack() as stack:
            with memory_watched() as held:
                decoder = self._opened_decoder(stack)
                if decoder is not None:
                    self._our_engine(decoder)
            self._record.memory["peak"] = held.peak
            if self._fits_together:
                self._try("side by side", lambda: self._all_together(decoder))
                return
        for neighbour in self._neighbours.chosen():
            if neighbour.needs_room:
                self._subject.let_go()
            self._try(neighbour.part, lambda neighbour=neighbour: self._one_alone(neighbour))  # type: ignore[misc]

    def _part(self, name: str, run: Callable[[], None]) -> None:
        if name in self._wish.parts:
            self._try(name, run)

    def _try(self, name: str, run: Callable[[], None], doing: str = "measuring") -> None:
        print(f"{doing} {name}", file=sys.stderr, flush=True)
        try:
            run()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a part that breaks must not lose the others' figures
            self._failed(name, error)
        self._record.write()

    def _failed(self, name: str, error: BaseException) -> None:
        self._record.not_measured[name] = (
            str(error) if isinstance(error, AppError) else f"{type(error).__name__}: {error}"
        )
        print(f"{name} was not measured: {error}", file=sys.stderr, flush=True)

    def _is_over(self, part: str) -> bool:
        allowed = self._wish.minutes * 60 * _ENDS[part]
        return bool(allowed) and time.monotonic() - self._began > allowed

    def _opened_decoder(self, stack: ExitStack) -> Decoder | None:
        opened: list[Decoder] = []
        self._try("our engine", lambda: opened.append(self._open_decoder()), "starting")
        if not opened:
            return None
        stack.callback(opened[0].close)
        return opened[0]

    def _open_decoder(self) -> Decoder:
        if self._wish.decoder == "single":
            return SingleDecoder(self._subject.model)
        wanted = max([8, *(batch for batch, _ in self._wish.shapes)])
        decoder = BatchedDecoder(self._subject.model, self._subject.loaded.context_tokens, slots=wanted)
        self._record.memory["cache_tokens"] = decoder.cache_tokens
        self._room = replace(
            self._room,
            request_tokens=decoder.room_tokens,
            cache_tokens=decoder.cache_tokens,
            step_tokens=decoder.step_tokens,
        )
        return decoder

    def _our_engine(self, decoder: Decoder) -> None:
        """What needs our decoder only."""
        self._record.memory["with_cache"] = held_bytes()
        bench = Bench(decoder, self._prompts)
        tokens_per_second(bench, 1, 8)  # the first step pays for allocations
        entrant = Entrant(EngineAlone(bench), self._room)
        self._part("grid", lambda: self._measure_lines([entrant], self._own_shapes(), "grid"))
        for name, measure in MEASURES.items():
            if name != "batch" or decoder.slots > 1:
                self._part(name, lambda m=measure: self._ratio(m, bench))  # type: ignore[misc]
        if "delivered" in self._wish.parts and not self._fits_together:
            # It must make room for the app before that can be measured.
            engine = self._subject.engine(decoder)
            self._paces = [engine_pace(engine, self._delivered_tokens) for _ in range(self._wish.rounds)]

    def _own_shapes(self) -> list[Shape]:
        """Those lines that are not measured beside the others."""
        if not self._fits_together or not self._neighbours.chosen():
            return self._wish.shapes
        return [shape for shape in self._wish.shapes if shape not in self._wish.side_shapes]

    def _ratio(self, measure: Measure, bench: Bench) -> None:
        self._record.figures.extend(measure(bench, self._wish.rounds, lambda: self._is_over("ratios")))

    def _measure_lines(self, entrants: list[Entrant], shapes: list[Shape], part: str) -> None:
        def keep(cell: Cell) -> None:
            self._record.keep(cell)
            said = cell.skipped or f"{cell.rate or 0:.1f} tokens/s"
            print(f"  {cell.contender}: {cell.batch} x {cell.prompt_tokens}: {said}", file=sys.stderr, flush=True)

        wish = self._wish
        task = Task(shapes, wish.new_tokens, wish.rounds, self._prompts.fresh_text, lambda: self._is_over(part))
        measure_grid(entrants, task, keep, self._failed)

    def _all_together(self, decoder: Decoder | None) -> None:
        """Every one of them open, and asked in turn."""
        with ExitStack() as stack:
            entrants = []
            if decoder is not None and "grid" in self._wish.parts and self._neighbours.chosen():
                entrants.append(Entrant(EngineAlone(Bench(decoder, self._prompts)), self._room))
            for neighbour in self._neighbours.chosen():
                self._try(
                    neighbour.part,
                    lambda neighbour=neighbour: entrants.append(self._opened(neighbour, stack)),  # type: ignore[misc]
                    "starting",
                )
            if decoder is not None and self._neighbours.app is not None:
                engine = self._subject.engine(decoder)
                self._try("delivered", lambda: self._delivered(lambda: engine_pace(engine, self._delivered_tokens)))
            self._measure_lines(entrants, self._wish.side_shapes, "beside")

    def _one_alone(self, neighbour: Neighbour) -> None:
        with ExitStack() as stack:
            entrant = self._opened(neighbour, stack)
            if neighbour.part == "delivered" and self._paces:
                paces = iter(self._paces)
                self._delivered(lambda: next(paces))
            self._measure_lines([entrant], self._wish.side_shapes, "beside")

    def _opened(self, neighbour: Neighbour, stack: ExitStack) -> Entrant:
        """Warm, so that no line pays for its first request."""
        contender: Contender = stack.enter_context(neighbour.open())
        ask_at_once(contender, [self._prompts.fresh_text(32)], 8, 32)
        return Entrant(contender, replace(self._room, cache_tokens=0))

    @property
    def _delivered_tokens(self) -> int:
        """Long enough that a first piece and a last one do not decide."""
        return 4 * self._wish.new_tokens

    def _delivered(self, alone: Callable[[], Pace]) -> None:
        app = self._neighbours.app
        if app is not None:
            rounds = self._wish.rounds
            self._record.delivered = measure_delivered(
                alone, app, self._delivered_tokens, rounds, lambda: self._is_over("delivered")
            )
