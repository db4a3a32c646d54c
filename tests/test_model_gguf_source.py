"""Where a GGUF file comes from: a folder, one folder per model, the Hub's own cache; and what is said when it does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import find_model
from model.errors import ModelLoadFailed, UnknownModel
from model.gguf_source import gguf_of
from tests.gguf_files import write_head

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def fetched(name: str, source: str, folder: Path) -> Path:
    return gguf_of(find_model(name), source, folder, lambda *_: None, lambda: False)


def test_a_catalog_s_model_is_found_in_the_folder_that_source_names(tmp_path: Path) -> None:
    path = write_head(tmp_path / "QwQ-32B" / "qwq-32b-q4_k_m.gguf")
    assert fetched("qwq-32b", str(tmp_path), tmp_path) == path


def test_a_repository_s_file_is_found_by_its_quantisation(tmp_path: Path) -> None:
    for quant in ("Q4_K_M", "Q4_K_S", "Q8_0"):
        write_head(tmp_path / "Qwen" / "QwQ-32B-GGUF" / f"qwq-32b-{quant.lower()}.gguf")
    assert fetched("Qwen/QwQ-32B-GGUF:Q4_K_M", str(tmp_path), tmp_path).name == "qwq-32b-q4_k_m.gguf"
    with pytest.raises(ModelLoadFailed, match=r"no GGUF file of the quantisation 'Q5_0'. It has: qwq-32b-q4_k_m"):
        fetched("Qwen/QwQ-32B-GGUF:Q5_0", str(tmp_path), tmp_path)


def test_a_quantisation_in_a_folder_of_its_own_and_in_parts_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "Qwen" / "Big-GGUF"
    write_head(folder / "README.gguf.d" / "x-Q8_0.gguf")
    (folder / "unused").mkdir()
    first = write_head(folder / "Q4_K_M" / "Big-Q4_K_M-00001-of-00002.gguf")
    write_head(folder / "Q4_K_M" / "Big-Q4_K_M-00002-of-00002.gguf")
    write_head(folder / "top-Q8_0.gguf")
    assert fetched("Qwen/Big-GGUF:Q4_K_M", str(tmp_path), tmp_path) == first


def test_a_model_that_is_no_gguf_model_is_told_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match=r"Qwen/QwQ-32B-GGUF:Q4_K_M"):
        fetched("qwq-32b", "hub", tmp_path)
    with pytest.raises(ModelLoadFailed, match="Hub only"):
        fetched("qwq-32b", "modelscope", tmp_path)
    with pytest.raises(ModelLoadFailed, match=r"No GGUF file of qwq-32b is under"):
        fetched("qwq-32b", str(tmp_path), tmp_path)


def test_a_folder_of_several_quantisations_asks_which(tmp_path: Path) -> None:
    for quant in ("Q4_K_M", "Q8_0"):
        write_head(tmp_path / "QwQ-32B" / f"qwq-32b-{quant}.gguf")
    with pytest.raises(UnknownModel, match="holds 2 models"):
        fetched("qwq-32b", str(tmp_path), tmp_path)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The Hub's cache on a machine without network, as huggingface_hub lays it out."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    yield tmp_path / "hub"


def test_a_repository_of_the_hub_is_read_through_the_hub_s_own_code(hub_cache: Path, tmp_path: Path) -> None:
    repository = hub_cache / "models--Qwen--QwQ-32B-GGUF"
    path = write_head(repository / "snapshots" / COMMIT / "qwq-32b-q4_k_m.gguf")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    assert fetched("Qwen/QwQ-32B-GGUF:Q4_K_M", "hub", tmp_path) == path


def test_a_repository_that_cannot_be_reached_is_told(hub_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="is not on this machine and the Hugging Face Hub cannot be reached"):
        fetched("Qwen/QwQ-32B-GGUF:Q4_K_M", "hub", tmp_path)
