"""Names of GGUF models: files, folders, `owner/name:quant`; families and contexts by the catalog's rules."""

from pathlib import Path

import pytest

from model.catalog import CATALOG, find_model
from model.errors import UnknownModel
from tests.gguf_files import write_head

QWEN3_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<think>\n\n</think>{% endif %}"
)


def test_a_file_is_a_model_of_its_own_with_what_its_head_says(tmp_path: Path) -> None:
    path = write_head(tmp_path / "mine.gguf", tokenizer__chat_template=QWEN3_TEMPLATE)
    spec = find_model(str(path))
    assert (spec.gguf, spec.title, spec.context_tokens, spec.family.name) == (path, "A Model", 4096, "qwen3")
    assert spec.shape is not None and spec.shape.layers == 2


@pytest.mark.parametrize(
    ("name", "file", "known"),
    [
        ("QwQ 32B", "x.gguf", "qwq-32b"),
        ("Model", "QwQ-32B-Q4_K_M.gguf", "qwq-32b"),
        ("DeepSeek R1 Distill Qwen 7B", "x.gguf", "r1-distill-qwen-7b"),
        ("Qwen3 0.6B", "x.gguf", "qwen3-0.6b"),
        ("Model", "Qwen3-8B-UD-Q4_K_XL.gguf", "qwen3-8b"),
    ],
)
def test_a_catalog_s_model_is_known_by_the_name_in_its_head_or_of_its_file(
    tmp_path: Path, name: str, file: str, known: str
) -> None:
    path = write_head(tmp_path / file, general__name=name, llama__context_length=131_072)
    spec = find_model(str(path))
    assert spec.family == CATALOG[known].family
    assert spec.context_tokens == CATALOG[known].context_tokens
    assert spec.gguf == path and spec.yarn is None


def test_a_fine_tune_is_not_taken_for_the_catalog_s_model(tmp_path: Path) -> None:
    path = write_head(tmp_path / "x.gguf", general__name="QwQ 32B Uncensored")
    assert find_model(str(path)).title == "QwQ 32B Uncensored"


def test_a_folder_with_one_model_means_that_one(tmp_path: Path) -> None:
    first = write_head(tmp_path / "a-00001-of-00002.gguf")
    write_head(tmp_path / "a-00002-of-00002.gguf")
    write_head(tmp_path / "mmproj-a.gguf")
    assert find_model(str(tmp_path)).gguf == first


def test_a_folder_with_several_models_asks_for_one_of_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_head(tmp_path / f"{name}.gguf")
    with pytest.raises(UnknownModel, match=r"2 models: a\.gguf, b\.gguf\. Give one"):
        find_model(str(tmp_path))


def test_a_repository_with_a_quantisation_is_one_of_the_hub() -> None:
    spec = find_model("Qwen/QwQ-32B-GGUF:Q4_K_M")
    assert (spec.name, spec.hub_id, spec.quant) == ("Qwen/QwQ-32B-GGUF:Q4_K_M", "Qwen/QwQ-32B-GGUF", "Q4_K_M")
    assert spec.family == CATALOG["qwq-32b"].family and spec.shape == CATALOG["qwq-32b"].shape
    assert find_model("someone/thing-GGUF:Q8_0").family.name == "plain"


def test_a_file_that_is_not_there_and_one_that_is_broken_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="no file"):
        find_model(str(tmp_path / "none.gguf"))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\x03")
    with pytest.raises(UnknownModel, match="Fetch it again"):
        find_model(str(tmp_path / "broken.gguf"))
