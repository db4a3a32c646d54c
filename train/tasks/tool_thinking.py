"""A request with its tools in, the thinking before and after a tool call out: short steps that copy, and a check."""

import json
import random
from collections.abc import Sequence

from train.tasks.tool_families import Slot, Tool
from train.tasks.tool_scenes import Scene, swapped
from train.tasks.tool_values import Scalar
from train.traces import Span

SLIP_SHARE = 0.08


def quoted(value: Scalar) -> str:
    """A value as it stands in a JSON call."""
    return json.dumps(value, ensure_ascii=False)


def joined(pieces: Sequence[Span]) -> tuple[Span, ...]:
    """Sentences with spaces between them; each keeps whether it is learned."""
    return tuple(
        Span(piece.text if place == 0 else f" {piece.text}", piece.is_learned) for place, piece in enumerate(pieces)
    )


def before_call(rng: random.Random, scene: Scene, tool: Tool, tools: Sequence[Tool]) -> tuple[Span, ...]:
    """What is wanted, which tool fits, each argument with its value, and a check of the required ones."""
    has_slip = rng.random() < SLIP_SHARE
    others = [other for other in tools if other is not tool]
    slips_at_tool = has_slip and bool(others) and rng.random() < 0.35
    pieces = [Span(rng.choice(("The user wants {0}.", "The user wants {0}.", "They want {0}.")).format(scene.need))]
    pieces += _fitting(rng, tool, others, slips_at_tool)
    note = str(scene.filling.get("note", ""))
    if note:
        pieces.append(Span(note))
    given = [slot for slot in tool.family.slots if slot.name in scene.values]
    slipping = rng.choice(given).name if has_slip and not slips_at_tool and given else ""
    for slot in given:
        pieces += _argument(rng, slot, tool.argument_names[slot.name], scene.values[slot.name], slot.name == slipping)
    pieces.append(Span(_check(tool)))
    return joined(pieces)


def _fitting(rng: random.Random, tool: Tool, others: Sequence[Tool], is_slip: bool) -> list[Span]:
    if is_slip:
        wrong = rng.choice(others).name
        return [Span(f"{wrong} fits.", False), Span(f"Wait, {wrong} is for something else. {tool.name} fits.")]
    if others and rng.random() < 0.3:
        return [Span(f"Of the tools, {tool.name} fits.")]
    return [Span(f"{tool.name} fits.")]


def _argument(rng: random.Random, slot: Slot, name: str, value: Scalar, is_slip: bool) -> list[Span]:
    right = f"{name} is {quoted(value)}."
    if not is_slip or isinstance(value, bool):
        return [Span(right)]
    if isinstance(value, str):
        wrong = swapped(rng, value)
        return [Span(f"{name} is {quoted(wrong)}.", False), Span(f"Wait, it is {quoted(value)}, so {right}")]
    return [Span(f'{name} is "{value}".', False), Span(f"Wait, it is no string, so {right}")]


def _check(tool: Tool) -> str:
    required = [tool.argument_names[slot.name] for slot in tool.family.required]
    if not required:
        return "Check: no argument is required."
    if len(required) == 1:
        return f"Check: {required[0]} is required and given."
    return f"Check: {', '.join(required[:-1])} and {required[-1]} are required and given."


def after_result(rng: random.Random, scene: Scene, said: str, fact: str, content: str) -> tuple[Span, ...]:
    """What was wanted, what the result says about it, and a check that the answer's fact stands where it comes from."""
    pieces = [Span(f"The user wants {scene.need}.")]
    start = rng.choice(("The result says", "The tool says", "The result gives"))
    if rng.random() < SLIP_SHARE and fact in said and len(fact) > 1:
        wrong = said.replace(fact, swapped(rng, fact), 1)
        pieces += [Span(f"{start} {wrong}.", False), Span(f"Wait, it says {said}.")]
    else:
        pieces.append(Span(f"{start} {said}."))
    source = "stands in the result" if fact in content else "is what the user named"
    pieces.append(Span(f"Check: {fact} {source}."))
    return joined(pieces)
