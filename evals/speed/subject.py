"""A model's name in, the model loaded as the app loads it out, with the seconds and the memory that this took."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.speed.memory import Held, held_bytes, memory_watched
from evals.speed.random_weights import random_weights_allowed, write_random_folder
from model.catalog import find_model
from model.chat import ChatEngine
from model.engine import Decoder
from model.load_progress import LoadProgress
from model.loading import LoadedModel, load_model, release
from model.prompt import ChatPrompts
from model.settings import Settings


@dataclass
class Subject:
    """What is measured.

    Args:
        name: As in the catalog, or the folder's or hub's name; a slice is called so.
        load_seconds: From the name to a model on the device; random weights are made instead of read.
        before: Bytes that the process held before the load.
    """

    name: str
    loaded: LoadedModel
    is_random: bool
    load_seconds: float
    load_memory: Held
    before: int

    @property
    def model(self) -> Any:
        return self.loaded.model

    @property
    def folder(self) -> Path:
        """Where others can load the same model from."""
        return Path(str(self.loaded.model.config._name_or_path))

    def engine(self, decoder: Decoder) -> ChatEngine:
        """An engine as the app makes it, over a decoder."""
        loaded = self.loaded
        return ChatEngine(
            decoder,
            ChatPrompts(loaded.tokenizer, loaded.spec.family),
            model=loaded.spec.name,
            precision=loaded.precision,
            context_tokens=loaded.context_tokens,
            family=loaded.spec.family,
        )

    def let_go(self) -> None:
        """Free its memory; harmless when repeated."""
        release(self.loaded)


@contextmanager
def loaded_subject(
    model: str, precision: str, settings: Settings, *, random_name: str = "", layers: int = 0
) -> Iterator[Subject]:
    """Load, and let go afterwards.

    Args:
        model: Catalog name, hub id or folder; not looked at with a `random_name`.
        random_name: Make random weights of this model's shape, `layers` of them (0: all).

    Raises:
        AppError: If it cannot be loaded.
    """
    with ExitStack() as stack:
        name = model
        if random_name:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            model = str(write_random_folder(scratch / random_name, random_name, layers))
            name = f"{random_name}, random weights" + (f", {layers} of its layers" if layers else "")
            stack.enter_context(random_weights_allowed())
        before, began = held_bytes(), time.perf_counter()
        with memory_watched() as held:
            loaded = load_model(
                find_model(model),
                precision=precision,
                source=settings.source,
                adapter=settings.adapter,
                data_folder=settings.data_folder,
                on_progress=_say_when_new(),
            )
        subject = Subject(name, loaded, bool(random_name), time.perf_counter() - began, held, before)
        stack.callback(subject.let_go)
        yield subject


def _say_when_new() -> Callable[[LoadProgress], None]:
    """A listener that prints each sentence of a load once."""
    said = [""]

    def say(progress: LoadProgress) -> None:
        if progress.text != said[0]:
            said[0] = progress.text
            print(progress.text, file=sys.stderr)

    return say
