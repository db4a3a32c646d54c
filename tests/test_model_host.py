import gc
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from model.abilities import EVERYTHING, Abilities
from model.catalog import CATALOG, EMBEDDED
from model.engine import Request, Steering, collect
from model.errors import BadInput, ModelLoadFailed, ModelNotReady, UnknownModel
from model.events import AnswerDelta, Finished, Message, Sampling
from model.host import HostStatus, ModelHost
from model.load_progress import LoadProgress
from model.memory import GIB
from model.serving import LoadOrder
from model.settings import Settings

# The embedded model's linear layers in bf16: a second copy of the weights would be more than that.
_shape = CATALOG[EMBEDDED].shape
assert _shape is not None
LINEAR_BYTES = 2 * _shape.linear_parameters


@dataclass
class SmallEngine:
    """Answers with its own name; counts how often it was closed."""

    model: str
    precision: str = "bf16"
    context_tokens: int = 8192
    slots: int = 1
    closed: int = 0
    abilities: Abilities = EVERYTHING

    def stream(self, request: Request, steering: Steering):
        yield AnswerDelta(self.model, 1)
        yield Finished("stop")

    def live_requests(self) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1


@dataclass
class SmallServing:
    engine: SmallEngine
    weight_bytes: int
    notes: tuple[str, ...] = ()
    still_held: str = ""

    def device_text(self) -> str:
        return "a small device"

    def close(self) -> str:
        self.engine.close()
        return self.still_held


@dataclass
class Loader:
    """Stands in for weights: waits until it is let on, then gives an engine or fails."""

    go_on: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    orders: list[LoadOrder] = field(default_factory=list)
    weight_bytes: int = GIB
    still_held: str = ""

    def __call__(self, order, on_progress, should_stop):
        self.orders.append(order)
        on_progress(LoadProgress("download", 30, 100, "bytes", "Fetching it"))
        assert self.go_on.wait(120)
        if self.error is not None:
            raise self.error
        notes = ("The memory leaves room for 512 of 8,192 tokens.",) if order.context_tokens == 8192 else ()
        return SmallServing(SmallEngine(order.spec.name, order.precision), self.weight_bytes, notes, self.still_held)


@pytest.fixture
def loader():
    return Loader()


@pytest.fixture
def host(tmp_path, loader):
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 100 * GIB)
    yield host
    loader.go_on.set()
    host.close()


def wait_for(host: ModelHost, state: str) -> HostStatus:
    deadline = time.monotonic() + 60
    while host.status().state != state and time.monotonic() < deadline:
        time.sleep(0.005)
    assert host.status().state == state
    return host.status()


def load(host: ModelHost, loader: Loader, model: str, **options) -> HostStatus:
    loader.go_on.set()
    host.load(model, **options)
    deadline = time.monotonic() + 60
    while host.status().state == "loading" and time.monotonic() < deadline:
        time.sleep(0.005)
    loader.go_on.clear()
    return host.status()


def test_importing_the_host_takes_under_a_second_and_no_torch():
    script = "import sys, time; import model.host; took = time.process_time()\n"
    script += "print(took, 'torch' in sys.modules, 'transformers' in sys.modules)"
    root = Path(__file__).parent.parent

    def seconds() -> float:
        done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
        took, torch, transformers = done.stdout.split()
        assert (torch, transformers) == ("False", "False")
        return float(took)

    # A busy machine's processor takes longer for it, but not in every try.
    assert any(seconds() < 1.0 for _ in range(10))


def test_a_given_engine_serves_at_once_and_is_closed_with_the_host(tmp_path):
    engine = SmallEngine("scripted", precision="none")
    host = ModelHost(Settings(data_folder=tmp_path), engine)
    assert host.engine() is engine
    assert (host.status().state, host.status().model) == ("ready", "scripted")
    host.close()
    assert engine.closed == 1


def test_load_returns_at_once_and_shows_its_progress(host, loader):
    host.load("qwen3-0.6b", "nf4")
    # The loader waits to be let on, so whoever waited for it would do so for ever.
    status = wait_for(host, "loading")
    while not status.total:
        status = host.status()
    assert (status.model, status.precision, status.text) == ("qwen3-0.6b", "nf4", "Fetching it")
    assert (status.done, status.total, status.unit) == (30, 100, "bytes")
    loader.go_on.set()
    assert wait_for(host, "ready").text == "qwen3-0.6b is ready in nf4, with 8,192 tokens of context."


def test_a_second_load_during_the_first_is_refused_with_its_name(host, loader):
    host.load("qwen3-0.6b")
    with pytest.raises(ModelNotReady, match=r"qwen3-0\.6b is being loaded"):
        host.load("qwen3-4b")
    assert [order.spec.name for order in loader.orders] in ([], ["qwen3-0.6b"])


def test_bad_arguments_are_refused_before_anything_starts(host, loader):
    with pytest.raises(UnknownModel):
        host.load("no-such-model")
    with pytest.raises(BadInput, match="int8"):
        host.load("qwen3-0.6b", "int3")
    with pytest.raises(BadInput, match="-5"):
        host.load("qwen3-0.6b", context_tokens=-5)
    assert host.status().state == "empty" and loader.orders == []


def test_engine_waits_for_the_load_under_way(host, loader):
    host.load("qwen3-0.6b")
    threading.Timer(0.3, loader.go_on.set).start()
    assert host.engine(wait_seconds=60).model == "qwen3-0.6b"


def test_engine_does_not_wait_longer_than_asked(host):
    host.load("qwen3-0.6b")
    began = time.monotonic()
    with pytest.raises(ModelNotReady, match="still being loaded"):
        host.engine(wait_seconds=0.2)
    assert time.monotonic() - began < 60


def test_a_wait_for_the_engine_can_be_stopped(host):
    host.load("qwen3-0.6b")
    began = time.monotonic()
    with pytest.raises(ModelNotReady):
        host.engine(wait_seconds=600, should_stop=lambda: time.monotonic() - began > 0.2)
    assert time.monotonic() - began < 60


def test_without_a_load_the_engine_says_where_to_choose_one(host):
    with pytest.raises(ModelNotReady, match="model panel"):
        host.engine()


def test_a_failed_load_without_a_model_before_it_gives_its_reason_to_everybody(host, loader):
    loader.error = ModelLoadFailed("The disk is full.")
    assert load(host, loader, "qwen3-0.6b").state == "failed"
    with pytest.raises(ModelLoadFailed, match="The disk is full"):
        host.engine(wait_seconds=1)


def test_an_error_that_nobody_foresaw_becomes_a_sentence_too(host, loader):
    loader.error = ZeroDivisionError("boom")
    assert load(host, loader, "qwen3-0.6b").text == "qwen3-0.6b could not be loaded: ZeroDivisionError: boom"


def test_a_failed_load_leaves_the_engine_before_it_serving_where_both_fit(host, loader):
    load(host, loader, "qwen3-0.6b")
    before: Any = host.engine()
    loader.error = ModelLoadFailed("No network.")
    status = load(host, loader, "qwen3-4b")
    assert (status.state, status.text, status.note) == ("failed", "No network.", "qwen3-0.6b goes on serving.")
    assert host.engine() is before and before.closed == 0


def test_the_engine_before_serves_during_a_load_and_is_closed_after_it(host, loader):
    load(host, loader, "qwen3-0.6b")
    before: Any = host.engine()
    host.load("qwen3-4b")
    assert host.engine() is before
    assert collect(before.stream(Request((Message("user", "?"),), Sampling()), Steering())).answer == "qwen3-0.6b"
    loader.go_on.set()
    wait_for(host, "ready")
    assert host.engine().model == "qwen3-4b" and before.closed == 1


def test_where_both_do_not_fit_the_one_before_is_freed_first_and_the_status_says_so(tmp_path, loader):
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 10 * GIB)
    loader.weight_bytes = 60 * GIB
    load(host, loader, "qwen3-0.6b", precision="bf16")
    before: Any = host.engine()
    host.load("qwq-32b", "nf4")
    while not before.closed:
        time.sleep(0.005)
    with pytest.raises(ModelNotReady):
        host.engine()
    loader.go_on.set()
    assert "qwen3-0.6b was freed first" in wait_for(host, "ready").note
    host.close()


def test_auto_makes_room_rather_than_take_a_worse_precision(tmp_path, loader):
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 10 * GIB)
    loader.weight_bytes = 16 * GIB
    load(host, loader, "qwen3-8b", precision="bf16")
    before: Any = host.engine()
    load(host, loader, "qwen3-8b")
    assert before.closed == 1 and "freed first" in host.status().note
    host.close()


def test_memory_that_does_not_come_back_is_said(host, loader):
    loader.still_held = "Only 1.0 of 16.0 GiB came back."
    load(host, loader, "qwen3-0.6b")
    assert "Only 1.0 of 16.0 GiB" in load(host, loader, "qwen3-4b").note


def test_what_came_out_otherwise_is_in_the_note(host, loader):
    assert "512 of 8,192" in load(host, loader, "qwen3-0.6b", context_tokens=8192).note


def test_settings_fill_in_what_a_load_does_not_say(tmp_path, loader):
    settings = Settings(data_folder=tmp_path, source="modelscope", adapter="none", context_tokens=4096)
    host = ModelHost(settings, _build=loader, _free_bytes=lambda: 100 * GIB)
    load(host, loader, "qwen3-0.6b")
    load(host, loader, "qwen3-0.6b", source="hub", adapter="a-folder", context_tokens=2048)
    first, second = loader.orders
    assert (first.source, first.adapter, first.context_tokens) == ("modelscope", "none", 4096)
    assert (second.source, second.adapter, second.context_tokens) == ("hub", "a-folder", 2048)
    host.close()


@pytest.mark.parametrize(
    ("device", "free_gib", "expected"), [("cpu", 100, EMBEDDED), ("cuda", 80, "qwq-32b"), ("cuda", 16, EMBEDDED)]
)
def test_the_default_model_is_the_best_that_the_device_holds(tmp_path, loader, monkeypatch, device, free_gib, expected):
    monkeypatch.setattr("model.host.may_have_gpu", lambda: True)
    monkeypatch.setattr("model.device.device_kind", lambda: device)
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: free_gib * GIB)
    loader.go_on.set()
    host.load_default()
    assert host.engine(wait_seconds=30).model == expected
    host.close()


def test_a_model_named_in_the_settings_is_the_default(tmp_path, loader):
    host = ModelHost(
        Settings(data_folder=tmp_path, model="qwen3-4b", precision="nf4"), _build=loader, _free_bytes=lambda: 100 * GIB
    )
    loader.go_on.set()
    host.load_default()
    assert (host.engine(wait_seconds=10).model, host.engine().precision) == ("qwen3-4b", "nf4")
    host.close()


def test_a_model_that_arrives_after_the_close_is_closed_itself(tmp_path, loader, monkeypatch):
    monkeypatch.setattr("model.host._CLOSE_SECONDS", 0.05)
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 100 * GIB)
    made: list[Any] = []
    inner = host._build

    def build(*arguments):
        made.append(inner(*arguments))
        return made[-1]

    host._build = build
    host.load("qwen3-0.6b")
    host.close()
    loader.go_on.set()
    deadline = time.monotonic() + 60
    while not (made and made[0].engine.closed) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert made[0].engine.closed == 1
    with pytest.raises(ModelNotReady):
        host.engine()
    with pytest.raises(ModelNotReady, match="closing"):
        host.load("qwen3-0.6b")


def test_the_table_counts_the_memory_that_the_loaded_model_would_give_back(tmp_path, loader):
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 2 * GIB)
    loader.weight_bytes = 60 * GIB
    verdict = {row.precision: row.verdict for row in host.fit_table() if row.model == "qwq-32b"}
    assert verdict["nf4"] == "no"
    load(host, loader, "qwen3-0.6b")
    verdict = {row.precision: row.verdict for row in host.fit_table() if row.model == "qwq-32b"}
    assert verdict["nf4"] == "fits"
    host.close()


@pytest.mark.parametrize("is_fast", [True, False])
def test_the_table_shows_fp32_only_where_auto_would_take_it(tmp_path, loader, monkeypatch, is_fast):
    monkeypatch.setattr("model.device.device_kind", lambda: "cpu")
    monkeypatch.setattr("model.device.has_fast_bf16", lambda: is_fast)
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 12 * GIB)
    taken = {row.model: row.precision for row in host.fit_table() if row.is_auto}
    assert taken[EMBEDDED] == ("bf16" if is_fast else "fp32")
    # Its cache alone is 7 GiB in fp32, with 32,768 tokens.
    assert taken["qwen3-0.6b"] == "bf16"
    assert any(row.precision == "fp32" for row in host.fit_table()) is not is_fast


@pytest.mark.parametrize(
    ("is_fast", "free_gib", "is_freed"),
    [(True, 8, False), (False, 8, True), (False, 30, False)],
    ids=["bf16 beside", "only bf16 beside, fp32 alone", "fp32 beside"],
)
def test_auto_makes_room_for_fp32_where_the_processor_has_no_bf16(
    tmp_path, loader, monkeypatch, is_fast, free_gib, is_freed
):
    monkeypatch.setattr("model.device.device_kind", lambda: "cpu")
    monkeypatch.setattr("model.device.has_fast_bf16", lambda: is_fast)
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: free_gib * GIB)
    loader.weight_bytes = 20 * GIB
    load(host, loader, "qwen3-8b", precision="nf4")
    load(host, loader, "qwen3-0.6b", context_tokens=8193)
    assert ("freed first" in host.status().note) is is_freed
    host.close()


def test_fp32_that_is_asked_for_is_loaded_beside_the_one_before_only_where_it_fits(tmp_path, loader):
    host = ModelHost(Settings(data_folder=tmp_path), _build=loader, _free_bytes=lambda: 12 * GIB)
    load(host, loader, "qwen3-0.6b", precision="bf16")
    load(host, loader, EMBEDDED, precision="fp32")
    assert "freed" not in host.status().note
    # Its 4 billion weights are 8 GiB in bf16 and 15 in fp32.
    load(host, loader, "qwen3-4b", precision="fp32")
    assert "freed first" in host.status().note
    host.close()


@pytest.mark.model
def test_the_embedded_model_answers_through_the_host_and_switching_frees_the_one_before(shared_data_folder):
    host = ModelHost(Settings(data_folder=shared_data_folder, engine="transformers"))
    host.load(EMBEDDED)
    try:
        engine = host.engine(wait_seconds=300)
    except ModelLoadFailed as error:
        pytest.skip(f"the embedded weights are not here: {error}")
    question = Request((Message("user", "Name the capital of France."),), Sampling(max_new_tokens=120, seed=1), 32)
    first = collect(engine.stream(question, Steering()))
    assert first.answer.strip() and first.finished
    one_model = bytes_of_tensors()
    for _ in range(2):
        host.load(EMBEDDED)
        wait_for_load(host)
    assert host.status().state == "ready"
    assert host.engine() is not engine
    assert bytes_of_tensors() - one_model < LINEAR_BYTES
    assert collect(host.engine().stream(question, Steering())).answer.strip()
    host.close()
    assert host.live_requests() == 0


def bytes_of_tensors() -> int:
    """What all tensors of this process hold; the process itself may keep memory that another test has given back."""
    import torch

    gc.unfreeze()  # what is out of the collector's way is not among its objects
    gc.collect()
    tensors = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
    return sum({each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}.values())


def wait_for_load(host: ModelHost) -> None:
    deadline = time.monotonic() + 120
    while host.status().state == "loading" and time.monotonic() < deadline:
        time.sleep(0.05)
