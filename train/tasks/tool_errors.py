"""A seed in, a conversation out whose tool result is an error: it is told honestly, or the call is corrected."""

import random
from typing import Any

from train.tasks.tool_families import Slot, Tool
from train.tasks.tool_scenes import (
    FEW,
    Scene,
    asked,
    called,
    choose_family,
    draw_scene,
    returned,
    schemas,
    swapped,
    tools_beside,
    usable_families,
)
from train.tasks.tool_thinking import quoted
from train.traces import Call, Nothing, Span, Trace, is_held_out

TASK = "tool_error"

# What a tool reports, and the advice that follows from it.
FAILURES = (
    ("timeout after 10 seconds", "Please try again later."),
    ("timeout", "Please try again later."),
    ("service unavailable", "Please try again later."),
    ("503 Service Unavailable", "Please try again later."),
    ("internal server error", "You could try again later."),
    ("rate limit exceeded", "Please wait a little and try again."),
    ("permission denied", "It seems that I am not allowed to do this."),
    ("401 Unauthorized", "It seems that I have no access."),
    ("invalid API key", "Its access key has to be fixed first."),
    ("network unreachable", "Please check the connection."),
    ("connection refused", "Please try again later."),
    ("not found", "Please check what you typed."),
    ("404 Not Found", "Please check what you typed."),
    ("quota exceeded for today", "Please try again tomorrow."),
    ("maintenance in progress", "Please try again later."),
)
EMPTY: tuple[Any, ...] = ([], {"results": []}, {"results": [], "count": 0}, "No results.", "null", {"found": 0})


def shown_error(rng: random.Random, message: str) -> Any:
    """An error's content in one of the forms that tools use."""
    return rng.choice(
        (
            {"error": message},
            {"error": message},
            {"status": "error", "message": message},
            {"ok": False, "error": message},
            {"error": {"message": message}},
            f"Error: {message}",
            f"ERROR {message}",
        )
    )


def could_not(need: str) -> str:
    """What did not work: "send an email to Bo", or "get the weather in Oslo"."""
    return need.removeprefix("to ") if need.startswith("to ") else f"get {need}"


def finished(
    scene: Scene, tools: tuple[Tool, ...], first: Call, content: Any, thinking: str, answer: str, again: Call | None
) -> Trace:
    """The trace after a failed first call."""
    messages = (asked(scene.question), called(first), returned(content))
    calls = (again,) if again else ()
    return Trace(TASK, scene.key(TASK), messages, (Span(thinking),), answer, again or Nothing(), calls, schemas(tools))


def honest_failure(rng: random.Random) -> Trace:
    """The tool failed or found nothing: a short answer that says so and names no value."""
    family = choose_family(rng, usable_families(True))
    scene = draw_scene(rng, family)
    tool, tools = tools_beside(rng, family, is_held_out(scene.key(TASK)), FEW)
    want = f"The user wants {scene.need}."
    if not scene.need.startswith("to ") and family.slots and rng.random() < 0.2:
        thinking = f"{want} The result is empty: nothing was found. I say so. Check: I make up nothing."
        answer = rng.choice((f"Sorry, {tool.name} found nothing for that.", "Sorry, nothing was found for that."))
        return finished(scene, tools, tool.call(scene.values), rng.choice(EMPTY), thinking, answer, None)
    message, advice = rng.choice(FAILURES)
    thinking = f"{want} The result is an error: {message}. It did not work, so I say that. Check: I make up no result."
    answer = rng.choice(
        (
            f'Sorry, that did not work: {tool.name} reports "{message}". {advice}',
            f'Sorry, I could not {could_not(scene.need)}: the tool reports "{message}". {advice}',
            f'I am sorry, that did not work. The tool says "{message}". {advice}',
        )
    )
    return finished(scene, tools, tool.call(scene.values), shown_error(rng, message), thinking, answer, None)


def corrected_call(rng: random.Random) -> Trace:
    """The first call was wrong and the error says how: the same tool is called again, rightly."""
    family = choose_family(rng, [family for family in usable_families(True) if family.required and not family.joint])
    scene = draw_scene(rng, family)
    tool, tools = tools_beside(rng, family, is_held_out(scene.key(TASK)), FEW)
    slot = rng.choice(family.required)
    first, message, repair = _mistake(rng, scene, tool, slot)
    right = tool.call(scene.values)
    rest = [tool.argument_names[name] for name in scene.values if name != slot.name]
    same = f" {' and '.join(rest)} {'stay' if len(rest) > 1 else 'stays'} the same." if rest else ""
    thinking = f"The result is an error: {message}. {repair}{same} I call again. Check: {tool.name} is the same tool."
    return finished(scene, tools, first, shown_error(rng, message), thinking, "", right)


def _mistake(rng: random.Random, scene: Scene, tool: Tool, slot: Slot) -> tuple[Call, str, str]:
    """A wrong call, what the tool says to it, and the thinking that repairs it."""
    right = dict(tool.call(scene.values).arguments)
    name, value = tool.argument_names[slot.name], scene.values[slot.name]
    without = {key: item for key, item in right.items() if key != name}
    repair = f"{name} is {quoted(value)}."
    kinds = ["missing", "misnamed"]
    kinds += ["misspelt"] * 2 if isinstance(value, str) and not slot.choices else []
    kinds += ["string"] * 2 if not isinstance(value, str | bool) else []
    match rng.choice(kinds):
        case "missing":
            message = rng.choice(
                (f"missing argument {name}", f"{name} is required", f"missing required argument: {name}")
            )
            return Call(tool.name, without), message, f"The user gave it: {repair}"
        case "misnamed":
            wrong = rng.choice([other for other in ("value", "input", "arg", "data") if other not in right])
            call = Call(tool.name, {wrong: value, **without})
            return call, f"unknown argument {wrong}, expected {name}", f"So {repair}"
        case "misspelt":
            wrong = swapped(rng, str(value))
            call = Call(tool.name, right | {name: wrong})
            return (
                call,
                f"{name} {wrong} not found",
                f"I wrote {quoted(wrong)}, but the user wrote {quoted(value)}. So {repair}",
            )
        case _:
            call = Call(tool.name, right | {name: str(value)})
            article = "an" if slot.kind == "integer" else "a"
            return call, f"{name} must be {article} {slot.kind}", f"Without quotes {repair}"


def tool_error(rng: random.Random) -> Trace:
    """A tool result that is an error."""
    return honest_failure(rng) if rng.random() < 0.65 else corrected_call(rng)
