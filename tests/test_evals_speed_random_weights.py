import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.cli.serving.model_manager import ModelManager

from evals.speed.random_weights import SHAPES, random_weights_allowed, write_random_folder
from model.catalog import CATALOG, find_model, shape_of_config
from model.errors import BadInput, ModelLoadFailed
from model.loading import load_model
from tests.tiny_folder import TINY_SHAPE, write_tiny_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random_folder(tmp_path_factory.mktemp("random") / "qwq-32b", "qwq-32b", 2, **TINY_SHAPE)


@pytest.fixture(autouse=True)
def _enough_memory(monkeypatch):
    """A model of a megabyte is loaded, but the room for any model's work is asked for; whoever else uses it is no matter."""
    monkeypatch.setattr("model.loading.free_device_bytes", lambda: 64 << 30)


def load(folder, precision, tmp_path):
    spec = find_model(str(folder))
    return load_model(spec, precision=precision, data_folder=tmp_path, on_progress=lambda progress: None)


def test_shape_is_the_catalogs_own():
    for name, config in SHAPES.items():
        assert shape_of_config(config) == CATALOG[name].shape


@pytest.mark.parametrize(("precision", "linear"), [("bf16", "Linear"), ("nf4", "Linear4bit")])
def test_folder_loads_as_the_model_in_each_precision(folder, precision, linear, tmp_path):
    with random_weights_allowed():
        loaded = load(folder, precision, tmp_path)
    assert (loaded.spec.name, loaded.spec.family.name, loaded.precision) == ("qwq-32b", "qwq", precision)
    layer = loaded.model.model.layers[1]
    assert type(layer.mlp.down_proj).__name__ == linear
    assert len(loaded.model.model.layers) == 2
    assert not any(parameter.is_meta for parameter in loaded.model.parameters())
    assert loaded.model.lm_head.weight.dtype == torch.bfloat16
    ids = loaded.tokenizer("What is 2 + 2?", return_tensors="pt")["input_ids"]
    assert ids.shape[1] == len("What is 2 + 2?")  # a byte is a token
    with torch.inference_mode():
        logits = loaded.model(ids).logits
    assert logits.isfinite().all()
    assert logits.std() > 0


def test_weights_differ_from_matrix_to_matrix(folder, tmp_path):
    with random_weights_allowed():
        layers = load(folder, "bf16", tmp_path).model.model.layers
    assert not torch.equal(layers[0].mlp.up_proj.weight, layers[1].mlp.up_proj.weight)
    assert torch.equal(layers[0].input_layernorm.weight, torch.ones(64, dtype=torch.bfloat16))


def test_every_id_is_written_as_a_text_of_its_own(folder, tmp_path):
    with random_weights_allowed():
        tokenizer = load(folder, "bf16", tmp_path).tokenizer
    assert len(tokenizer) == TINY_SHAPE["vocab_size"]
    assert (
        len({tokenizer.decode([id]) for id in range(256, TINY_SHAPE["vocab_size"])}) == TINY_SHAPE["vocab_size"] - 256
    )


def test_other_folders_load_their_own_weights_meanwhile(tmp_path):
    tiny = write_tiny_folder(tmp_path / "tiny")
    own = AutoModelForCausalLM.from_pretrained(tiny).state_dict()
    with random_weights_allowed():
        meanwhile = AutoModelForCausalLM.from_pretrained(tiny).state_dict()
    assert all(torch.equal(own[name], meanwhile[name]) for name in own)


def test_folder_does_not_load_when_random_weights_are_not_allowed(folder, tmp_path):
    with random_weights_allowed():
        load(folder, "bf16", tmp_path)
    with pytest.raises(ModelLoadFailed, match="cannot be loaded"):
        load(folder, "bf16", tmp_path)


def test_transformers_serves_own_loader_takes_the_folder(folder):
    with random_weights_allowed():
        manager = ModelManager(device="cpu", dtype="auto", continuous_batching=True, force_model=str(folder))
        model, processor = manager.load_model_and_processor(f"{folder}@main")
    assert type(model).__name__ == "Qwen2ForCausalLM"
    assert model.dtype == torch.bfloat16
    assert model.generation_config.top_k == 40
    assert "<think>" in processor.chat_template


@pytest.mark.parametrize(
    ("name", "layers", "words"),
    [("gpt-9", 0, "No shape is known of 'gpt-9'"), ("qwq-32b", 65, "65 layers were asked for, and qwq-32b has 64")],
)
def test_folder_is_refused_when_no_such_shape_is_known(name, layers, words, tmp_path):
    with pytest.raises(BadInput, match=words):
        write_random_folder(tmp_path / "x", name, layers)


def test_int8_is_refused_for_random_weights(folder, tmp_path):
    with random_weights_allowed(), pytest.raises(BadInput, match="bf16, fp32 and nf4"):
        load(folder, "int8", tmp_path)
