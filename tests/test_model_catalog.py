import json

import pytest
from transformers.utils.chat_parsing import ResponseParser

from model.catalog import CATALOG, DEFAULT_ON_GPU, EMBEDDED, find_model, shape_of_config
from model.errors import UnknownModel
from model.families import FAMILIES, PLAIN, QWEN3, QWQ, R1_DISTILL, TEMPLATES, family_of

OPENINGS = {
    "qwq": "<|im_start|>assistant\n<think>\n",
    "qwen3": "<|im_start|>assistant\n",
    "r1-distill": "<｜Assistant｜><think>\n",
    "smollm2": "<|im_start|>assistant\n<think>\n",
    "smollm2-untouched": "<|im_start|>assistant\n<think>\n",
}


SMALL = [FAMILIES["smollm2"], FAMILIES["smollm2-untouched"]]


def parse(template, prefix: str, text: str, size: int):
    """Deltas joined by field, and the values of the closed tool calls."""
    parser = ResponseParser(dict(template), prefix=prefix)
    texts: dict[str, str] = {}
    calls = []
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    events = [event for chunk in chunks for event in parser.feed(chunk)] + parser.finalize()[1]
    for event in events:
        if event["type"] == "region_chunk":
            texts[event["field"]] = texts.get(event["field"], "") + event["text"]
        if event["type"] == "region_close" and event["field"] == "tool_calls":
            calls.append(event["value"])
    return texts, calls


@pytest.mark.parametrize("spec", CATALOG.values(), ids=list(CATALOG))
def test_every_catalog_entry_is_complete_and_found_by_name_and_hub_id(spec):
    assert find_model(spec.name.upper()) is spec
    if spec.name != EMBEDDED:
        assert find_model(spec.hub_id.swapcase()) is spec
    assert spec.licence and spec.title and spec.context_tokens >= 8192 and spec.shape
    assert all(score.source and 0 < score.value <= 100 for score in spec.scores)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_every_family_has_a_whole_preset_that_is_not_greedy(family):
    sampling = family.sampling
    assert sampling.temperature and sampling.top_p and sampling.top_k is not None and sampling.max_new_tokens
    assert family.early_stop_text.endswith(family.close_text)


def test_catalog_holds_the_models_promised():
    sizes = {name for name in CATALOG if name.startswith("qwen3-")}
    assert sizes == {f"qwen3-{size}" for size in ("0.6b", "1.7b", "4b", "8b", "14b", "32b")}
    assert {DEFAULT_ON_GPU, EMBEDDED, "r1-distill-llama-8b"} <= set(CATALOG)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("qwq-32b", 32.8), ("qwen3-0.6b", 0.6), ("qwen3-8b", 8.2), ("r1-distill-qwen-1.5b", 1.78), (EMBEDDED, 0.1345)],
)
def test_shapes_add_up_to_the_published_parameter_counts(name, billions):
    shape = CATALOG[name].shape
    assert shape is not None
    assert (shape.linear_parameters + shape.other_parameters) / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize("family", [QWQ, QWEN3, R1_DISTILL, *SMALL], ids=lambda family: family.name)
def test_a_family_is_recognised_by_its_own_template(family):
    expected = QWQ if family in SMALL else family
    assert family_of(family.template_text(), "anything") is expected


def test_a_template_counts_more_than_a_name():
    assert family_of("{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}", "My-QwQ-32B") is PLAIN


def test_an_unknown_hub_id_gets_its_family_from_its_name():
    spec = find_model("someone/DeepSeek-R1-Distill-Qwen-7B-AWQ")
    assert (spec.family, spec.hub_id, spec.shape) == (R1_DISTILL, "someone/DeepSeek-R1-Distill-Qwen-7B-AWQ", None)


def test_an_unknown_name_names_what_is_near():
    with pytest.raises(UnknownModel, match="qwq-32b"):
        find_model("qwq32b")


def test_a_folder_without_a_config_says_what_belongs_there(tmp_path):
    with pytest.raises(UnknownModel, match=r"no config\.json"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("written", ["not json", "[]"])
def test_a_folder_with_a_broken_config_says_so(tmp_path, written):
    (tmp_path / "config.json").write_text(written)
    with pytest.raises(UnknownModel, match="cannot be read"):
        find_model(str(tmp_path))


def test_a_folder_tells_family_context_and_shape(tmp_path):
    config = {
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "num_hidden_layers": 28,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "vocab_size": 151_936,
        "tie_word_embeddings": True,
        "max_position_embeddings": 40_960,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "chat_template.jinja").write_text(QWEN3.template_text(), "utf-8")
    spec = find_model(str(tmp_path))
    assert (spec.family, spec.context_tokens, spec.shape) == (QWEN3, 40_960, CATALOG["qwen3-0.6b"].shape)


def test_the_shape_of_an_unknown_architecture_is_unknown():
    assert shape_of_config({"model_type": "mamba"}) is None


def test_every_template_file_has_a_line_in_sources():
    sources = (TEMPLATES / "SOURCES.md").read_text("utf-8")
    assert {path.name for path in TEMPLATES.glob("*.jinja")} == {
        family.template_file for family in FAMILIES.values() if family.template_file
    }
    assert all(f"`{path.name}`" in sources for path in TEMPLATES.glob("*.jinja"))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize("name", ["qwq", "qwen3", "smollm2", "smollm2-untouched"])
def test_response_template_splits_thinking_answer_and_calls_however_the_text_is_cut(name, size):
    family = FAMILIES[name]
    text = "" if family.opens_thinking else "<think>\n"
    text += 'I could <tool_call>{"name": "x"}</tool_call>.\n</think>\n\nSee:\n'
    text += '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>\n<tool_call>\n{bad\n</tool_call>'
    texts, calls = parse(family.response_template, OPENINGS[name], text, size)
    assert texts["thinking"].strip() == 'I could <tool_call>{"name": "x"}</tool_call>.'
    assert texts["content"].strip() == "See:"
    assert calls == [{"name": "add", "arguments": {"a": 1}}, "{bad"]


def test_r1_calls_are_read_in_deepseeks_own_form():
    # Whole: how they are read in chunks is the splitter's part, and is tested there.
    call = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{}\n```json\n{}\n```<｜tool▁call▁end｜>"
    text = "Hm.\n</think>\n\nSee:\n<｜tool▁calls▁begin｜>" + call.format("add", '{"a": 1}') + "\n"
    text += call.format("stop", "{}") + "<｜tool▁calls▁end｜>"
    texts, calls = parse(R1_DISTILL.response_template, OPENINGS["r1-distill"], text, 1000)
    assert texts["thinking"].strip() == "Hm." and texts["content"].strip() == "See:"
    assert calls == [{"name": "add", "arguments": {"a": 1}}, {"name": "stop", "arguments": {}}]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_a_tag_in_the_answer_opens_nothing_with_the_answer_template(family):
    text = "Write <think> to open it and </think> to close it."
    prefix = OPENINGS.get(family.name, "any prompt").removesuffix("<think>\n")
    assert parse(family.answer_template, prefix, text, 3)[0] == {"content": text}


def test_an_unknown_model_shows_everything_as_answer():
    assert parse(PLAIN.response_template, "User: hi\nBot:", "<think>no</think> yes", 2)[0] == {
        "content": "<think>no</think> yes"
    }
