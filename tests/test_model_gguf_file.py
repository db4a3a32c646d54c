"""Heads of GGUF files: what they say, and what is said of files that are broken, split or none at all."""

from pathlib import Path

import pytest

from model.embedded import prepare_gguf
from model.errors import ModelLoadFailed
from model.gguf_file import read_gguf
from tests.gguf_files import head_bytes, write_head


def test_head_gives_what_memory_and_context_depend_on(tmp_path: Path) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf"))
    assert (head.architecture, head.precision, head.context_tokens, head.vocabulary) == ("llama", "Q4_K_M", 4096, 3)
    assert head.shape is not None
    assert (head.shape.layers, head.shape.kv_heads, head.shape.head_dim) == (2, 2, 16)
    assert head.file_bytes == (tmp_path / "a.gguf").stat().st_size


def test_heads_that_differ_between_layers_count_as_the_most(tmp_path: Path) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf", llama__attention__head_count_kv=[1, 4]))
    assert head.kv_heads == 4


def test_a_model_without_a_decoder_s_numbers_has_no_shape(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(head_bytes({"general.architecture": "clip"}))
    assert read_gguf(tmp_path / "a.gguf").shape is None


def test_the_embedded_model_s_file_is_read_whole(shared_data_folder: Path) -> None:
    head = read_gguf(prepare_gguf(shared_data_folder, lambda *_: None, lambda: False))
    assert (head.precision, head.vocabulary, head.context_tokens) == ("Q4_1", 49_152, 8192)
    assert "<|im_start|>" in head.template


@pytest.mark.parametrize("length", [0, 3, 10, 30, 200, 300])
def test_a_file_that_ends_in_its_head_is_refused_with_a_word_of_fetching(tmp_path: Path, length: int) -> None:
    whole = write_head(tmp_path / "a.gguf").read_bytes()
    assert length < len(whole)
    (tmp_path / "a.gguf").write_bytes(whole[:length])
    with pytest.raises(ModelLoadFailed, match="Fetch it again|no GGUF file"):
        read_gguf(tmp_path / "a.gguf")


def test_a_head_that_claims_more_than_a_file_can_hold_is_refused_at_once(tmp_path: Path) -> None:
    whole = bytearray(write_head(tmp_path / "a.gguf").read_bytes())
    whole[24:32] = b"\xff" * 8  # the length of the first name
    (tmp_path / "a.gguf").write_bytes(bytes(whole))
    with pytest.raises(ModelLoadFailed, match="broken"):
        read_gguf(tmp_path / "a.gguf")


def test_what_is_no_gguf_file_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_text("PK of a zip file")
    with pytest.raises(ModelLoadFailed, match="is no GGUF file"):
        read_gguf(tmp_path / "a.gguf")


def test_an_old_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(head_bytes({}, version=1))
    with pytest.raises(ModelLoadFailed, match="version 1; versions 2 and 3"):
        read_gguf(tmp_path / "a.gguf")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="cannot be read"):
        read_gguf(tmp_path / "a.gguf")


def test_a_split_model_counts_all_its_parts(tmp_path: Path) -> None:
    first = write_head(tmp_path / "a-00001-of-00002.gguf")
    (tmp_path / "a-00002-of-00002.gguf").write_bytes(b"x" * 1000)
    assert read_gguf(first).file_bytes == first.stat().st_size + 1000


def test_a_split_model_with_a_part_missing_names_that_part(tmp_path: Path) -> None:
    first = write_head(tmp_path / "a-00001-of-00003.gguf")
    (tmp_path / "a-00003-of-00003.gguf").write_bytes(b"x")
    with pytest.raises(ModelLoadFailed, match=r"3 files and 1 are missing.*a-00002-of-00003\.gguf first"):
        read_gguf(first)


def test_a_later_part_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    for number in (1, 2):
        write_head(tmp_path / f"a-0000{number}-of-00002.gguf")
    with pytest.raises(ModelLoadFailed, match=r"part 2 of 2. Give the first one: a-00001-of-00002\.gguf"):
        read_gguf(tmp_path / "a-00002-of-00002.gguf")
