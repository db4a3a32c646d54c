"""A loaded model in, what it is compared with out: the demo pattern, our app, `transformers serve`, named servers."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from evals.running_app import RunningApp
from evals.speed.arrivals import Contender
from evals.speed.bench import Bench, EngineAlone, Prompts
from evals.speed.delivered import ThroughGradio, app_with
from evals.speed.demo_pattern import DemoPattern
from evals.speed.openai_server import Address, OpenAiServer
from evals.speed.subject import Subject
from evals.speed.transformers_serve import Served, transformers_serving
from model.catalog import EMBEDDED
from model.chat import ChatEngine
from model.engine_choice import is_installed
from model.host import ModelHost
from model.prompt import template_for
from model.settings import Settings

if TYPE_CHECKING:
    from evals.speed.session import Wish

LLAMACPP_NAME = "Workings, the llama.cpp engine alone"
SERVE_NAME = "transformers serve --continuous-batching"
_LOAD_SECONDS = 600.0
# A chat template, and blocks that are not full.
_SPARE_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One that ours is compared with.

    Args:
        part: Its name among the parts, or the server's own.
        open: It runs until the block ends.
        needs_room: It loads the model again, on the same device.
    """

    part: str
    open: Callable[[], AbstractContextManager[Contender]]
    needs_room: bool = True


class Neighbours:
    """Those that a wish names. `app` is our app while it runs."""

    def __init__(self, subject: Subject, wish: "Wish", settings: Settings, prompts: Prompts) -> None:
        self._subject, self._wish, self._settings, self._prompts = subject, wish, settings, prompts
        self._folder, self._precision = subject.folder, subject.loaded.precision
        self.app: RunningApp | None = None

    def chosen(self) -> list[Neighbour]:
        """In the order in which they are opened: those that need no room of their own first."""
        ours = [
            Neighbour("demo", self._demo_pattern, needs_room=False),
            Neighbour("delivered", self._our_app),
            Neighbour("serve", self._transformers_serve),
        ]
        if self._subject.loaded.spec.name == EMBEDDED and is_installed("xllamacpp"):
            ours.append(Neighbour("llamacpp", self._llamacpp, needs_room=False))
        named = [Neighbour(one.name, lambda one=one: self._named(one)) for one in self._wish.servers]  # type: ignore[misc]
        return [one for one in ours if one.part in self._wish.parts] + named

    def _count_tokens(self, text: str) -> int:
        return len(self._prompts.encode(text))

    def _demo_pattern(self) -> AbstractContextManager[Contender]:
        return nullcontext(DemoPattern(self._subject.model, self._subject.loaded.tokenizer))

    def _named(self, address: Address) -> AbstractContextManager[Contender]:
        return nullcontext(OpenAiServer(address, self._count_tokens))

    @contextmanager
    def _our_app(self) -> Iterator[Contender]:
        with tempfile.TemporaryDirectory() as data:
            model: Path | str = self._folder
            if self._subject.loaded.spec.name == EMBEDDED:
                # By its name it has its own way of thinking; its converted weights are where they always are.
                model = EMBEDDED
                (Path(data) / "models").symlink_to(self._settings.data_folder / "models")
            with app_with(model, self._precision, Path(data), is_random=self._subject.is_random) as app:
                self.app = app
                try:
                    yield ThroughGradio(app.address)
                finally:
                    self.app = None

    @contextmanager
    def _llamacpp(self) -> Iterator[Contender]:
        """The app's other engine, on as many threads as torch has."""
        slots = max([8, *(batch for batch, _ in self._wish.side_shapes)])
        settings = replace(self._settings, engine="llamacpp", threads=torch.get_num_threads(), slots=slots)
        host = ModelHost(settings)
        try:
            host.load(EMBEDDED)
            engine = host.engine(wait_seconds=_LOAD_SECONDS)
            assert isinstance(engine, ChatEngine)
            yield EngineAlone(Bench(engine.decoder, self._prompts), LLAMACPP_NAME)
        finally:
            host.close()

    @contextmanager
    def _transformers_serve(self) -> Iterator[Contender]:
        loaded, wish = self._subject.loaded, self._wish
        # Twice what is asked for at once; on a card it plans better than we could.
        needed = max(
            (batch * (length + 2 * wish.new_tokens + _SPARE_TOKENS) for batch, length in wish.side_shapes), default=0
        )
        cache_tokens = 0 if loaded.device == "cuda" else 2 * needed
        template = template_for(loaded.tokenizer, loaded.spec.family)
        served = Served(
            self._folder, template, self._precision, self._subject.is_random, cache_tokens, wish.serve_options
        )
        with transformers_serving(served) as (url, model):
            yield OpenAiServer(Address(SERVE_NAME, url, model), self._count_tokens)
