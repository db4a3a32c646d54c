"""A tiny random model with the embedded model's tokenizer, as a policy that can be trained in a moment."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from model.embedded import prepare_embedded
from model.errors import ModelLoadFailed
from model.families import SMOLLM2
from model.prompt import ChatPrompts
from train.policy import Policy


def tiny_policy(data_folder: Path, seed: int = 1) -> Policy:
    """A policy of two small layers; skips the test where the tokenizer is not here."""
    try:
        embedded = prepare_embedded(data_folder, lambda *_: None)
    except ModelLoadFailed as error:
        pytest.skip(f"the embedded weights are not here: {error}")
    tokenizer: Any = AutoTokenizer.from_pretrained(embedded)
    torch.manual_seed(seed)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = LlamaConfig(vocab_size=49_152, num_hidden_layers=2, tie_word_embeddings=True, eos_token_id=2, **shape)
    base = LlamaForCausalLM(config)
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    return Policy(model, tokenizer, SMOLLM2, ChatPrompts(tokenizer, SMOLLM2), "tiny", "", "fp32", "cpu")


def moved(policy: Policy) -> None:
    """Give the adapter other weights than none."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, weights in policy.model.named_parameters():
            if ".lora_B." in name:
                weights.copy_(torch.randn_like(weights))
