"""A load order in, an engine over llama.cpp's server out. Needs no torch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from model.catalog import EMBEDDED, ModelSpec
from model.chat import ChatEngine
from model.embedded import chosen_adapter
from model.engine import Engine
from model.errors import ModelLoadFailed
from model.families import UNTOUCHED_SMOLLM2
from model.gguf_adapter import prepare_adapter
from model.gguf_file import GgufFile, read_gguf
from model.gguf_merging import merged_gguf
from model.gguf_models import spec_of_head
from model.gguf_source import gguf_of
from model.gguf_tokenizer import cut_otherwise, sample_texts, stop_ids_of, tokenizer_of
from model.llamacpp import LlamaCppDecoder
from model.llamacpp_child import LlamaChild, ServerOptions
from model.load_progress import LoadProgress, Stage
from model.machine import free_machine_bytes, usable_cores
from model.memory import GIB, LEAST_TOKENS, kv_cache_bytes
from model.prompt import ChatPrompts
from model.serving import LoadOrder
from model.settings import Settings
from model.token_pieces import TokenPieces

# Tokens of one step: a long prompt is read in such pieces, and between two of them a cancel takes effect and the
# others' decoding goes on.
_STEP_TOKENS = 256
# Requests decoded at once, where the settings do not say.
_SLOTS = 8
# Beside weights and cache: what one step computes with, the process itself.
_WORKSPACE_BYTES = GIB // 4
# Share of the free memory that keys and values may take, and what they may take without being asked.
_CACHE_SHARE = 0.25
_CACHE_BYTES = GIB
# Share of the free memory for keys and values of ended requests, and at most.
_KEPT_SHARE, _KEPT_MIB = 0.05, 1024
# An adapter is written into the weights of a model up to this size; to a larger one it is added as it runs.
_MERGED_BYTES = GIB


@dataclass(frozen=True, slots=True)
class _Served:
    """An engine over a server of ours."""

    engine: Engine
    weight_bytes: int
    notes: tuple[str, ...]
    threads: int

    def device_text(self) -> str:
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        free, taken = free_machine_bytes() / GIB, self.weight_bytes / GIB
        return f"llama.cpp, {threads} · weights {taken:.1f} GiB · {free:.1f} GiB free"

    def close(self) -> str:
        self.engine.close()
        return ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is loaded: a file, the adapters beside it, and the tokens that there is memory for."""

    head: GgufFile
    adapters: tuple[str, ...]
    context_tokens: int
    cache_tokens: int
    notes: tuple[str, ...]


def load_gguf(
    settings: Settings,
    order: LoadOrder,
    on_progress: Callable[[LoadProgress], None],
    should_stop: Callable[[], bool],
) -> _Served:
    """Fetch the file, check that it fits, start the server on it, and put an engine before that.

    Raises:
        ModelLoadFailed: If the file is missing, broken, too large or not for llama.cpp.
    """

    def report(stage: Stage, done: int, total: int, text: str) -> None:
        on_progress(LoadProgress(stage, done, total, "steps" if stage == "convert" else "bytes", text))

    head = read_gguf(gguf_of(order.spec, order.source, settings.data_folder, report, should_stop))
    spec = _filled_in(order.spec, head)
    notes = _notes_of(order)
    adapter = _adapter_of(order)
    adapters: tuple[str, ...] = ()
    if adapter is not None and adapter.suffix != ".gguf" and head.file_bytes <= _MERGED_BYTES:
        head = read_gguf(merged_gguf(head, adapter, settings.data_folder, report, should_stop))
    elif adapter is not None:
        adapters = (str(prepare_adapter(adapter, head, settings.data_folder)),)
    if spec.name == EMBEDDED and adapter is None:
        spec = _without_adapter(spec)
        notes.append("The embedded model is loaded without its adapter: it was not taught to think.")
    elif adapter is not None and order.adapter not in ("auto", ""):
        notes.append(f"The adapter {order.adapter!r} is added to the weights.")
    plan = _plan(spec, head, adapters, order.context_tokens, settings.slots or _SLOTS, tuple(notes))
    report("load", 0, head.file_bytes, f"Loading {spec.name} in {head.precision} into llama.cpp")
    return _served(settings, spec, plan, should_stop)


def _served(settings: Settings, spec: ModelSpec, plan: _Plan, should_stop: Callable[[], bool]) -> _Served:
    head, threads, slots = plan.head, settings.threads or default_threads(), settings.slots or _SLOTS
    tokenizer = tokenizer_of(head)
    child = LlamaChild(
        ServerOptions(
            model=str(head.path),
            adapters=plan.adapters,
            slots=slots,
            cache_tokens=plan.cache_tokens,
            threads=threads,
            step_tokens=_STEP_TOKENS,
            http_threads=2 * slots + 8,
            kept_prompts_mib=min(_KEPT_MIB, int(free_machine_bytes() * _KEPT_SHARE / 2**20)),
            gpu_layers=settings.gpu_layers,
        )
    )
    try:
        child.start(should_stop)
        notes = (*plan.notes, *_tokenizer_notes(child, tokenizer))
        engine = ChatEngine(
            LlamaCppDecoder(
                child,
                context_tokens=plan.context_tokens,
                cache_tokens=plan.cache_tokens,
                slots=slots,
                pieces=_pieces(head),
            ),
            ChatPrompts(tokenizer, spec.family, more_stop_ids=stop_ids_of(head)),
            model=spec.name,
            precision=head.precision,
            context_tokens=min(plan.context_tokens, plan.cache_tokens),
            family=spec.family,
        )
    except BaseException:
        child.close()
        raise
    return _Served(engine, head.file_bytes, notes, threads)


def default_threads() -> int:
    """The physical cores but one, which stays free for the page and the store.

    llama.cpp's threads wait for each other after every layer: with one of them held up by another process, two on two
    cores decode slower than one.
    """
    physical = psutil.cpu_count(logical=False) or usable_cores()
    return max(1, min(physical, usable_cores()) - 1)


def _filled_in(spec: ModelSpec, head: GgufFile) -> ModelSpec:
    """The spec with what only the file says, where it was named before its file was known."""
    if spec.gguf is not None or spec.name == EMBEDDED:
        return spec
    return spec_of_head(head, spec.name)


def _notes_of(order: LoadOrder) -> list[str]:
    """What was asked for that llama.cpp has in another way."""
    notes = []
    if order.precision != "auto":
        notes.append(f"A GGUF file is in a precision already, so {order.precision} was left out.")
    if order.use_yarn:
        notes.append("The context is not stretched by YaRN here; take --engine transformers for that.")
    return notes


def _adapter_of(order: LoadOrder) -> Path | None:
    if order.spec.name == EMBEDDED:
        return chosen_adapter(order.adapter)
    if order.adapter in ("auto", "none", ""):
        return None
    return Path(order.adapter).expanduser()


def _without_adapter(spec: ModelSpec) -> ModelSpec:
    return replace(spec, family=UNTOUCHED_SMOLLM2)


def _plan(
    spec: ModelSpec, head: GgufFile, adapters: tuple[str, ...], asked: int, slots: int, notes: tuple[str, ...]
) -> _Plan:
    """How much context there is memory for.

    Raises:
        ModelLoadFailed: If the weights and a short context do not fit.
    """
    own = min(head.context_tokens or 8192, spec.context_tokens or head.context_tokens or 8192)
    wanted = min(asked or own, own)
    shape, free = head.shape, free_machine_bytes()
    if shape is None:
        return _Plan(head, adapters, wanted, wanted * min(slots, 4), notes)
    of_one = kv_cache_bytes(shape.layers, shape.kv_heads, shape.head_dim, 1)
    left = free - head.file_bytes - _WORKSPACE_BYTES
    if left // of_one < min(LEAST_TOKENS, wanted):
        needed = head.file_bytes + _WORKSPACE_BYTES + of_one * min(LEAST_TOKENS, wanted)
        raise ModelLoadFailed(
            f"{spec.name} in {head.precision} needs {needed / GIB:.1f} GiB with a context of "
            f"{min(LEAST_TOKENS, wanted):,} tokens, and {free / GIB:.1f} GiB are free. Take a smaller quantisation or "
            "a smaller model, or close what else uses the memory."
        )
    context_tokens = min(wanted, left // of_one)
    if context_tokens < wanted:
        notes = (*notes, f"The memory leaves room for {context_tokens:,} of {wanted:,} tokens.")
    usual = min(int(left * _CACHE_SHARE), _CACHE_BYTES) // of_one
    cache_tokens = max(context_tokens, min(slots * context_tokens, usual))
    return _Plan(head, adapters, context_tokens, cache_tokens, notes)


def _tokenizer_notes(child: LlamaChild, tokenizer: object) -> tuple[str, ...]:
    """A sentence when our tokenizer is not the one that the file means."""
    cut = {}
    for text in sample_texts():
        answer = child.post("/tokenize", {"content": text, "add_special": False, "parse_special": False}, 60.0)
        cut[text] = answer["tokens"]
    different = cut_otherwise(tokenizer, cut)
    if not different:
        return ()
    return (
        f"The tokenizer made from this file cuts {len(different)} of {len(cut)} texts otherwise than llama.cpp's own. "
        "Put the tokenizer.json of the model's own repository into the file's folder.",
    )


def _pieces(head: GgufFile) -> TokenPieces:
    values = head.values
    return TokenPieces(
        values.get("tokenizer.ggml.tokens", ()),
        values.get("tokenizer.ggml.token_type", ()),
        is_byte_level=values.get("tokenizer.ggml.model") == "gpt2",
    )
