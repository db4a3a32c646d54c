"""Traces with tools: calls fit their schemas and copy from the chat, results are read rightly, families stay held out."""

import json
import random
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from train.tasks.tool_calls import TASKS
from train.tasks.tool_families import families, offer, record_families
from train.tasks.tool_joints import JOINT
from train.tasks.tool_scenes import VERBS, swapped, tools_beside, typed
from train.tasks.tool_values import draw
from train.traces import Call, Nothing, Trace, Value, is_held_out

TYPES: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
TRACES_PER_TASK = 400


@cache
def sample(task: str) -> tuple[Trace, ...]:
    rng = random.Random(f"test:{task}")
    return tuple(TASKS[task](rng) for _ in range(TRACES_PER_TASK))


def schema_complaints(call: Call, tools: tuple[Mapping[str, Any], ...]) -> list[str]:
    """What is wrong with a call, by the schema of the offered tool with its name."""
    schemas = [tool["function"]["parameters"] for tool in tools if tool["function"]["name"] == call.name]
    if len(schemas) != 1:
        return [f"{len(schemas)} tools are named {call.name}"]
    properties, required = schemas[0]["properties"], schemas[0]["required"]
    complaints = [f"{name} is missing" for name in required if name not in call.arguments]
    for name, value in call.arguments.items():
        if name not in properties:
            complaints.append(f"{name} is unknown")
            continue
        kind = properties[name]["type"]
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            complaints.append(f"{name} is no {kind}: {value!r}")
        if "enum" in properties[name] and value not in properties[name]["enum"]:
            complaints.append(f"{name} is none of the enum: {value!r}")
    return complaints


def user_text(trace: Trace) -> str:
    return "\n".join(message["content"] for message in trace.messages if message["role"] == "user")


def is_from_words(value: object, text: str) -> bool:
    """Whether a value stands in the text, or follows from it as numbers in words, a program or seconds may."""
    if isinstance(value, bool):
        return True
    if isinstance(value, str) and value in text:
        return True
    numbers = set(re.findall(r"\d+", text))
    if isinstance(value, str):  # an expression or a program: its numbers or its quoted word are the user's
        words = re.findall(r'"(\w+)"', value)
        own = [number for number in re.findall(r"\d+", value) if number not in ("1", "100")]
        plus_one = {str(int(number) + 1) for number in numbers}
        is_derived = bool(re.search(r"print\(| [*/+-] ", value))
        return is_derived and all(word in text for word in words) and all(n in numbers | plus_one for n in own)
    assert isinstance(value, int | float)
    return str(value) in text or (value % 60 == 0 and re.search(rf"\b{value // 60} minute", text) is not None)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "n is missing"),
        ({"n": "3"}, "n is no integer: '3'"),
        ({"n": True}, "n is no integer: True"),
        ({"n": 3, "m": 1}, "m is unknown"),
        ({"n": 3, "unit": "x"}, "unit is none of the enum: 'x'"),
    ],
)
def test_own_schema_check_complains_when_a_call_is_wrong(arguments: dict[str, Any], complaint: str) -> None:
    properties = {"n": {"type": "integer"}, "unit": {"type": "string", "enum": ["a"]}}
    function = {"name": "f", "parameters": {"type": "object", "properties": properties, "required": ["n"]}}
    assert schema_complaints(Call("f", arguments), ({"type": "function", "function": function},)) == [complaint]


@pytest.mark.parametrize("value", ["Oslo", "2 * 9", 7, 600])
def test_own_copy_check_says_no_when_the_user_never_wrote_it(value: object) -> None:
    assert not is_from_words(value, "how warm is it in Bergen? Count 5 to 8 in 12 minutes.")


@pytest.mark.parametrize("task", ["tool_call", "tool_error"])
def test_every_call_fits_its_schema_and_is_the_gold(task: str) -> None:
    calls = [(trace, call) for trace in sample(task) for call in trace.tool_calls]
    assert len(calls) > TRACES_PER_TASK // 5
    assert [(call, wrong) for trace, call in calls if (wrong := schema_complaints(call, trace.tools))] == []
    assert all(trace.gold == call for trace, call in calls)


@pytest.mark.parametrize("task", ["tool_call", "tool_error"])
def test_every_argument_is_the_users_own_words_or_follows_from_them(task: str) -> None:
    strayed = [
        (value, user_text(trace))
        for trace in sample(task)
        for call in trace.tool_calls
        for value in call.arguments.values()
        if not is_from_words(value, user_text(trace))
    ]
    assert strayed == []


def test_tool_call_has_exactly_one_call_and_no_answer_text() -> None:
    assert all(len(trace.tool_calls) == 1 and trace.answer == "" for trace in sample("tool_call"))


def test_tool_call_names_every_argument_in_its_learned_thinking() -> None:
    for trace in sample("tool_call"):
        learned = "".join(span.text for span in trace.thinking if span.is_learned)
        for name, value in trace.tool_calls[0].arguments.items():
            assert f"{name} is {json.dumps(value, ensure_ascii=False)}." in learned, trace


def test_tool_result_answers_with_the_gold_that_stands_in_the_chat() -> None:
    for trace in sample("tool_result"):
        assert isinstance(trace.gold, Value)
        assert trace.messages[-1]["role"] == "tool"
        assert trace.gold.text in trace.answer, trace
        assert trace.gold.text in trace.messages[-1]["content"].replace("\\n", "\n") + user_text(trace), trace
        assert trace.tool_calls == ()


def test_tool_result_says_that_a_fact_stands_in_the_result_only_when_it_does() -> None:
    for trace in sample("tool_result"):
        claimed = re.search(r"Check: (.*) stands in the result\.$", trace.thinking_text)
        assert claimed is None or claimed[1] in trace.messages[-1]["content"]


def test_tool_result_names_no_number_that_nobody_gave() -> None:
    for trace in sample("tool_result"):
        given = trace.messages[-1]["content"] + "\n" + user_text(trace)
        assert [n for n in re.findall(r"\d+", trace.answer) if n not in re.findall(r"\d+", given)] == [], trace


@pytest.mark.parametrize("task", ["tool_result", "tool_error"])
def test_first_calls_in_the_history_name_an_offered_tool(task: str) -> None:
    for trace in sample(task):
        function = trace.messages[-2]["tool_calls"][0]["function"]
        assert function["name"] in [tool["function"]["name"] for tool in trace.tools]
        assert isinstance(function["arguments"], dict)


def test_tool_none_calls_nothing_though_tools_are_offered() -> None:
    assert all(trace.tool_calls == () and trace.tools and trace.answer for trace in sample("tool_none"))


def test_tool_none_sums_are_right() -> None:
    sums = [trace for trace in sample("tool_none") if re.fullmatch(r"tool_none:\d+[+-]\d+", trace.key)]
    assert len(sums) > 10
    for trace in sums:
        a, sign, b = re.fullmatch(r"tool_none:(\d+)([+-])(\d+)", trace.key).groups()  # type: ignore[union-attr]
        value = int(a) + int(b) if sign == "+" else int(a) - int(b)
        assert trace.gold == Value(str(value))
        assert f"$\\boxed{{{value}}}$" in trace.answer


def test_tool_error_answers_are_honest_and_carry_no_value_of_their_own() -> None:
    told = [trace for trace in sample("tool_error") if not trace.tool_calls]
    assert len(told) > TRACES_PER_TASK // 2
    assert all(re.search(r"[Ss]orry", trace.answer) and trace.gold == Nothing() for trace in told)


def test_tool_error_corrects_only_calls_that_were_wrong() -> None:
    for trace in sample("tool_error"):
        first = trace.messages[1]["tool_calls"][0]["function"]
        for call in trace.tool_calls:
            assert call.name == first["name"]
            assert json.dumps(dict(call.arguments)) != json.dumps(first["arguments"])


def test_calculator_results_agree_with_the_expression_evaluated() -> None:
    rng = random.Random(5)
    for _ in range(200):
        row = JOINT["spoken_sum"](rng)
        assert float(row["value"]) == pytest.approx(eval(str(row["expression"])), abs=1e-4)  # our own expression


def test_programs_print_what_their_row_says(capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(6)
    for _ in range(100):
        row = JOINT["program"](rng)
        exec(str(row["code"]), {})  # our own program
        assert capsys.readouterr().out == f"{row['printed']}\n"


def test_seconds_are_sixty_times_the_spoken_minutes() -> None:
    rng = random.Random(7)
    for _ in range(50):
        row = JOINT["seconds"](rng)
        assert row["seconds"] == 60 * int(str(row["spoken"]).split()[0])


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_gives_the_same_traces_and_another_seed_others(task: str) -> None:
    first, again, other = (
        [TASKS[task](rng) for _ in range(5)] for rng in (random.Random(1), random.Random(1), random.Random(2))
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("task", TASKS)
def test_traces_bear_their_task_and_well_formed_thinking(task: str) -> None:
    for trace in sample(task):
        assert trace.task == task
        assert trace.thinking_text == trace.thinking_text.strip()
        assert "  " not in trace.thinking_text
        assert not re.search(r"(?<!boxed)\{\w+\}", user_text(trace) + trace.thinking_text + trace.answer)


@pytest.mark.parametrize("task", TASKS)
def test_traces_stay_short(task: str) -> None:
    for trace in sample(task):
        assert 1 <= len(trace.tools) <= 3
        assert len(trace.thinking_text) < 420, trace
        assert all(len(json.dumps(tool)) < 480 for tool in trace.tools)
        assert sum(len(message["content"]) for message in trace.messages) < 450
    assert sum(len(trace.thinking_text) for trace in sample(task)) / TRACES_PER_TASK < 200


@pytest.mark.parametrize("task", ["tool_call", "tool_result"])
def test_some_slips_are_read_only_and_each_is_repaired(task: str) -> None:
    slipped = [trace for trace in sample(task) if not all(span.is_learned for span in trace.thinking)]
    assert 0.03 < len(slipped) / TRACES_PER_TASK < 0.13
    for trace in slipped:
        places = [place for place, span in enumerate(trace.thinking) if not span.is_learned]
        assert all(trace.thinking[place + 1].text.startswith(" Wait, ") for place in places)


@pytest.mark.parametrize("task", TASKS)
def test_both_splits_get_traces_and_families_that_are_held_out_never_enter_training(task: str) -> None:
    split = {side: [trace for trace in sample(task) if is_held_out(trace.key) is side] for side in (True, False)}
    assert 0.05 < len(split[True]) / TRACES_PER_TASK < 0.3
    for trace in split[False]:
        offered = {tool["function"]["name"].lower().replace("_", "") for tool in trace.tools}
        assert not offered & names_only_held_out(), trace


@cache
def names_only_held_out() -> frozenset[str]:
    names = {side: set[str]() for side in (True, False)}
    for family in families():
        names[family.is_held_out] |= {name.replace("_", "") for name in family.names}
    return frozenset(names[True] - names[False])


def test_families_are_many_and_some_are_held_out() -> None:
    written = families()[: -len(record_families())]
    assert len(written) >= 90
    assert len({family.name for family in families()}) == len(families())
    assert 0.05 < sum(family.is_held_out for family in families()) / len(families()) < 0.15


@pytest.mark.parametrize("is_question_held_out", [True, False])
def test_tools_of_one_group_are_never_offered_together(is_question_held_out: bool) -> None:
    rng = random.Random(4)
    trained = [family for family in families() if not family.is_held_out]
    for family in rng.sample(trained, 100):
        tool, tools = tools_beside(rng, family, is_question_held_out, weights=(0, 1, 1))
        groups = [other.family.group for other in tools]
        assert tool in tools
        assert len(groups) == len(set(groups))
        assert len({other.name for other in tools}) == len(tools)
        assert is_question_held_out or not any(other.family.is_held_out for other in tools)


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_family_can_be_offered_under_all_its_names_and_asked_with_all_it_requires(family: Any) -> None:
    rng = random.Random(0)
    for _ in range(12):
        tool = offer(rng, family)
        assert len(set(tool.argument_names.values())) == len(family.slots)
        assert re.fullmatch(r"[A-Za-z_]+", tool.name)
    slots = {slot.name for slot in family.slots}
    for ask in (*family.asks, *(ask for reading in family.readings for ask in reading.asks)):
        if not family.joint:
            assert [slot.name for slot in family.required if not ask.mentions(slot.name)] == [], ask
            assert set(re.findall(r"\{(\w+)\}", ask.text)) <= slots, ask
        assert set(ask.values) <= slots
    assert all(family.ask_back.endswith("?") for _ in family.bare)


def test_family_readings_have_their_fact_in_every_answer() -> None:
    for family in families():
        for reading in family.readings:
            for answer in reading.answers:
                assert reading.fact in answer or "{" not in reading.fact, (family.name, answer)


@pytest.mark.parametrize("text", ["set a timer", "what time is it?", "I am hungry.", "{city} weather"])
def test_typed_keeps_slots_and_never_asks_can_you_before_a_noun(text: str) -> None:
    rng = random.Random(3)
    for _ in range(60):
        shown = typed(rng, text, rng.random() < 0.5)
        assert re.findall(r"\{\w+\}", shown) == re.findall(r"\{\w+\}", text)
        if text.split()[0] not in VERBS:
            assert "ou " + text.split()[0] not in shown.lower()


@pytest.mark.parametrize("word", ["ab", "aa", "7", "kiwi", "aaab"])
def test_swapped_is_never_the_word_itself(word: str) -> None:
    assert all(swapped(random.Random(seed), word) != word for seed in range(20))


@pytest.mark.parametrize(
    ("pool", "kind"), [("int:1..9", int), ("num:0.5..9", int | float), ("enum:a|b", str), ("url", str)]
)
def test_draw_gives_the_kind_that_its_pool_promises(pool: str, kind: Any) -> None:
    assert all(isinstance(draw(random.Random(seed), pool), kind) for seed in range(30))
