"""A seed in, a conversation with tools out: calling the one that fits, using its result, doing without, and its errors.

The tools, their wordings and results stand in `data/tools.jsonl`, `data/tool_records.jsonl` and `data/tool_chat.jsonl`.
"""

import random
from collections.abc import Mapping
from typing import Any

from train.tasks.tool_errors import tool_error
from train.tasks.tool_families import Family, Reading, Tool
from train.tasks.tool_scenes import (
    FEW,
    Scene,
    asked,
    called,
    choose_family,
    draw_scene,
    filled_content,
    returned,
    schemas,
    tools_beside,
    usable_families,
)
from train.tasks.tool_thinking import after_result, before_call
from train.tasks.tool_unneeded import tool_none
from train.tasks.tool_values import draw
from train.traces import Trace, Value, Writer, is_held_out

Message = Mapping[str, Any]

FOLLOW_UPS = ("and {0}?", "And {0}?", "what about {0}?", "And for {0}?", "now {0}", "same for {0}", "How about {0}?")
GREETINGS = (
    ("hi", "Hello! How can I help you?"),
    ("Hello", "Hi! What can I do for you?"),
    ("thanks!", "You are welcome!"),
    ("are you there?", "Yes, I am here."),
)
EXTRAS: tuple[Mapping[str, Any], ...] = ({"status": "ok"}, {"source": "live"}, {"cached": False}, {"error": None})

# Of the readings, whose tools' results are read elsewhere too, those with wordings of their own also ask for calls.
READING_SHARE = 0.2


def tool_call(rng: random.Random) -> Trace:
    """One of the offered tools fits: the completion is its call."""
    family = choose_family(rng, usable_families(True))
    if rng.random() < 0.07 and can_follow_up(family):
        return follow_up(rng, family)
    reading = rng.choice(family.readings) if family.readings and rng.random() < READING_SHARE else None
    scene = draw_scene(rng, family, reading)
    key = scene.key("tool_call")
    tool, tools = tools_beside(rng, family, is_held_out(key))
    before = [text for pair in [rng.choice(GREETINGS)] for text in pair] if rng.random() < 0.06 else []
    roles = ("user", "assistant")
    history = [{"role": role, "content": text} for role, text in zip(roles, before, strict=False)]
    return calling(rng, key, (*history, asked(scene.question)), scene, tool, tools)


def calling(
    rng: random.Random, key: str, messages: tuple[Message, ...], scene: Scene, tool: Tool, tools: tuple[Tool, ...]
) -> Trace:
    """The trace that calls a tool after some messages."""
    call = tool.call(scene.values)
    thinking = before_call(rng, scene, tool, tools)
    return Trace("tool_call", key, messages, thinking, "", call, (call,), schemas(tools))


def can_follow_up(family: Family) -> bool:
    """Whether "and {value}?" is a full request after a first one: one required text, and results to read."""
    required = family.required
    return len(required) == 1 and required[0].kind == "string" and bool(family.readings) and not family.joint


def follow_up(rng: random.Random, family: Family) -> Trace:
    """A first question with its call, result and answer, and then the same for another value."""
    reading = rng.choice(family.readings)
    first = draw_scene(rng, family, reading)
    slot = family.required[0]
    value = first.values[slot.name]
    while value == first.values[slot.name]:
        value = draw(rng, slot.pool)
    question = rng.choice(FOLLOW_UPS).format(value)
    scene = Scene(family, question, {slot.name: value}, {**first.filling, slot.name: value})
    key = scene.key("tool_call")
    tool, tools = tools_beside(rng, family, is_held_out(key))
    history = (
        *result_messages(rng, first, reading, tool),
        {"role": "assistant", "content": answer_to(rng, first, reading)},
    )
    return calling(rng, key, (*history, asked(question)), scene, tool, tools)


def answer_to(rng: random.Random, scene: Scene, reading: Reading) -> str:
    """The answer that a result leads to, with a capital letter."""
    answer = scene.fill(rng.choice(reading.answers))
    return answer[0].upper() + answer[1:]


def result_messages(rng: random.Random, scene: Scene, reading: Reading, tool: Tool) -> tuple[Message, ...]:
    """The question, the call and its result, as JSON or, in some cases, as plain text."""
    content = filled_content(reading.content, scene.filling)
    form = rng.random()
    says_all = all(f"{{{name}}}" in reading.said for name in reading.draws)
    if form < 0.2 and says_all:
        content = scene.fill(reading.said)
    elif form < 0.4 and isinstance(content, dict):
        content = {**content, **{name: value for name, value in rng.choice(EXTRAS).items() if name not in content}}
    return asked(scene.question), called(tool.call(scene.values)), returned(content)


def tool_result(rng: random.Random) -> Trace:
    """A result has come: the answer says in a short sentence what it means for the question."""
    family = choose_family(rng, [family for family in usable_families(True) if family.readings])
    reading = rng.choice(family.readings)
    scene = draw_scene(rng, family, reading)
    key = scene.key("tool_result")
    tool, tools = tools_beside(rng, family, is_held_out(key), FEW)
    messages = result_messages(rng, scene, reading, tool)
    fact = scene.fill(reading.fact)
    thinking = after_result(rng, scene, scene.fill(reading.said), fact, messages[-1]["content"])
    answer = answer_to(rng, scene, reading)
    return Trace("tool_result", key, messages, thinking, answer, Value(fact), tools=schemas(tools))


TASKS: dict[str, Writer] = {
    "tool_call": tool_call,
    "tool_result": tool_result,
    "tool_none": tool_none,
    "tool_error": tool_error,
}
