"""What runs a model: torch with transformers, or llama.cpp."""

from collections.abc import Callable
from pathlib import Path

import pytest

from model import engine_choice
from model.catalog import EMBEDDED, find_model
from model.engine_choice import local_engine
from model.errors import ModelLoadFailed
from model.settings import Settings
from tests.gguf_files import write_head

Have = Callable[..., None]


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Have:
    """Say what is installed, and whether there is a GPU."""

    def say(*packages: str, gpu: bool = False) -> None:
        monkeypatch.setattr(engine_choice, "is_installed", lambda package: package in packages)
        monkeypatch.setattr(engine_choice, "has_gpu", lambda: gpu)

    return say


def chosen(tmp_path: Path, name: str = EMBEDDED, engine: str = "auto", precision: str = "auto", **more: bool) -> str:
    return local_engine(Settings(tmp_path, engine=engine, **more), find_model(name), precision)  # type: ignore[arg-type]


def test_auto_takes_llama_cpp_for_the_embedded_model_where_it_is_installed_and_there_is_no_gpu(
    have: Have, tmp_path: Path
) -> None:
    have("torch", "xllamacpp")
    assert chosen(tmp_path) == "llamacpp"
    assert chosen(tmp_path, "qwen3-0.6b") == "transformers"
    assert chosen(tmp_path, precision="fp32") == "transformers"
    assert chosen(tmp_path, is_zero_gpu=True) == "transformers"
    have("torch", "xllamacpp", gpu=True)
    assert chosen(tmp_path) == "transformers"
    have("torch")
    assert chosen(tmp_path) == "transformers"


def test_auto_takes_llama_cpp_for_a_gguf_file_and_where_torch_is_missing(have: Have, tmp_path: Path) -> None:
    path = str(write_head(tmp_path / "a.gguf"))
    have("torch", "xllamacpp", gpu=True)
    assert chosen(tmp_path, path) == "llamacpp"
    assert chosen(tmp_path, "Qwen/QwQ-32B-GGUF:Q4_K_M") == "llamacpp"
    have("xllamacpp")
    assert chosen(tmp_path) == "llamacpp"
    assert chosen(tmp_path, "qwen3-0.6b") == "llamacpp"


def test_what_was_asked_for_is_taken(have: Have, tmp_path: Path) -> None:
    have("torch", "xllamacpp")
    assert chosen(tmp_path, engine="transformers") == "transformers"
    have("torch", "xllamacpp", gpu=True)
    assert chosen(tmp_path, engine="llamacpp") == "llamacpp"


def test_what_is_not_installed_is_said_with_the_command_that_installs_it(have: Have, tmp_path: Path) -> None:
    path = str(write_head(tmp_path / "a.gguf"))
    have("torch")
    with pytest.raises(ModelLoadFailed, match="pip install xllamacpp"):
        chosen(tmp_path, engine="llamacpp")
    with pytest.raises(ModelLoadFailed, match="pip install xllamacpp"):
        chosen(tmp_path, path)
    have("xllamacpp")
    with pytest.raises(ModelLoadFailed, match=r"needs torch.*pip install -r requirements\.txt"):
        chosen(tmp_path, engine="transformers")
    have("torch", "xllamacpp")
    with pytest.raises(ModelLoadFailed, match="is a GGUF file, which --engine llamacpp runs"):
        chosen(tmp_path, path, engine="transformers")
