"""`data/tools.jsonl` and `data/tool_records.jsonl` in, families of tools out, and from a family a tool's JSON schema.

A family is one thing that a tool can do, with several names for the tool and its parameters. Records ("order": status,
total ...) give one family for each fact and each action. Every tenth family is held out as a whole, by its name.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from train.tasks.tool_values import Scalar
from train.traces import Call, is_held_out

Kind = Literal["string", "integer", "number", "boolean"]

DATA = Path(__file__).parent / "data"
KINDS: Mapping[str, Kind] = {"int": "integer", "num": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter: `pool` says where its values come from ("place", "int:1..60", "enum:on|off", "bool")."""

    name: str
    pool: str
    names: tuple[str, ...]
    about: str
    is_optional: bool

    @property
    def kind(self) -> Kind:
        """Its JSON type."""
        return KINDS.get(self.pool.split(":")[0], "string")

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values of an enum; empty otherwise."""
        return tuple(self.pool.removeprefix("enum:").split("|")) if self.pool.startswith("enum:") else ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A wording with `{slot}`s. A question ends with "?", a statement with "."; the rest are requests."""

    text: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)

    def mentions(self, slot: str) -> bool:
        """Whether it gives a value for a slot."""
        return f"{{{slot}}}" in self.text or slot in self.values


@dataclass(frozen=True, slots=True)
class Reading:
    """A result that a tool may give: what to draw, its content, what of it matters, and the answers that follow."""

    asks: tuple[Ask, ...]
    draws: Mapping[str, str]
    content: Any
    said: str
    answers: tuple[str, ...]
    fact: str


@dataclass(frozen=True, slots=True)
class Family:
    """One thing that a tool can do; families of one group could answer each other's questions."""

    name: str
    group: str
    names: tuple[str, ...]
    about: tuple[str, ...]
    slots: tuple[Slot, ...]
    joint: str
    need: str
    asks: tuple[Ask, ...]
    readings: tuple[Reading, ...]
    bare: tuple[str, ...]
    ask_back: str

    @property
    def key(self) -> str:
        """The key of every trace of a family that is held out as a whole."""
        return f"tool_family:{self.name}"

    @property
    def is_held_out(self) -> bool:
        """Whether the whole family is only asked, never trained on."""
        return is_held_out(self.key)

    @property
    def required(self) -> tuple[Slot, ...]:
        """The parameters without which it cannot be called."""
        return tuple(slot for slot in self.slots if not slot.is_optional)


@dataclass(frozen=True, slots=True)
class Tool:
    """A family under one of its names, as it is offered in one conversation."""

    family: Family
    name: str
    argument_names: Mapping[str, str]
    schema: Mapping[str, Any]

    def call(self, values: Mapping[str, Scalar]) -> Call:
        """A call with the given slots' values."""
        slots = [slot.name for slot in self.family.slots if slot.name in values]
        return Call(self.name, {self.argument_names[slot]: values[slot] for slot in slots})


def offer(rng: random.Random, family: Family) -> Tool:
    """A family as a tool with a name, parameter names and a schema drawn from its variants."""
    is_camel = rng.random() < 0.08
    variant = rng.randrange(12)
    names = {slot.name: _cased(slot.names[variant % len(slot.names)], is_camel) for slot in family.slots}
    name = _cased(rng.choice(family.names), is_camel)
    has_about = rng.random() < 0.6
    properties = {names[slot.name]: _property(slot, has_about) for slot in family.slots}
    function = {
        "name": name,
        "description": rng.choice(family.about),
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": [names[slot.name] for slot in family.required],
        },
    }
    return Tool(family, name, names, {"type": "function", "function": function})


def _property(slot: Slot, has_about: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": slot.kind}
    if slot.choices:
        schema["enum"] = list(slot.choices)
    return schema | ({"description": slot.about} if has_about else {})


def _cased(name: str, is_camel: bool) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name) if is_camel else name


@cache
def families() -> Sequence[Family]:
    """Every family: the hand-written ones first, then those of the records."""
    return (*(_family(row) for row in _rows("tools.jsonl")), *record_families())


@cache
def record_families() -> Sequence[Family]:
    """A family for each fact and each action of each kind of record."""
    return tuple(_family(row) for record in _rows("tool_records.jsonl") for row in _record_rows(record))


def _rows(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / file).read_text(encoding="utf-8").splitlines()]


def _family(row: Mapping[str, Any]) -> Family:
    asks = tuple(_ask(ask, {}) for ask in row["asks"])
    return Family(
        name=row["family"],
        group=row["group"],
        names=tuple(row["names"]),
        about=tuple(row["about"]),
        slots=tuple(
            Slot(name, pool, tuple(names.split("|")), about, "optional" in rest)
            for name, (pool, names, about, *rest) in row["slots"].items()
        ),
        joint=row.get("joint", ""),
        need=row["need"],
        asks=asks,
        readings=tuple(_reading(reading, asks) for reading in row.get("results", ())),
        bare=tuple(row.get("bare", ())),
        ask_back=row.get("back", ""),
    )


def _ask(ask: str | Mapping[str, Any], pools: Mapping[str, str]) -> Ask:
    if isinstance(ask, str):
        return Ask(ask, pools=pools)
    return Ask(ask["ask"], ask.get("set", {}), ask.get("pools", pools))


def _reading(row: Mapping[str, Any], family_asks: tuple[Ask, ...]) -> Reading:
    pools = row.get("pools", {})
    own = tuple(_ask(ask, pools) for ask in row.get("asks", ()))
    general = tuple(Ask(ask.text, ask.values, {**ask.pools, **pools}) for ask in family_asks)
    return Reading(
        own or general,
        row.get("draw", {}),
        row["json"],
        row["said"],
        tuple(row["answers"]),
        row["fact"],
    )


def _record_rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows as in `tools.jsonl`, composed from a record's facts and actions."""
    noun = record["noun"]
    shared = {
        "slots": {"id": [record["pool"], record["slot"], noun.capitalize()]},
        "back": f"Which {noun} do you mean?",
    }
    for fact, pool in record["facts"].items():
        name, snake = f"{noun}_{fact}".replace(" ", "_"), fact.replace(" ", "_")
        asks = (
            f"what is the {fact} of {noun} {{id}}?",
            f"what's the {fact} for {noun} {{id}}?",
            f"{noun} {{id}}: what is its {fact}?",
            f"get the {fact} of {noun} {{id}}",
            f"{fact} of {noun} {{id}}",
            f"I need the {fact} of the {noun} {{id}}.",
            f"look up the {fact} for the {noun} {{id}}",
        )
        reading = {
            "draw": {"value": pool},
            "json": {noun.replace(" ", "_"): "{id}", snake: "{value}"},
            "said": f"{fact} {{value}}",
            "answers": [f"The {fact} of {noun} {{id}} is {{value}}.", f"The {fact} is {{value}}."],
            "fact": "{value}",
        }
        yield shared | {
            "family": f"get_{name}",
            "group": f"get_{name}",
            "names": [f"get_{name}", name, f"lookup_{name}", f"find_{name}", f"get_{snake}"],
            "about": [
                f"Get the {fact} of a {noun}.",
                f"Look up a {noun}'s {fact}.",
                f"Returns the {fact} of a {noun}.",
            ],
            "need": f"the {fact} of {noun} {{id}}",
            "asks": asks,
            "results": [reading],
            "bare": [f"what is the {fact} of the {noun}?", f"I need the {fact} of my {noun}."],
        }
    for verb, past in record["actions"].items():
        name = f"{verb}_{noun}".replace(" ", "_")
        reading = {
            "json": {"ok": True, past: "{id}"},
            "said": f"ok, {past}",
            "answers": [f"Done: {noun} {{id}} is {past}.", f"The {noun} {{id}} is {past} now."],
            "fact": "{id}",
        }
        yield shared | {
            "family": name,
            "group": name,
            "names": [name, f"{name}_by_id", f"do_{name}"],
            "about": [f"{verb.capitalize()} a {noun}.", f"Use this to {verb} a {noun}."],
            "need": f"to {verb} {noun} {{id}}",
            "asks": (
                f"{verb} {noun} {{id}}",
                f"{verb} the {noun} {{id}}",
                f"I want to {verb} {noun} {{id}}.",
                f"I'd like to {verb} the {noun} {{id}}.",
            ),
            "results": [reading],
            "bare": [f"{verb} the {noun}", f"I want to {verb} a {noun}."],
        }
