"""Weights of 4 bits under an adapter: what beside them is held in bfloat16, as the memory is reckoned, and learns."""

import warnings
from typing import Any

import pytest
import torch
from transformers import BitsAndBytesConfig, Qwen2Config, Qwen2ForCausalLM

from model.catalog import CATALOG
from model.loading import LoadedModel
from train.plans import Plan
from train.policy import adapted

IDS = torch.arange(1, 9)[None]


@pytest.fixture  # for each test: on a CPU, bitsandbytes packs weights anew for `eval`, and they cannot be trained then
def packed(tmp_path) -> Any:
    """A small Qwen2 with weights in nf4 and a fresh adapter."""
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = Qwen2Config(vocab_size=300, num_hidden_layers=2, tie_word_embeddings=False, **shape)
    torch.manual_seed(0)
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(tmp_path)
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = Qwen2ForCausalLM.from_pretrained(tmp_path, quantization_config=nf4, dtype=torch.bfloat16)
    loaded = LoadedModel(CATALOG["qwq-32b"], "nf4", model, None, "cpu", 1024, 0)
    with warnings.catch_warnings():  # PEFT asks a property by the name that transformers has deprecated
        warnings.simplefilter("ignore", FutureWarning)
        return adapted(loaded, "", Plan(model="qwq-32b", precision="nf4", rank=4))


def test_stream_and_cache_are_in_bfloat16_beside_weights_of_4_bits(packed):
    base = packed.get_base_model().eval()
    assert base.lm_head.weight.dtype == base.get_input_embeddings().weight.dtype == torch.bfloat16
    with torch.no_grad():
        found = base(IDS, use_cache=True, output_hidden_states=True)
    assert {each.dtype for each in found.hidden_states} == {torch.bfloat16}
    assert {each.dtype for layer in found.past_key_values.layers for each in (layer.keys, layer.values)} == {
        torch.bfloat16
    }


def test_adapter_of_the_first_block_learns_through_blocks_that_are_worked_out_again(packed):
    packed.train()
    assert all(block.gradient_checkpointing for block in packed.get_base_model().model.layers)
    packed(IDS, labels=IDS, use_cache=False).loss.backward()
    first = packed.get_base_model().model.layers[0].self_attn.q_proj
    assert first.lora_B["default"].weight.grad.abs().sum() > 0
    assert first.base_layer.weight.grad is None
