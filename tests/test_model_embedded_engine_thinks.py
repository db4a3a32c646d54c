"""The embedded model with its shipped adapter through the real engine: it thinks, closes the thinking, and is right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import EMBEDDED
from model.embedded import SHIPPED_ADAPTER
from model.engine import Collected, Engine, Request, Steering, collect
from model.events import Finished, Message, Sampling
from model.families import SMOLLM2
from model.host import ModelHost
from model.settings import Settings
from train.judging import boxed, code_in
from ui.examples import example_question

pytestmark = pytest.mark.model

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}
GREEDY = Sampling(temperature=0.0, max_new_tokens=400)


@pytest.fixture(scope="module")
def engine(shared_data_folder: Path, engine_name: str) -> Iterator[Engine]:
    host = ModelHost(Settings(shared_data_folder, engine=engine_name))
    host.load(EMBEDDED)
    yield host.engine(wait_seconds=600)
    host.close()


def ask(engine: Engine, *contents: str, **fields: object) -> Collected:
    roles = ("user", "assistant") * len(contents)
    messages = tuple(Message(role, content) for role, content in zip(roles, contents, strict=False))  # type: ignore[arg-type]
    return collect(engine.stream(Request(messages, GREEDY, **fields), Steering()))  # type: ignore[arg-type]


def test_the_shipped_adapter_is_small_and_has_a_card() -> None:
    assert (SHIPPED_ADAPTER / "adapter_model.safetensors").stat().st_size <= 25_000_000
    card = (SHIPPED_ADAPTER / "README.md").read_text("utf-8")
    assert "python -m train.sft" in card and "untouched model" in card


@pytest.mark.parametrize(("number", "gold"), [(0, "645"), (1, "36"), (2, "408")])
def test_the_examples_of_the_empty_page_are_solved(engine: Engine, number: int, gold: str) -> None:
    whole = ask(engine, example_question(number, EMBEDDED))
    assert boxed(whole.answer) == gold
    assert whole.thinking.strip() and isinstance(whole.finished, Finished) and whole.finished.reason == "stop"


def test_the_example_function_doubles_each_number(engine: Engine) -> None:
    code = code_in(ask(engine, example_question(3, EMBEDDED)).answer)
    assert code is not None
    names: dict[str, object] = {}
    exec(code, names)  # greedy, so it is the code that was read when this test was written
    assert [names["double"](numbers) for numbers in ([1, -2, 0], [], [5])] == [[2, -4, 0], [], [10]]  # type: ignore[operator]


def test_a_tool_that_fits_is_called_with_the_words_of_the_question(engine: Engine) -> None:
    whole = ask(engine, "What is the weather in Lisbon?", tools=(WEATHER,))
    assert [(call.name, call.arguments) for call in whole.tool_calls] == [("get_weather", '{"city": "Lisbon"}')]


def test_the_family_is_the_one_that_was_trained(engine: Engine) -> None:
    assert engine.family is SMOLLM2  # type: ignore[attr-defined]
