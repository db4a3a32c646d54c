"""Reckoned memory of a training: held against what PyTorch keeps of a real block, and against PEFT's own count."""

import warnings
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.catalog import CATALOG, ModelShape, shape_of_config
from model.memory import weight_bytes
from train.memory_parts import Demand, adapter_parameters, block_bytes, head_bytes, parts

# Wide enough that what does not grow with the width (angles, scales of rows) does not decide.
CONFIG = Qwen2Config(
    hidden_size=256,
    intermediate_size=1024,
    num_hidden_layers=2,
    num_attention_heads=8,
    num_key_value_heads=2,
    vocab_size=300,
    tie_word_embeddings=False,
)


def known(shape: ModelShape | None) -> ModelShape:
    assert shape is not None
    return shape


SHAPE = known(shape_of_config(CONFIG.to_dict()))
QWQ = known(CATALOG["qwq-32b"].shape)
TOKENS = 128


@pytest.fixture(scope="module")
def adapted():
    """A small Qwen2 in bf16 with fp32 LoRA matrices of rank 8 on every linear layer, as in training."""
    torch.manual_seed(0)
    base = Qwen2ForCausalLM(CONFIG).to(torch.bfloat16)
    with warnings.catch_warnings():  # PEFT asks a property by the name that transformers has deprecated
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(base, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM")).train()


def bytes_kept(work) -> int:
    """Bytes that autograd keeps of `work`'s forward pass, each storage once, parameters left out."""
    kept: dict[int, tuple[int, object]] = {}

    def keep(tensor):
        if not isinstance(tensor, torch.nn.Parameter) and not (tensor.is_leaf and tensor.requires_grad):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address is given twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        work().float().sum().backward()
    return sum(size for size, _ in kept.values())


def one_block(adapted):
    """The first block's forward pass over a row of tokens, and the weights' bytes that autograd keeps with it."""
    inner = adapted.get_base_model().model
    hidden = torch.randn(1, TOKENS, CONFIG.hidden_size, dtype=torch.bfloat16).requires_grad_()
    positions = inner.rotary_emb(hidden, torch.arange(TOKENS)[None])
    return lambda: inner.layers[0](hidden, attention_mask=None, position_embeddings=positions)


def test_a_block_keeps_no_more_than_is_reckoned_and_hardly_less(adapted):
    weights = sum(
        parameter.numel() * parameter.element_size()
        for name, parameter in adapted.get_base_model().model.layers[0].named_parameters()
        if "lora" not in name
    )
    kept = bytes_kept(one_block(adapted)) - weights
    reckoned = block_bytes(SHAPE, rows=1, tokens=TOKENS)
    assert 0.95 * reckoned < kept <= reckoned


def test_adapter_has_as_many_parameters_as_peft_makes(adapted):
    trained, _ = adapted.get_nb_trainable_parameters()
    assert adapter_parameters(SHAPE, rank=8) == trained


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"rows": 2}, "inputs of all blocks"),
        ({"tokens": 8192}, "what one block keeps, and gradients"),
        ({"slots": 16}, "cache of 16 completions being written"),
        ({"rank": 32}, "adapter, its gradients and Adam's moments, fp32"),
    ],
)
def test_twice_as_much_of_one_thing_doubles_its_part(change, name):
    before = Demand("nf4", rank=16, rows=1, tokens=4096, slots=8)
    doubled = parts(QWQ, replace(before, **change))[name]
    assert doubled == 2 * parts(QWQ, before)[name.replace("16", "8")]


def test_only_fp32_weights_make_stream_and_cache_twice_as_dear():
    found = {precision: parts(QWQ, Demand(precision)) for precision in ("fp32", "bf16", "int8", "nf4")}
    caches = {precision: each["cache of 8 completions being written"] for precision, each in found.items()}
    assert caches["bf16"] == caches["int8"] == caches["nf4"] == caches["fp32"] / 2


def test_weights_cost_a_training_what_they_cost_the_app():
    for precision in ("bf16", "int8", "nf4"):
        assert parts(QWQ, Demand(precision))[f"weights, {precision}"] == weight_bytes(QWQ, precision)


def test_frozen_adapter_of_the_start_costs_a_quarter_of_the_trained_one():
    found = parts(QWQ, Demand("nf4", has_reference=True))
    assert found["frozen adapter of the start, fp32"] * 4 == found["adapter, its gradients and Adam's moments, fp32"]


def test_fused_head_costs_less_than_the_whole_one_once_rows_are_long():
    assert head_bytes(QWQ, 4, 4096) < head_bytes(QWQ, 4, 4096, is_whole=True) / 5
