"""Settings and a model's name in, one running engine out: who loads, who waits, and what the page may say meanwhile.

Nothing heavy is imported here until a model is asked for, so the page is up long before torch is.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from model.abilities import EVERYTHING, Abilities
from model.catalog import CATALOG, DEFAULT_ON_GPU, DEFAULT_ON_ZERO_GPU, EMBEDDED, ModelSpec, Yarn, find_model
from model.engine import Engine
from model.engine_choice import may_have_gpu
from model.errors import AppError, BadInput, ModelLoadFailed, ModelNotReady, ServerAway
from model.fair_line import FairLine
from model.families import PLAIN
from model.load_progress import LoadProgress
from model.memory import PRECISIONS, WORKSPACE_BYTES, FitRow, choose_precision, fit_table, weight_bytes, with_auto
from model.restarts import has_failed, trouble_of
from model.serving import Given, LoadOrder, Serving, build_serving
from model.settings import ANSWER_RESERVE_TOKENS, Settings
from model.settled_memory import settle_memory
from model.thinking import LEAST_ROOM_TOKENS

if TYPE_CHECKING:
    from model.single import OnDevice

_log = logging.getLogger(__name__)

State = Literal["empty", "loading", "ready", "failed"]

# How often a wait for a load looks whether it should stop.
_POLL_SECONDS = 0.1
# A server that does not answer at the start is asked again so often.
_AWAY_SECONDS = 10.0
# How long a close waits for a load under way.
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What the page shows of the model.

    Args:
        state: "failed" says that the last load failed, and `note` then whether the model before it still serves; or
            that the engine has died too often to be started again.
        model: The model that is loading or serving.
        text: One sentence.
        done: How much of `total` is done, in `unit`; `total` is 0 while unknown.
        seconds: How long the load has taken so far, or took.
        note: What came out otherwise than asked for; empty when nothing did.
    """

    state: State
    model: str = ""
    precision: str = ""
    text: str = "No model is loaded yet."
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds: float = 0.0
    note: str = ""


Build = Callable[[LoadOrder, Callable[[LoadProgress], None], Callable[[], bool]], Serving]


class ModelHost:
    """Owns the engine. Loads run in a thread of their own; every method is safe to call from any thread."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine | None = None,
        *,
        run_on_device: "OnDevice | None" = None,
        _build: Build | None = None,
        _free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            settings: Where things are kept and what is loaded by default.
            engine: One that serves as it is, without a load.
            run_on_device: On ZeroGPU, what wraps the functions that run there: `spaces.GPU(duration=...)`.
        """
        self._settings = settings
        self._build = _build or (
            lambda order, progress, stop: build_serving(settings, order, progress, stop, run_on_device)
        )
        self._free_bytes = _free_bytes or _free_device_bytes
        self._changed = threading.Condition()
        self._serving: Serving | None = Given(engine) if engine is not None else None
        self._status = HostStatus("empty")
        # Whoever wants the engine to write stands in it.
        self.line = FairLine(self._slots, settings.turn_seconds)
        # What the model that serves was loaded by.
        self._order: LoadOrder | None = None
        # The load that failed last, and whether it was to choose its model.
        self._failed_order: tuple[LoadOrder, bool] | None = None
        self._thread: threading.Thread | None = None
        self._started = 0.0
        self._is_closed = False
        if engine is not None:
            self._status = HostStatus("ready", engine.model, engine.precision, f"{engine.model} is ready.")

    def status(self) -> HostStatus:
        """Where things stand now; never waits."""
        with self._changed:
            status, serving = self._status, self._serving
            if status.state == "loading":
                return replace(status, seconds=time.monotonic() - self._started)
        trouble = trouble_of(serving.engine) if serving is not None and status.state == "ready" else ""
        if has_failed(trouble):
            return replace(status, state="failed", text=trouble)
        return replace(status, note=" ".join(filter(None, (trouble, status.note)))) if trouble else status

    def load(
        self,
        model: str,
        precision: str = "auto",
        *,
        source: str | None = None,
        adapter: str | None = None,
        context_tokens: int = 0,
        use_yarn: bool = False,
    ) -> None:
        """Start to load a model and return at once; the engine before it serves until it must make room.

        Args:
            model: Catalog name, hub id or folder.
            precision: "auto", "bf16", "int8", "nf4" or "fp32".
            source: "hub", "modelscope" or a folder; None takes the settings' one.
            adapter: A LoRA adapter's folder, "none" or "auto"; None takes the settings' one.
            context_tokens: Context to leave memory for; 0 takes the settings' one, else the model's own.
            use_yarn: Stretch the context.

        Raises:
            UnknownModel: If the name means nothing.
            BadInput: If the precision or the context is none.
            ModelNotReady: If another load is going on, or the host was closed.
        """
        if precision not in ("auto", "fp32", *PRECISIONS):
            raise BadInput(f"The precision is {precision!r}. Give auto, {', '.join(PRECISIONS)} or fp32.")
        if context_tokens < 0:
            raise BadInput(f"The context is {context_tokens:,} tokens; give 0 for the model's own, or more.")
        settings = self._settings
        self._start(
            LoadOrder(
                self._spec_of(model),
                precision,
                settings.source if source is None else source,
                settings.adapter if adapter is None else adapter,
                context_tokens or settings.context_tokens,
                use_yarn,
                settings.uses_server,
            )
        )

    def load_default(self, after_seconds: float = 0.0, *, waits: bool = False) -> None:
        """Start to load what the settings name; "auto" is QwQ-32B on a card that it fits, else the embedded model.

        Args:
            after_seconds: Wait so long, the status saying *loading*, before torch's import takes the interpreter.
            waits: Load in this thread and return when that is over. ZeroGPU wants it in the main one.

        Raises:
            UnknownModel: If the name means nothing.
            ModelNotReady: If another load is going on.
        """
        settings = self._settings
        name = settings.model
        spec = None if name == "auto" and not settings.uses_server else self._spec_of(name)
        self._start(
            LoadOrder(
                spec or CATALOG[EMBEDDED],
                settings.precision,
                settings.source,
                settings.adapter,
                settings.context_tokens,
                use_yarn=False,
                is_remote=settings.uses_server,
            ),
            chooses_model=spec is None,
            after_seconds=after_seconds,
            waits=waits,
        )

    def retry(self) -> None:
        """Start the load that failed once more; nothing where none has failed, or one is going on.

        Raises:
            ModelNotReady: If the host was closed.
        """
        with self._changed:
            is_due, failed = self._status.state == "failed", self._failed_order
        if is_due and failed is not None:
            self._start(*failed)

    def _spec_of(self, model: str) -> ModelSpec:
        """What a name means: of the catalog, or of the server's models, of which only the server knows."""
        if not self._settings.uses_server:
            return find_model(model)
        if not model.strip():
            raise BadInput("No model was named. Give one of the server's models, or auto for its first.")
        return ModelSpec(model.strip(), model.strip(), "", "see the server", PLAIN, 0)

    def abilities(self) -> Abilities:
        """What can be done with runs now; everything while no model is loaded, for what comes is not known."""
        with self._changed:
            return self._serving.engine.abilities if self._serving is not None else EVERYTHING

    def engine(self, wait_seconds: float = 0.0, should_stop: Callable[[], bool] | None = None) -> Engine:
        """The engine that serves, after a wait for the load under way if there is no engine yet.

        Args:
            wait_seconds: The longest wait.
            should_stop: Asked several times a second while waiting; True ends the wait.

        Raises:
            ModelNotReady: If none is loaded, the load takes longer, or the wait was ended.
            ModelLoadFailed: If the load failed and nothing serves.
        """
        with self._changed:
            self._wait_while(lambda: self._serving is None and self._is_loading(), wait_seconds, should_stop)
            if self._serving is not None:
                return self._serving.engine
            status = self._status
        if status.state == "failed":
            raise ModelLoadFailed(status.text)
        if status.state == "loading":
            raise ModelNotReady(f"{status.model} is still being loaded ({status.text}). Ask again in a moment.")
        raise ModelNotReady("No model is loaded. Choose one in the model panel, or start the app with --model.")

    def stretches_to(self, prompt_tokens: int) -> Yarn | None:
        """The YaRN setting by which the model that serves would hold such a prompt; None when it cannot.

        It cannot when the model has no such setting or is stretched already, where somebody else is being answered, or
        where the weights cannot be loaded anew (ZeroGPU).
        """
        with self._changed:
            order, is_loading = self._order, self._status.state == "loading"
        yarn = None if order is None or order.use_yarn or is_loading else order.spec.yarn
        if yarn is None or self._settings.is_zero_gpu or self.live_requests():
            return None
        return yarn if prompt_tokens + LEAST_ROOM_TOKENS <= yarn.factor * yarn.original_tokens else None

    def stretch(self, prompt_tokens: int, wait_seconds: float, should_stop: Callable[[], bool]) -> Engine:
        """Load the model that serves once more, its context stretched by YaRN, and wait for it.

        When that fails and the one before had to make room, the one before is loaded again.

        Raises:
            ModelNotReady: If another load is going on, it takes longer, or the wait was ended.
            ModelLoadFailed: If it cannot be loaded so.
        """
        order = self._order
        assert order is not None
        asked = max(order.context_tokens, prompt_tokens + ANSWER_RESERVE_TOKENS)
        self._start(replace(order, use_yarn=True, context_tokens=asked))
        with self._changed:
            self._wait_while(self._is_loading, wait_seconds, should_stop)
            status, serving = self._status, self._serving
        if status.state == "loading":
            raise ModelNotReady(f"{order.spec.name} is still being loaded with YaRN. Ask again in a moment.")
        if status.state == "failed":
            if serving is None:
                self._start(order)
            raise ModelLoadFailed(f"The chat needs a longer context, and that did not work: {status.text}")
        return self.engine()

    def _is_loading(self) -> bool:
        return self._status.state == "loading"

    def _wait_while(self, is_so: Callable[[], bool], seconds: float, should_stop: Callable[[], bool] | None) -> None:
        """Wait, with the lock held, until it is so no more, the time is over or the wait is to stop."""
        deadline = time.monotonic() + seconds
        while is_so() and (left := deadline - time.monotonic()) > 0 and not (should_stop is not None and should_stop()):
            self._changed.wait(min(left, _POLL_SECONDS))

    def _slots(self) -> int:
        """Requests that are answered at once; 0 while no model serves. Never waits."""
        serving = self._serving
        return serving.engine.slots if serving is not None else 0

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        with self._changed:
            return self._serving.engine.live_requests() if self._serving is not None else 0

    def device_text(self) -> str:
        """The device that the model runs on, what its weights take and what is free; empty without one."""
        with self._changed:
            serving = self._serving
        return serving.device_text() if serving is not None else ""

    def served_models(self) -> list[str]:
        """The names of the models of the server that is asked; none where there is none, or it does not say."""
        with self._changed:
            serving = self._serving
        models = getattr(serving, "models", None)
        return models() if models is not None else []

    def fit_table(self) -> list[FitRow]:
        """Model x precision: what would fit the device if nothing were loaded, and what "auto" would take; none where a
        server runs the model.

        fp32 is among them only where "auto" may take it.
        """
        if self._settings.uses_server:
            return []
        from model.device import auto_precisions

        with self._changed:
            held = self._serving.weight_bytes if self._serving is not None else 0
        free_bytes, chosen_from = self._free_bytes() + held, auto_precisions()
        shown = chosen_from if "fp32" in chosen_from else PRECISIONS
        rows = fit_table(free_bytes, precisions=shown)
        return with_auto(rows, free_bytes, self._settings.context_tokens, chosen_from)

    def close(self) -> None:
        """End a load under way and the engine; harmless when repeated."""
        with self._changed:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            # Weights that are being read cannot be interrupted: what comes of them is dropped in `_ready`.
            thread.join(_CLOSE_SECONDS)
        with self._changed:
            serving, self._serving = self._serving, None
            self._status = HostStatus("empty", text="The app is closing.")
        if serving is not None:
            serving.close()

    def _start(
        self, order: LoadOrder, chooses_model: bool = False, after_seconds: float = 0.0, waits: bool = False
    ) -> None:
        with self._changed:
            if self._is_closed:
                raise ModelNotReady("The app is closing, so no model is loaded any more.")
            if self._status.state == "loading":
                raise ModelNotReady(
                    f"{self._status.model} is being loaded ({self._status.text}). Wait for it, then load another."
                )
            self._started = time.monotonic()
            self._status = HostStatus(
                "loading", order.spec.name, order.precision, f"Starting to load {order.spec.name}"
            )
            if not waits:
                self._thread = threading.Thread(
                    target=self._load, args=(order, chooses_model, after_seconds), name="model-load", daemon=True
                )
                self._thread.start()
        if waits:
            self._load(order, chooses_model, after_seconds)

    def _load(self, order: LoadOrder, chooses_model: bool, after_seconds: float) -> None:
        """The load thread: ends with a status, whatever happens."""
        notes: list[str] = []
        self._failed_order = order, chooses_model
        time.sleep(after_seconds)
        try:
            if chooses_model:
                order = replace(order, spec=self._default_spec(order))
                self._set(replace(self._status, model=order.spec.name))
            serving = self._load_beside_or_instead(order, notes)
        except ServerAway as error:
            self._failed(order, f"{error} It is asked again every {_AWAY_SECONDS:g} s.", notes)
            self._retry_later()
        except AppError as error:
            self._failed(order, str(error), notes)
        except Exception as error:  # noqa: BLE001  the thread's last resort: the page must hear of it
            _log.exception("loading %s failed", order.spec.name)
            self._failed(order, f"{order.spec.name} could not be loaded: {type(error).__name__}: {error}", notes)
        else:
            self._ready(order, serving, notes)
            settle_memory()

    def _retry_later(self) -> None:
        """A server may be started after the app is, or be away for a while."""

        def retry() -> None:
            with contextlib.suppress(ModelNotReady):
                self.retry()

        timer = threading.Timer(_AWAY_SECONDS, retry)
        timer.daemon = True
        timer.start()

    def _default_spec(self, order: LoadOrder) -> ModelSpec:
        if self._settings.is_zero_gpu:
            return CATALOG[DEFAULT_ON_ZERO_GPU]
        if self._settings.engine == "llamacpp" or not may_have_gpu():
            return CATALOG[EMBEDDED]
        from model.device import device_kind

        best = CATALOG[DEFAULT_ON_GPU]
        if device_kind() != "cuda":
            return CATALOG[EMBEDDED]
        try:
            choose_precision(best, self._free_bytes(), order.context_tokens)
        except ModelLoadFailed:
            return CATALOG[EMBEDDED]
        return best

    def _load_beside_or_instead(self, order: LoadOrder, notes: list[str]) -> Serving:
        """Load beside the engine that serves where both fit; else free that one first."""
        former = self._serving
        if former is not None and not order.is_remote and not self._fits_beside(order):
            self._free(former, notes)
            notes.append(f"{former.engine.model} was freed first, because both do not fit the memory.")
        return self._build(order, self._progress, lambda: self._is_closed)

    def _fits_beside(self, order: LoadOrder) -> bool:
        if order.spec.shape is None:
            return False
        free_bytes = self._free_bytes()
        if order.precision != "auto":
            return weight_bytes(order.spec.shape, order.precision) + 2 * WORKSPACE_BYTES <= free_bytes
        # "auto" takes the precision that the free memory suggests: with the other model there it would be a worse one.
        from model.device import auto_precisions

        held = self._serving.weight_bytes if self._serving is not None else 0
        precisions = auto_precisions()
        try:
            beside = choose_precision(order.spec, free_bytes, order.context_tokens, precisions)
            return beside == choose_precision(order.spec, free_bytes + held, order.context_tokens, precisions)
        except ModelLoadFailed:
            return False

    def _free(self, serving: Serving, notes: list[str]) -> None:
        with self._changed:
            if self._serving is serving:
                self._serving = None
        if note := serving.close():
            notes.append(note)

    def _progress(self, progress: LoadProgress) -> None:
        self._set(
            replace(self._status, text=progress.text, done=progress.done, total=progress.total, unit=progress.unit)
        )

    def _set(self, status: HostStatus) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()

    def _ready(self, order: LoadOrder, serving: Serving, notes: list[str]) -> None:
        with self._changed:
            is_late = self._is_closed
            former = None if is_late else self._serving
            if not is_late:
                self._serving, self._order = serving, order
        if is_late:
            serving.close()
            return
        if former is not None and (note := former.close()):
            notes.append(note)
        engine = serving.engine
        where = serving.device_text() if order.is_remote else f"in {engine.precision}"
        text = f"{engine.model} is ready {where}, with {engine.context_tokens:,} tokens of context."
        note = " ".join([*notes, *serving.notes])
        seconds = time.monotonic() - self._started
        self._set(HostStatus("ready", engine.model, engine.precision, text, seconds=seconds, note=note))

    def _failed(self, order: LoadOrder, text: str, notes: list[str]) -> None:
        with self._changed:
            former = self._serving
        if former is not None:
            notes.append(f"{former.engine.model} goes on serving.")
        seconds = time.monotonic() - self._started
        self._set(HostStatus("failed", order.spec.name, order.precision, text, seconds=seconds, note=" ".join(notes)))


def _free_device_bytes() -> int:
    from model.device import free_device_bytes

    return free_device_bytes()
