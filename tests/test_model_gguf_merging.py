"""The embedded model with its adapter as one GGUF file: what transformers merges is what llama.cpp gets."""

import hashlib
from pathlib import Path

import gguf
import numpy
import pytest

from model.adapter import read_adapter
from model.embedded import SHIPPED_ADAPTER, _rotary_order, prepare_gguf
from model.errors import ModelLoadFailed
from model.gguf_adapter import interleaved, prepare_adapter, tensor_name
from model.gguf_file import GgufFile, read_gguf
from model.gguf_merging import merged_gguf
from tests.adapter_folders import write_adapter

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def head(shared_data_folder: Path) -> GgufFile:
    return read_gguf(prepare_gguf(shared_data_folder, lambda *_: None, lambda: False))


@pytest.fixture(scope="module")
def merged(head: GgufFile, shared_data_folder: Path) -> Path:
    return merged_gguf(head, SHIPPED_ADAPTER, shared_data_folder, lambda *_: None, lambda: False)


def weights_in(path: Path, *names: str) -> dict[str, numpy.ndarray]:
    reader = gguf.GGUFReader(str(path))
    return {one.name: gguf.dequantize(one.data, one.tensor_type) for one in reader.tensors if one.name in names}


@pytest.mark.parametrize("part", ["attn_q", "attn_k", "attn_v", "ffn_down"])
def test_each_matrix_is_the_model_s_plus_the_adapter_s_in_the_order_of_transformers(
    head: GgufFile, merged: Path, part: str
) -> None:
    name = f"blk.7.{part}.weight"
    adapter = read_adapter(SHIPPED_ADAPTER)
    own = next(known for known in adapter.pairs if tensor_name(known) == name)
    before, after = weights_in(head.path, name)[name], weights_in(merged, name)[name]
    if part in ("attn_q", "attn_k"):
        heads = head.heads if part == "attn_q" else head.kv_heads
        before, after = _rotary_order(before, heads), _rotary_order(after, heads)
    expected = adapter.merged(own, before)
    # Q8_0 rounds to a 127th of a block's largest number, at most.
    assert numpy.abs(after - expected).max() <= numpy.abs(expected).max() / 127
    assert numpy.abs(after - expected).mean() < 0.2 * numpy.abs(after - before).mean()


def test_the_order_for_llama_cpp_is_undone_by_that_for_transformers() -> None:
    rows = numpy.arange(9 * 64 * 3).reshape(9 * 64, 3)
    assert (_rotary_order(interleaved(rows, 9), 9) == rows).all()
    assert (interleaved(rows, 9) != rows).any()


def test_the_merged_file_keeps_all_else_and_says_what_it_is_in(head: GgufFile, merged: Path) -> None:
    after = read_gguf(merged)
    assert after.precision == "Q8_0"
    assert {name: value for name, value in after.values.items() if name != "general.file_type"} == {
        name: value for name, value in head.values.items() if name != "general.file_type"
    }


def test_a_second_load_takes_the_file_that_is_there(head: GgufFile, merged: Path, shared_data_folder: Path) -> None:
    told: list[object] = []
    again = merged_gguf(head, SHIPPED_ADAPTER, shared_data_folder, lambda *each: told.append(each), lambda: False)
    assert (again, told) == (merged, [])


def test_a_stopped_load_leaves_nothing_behind(head: GgufFile, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="was stopped"):
        merged_gguf(head, SHIPPED_ADAPTER, tmp_path, lambda *_: None, lambda: True)
    assert list((tmp_path / "models").iterdir()) == []


def test_an_adapter_of_another_model_is_refused(head: GgufFile, tmp_path: Path) -> None:
    stranger = write_adapter(tmp_path / "deep", "base_model.model.model.layers.40.self_attn.q_proj", 576, 576)
    with pytest.raises(ModelLoadFailed, match=r"blk\.40\.attn_q\.weight first"):
        merged_gguf(head, stranger, tmp_path, lambda *_: None, lambda: False)
    wide = write_adapter(tmp_path / "wide", "base_model.model.model.layers.0.self_attn.q_proj", 1024, 1024)
    with pytest.raises(ModelLoadFailed, match="1024 x 1024 and the model has it as 576 x 576"):
        merged_gguf(head, wide, tmp_path, lambda *_: None, lambda: False)


def test_an_adapter_of_other_parts_than_matrices_of_blocks_is_refused_by_name(head: GgufFile, tmp_path: Path) -> None:
    odd = write_adapter(tmp_path / "odd", "base_model.model.lm_head", 576, 49_152)
    with pytest.raises(ModelLoadFailed, match="lm_head"):
        prepare_adapter(odd, head, tmp_path)
    assert not list((tmp_path / "models").glob("*")) if (tmp_path / "models").exists() else True


def test_the_adapter_as_a_file_of_its_own_has_each_pair_and_its_scale(head: GgufFile, tmp_path: Path) -> None:
    path = prepare_adapter(SHIPPED_ADAPTER, head, tmp_path)
    made, adapter = gguf.GGUFReader(str(path)), read_adapter(SHIPPED_ADAPTER)
    names = {tensor.name for tensor in made.tensors}
    assert names == {f"{tensor_name(name)}.lora_{side}" for name in adapter.pairs for side in "ab"}
    rank = next(iter(adapter.pairs.values()))[0].shape[0]
    assert made.fields["adapter.lora.alpha"].contents() == pytest.approx(adapter.scale * rank)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert prepare_adapter(SHIPPED_ADAPTER, head, tmp_path) == path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_a_gguf_adapter_is_taken_as_it_is(head: GgufFile, tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    assert prepare_adapter(tmp_path / "mine.gguf", head, tmp_path) == tmp_path / "mine.gguf"
