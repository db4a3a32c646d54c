"""A loaded model and what to measure in, the record filled part by part out.

Our engine first, then the demo pattern on the same weights; then the weights are let go, and the others (our own app,
`transformers serve`) load them again in processes of their own, one after the other, so that one card holds them all.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals.speed.arrivals import Cell, Contender, ask_at_once
from evals.speed.bench import Bench, EngineAlone, Prompts
from evals.speed.delivered import ThroughGradio, app_with, engine_pace, measure_delivered
from evals.speed.demo_pattern import DemoPattern
from evals.speed.grid import Room, Shape, measure_grid
from evals.speed.memory import held_bytes, memory_watched
from evals.speed.openai_server import OpenAiServer
from evals.speed.ratios import MEASURES, tokens_per_second
from evals.speed.record import Record
from evals.speed.subject import Subject
from evals.speed.transformers_serve import Served, transformers_serving
from evals.stream import Pace
from model.batched import BatchedDecoder
from model.catalog import EMBEDDED
from model.device import free_device_bytes
from model.engine import Decoder
from model.errors import AppError
from model.prompt import template_for
from model.settings import Settings
from model.single import SingleDecoder

PARTS = ("grid", *MEASURES, "delivered", "demo", "serve")


@dataclass
class Wish:
    """What to measure.

    Args:
        parts: Some of `PARTS`.
        shapes: Batches and lengths of prompts for our own engine.
        side_shapes: Those for all that it is compared with.
        new_tokens: Tokens that each request writes.
        rounds: Tries of which medians, or the best, are taken.
        servers: Further OpenAI-compatible servers.
        serve_options: More arguments of `transformers serve`.
    """

    parts: tuple[str, ...] = PARTS
    shapes: list[Shape] = field(default_factory=list)
    side_shapes: list[Shape] = field(default_factory=list)
    new_tokens: int = 64
    rounds: int = 3
    cell_seconds: float = 60.0
    decoder: str = "batched"
    servers: list[OpenAiServer] = field(default_factory=list)
    serve_options: tuple[str, ...] = ()


class Session:
    """Measures a subject into a record."""

    def __init__(self, subject: Subject, record: Record, wish: Wish, settings: Settings) -> None:
        self._subject, self._record, self._wish, self._settings = subject, record, wish, settings
        self._prompts = Prompts(subject.loaded.tokenizer)
        self._precision = subject.loaded.precision
        self._folder = subject.folder
        self._room = Room(subject.loaded.context_tokens, cell_seconds=wish.cell_seconds, tries=wish.rounds)
        self._paces: list[Pace] = []
        # A card is full with one model and its cache; elsewhere the app's own stands beside ours, so that both are
        # measured turn about.
        self._fits_twice = subject.loaded.device != "cuda" and free_device_bytes() > 2 * subject.loaded.weight_bytes

    def measure(self) -> None:
        """All parts; one that fails says why in the record, and the next one goes on."""
        self._try("our engine", self._our_engine)
        self._part("demo", self._demo_pattern)
        self._subject.let_go()
        if not self._fits_twice:
            self._part("delivered", self._through_the_app)
        self._part("serve", self._transformers_serve)
        for server in self._wish.servers:
            self._try(server.name, lambda server=server: self._beside(server))  # type: ignore[misc]

    def _part(self, name: str, run: Callable[[], None]) -> None:
        if name in self._wish.parts:
            self._try(name, run)

    def _try(self, name: str, run: Callable[[], None]) -> None:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        try:
            run()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a part that breaks must not lose the others' figures
            words = str(error) if isinstance(error, AppError) else f"{type(error).__name__}: {error}"
            self._record.not_measured[name] = words
            print(f"{name} was not measured: {error}", file=sys.stderr, flush=True)
        self._record.write()

    def _our_engine(self) -> None:
        """What needs our decoder, and the memory that it takes."""
        with memory_watched() as held:
            decoder = self._open_decoder()
            try:
                self._record.memory["with_cache"] = held_bytes()
                bench = Bench(decoder, self._prompts)
                tokens_per_second(bench, 1, 8)  # the first step pays for allocations
                self._part("grid", lambda: self._grid(bench))
                for name, measure in MEASURES.items():
                    if name != "batch" or decoder.slots > 1:
                        self._part(name, lambda m=measure: self._record.figures.extend(m(bench, self._wish.rounds)))  # type: ignore[misc]
                self._part("delivered", lambda: self._with_our_engine(decoder))
            finally:
                decoder.close()
        self._record.memory["peak"] = held.peak
        self._record.write()

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

    def _grid(self, bench: Bench) -> None:
        self._measure_cells(EngineAlone(bench), self._wish.shapes, self._room)

    def _measure_cells(self, contender: Contender, shapes: list[Shape], room: Room) -> None:
        def keep(cell: Cell) -> None:
            self._record.cells.append(cell)
            self._record.write()
            said = cell.skipped or f"{cell.decode_tokens_per_second or cell.tokens_per_second or 0:.1f} tokens/s"
            print(f"  {cell.contender}: {cell.batch} x {cell.prompt_tokens}: {said}", file=sys.stderr, flush=True)

        measure_grid(contender, self._prompts.fresh_text, shapes, self._wish.new_tokens, room, keep)

    def _beside(self, contender: Contender) -> None:
        """One that ours is compared with, warm."""
        ask_at_once(contender, [self._prompts.fresh_text(32)], 8, 32)
        self._measure_cells(contender, self._wish.side_shapes, replace(self._room, cache_tokens=0))

    def _with_our_engine(self, decoder: Decoder) -> None:
        """The engine's own pace: now, where it must make room for the app; beside the app's where both fit."""
        engine = self._subject.engine(decoder)
        if self._fits_twice:
            self._through_the_app(lambda: engine_pace(engine, self._delivered_tokens))
        else:
            self._paces = [engine_pace(engine, self._delivered_tokens) for _ in range(self._wish.rounds)]

    @property
    def _delivered_tokens(self) -> int:
        """Long enough that a first piece and a last one do not decide."""
        return 4 * self._wish.new_tokens

    def _demo_pattern(self) -> None:
        self._beside(DemoPattern(self._subject.model, self._subject.loaded.tokenizer))

    def _through_the_app(self, alone: Callable[[], Pace] | None = None) -> None:
        measured = iter(self._paces)
        with ExitStack() as stack:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            model: Path | str = self._folder
            if self._subject.loaded.spec.name == EMBEDDED:
                # By its name it has its own way of thinking; its converted weights are where they always are.
                model = EMBEDDED
                (data / "models").symlink_to(self._settings.data_folder / "models")
            app = stack.enter_context(app_with(model, self._precision, data, is_random=self._subject.is_random))
            if alone or self._paces:
                tokens, tries = self._delivered_tokens, self._wish.rounds
                self._record.delivered = measure_delivered(alone or (lambda: next(measured)), app, tokens, tries)
            self._beside(ThroughGradio(app.address))

    def _transformers_serve(self) -> None:
        loaded = self._subject.loaded
        template = template_for(loaded.tokenizer, loaded.spec.family)
        # Half of it is room for the template, and for blocks that are not full.
        cache_tokens = (
            0
            if loaded.device == "cuda"
            else 2 * max(batch * (length + 2 * self._wish.new_tokens + 256) for batch, length in self._wish.side_shapes)
        )
        options = self._wish.serve_options
        served = Served(self._folder, template, self._precision, self._subject.is_random, cache_tokens, options)
        with transformers_serving(served) as (address, model):
            self._beside(OpenAiServer("transformers serve --continuous-batching", address, model))
