"""A benchmark, a plan, an engine in, the head of a result out; and whether a model may go on with a result."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evals.benchmarks.benchmark import Benchmark, Problem
from evals.benchmarks.row_files import whole_text
from evals.measured_on import measured_on
from evals.profiles import Plan
from evals.result_file import VERSION
from model.engine import Engine
from model.errors import BadInput
from model.sampling import with_preset

# What a result must have been written with to the end.
_SAME = ("model", "precision", "adapter", "template_sha256")


def head_of(
    benchmark: Benchmark, plan: Plan, problems: Sequence[Problem], data: Mapping[str, Any], engine: Engine
) -> dict[str, Any]:
    """All that must be known to read a result, and to make it once more.

    Args:
        problems: In the order in which they are asked.
        data: Where the rows came from: `source`, `sha256`, and how many problems there are in all, `problems`.
    """
    from model.chat import ChatEngine  # brings transformers in, which the page does without until a model loads

    asked = plan.fields()
    if isinstance(engine, ChatEngine):
        drawn = asdict(with_preset(plan.sampling, engine.family.sampling))
        # What the context leaves is the limit that a published figure must be compared by.
        limit = min(drawn["max_new_tokens"], engine.context_tokens)
        asked["sampling"] = {name: drawn[name] for name in asked["sampling"]} | {"max_new_tokens": limit}
    measured = measured_on(engine)
    del measured["asked"]
    return (
        {"version": VERSION, "began": round(time.time(), 3), "benchmark": benchmark.name, "title": benchmark.title}
        | asked
        | measured
        | {
            "template_sha256": template_sha256(engine),
            "honours_seed": isinstance(engine, ChatEngine) and engine.decoder.honours_seed,
            "data": dict(data),
            "prompt": [asdict(message) for message in problems[0].messages],
            "problems_sha256": problems_sha256(problems),
            "problems": [problem.id for problem in problems],
            "titles": [problem.title for problem in problems],
        }
    )


def template_sha256(engine: Engine) -> str:
    """The SHA-256 of the chat template in force; empty where there is none (a script)."""
    template = getattr(getattr(engine, "prompts", None), "template", "")
    return hashlib.sha256(template.encode()).hexdigest() if template else ""


def problems_sha256(problems: Sequence[Problem]) -> str:
    """Of everything that is asked and judged by: the same problems give the same digest wherever they came from."""
    digest = hashlib.sha256()
    for problem in problems:
        messages = [asdict(message) for message in problem.messages]
        asked = [problem.id, messages, problem.gold, problem.tools]
        digest.update(json.dumps(asked, sort_keys=True, default=whole_text).encode() + b"\n")
    return digest.hexdigest()


def check_same_model(head: Mapping[str, Any], engine: Engine) -> None:
    """Nothing, if the engine is what wrote the result so far.

    Raises:
        BadInput: If it differs, with what does.
    """
    now = measured_on(engine) | {"template_sha256": template_sha256(engine)}
    for name in _SAME:
        if head.get(name, "") != now[name]:
            raise BadInput(
                f"This result was begun with the {name.partition('_')[0]} {head.get(name) or 'none'!r}, and now it is "
                f"{now[name] or 'none'!r}. Load {head['model']} as it was, or start anew."
            )


def check_same_problems(head: Mapping[str, Any], problems: Sequence[Problem]) -> None:
    """Nothing, if these are the problems that the result was begun with.

    Raises:
        BadInput: If the data has changed since.
    """
    if head["problems_sha256"] != problems_sha256(problems):
        raise BadInput("The data has changed since this result was begun, so it cannot be gone on with or judged.")
