"""A family in, a user's request out: a wording with its values, typed as strangers do, and tools beside it.

String values stand in the request letter by letter, so the right call can be copied from it. The exceptions, a spoken
sum or a program asked for in words, come with a `note` that says what was turned into what.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from train.tasks.tool_families import Ask, Family, Reading, Tool, families, offer, record_families
from train.tasks.tool_joints import JOINT
from train.tasks.tool_values import KEEPS_CASE, Scalar, draw
from train.traces import Call

# A request that starts with one of these can follow "please" or "can you".
VERBS = frozenset(
    (
        "add block book buy calculate call cancel change charge check choose clean close compute confirm convert "
        "count create define delete detect draw email evaluate execute feed fetch find flip generate get give heat "
        "install join launch leave list look mail make message mute open paint pause pay pick ping plan play post "
        "print put read register remind remove renew reopen reserve reset restart retry ring roll run save schedule "
        "search send set shorten show shut solve start stop suggest sum summarize switch take tell text throw toss "
        "track transfer translate turn unlock use wake wire work write "
    ).split()
)
REQUESTS: tuple[str, ...] = (
    *("{0}", "{0}", "{0}.", "{1}", "Please {1}.", "please {1}", "can you {1}?", "Can you {1}?", "Could you {1}?"),
    *("could you please {1}", "{1} pls", "{0}, please.", "Hey, {1}", "I need you to {1}.", "Would you {1}, please?"),
)
PHRASES: tuple[str, ...] = ("{0}", "{1}", "{1} please", "{0}, please.", "Hi, {1}", "{1} pls")
QUESTIONS: tuple[str, ...] = (
    *("{0}?", "{0}?", "{0}?", "{1}?", "{1}", "Hi, {1}?", "hey, {1}?", "{0}? Thanks!", "Quick question: {1}?"),
)
STATEMENTS: tuple[str, ...] = ("{0}.", "{0}.", "{0}", "Hi! {0}.", "{0}. Thanks!")

# How often none, one and two tools stand beside the one that fits. A longer chat is paid for with fewer of them.
MORE = (40, 47, 13)
FEW = (72, 25, 3)


@dataclass(frozen=True, slots=True)
class Scene:
    """A request: the slots' values that it gives, and all that its templates may name (`filling`)."""

    family: Family
    question: str
    values: Mapping[str, Scalar]
    filling: Mapping[str, Scalar]

    def fill(self, template: str) -> str:
        """A template with its `{slot}`s filled."""
        return fill(template, self.filling)

    @property
    def need(self) -> str:
        """What the user wants, as a noun phrase or "to do ..."."""
        return self.fill(self.family.need)

    def key(self, task: str) -> str:
        """The content of the request, the same for every wording and every name of the tool."""
        if self.family.is_held_out:
            return self.family.key
        values = {slot: value.lower() if isinstance(value, str) else value for slot, value in self.values.items()}
        return f"{task}:{self.family.name}:{json.dumps(values, sort_keys=True, ensure_ascii=False)}"


def fill(template: str, filling: Mapping[str, Scalar]) -> str:
    """A template with its `{name}`s filled.

    >>> fill("{n} eggs", {"n": 3})
    '3 eggs'
    """
    return re.sub(r"\{(\w+)\}", lambda match: str(filling[match[1]]), template)


def filled_content(content: Any, filling: Mapping[str, Scalar]) -> Any:
    """A result's template filled; a text that is nothing but one `{name}` becomes the value itself, with its type."""
    if isinstance(content, str):
        whole = re.fullmatch(r"\{(\w+)\}", content)
        return filling[whole[1]] if whole else fill(content, filling)
    if isinstance(content, list):
        return [filled_content(item, filling) for item in content]
    if isinstance(content, dict):
        return {fill(key, filling): filled_content(item, filling) for key, item in content.items()}
    return content


def choose_family(rng: random.Random, among: Sequence[Family]) -> Family:
    """A family of some; those of records, of which there are many, in a quarter of the cases if there are others."""
    records = set(map(id, record_families()))
    written = [family for family in among if id(family) not in records]
    composed = [family for family in among if id(family) in records]
    return rng.choice(composed if composed and (not written or rng.random() < 0.25) else written)


def draw_scene(rng: random.Random, family: Family, reading: Reading | None = None) -> Scene:
    """A request for a family; with a reading, one that this result answers."""
    ask = rng.choice(reading.asks if reading else family.asks)
    is_lower = rng.random() < 0.12
    values, filling = draw_values(rng, family, ask, is_lower)
    for name, pool in (reading.draws if reading else {}).items():
        filling[name] = draw(rng, pool)
    return Scene(family, fill(typed(rng, ask.text, is_lower), filling), values, filling)


def draw_values(
    rng: random.Random, family: Family, ask: Ask, is_lower: bool = False
) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
    """Values of the slots that a wording gives, and everything that may be filled in."""
    joint: dict[str, Scalar] = JOINT[family.joint](rng) if family.joint else {}
    values: dict[str, Scalar] = {}
    for slot in family.slots:
        if slot.is_optional and not ask.mentions(slot.name):
            continue
        pool = ask.pools.get(slot.name, slot.pool)
        value = ask.values[slot.name] if slot.name in ask.values else joint.get(slot.name)
        if value is None:
            value = draw(rng, pool)
            if isinstance(value, str) and is_lower and pool not in KEEPS_CASE and not slot.choices:
                value = value.lower()
        values[slot.name] = value
    return values, {**joint, **values}


def typed(rng: random.Random, text: str, is_lower: bool) -> str:
    """A wording as a stranger types it, its `{slot}`s still open."""
    if text.endswith("?"):
        forms, text = QUESTIONS, text[:-1]
    elif text.endswith("."):
        forms, text = STATEMENTS, text[:-1]
    else:
        forms = REQUESTS if text.split()[0] in VERBS else PHRASES
    form = rng.choice(forms)
    if text.endswith("}") and form.endswith("."):
        form = form[:-1]  # "open notes.txt." would leave open where the name ends
    if rng.random() < 0.03:
        text = mistyped(rng, text)
    shown = form.format(text[0].upper() + text[1:], text)
    return shown.lower() if is_lower else shown


def mistyped(rng: random.Random, text: str) -> str:
    """A text with two letters of one longer word swapped; slots stay as they are."""
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not places:
        return text
    place = rng.choice(places)
    words[place] = swapped(rng, words[place])
    return " ".join(words)


def swapped(rng: random.Random, word: str) -> str:
    """A word with two neighbouring characters swapped, or its last one doubled when that changes nothing."""
    pairs = [word[place : place + 2] for place in range(len(word) - 1)]
    places = [place for place, pair in enumerate(pairs) if pair[0] != pair[1] and " " not in pair]
    if not places:
        return word + word[-1:]
    place = rng.choice(places)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def usable_families(may_be_held_out: bool) -> list[Family]:
    """All families, or those that may be trained on."""
    return [family for family in families() if may_be_held_out or not family.is_held_out]


def tools_beside(
    rng: random.Random, family: Family, is_question_held_out: bool, weights: tuple[int, int, int] = MORE
) -> tuple[Tool, tuple[Tool, ...]]:
    """The family's tool, and all offered tools with it among one to three (by weights) in random order.

    Half of the others take a similar argument, so that the choice needs a look; families that are held out are only
    offered beside questions that are.
    """
    tool = offer(rng, family)
    count = rng.choices((0, 1, 2), weights)[0]
    others = offered(rng, count, is_question_held_out, frozenset({family.group}), {tool.name}, family)
    every = [tool, *others]
    rng.shuffle(every)
    return tool, tuple(every)


def offered(
    rng: random.Random,
    count: int,
    is_question_held_out: bool,
    avoid: frozenset[str],
    taken: set[str] | None = None,
    kin: Family | None = None,
) -> list[Tool]:
    """Tools of families outside some groups, each with a name of its own."""
    among = [family for family in usable_families(is_question_held_out) if family.group not in avoid]
    pools = {slot.pool for slot in kin.slots} if kin else set()
    similar = [family for family in among if any(slot.pool in pools for slot in family.slots)]
    tools: list[Tool] = []
    names, groups = set(taken or ()), set(avoid)
    while len(tools) < count:
        family = choose_family(rng, similar if similar and rng.random() < 0.5 else among)
        tool = offer(rng, family)
        if tool.name not in names and family.group not in groups:
            tools.append(tool)
            names.add(tool.name)
            groups.add(family.group)
        elif family in similar:
            similar.remove(family)
    return tools


def asked(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": text}


def called(call: Call) -> dict[str, Any]:
    """An assistant's message that is one tool call."""
    function = {"name": call.name, "arguments": dict(call.arguments)}
    return {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]}


def returned(content: Any) -> dict[str, Any]:
    """A tool's message; what is no text is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return {"role": "tool", "content": text}


def schemas(tools: Sequence[Tool]) -> tuple[Mapping[str, Any], ...]:
    """The schemas of offered tools."""
    return tuple(tool.schema for tool in tools)
