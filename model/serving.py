"""One load as it was asked for in, an engine with its weights on the device out, and how both are let go.

Nothing heavy is imported here until something is loaded.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from model.catalog import ModelSpec
from model.engine import Decoder, Engine, LentDecoder
from model.engine_choice import local_engine
from model.errors import AppError
from model.load_progress import LoadProgress
from model.memory import GIB
from model.settings import Settings

if TYPE_CHECKING:
    from model.loading import LoadedModel
    from model.single import OnDevice

_log = logging.getLogger(__name__)

# What is said of a call of a lent GPU counts on such a prompt.
_USUAL_PROMPT_TOKENS = 500


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """One load, as asked for."""

    spec: ModelSpec
    precision: str
    source: str
    adapter: str
    context_tokens: int
    use_yarn: bool
    is_remote: bool = False


class Serving(Protocol):
    """An engine with its weights."""

    @property
    def engine(self) -> Engine: ...

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take on the device."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what came out otherwise than asked for."""
        ...

    def device_text(self) -> str:
        """The device and its memory in words; empty where there is none of ours."""
        ...

    def close(self) -> str:
        """End the engine and free the device; a sentence when the memory did not come back."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """An engine that came from outside."""

    engine: Engine
    weight_bytes: int = 0
    notes: tuple[str, ...] = ()

    def device_text(self) -> str:
        return ""

    def close(self) -> str:
        self.engine.close()
        return ""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An engine over weights that we loaded."""

    engine: Engine
    loaded: "LoadedModel"
    notes: tuple[str, ...]
    # Where the device is lent, what is said of it.
    outlook: Callable[[], str] | None = None

    @property
    def weight_bytes(self) -> int:
        return self.loaded.weight_bytes

    def device_text(self) -> str:
        if self.outlook is not None:
            return self.outlook()
        from model.device import device_name, free_device_bytes

        free, taken = free_device_bytes() / GIB, self.weight_bytes / GIB
        return f"{device_name()} · weights {taken:.1f} GiB · {free:.1f} GiB free"

    def close(self) -> str:
        from model.loading import release

        self.engine.close()
        if self.outlook is not None:  # the weights are not in this process
            return ""
        freed = release(self.loaded)
        if self.loaded.device != "cuda" or freed >= self.loaded.weight_bytes // 2:
            return ""
        return (
            f"Only {freed / 2**30:.1f} of {self.loaded.weight_bytes / 2**30:.1f} GiB came back from "
            f"{self.loaded.spec.name}; restart the app if the next model does not fit."
        )


def build_serving(
    settings: Settings,
    order: LoadOrder,
    on_progress: Callable[[LoadProgress], None],
    should_stop: Callable[[], bool],
    run_on_device: "OnDevice | None",
) -> Serving:
    """Load the weights and put an engine on them; or, of a server's model, ask what it can do."""
    if order.is_remote:
        from model.remote_serving import remote_serving

        return remote_serving(settings, order.spec.name, order.context_tokens, on_progress)
    if local_engine(settings, order.spec, order.precision) == "llamacpp":
        from model.llamacpp_loading import load_gguf

        return load_gguf(settings, order, on_progress, should_stop)
    from model.loading import load_model, release

    loaded = load_model(
        order.spec,
        precision=order.precision,
        source=order.source,
        adapter=order.adapter,
        context_tokens=order.context_tokens,
        use_yarn=order.use_yarn,
        data_folder=settings.data_folder,
        on_progress=on_progress,
        should_stop=should_stop,
        is_lent=settings.is_zero_gpu,
    )
    try:
        decoder, context_tokens, notes = _decoder_for(loaded, settings, run_on_device)
        engine = _engine_over(decoder, loaded, context_tokens)
    except BaseException:
        release(loaded)
        raise
    outlook = partial(decoder.outlook, _USUAL_PROMPT_TOKENS) if isinstance(decoder, LentDecoder) else None
    return _Loaded(engine, loaded, (*loaded.notes, *notes), outlook)


def _decoder_for(
    loaded: "LoadedModel",
    settings: Settings,
    run_on_device: "OnDevice | None",
) -> tuple[Decoder, int, tuple[str, ...]]:
    """Batching where it works; one request at a time where it cannot, with a note. And the context in tokens."""
    from model.batched import BatchedDecoder
    from model.single import SingleDecoder

    if settings.is_zero_gpu and run_on_device is not None:
        from model.gpu_time import GpuTime, Pace
        from model.lent import LentDecoder as Lent
        from model.zero_gpu import terms

        gpu = GpuTime(Pace(loaded.weight_bytes), settings.call_seconds, terms)
        return Lent(loaded.model, run_on_device, gpu), loaded.context_tokens, ()
    if loaded.device == "mps":
        return SingleDecoder(loaded.model), loaded.context_tokens, ()
    try:
        batched = BatchedDecoder(loaded.model, loaded.context_tokens, settings.slots)
    except (AppError, RuntimeError, ValueError) as error:
        _log.warning("batching does not start, one request at a time instead: %s", error)
        notes = (f"Requests are answered one at a time, because batching does not start here: {error}",)
        return SingleDecoder(loaded.model), loaded.context_tokens, notes
    # The cache of a machine with little memory can be shorter than the context.
    return batched, min(loaded.context_tokens, batched.room_tokens), ()


def _engine_over(decoder: Decoder, loaded: "LoadedModel", context_tokens: int) -> Engine:
    from model.chat import ChatEngine
    from model.prompt import ChatPrompts

    return ChatEngine(
        decoder,
        ChatPrompts(loaded.tokenizer, loaded.spec.family, more_stop_ids=_stop_ids_of(loaded)),
        model=loaded.spec.name,
        precision=loaded.precision,
        context_tokens=context_tokens,
        family=loaded.spec.family,
        way_to_longer=_way_to_longer(loaded),
    )


def _stop_ids_of(loaded: "LoadedModel") -> tuple[int, ...]:
    """The end-of-turn tokens that the model's own generation config names."""
    named = loaded.model.generation_config.eos_token_id
    return () if named is None else (named,) if isinstance(named, int) else tuple(named)


def _way_to_longer(loaded: "LoadedModel") -> str:
    """What a user can do whose chat is longer than the context."""
    yarn = loaded.spec.yarn
    longest = int(yarn.factor * yarn.original_tokens) if yarn is not None else 0
    if yarn is None or loaded.context_tokens >= longest:
        return ""
    return f"Or load {loaded.spec.name} with YaRN, for a context of {longest:,} tokens. {yarn.warning}"
