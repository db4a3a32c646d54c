import pytest
import torch

from model import device
from model.catalog import CATALOG, EMBEDDED
from model.errors import ModelLoadFailed
from model.load_plan import plan_load
from model.memory import GIB

SPEC = CATALOG[EMBEDDED]
STORED_NF4 = {"quantization_config": {"quant_method": "bitsandbytes", "bnb_4bit_quant_type": "nf4"}}
NO_BF16 = "The weights are held in fp32, since this processor has no bf16 instructions."


@pytest.fixture
def set_device(monkeypatch):
    """Says what the device is, and whether its processor multiplies bfloat16."""

    def say(kind: str, is_fast: bool) -> None:
        monkeypatch.setattr(device, "device_kind", lambda: kind)
        monkeypatch.setattr("model.load_plan.device_kind", lambda: kind)
        monkeypatch.setattr(device, "has_fast_bf16", lambda: is_fast)

    return say


@pytest.mark.parametrize(
    ("kind", "is_fast", "free_gib", "precision", "dtype", "notes"),
    [
        ("cpu", True, 64, "bf16", torch.bfloat16, ()),
        ("cpu", False, 64, "fp32", torch.float32, (NO_BF16,)),
        ("cpu", False, 4, "bf16", torch.bfloat16, ()),
        ("cuda", False, 64, "bf16", torch.bfloat16, ()),
        ("mps", False, 64, "bf16", torch.bfloat16, ()),
    ],
    ids=["CPU with bf16", "CPU without", "CPU without, little memory", "CUDA", "MPS"],
)
def test_auto_takes_fp32_only_where_the_processor_has_no_bf16_and_says_why(
    kind, is_fast, free_gib, precision, dtype, notes, set_device
):
    set_device(kind, is_fast)
    plan = plan_load(SPEC, {}, "auto", 0, free_gib * GIB)
    assert (plan.precision, plan.dtype, plan.notes) == (precision, dtype, notes)


@pytest.mark.parametrize("precision", ["bf16", "int8", "nf4", "fp32"])
def test_a_precision_that_is_asked_for_stays_on_any_processor(precision, set_device):
    set_device("cpu", False)
    plan = plan_load(SPEC, {}, precision, 0, 64 * GIB)
    assert (plan.precision, plan.notes) == (precision, ())


def test_weights_that_are_stored_quantised_stay_so_without_bf16_instructions(set_device):
    set_device("cpu", False)
    plan = plan_load(SPEC, STORED_NF4, "auto", 0, 64 * GIB)
    assert (plan.precision, plan.dtype, plan.notes) == ("nf4", torch.bfloat16, ())


def test_a_context_in_fp32_is_counted_with_four_bytes_a_number():
    # Weights of 0.5 GiB and 1.5 GiB beside them; 4,096 tokens of cache are 0.09 GiB in bf16 and 0.18 GiB in fp32.
    free = int(2.15 * GIB)
    assert plan_load(SPEC, {}, "bf16", 0, free).precision == "bf16"
    with pytest.raises(ModelLoadFailed, match="smollm2-135m in fp32 needs"):
        plan_load(SPEC, {}, "fp32", 0, free)


def test_apple_s_gpu_refuses_what_does_not_fit_in_bf16(set_device):
    set_device("mps", True)
    with pytest.raises(ModelLoadFailed, match="qwq-32b in bf16 needs"):
        plan_load(CATALOG["qwq-32b"], {}, "auto", 0, 40 * GIB)
