"""A seed in, a conversation out in which no offered tool is called: chat, tiny sums, no fit, a missing value.

Chat and simple facts stand in `data/tool_chat.jsonl`.
"""

import json
import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from train.tasks.tool_families import DATA, Family, Tool
from train.tasks.tool_scenes import (
    asked,
    choose_family,
    draw_scene,
    fill,
    offered,
    schemas,
    tools_beside,
    typed,
    usable_families,
)
from train.traces import Nothing, Span, Trace, Value, is_held_out

TASK = "tool_none"

# What a chat model can do by itself, so that "I have no tool for that" would be a poor answer.
DOABLE_GROUPS = frozenset("calc translate units dictionary rhyme jokes random text tip bmi animals recipe".split())

# Groups that could stand in for each other well enough that "none of my tools fits" would be wrong.
CLUSTERS = (
    frozenset("timer alarm reminder calendar tasks notes lists".split()),
    frozenset("message phone social".split()),
    frozenset("file_read file_write file_list file_delete git database".split()),
    frozenset("travel train taxi traffic".split()),
    frozenset("weather air sun".split()),
    frozenset("music lyrics volume".split()),
    frozenset("user bank shop".split()),
    frozenset("food_place recipe nutrition".split()),
    frozenset("device light heating door".split()),
    frozenset("git git_issue".split()),
)
ALWAYS_FITS = frozenset("search url facts news calc".split())

SUMS = (
    "what is {0}?",
    "what's {0}?",
    "{0}",
    "{0} = ?",
    "how much is {0}?",
    "{0}?",
    "calculate {0}",
    "tell me what {0} is",
)
SIGNS = {"+": ("+", "plus"), "-": ("-", "minus")}


@cache
def chats() -> Sequence[Mapping[str, Any]]:
    """The rows of `data/tool_chat.jsonl`."""
    lines = (DATA / "tool_chat.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def unneeded(rng: random.Random) -> str:
    """A sentence that no tool is needed for this."""
    return rng.choice(("No tool is needed.", "This needs no tool.", "I can answer without a tool."))


def offered_names(tools: Sequence[Tool]) -> str:
    """The tools' names in a sentence: "get_time and set_alarm"."""
    return " and ".join(tool.name for tool in tools)


def direct(rng: random.Random, key: str, question: str, thinking: str, answer: str, avoid: frozenset[str]) -> Trace:
    """An answer without a call, beside tools of other groups."""
    tools = offered(rng, rng.choice((1, 1, 2)), is_held_out(key), avoid)
    gold = Nothing()
    return Trace(TASK, key, (asked(question),), (Span(thinking),), answer, gold, tools=schemas(tools))


def chat(rng: random.Random) -> Trace:
    """A greeting, small talk, or a fact that everyone knows."""
    row = rng.choice(chats())
    rows = row.get("rows", [["", ""]])
    a, b = rng.choice(rows)
    filling = {"a": a, "b": b}
    question = fill(rng.choice(row["asks"]), filling)
    if rng.random() < 0.3:
        question = rng.choice((question.lower(), question.rstrip("?.!"), question[0].upper() + question[1:]))
    thinking = f"{fill(row['thinking'], filling)} {unneeded(rng)}"
    answer = fill(rng.choice(row["answers"]), filling)
    answer = answer[0].upper() + answer[1:]
    return direct(rng, f"{TASK}:{row['id']}:{a}", question, thinking, answer, frozenset(row.get("avoid", ())))


def tiny_sum(rng: random.Random) -> Trace:
    """A sum or difference of two small numbers."""
    a, b, sign = rng.randint(1, 10), rng.randint(1, 10), rng.choice("+-")
    a, b = (max(a, b), min(a, b)) if sign == "-" else (a, b)
    value = a + b if sign == "+" else a - b
    shown = f"{a}{sign}{b}" if rng.random() < 0.3 else f"{a} {rng.choice(SIGNS[sign])} {b}"
    question = rng.choice(SUMS).format(shown)
    check = f"{value} - {b} = {a}" if sign == "+" else f"{value} + {b} = {a}"
    thinking = f"{a} {sign} {b} = {value}. {unneeded(rng)} Check: {check}."
    tools = offered(
        rng, rng.choice((1, 1, 2)), is_held_out(key := f"{TASK}:{a}{sign}{b}"), frozenset({"calc", "search"})
    )
    answer = rng.choice((f"It is $\\boxed{{{value}}}$.", f"{a} {sign} {b} = $\\boxed{{{value}}}$."))
    return Trace(TASK, key, (asked(question),), (Span(thinking),), answer, Value(str(value)), tools=schemas(tools))


def no_fitting_tool(rng: random.Random) -> Trace:
    """Something that needs a tool, and none of the offered ones can do it."""
    families = [family for family in usable_families(True) if family.group not in DOABLE_GROUPS | ALWAYS_FITS]
    scene = draw_scene(rng, choose_family(rng, families))
    key = scene.key(f"{TASK}:no_fit")
    tools = offered(rng, rng.choice((1, 1, 2)), is_held_out(key), not_fitting(scene.family))
    names = offered_names(tools)
    thinking = f"The user wants {scene.need}. I only have {names}: that does not fit. Check: I make up no result."
    answer = rng.choice(
        (
            f"Sorry, I cannot do that here: I only have {names}.",
            f"Sorry, none of my tools can help with that. I only have {names}.",
            f"I am sorry, but I have no tool for that, only {names}.",
        )
    )
    messages = (asked(scene.question),)
    return Trace(TASK, key, messages, (Span(thinking),), answer, Nothing(), tools=schemas(tools))


def not_fitting(family: Family) -> frozenset[str]:
    """The groups whose tools might still serve a request to this family."""
    near = [cluster for cluster in CLUSTERS if family.group in cluster]
    return ALWAYS_FITS.union({family.group}, *near)


def missing_argument(rng: random.Random) -> Trace:
    """A request that a tool fits, without a value that it requires: the answer asks for it."""
    family = choose_family(rng, [family for family in usable_families(True) if family.bare])
    key = family.key if family.is_held_out else f"{TASK}:missing:{family.name}"
    question = typed(rng, rng.choice(family.bare), rng.random() < 0.15)
    tool, tools = tools_beside(rng, family, is_held_out(key))
    names = " and ".join(tool.argument_names[slot.name] for slot in family.required)
    verb = "are" if len(family.required) > 1 else "is"
    thinking = f"{tool.name} fits. {names} {verb} required, but the user gives no value. I ask."
    answer = rng.choice((family.ask_back, f"Gladly. {family.ask_back}", f"Sure! {family.ask_back}"))
    return Trace(TASK, key, (asked(question),), (Span(thinking),), answer, Nothing(), tools=schemas(tools))


WRITERS = (chat, tiny_sum, no_fitting_tool, missing_argument)
WRITER_WEIGHTS = (50, 14, 20, 16)


def tool_none(rng: random.Random) -> Trace:
    """Tools are offered, and the right thing is to answer without them."""
    return rng.choices(WRITERS, WRITER_WEIGHTS)[0](rng)
