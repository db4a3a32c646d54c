"""Names as others may read them: hub ids stay whole, places on this machine are left out."""

import pytest

from train.public_names import public_adapter, public_model, public_plan, public_text


@pytest.mark.parametrize(
    "path", ["/home/someone/models/mine", "C:\\models\\mine", "./mine", "~/models/mine", "models/big/mine", "/x/mine/"]
)
def test_no_folder_of_this_machine_is_in_a_models_public_name(path):
    assert public_model(path) == "mine"


@pytest.mark.parametrize("name", ["Qwen/QwQ-32B", "someone/model.v2", "embedded", "a-name"])
def test_name_that_is_no_place_stays_whole(name):
    assert public_model(name) == public_adapter(name) == name


def test_plan_keeps_all_that_is_no_place():
    plan = {"model": "qwen3-0.6b", "start": "shipped", "reward_model": "", "sources": {"gsm8k": 1.0}, "beta": 0.0}
    assert public_plan(plan) == plan


def test_plan_names_its_files_without_their_folders():
    plan = {"sources": {"file:/home/someone/a b/mine.jsonl": 1.0, "file:mine.jsonl": 2.0, "gym:gcd": 1.0}}
    assert public_plan(plan)["sources"] == {"file:mine.jsonl": 3.0, "gym:gcd": 1.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("No such file: '/home/someone/x.json'", "No such file: 'x.json'", id="quoted"),
        pytest.param(r"C:\Users\someone\x.json is gone", "x.json is gone", id="Windows"),
        pytest.param("in ~/training/mine.", "in mine.", id="home"),
        pytest.param(
            "https://huggingface.co/Qwen/QwQ-32B failed", "https://huggingface.co/Qwen/QwQ-32B failed", id="URL"
        ),
        pytest.param("Qwen/QwQ-32B, 3/4 or 1/2/3 of 5 /s", "Qwen/QwQ-32B, 3/4 or 1/2/3 of 5 /s", id="no place"),
    ],
)
def test_sentence_tells_no_folder_of_this_machine(text: str, told: str):
    assert public_text(text) == told
