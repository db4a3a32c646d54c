"""The server's process: private, keyed, restarted, and clear about a file that it cannot load."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import EngineError, ModelLoadFailed
from model.llamacpp_child import LlamaChild
from tests.gguf_files import write_head
from tests.llamacpp_models import PRESET, Text, gguf_path, needs_llamacpp, options, run, started

pytestmark = [pytest.mark.model, needs_llamacpp]


@pytest.fixture(scope="module")
def path(shared_data_folder: Path) -> Path:
    return gguf_path(shared_data_folder)


@pytest.fixture(scope="module", params=[True, False], ids=["socket", "port"])
def child(path: Path, request: pytest.FixtureRequest) -> Iterator[LlamaChild]:
    made = LlamaChild(options(path), uses_socket=request.param)
    made.start()
    yield made
    made.close()


def test_it_answers_whoever_has_the_key_and_nobody_else(child: LlamaChild) -> None:
    assert len(child.get("/slots", 20.0)) == 4
    connection = child.connection()
    connection.request("GET", "/slots", headers={"Authorization": "Bearer guessed"})
    assert connection.getresponse().status == 401
    connection.close()


def test_its_folder_is_its_user_s_alone_and_goes_with_it(path: Path) -> None:
    made = LlamaChild(options(path))
    folder = made._folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made.start()
    assert made.process_id
    made.close()
    made.close()
    assert not folder.exists()
    with pytest.raises(EngineError, match="closed"):
        made.connection()


def test_the_key_stands_neither_in_its_arguments_nor_in_its_environment_and_no_secret_of_the_app_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    made = LlamaChild(options(path))
    made.start()
    try:
        process = Path(f"/proc/{made.process_id}")
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert b"hf_secret" not in told and b"sk-secret" not in told and made._key.encode() not in told
    finally:
        made.close()


def test_requests_work_over_a_port_too(path: Path) -> None:
    decoder, child = started(path, uses_socket=False)
    try:
        assert child._port > 0
        ids, _, finish = run(decoder, Text(path).ids("Once upon a time"), PRESET, 5)
        assert (len(ids), finish) == (5, "length")
    finally:
        decoder.close()


def test_a_file_that_is_cut_off_is_told(path: Path, tmp_path: Path) -> None:
    with path.open("rb") as whole:
        (tmp_path / "cut.gguf").write_bytes(whole.read(20_000_000))
    with pytest.raises(ModelLoadFailed, match=r"cannot load 'cut\.gguf'.*The file is cut off.*fetch it again"):
        LlamaChild(options(tmp_path / "cut.gguf")).start()


def test_a_model_that_this_llama_cpp_does_not_know_is_told(tmp_path: Path) -> None:
    path = write_head(tmp_path / "new.gguf", general__architecture="futureformer")
    with pytest.raises(ModelLoadFailed, match=r"unknown model architecture: 'futureformer'.*--upgrade xllamacpp"):
        LlamaChild(options(path)).start()


def test_a_load_may_be_stopped(path: Path) -> None:
    made = LlamaChild(options(path))
    began = time.monotonic()
    with pytest.raises(ModelLoadFailed, match="stopped"):
        made.start(lambda: True)
    assert made.process_id == 0 and time.monotonic() - began < 20
    made.close()


def test_a_long_name_of_the_folder_for_temporary_files_does_not_matter(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    made = LlamaChild(options(path))
    made.start()
    assert made.get("/health", 20.0) == {"status": "ok"}
    made.close()
    assert os.listdir(deep) == []
