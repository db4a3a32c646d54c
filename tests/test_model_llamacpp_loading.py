"""Loads through llama.cpp: adapters, contexts, notes, memory, and what is said of what cannot be loaded."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import llamacpp_loading
from model.catalog import EMBEDDED, find_model
from model.embedded import SHIPPED_ADAPTER
from model.engine import Collected, Engine, Request, Steering, collect
from model.errors import ModelLoadFailed
from model.events import Message, Sampling
from model.gguf_file import read_gguf
from model.host import HostStatus, ModelHost
from model.settings import Settings
from tests.gguf_files import write_head
from tests.llamacpp_models import gguf_path, needs_llamacpp

pytestmark = [pytest.mark.model, needs_llamacpp]

GREEDY = Sampling(temperature=0.0, max_new_tokens=160)


@pytest.fixture
def host(shared_data_folder: Path) -> Iterator[ModelHost]:
    made = ModelHost(Settings(shared_data_folder, engine="llamacpp", slots=2))
    yield made
    made.close()


def loaded(host: ModelHost, name: str = EMBEDDED, **options: object) -> tuple[Engine, HostStatus]:
    host.load(name, **options)  # type: ignore[arg-type]
    while host.status().state == "loading":
        time.sleep(0.05)
    return host.engine(wait_seconds=600), host.status()


def answered(engine: Engine, question: str) -> Collected:
    return collect(engine.stream(Request((Message("user", question),), GREEDY), Steering()))


def test_the_embedded_model_thinks_with_its_adapter_in_the_weights(host: ModelHost) -> None:
    engine, status = loaded(host)
    assert (engine.precision, engine.context_tokens, engine.slots, status.note) == ("Q8_0", 8192, 2, "")
    whole = answered(engine, "What is 17 + 25?")
    assert whole.thinking.strip() and "42" in whole.answer
    assert host.device_text().startswith("llama.cpp, 1 thread · weights 0.1 GiB")


def test_an_adapter_that_is_added_as_the_model_runs_writes_the_same(
    host: ModelHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = loaded(host)
    questions = ("What is 17 + 25?", "What is 15 * 43?", "What is 256 + 389?")
    merged = [answered(engine, question).answer for question in questions]
    monkeypatch.setattr(llamacpp_loading, "_MERGED_BYTES", 0)
    engine, status = loaded(host, adapter=str(SHIPPED_ADAPTER))
    assert engine.precision == "Q4_1" and "is added to the weights" in status.note
    assert [answered(engine, question).answer for question in questions] == merged


def test_none_loads_it_bare_and_says_so(host: ModelHost) -> None:
    engine, status = loaded(host, adapter="none")
    assert engine.precision == "Q4_1" and "not taught to think" in status.note


def test_a_file_is_a_model_too_and_its_name_is_the_engine_s(host: ModelHost, shared_data_folder: Path) -> None:
    path = str(gguf_path(shared_data_folder))
    engine, status = loaded(host, path, precision="nf4", use_yarn=True, context_tokens=1000)
    assert (engine.model, engine.precision, engine.context_tokens) == (path, "Q4_1", 1000)
    assert "nf4 was left out" in status.note and "YaRN" in status.note
    assert answered(engine, "Name the capital of France.").answer.strip()


def test_a_context_that_was_asked_for_is_no_longer_than_the_model_s(host: ModelHost) -> None:
    engine, _ = loaded(host, context_tokens=1_000_000)
    assert engine.context_tokens == 8192


def test_a_broken_file_leaves_the_model_before_it_serving_or_says_that_none_does(
    host: ModelHost, shared_data_folder: Path, tmp_path: Path
) -> None:
    with gguf_path(shared_data_folder).open("rb") as whole:
        (tmp_path / "cut.gguf").write_bytes(whole.read(30_000_000))
    host.load(str(tmp_path / "cut.gguf"))
    with pytest.raises(ModelLoadFailed, match="The file is cut off"):
        host.engine(wait_seconds=600)


def test_a_file_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf", llama__block_count=80, llama__attention__key_length=4096))
    monkeypatch.setattr(llamacpp_loading, "free_machine_bytes", lambda: 2**30)
    with pytest.raises(ModelLoadFailed, match=r"needs .* GiB with a context of 4,096 tokens, and 1\.0 GiB are free"):
        llamacpp_loading._plan(find_model(str(head.path)), head, (), 0, 8, ())


def test_little_memory_shortens_the_context_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf", llama__context_length=131_072))
    of_one = 2 * 2 * 2 * 16 * 2
    free = head.file_bytes + llamacpp_loading._WORKSPACE_BYTES + 10_000 * of_one
    monkeypatch.setattr(llamacpp_loading, "free_machine_bytes", lambda: free)
    plan = llamacpp_loading._plan(find_model(str(head.path)), head, (), 0, 8, ())
    assert plan.context_tokens == plan.cache_tokens == 10_000
    assert plan.notes == ("The memory leaves room for 10,000 of 131,072 tokens.",)


def test_the_cache_holds_one_whole_context_at_least_and_all_slots_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf"))
    monkeypatch.setattr(llamacpp_loading, "free_machine_bytes", lambda: 64 * 2**30)
    plan = llamacpp_loading._plan(find_model(str(head.path)), head, (), 0, 8, ())
    assert (plan.context_tokens, plan.cache_tokens) == (4096, 8 * 4096)
    monkeypatch.setattr(llamacpp_loading, "_CACHE_BYTES", 1)
    assert llamacpp_loading._plan(find_model(str(head.path)), head, (), 0, 8, ()).cache_tokens == 4096


def test_a_core_is_left_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def cores(physical: int | None, usable: int) -> int:
        monkeypatch.setattr("psutil.cpu_count", lambda logical: physical)
        monkeypatch.setattr(llamacpp_loading, "usable_cores", lambda: usable)
        return llamacpp_loading.default_threads()

    assert [cores(16, 32), cores(2, 2), cores(1, 1), cores(None, 8), cores(64, 4)] == [15, 1, 1, 7, 3]


def test_the_app_s_modules_and_this_engine_need_no_torch(shared_data_folder: Path) -> None:
    script = f"""
import sys
sys.modules["torch"] = None  # its import fails, as where it is not installed
from pathlib import Path
from model.catalog import EMBEDDED
from model.host import ModelHost
from model.settings import Settings
from ui.page import build_page
host = ModelHost(Settings(Path({str(shared_data_folder)!r}), engine="llamacpp"))
host.load_default()
print(host.engine(wait_seconds=600).precision, len(host.fit_table()) > 20)
host.close()
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, cwd=Path(__file__).parent.parent
    )
    assert result.stdout == "Q8_0 True\n", result.stderr
