import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from model.adapter import adapter_digest, has_adapter, read_adapter
from model.errors import ModelLoadFailed

WEIGHT = "model.layers.0.self_attn.q_proj.weight"


def write_adapter(folder, *, rank=2, rows=4, columns=3, dtype=torch.bfloat16, **config):
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    down, up = torch.randn(rank, columns).to(dtype), torch.randn(rows, rank).to(dtype)
    stem = f"base_model.model.{WEIGHT.removesuffix('.weight')}"
    save_file({f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 4, "bias": "none"} | config
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return down.float().numpy(), up.float().numpy()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_merged_adds_the_scaled_product_of_the_matrices(tmp_path, dtype):
    down, up = write_adapter(tmp_path, dtype=dtype)
    weights = np.ones((4, 3), dtype=np.float32)
    merged = read_adapter(tmp_path).merged(WEIGHT, weights)
    assert np.allclose(merged, weights + 4 / 2 * (up @ down), atol=1e-5)
    assert np.abs(merged - weights).max() > 0.1


def test_merged_leaves_other_weights_alone(tmp_path):
    write_adapter(tmp_path)
    weights = np.ones((5, 5))
    assert read_adapter(tmp_path).merged("model.norm.weight", weights) is weights


def test_merged_refuses_weights_of_another_shape(tmp_path):
    write_adapter(tmp_path)
    with pytest.raises(ModelLoadFailed, match="4 x 3 and the model has it as 4 x 8"):
        read_adapter(tmp_path).merged(WEIGHT, np.ones((4, 8)))


def test_two_adapters_have_two_digests(tmp_path):
    write_adapter(tmp_path / "a")
    write_adapter(tmp_path / "b", columns=5)
    assert adapter_digest(tmp_path / "a") != adapter_digest(tmp_path / "b")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"peft_type": "IA3"}, "IA3"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    ],
)
def test_an_adapter_that_cannot_simply_be_added_is_refused_by_name(tmp_path, config, found):
    write_adapter(tmp_path, **config)
    with pytest.raises(ModelLoadFailed, match=found):
        read_adapter(tmp_path)


def test_a_folder_without_an_adapter_says_what_it_needs(tmp_path):
    assert not has_adapter(tmp_path)
    with pytest.raises(ModelLoadFailed, match=r"adapter_config\.json and adapter_model\.safetensors"):
        read_adapter(tmp_path)


@pytest.mark.parametrize("bytes_left", [0, 5, 40])
def test_a_broken_adapter_file_says_so(tmp_path, bytes_left):
    write_adapter(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:bytes_left])
    with pytest.raises(ModelLoadFailed, match="cannot be read"):
        read_adapter(tmp_path)
