"""What is found out about a server by asking it."""

import pytest

from model.errors import ModelLoadFailed
from model.families import QWQ
from model.remote_address import read_address
from model.remote_probe import probe, served_models
from model.remote_wire import Wire
from tests.remote_servers import Manner, remote_server

TWO_MODELS = ({"id": "made-up-qwq", "max_model_len": 2048}, {"id": "Qwen/Qwen3-8B", "max_model_len": 4096})


def probed(manner, wanted="auto", **settings):
    with remote_server(manner) as served:
        wire = Wire(read_address(served.url), lambda: "")
        try:
            return probe(wire, wanted, lambda _: None, **settings)
        finally:
            wire.close()


@pytest.mark.parametrize(
    ("manner", "way", "flags"),
    [
        (Manner(prefill="always"), "prefill", {"continue_final_message": True, "add_generation_prompt": False}),
        (Manner(prefill="always", refuses=("continue_final_message",)), "prefill", {}),
        (Manner(prefill="flagged"), "prefill", {"continue_final_message": True, "add_generation_prompt": False}),
        (Manner(splits="", completes=True), "template", {}),
        (Manner(prefill="never"), None, {}),
    ],
    ids=["always", "refuses flags", "flagged", "completions", "never"],
)
def test_the_way_that_a_server_writes_on_by_is_found(manner, way, flags):
    ways = probed(manner).ways
    assert (ways.found, dict(ways.flags)) == (way, flags)


def test_a_server_that_does_not_count_tokens_is_not_believed_to_write_on():
    assert probed(Manner(prefill="always", counts=False)).ways.found is None


def test_fields_that_a_server_refuses_are_left_out():
    server = probed(Manner(refuses=("top_k", "logprobs")))
    assert "top_k" not in server.fields and "logprobs" not in server.fields
    assert "seed" in server.fields


def test_a_server_that_names_no_field_of_logprobs_is_not_asked_for_them_again():
    assert "logprobs" not in probed(Manner()).fields


@pytest.mark.parametrize("splits", ["reasoning", "reasoning_content"])
def test_a_server_that_splits_is_known_by_it(splits):
    assert probed(Manner(splits=splits)).splits


def test_a_model_of_an_unknown_name_that_thinks_is_taken_for_one_that_does():
    model = ({"id": "somebodys-model", "max_model_len": 2048},)
    assert probed(Manner(models=model)).family.name == "thinker"
    assert probed(Manner(splits="", models=model)).family.name == "thinker"


def test_the_off_switch_is_found_by_an_answer_without_thinking():
    assert dict(probed(Manner(off_field="enable_thinking")).off_fields) == {"enable_thinking": False}
    assert probed(Manner()).off_fields == ()


def test_the_first_model_is_taken_and_any_can_be_named():
    assert probed(Manner(models=TWO_MODELS)).model == "made-up-qwq"
    chosen = probed(Manner(models=TWO_MODELS), "qwen3-8b")
    assert (chosen.model, chosen.context_tokens, chosen.family.name) == ("Qwen/Qwen3-8B", 4096, "qwen3")


def test_a_model_that_the_server_has_not_is_refused_with_those_it_has():
    with pytest.raises(ModelLoadFailed, match=r"no model 'qwq-32b'; it has made-up-qwq, Qwen/Qwen3-8B"):
        probed(Manner(models=TWO_MODELS), "qwq-32b")


def test_a_server_that_names_no_models_wants_a_name():
    with pytest.raises(ModelLoadFailed, match="Name one with --model"):
        probed(Manner(models=()))
    assert probed(Manner(models=()), "qwq-32b").family is QWQ


def test_context_and_slots_are_those_that_the_user_says():
    server = probed(Manner(), context_tokens=1024, slots=3)
    assert (server.context_tokens, server.slots) == (1024, 3)


def test_the_models_of_a_server_can_be_listed():
    with remote_server(Manner(models=TWO_MODELS)) as served:
        assert served_models(Wire(read_address(served.url), lambda: "")) == ["made-up-qwq", "Qwen/Qwen3-8B"]
