import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from train import precision
from train.held_out import load
from train.precision import autocast_for, training_dtype
from train.sft import Plan, adapted, completion_loss

# PEFT asks the model by the older name.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")

SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1}


@pytest.fixture
def set_bf16(monkeypatch):
    """Says whether this processor multiplies bfloat16 itself."""
    return lambda is_fast: monkeypatch.setattr(precision, "has_fast_bf16", lambda: is_fast)


def small_model(dtype: torch.dtype) -> LlamaForCausalLM:
    torch.manual_seed(1)
    config = LlamaConfig(vocab_size=64, num_hidden_layers=1, tie_word_embeddings=True, **SHAPE)
    return LlamaForCausalLM(config).to(dtype)


@pytest.mark.parametrize(
    ("device", "is_fast", "dtype"),
    [
        ("cpu", False, torch.float32),
        ("cpu", True, torch.bfloat16),
        ("cuda", False, torch.bfloat16),
        ("mps", False, torch.bfloat16),
    ],
)
def test_only_a_processor_without_bf16_instructions_trains_in_float32(device, is_fast, dtype, set_bf16):
    set_bf16(is_fast)
    assert training_dtype(device) is dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_products_are_made_in_what_the_weights_are_held_in(dtype):
    model = adapted(small_model(dtype), Plan(rank=2))
    with autocast_for(model):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_loss_reaches_the_matrices_in_either(dtype):
    model = adapted(small_model(dtype), Plan(rank=2))
    ids = torch.arange(10)[None]
    loss = completion_loss(
        model.get_base_model(), {"input_ids": ids, "labels": ids.clone(), "position_ids": ids.clone()}
    )
    loss.backward()
    grads = [weight.grad for weight in model.parameters() if weight.requires_grad]
    assert any(grad is not None and grad.abs().sum() > 0 for grad in grads)
    assert {grad.dtype for grad in grads if grad is not None} == {torch.float32}


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_model_to_ask_is_loaded_in_it(is_fast, set_bf16, tmp_path, monkeypatch):
    monkeypatch.setattr("train.held_out.AutoTokenizer.from_pretrained", lambda folder: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    set_bf16(is_fast)
    small_model(torch.bfloat16).save_pretrained(tmp_path)
    assert load("none", tmp_path)[0].dtype is (torch.bfloat16 if is_fast else torch.float32)
