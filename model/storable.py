"""An event in, the event as it can be written down out: no lone surrogates, no numbers that JSON lacks."""

import json
import math
from dataclasses import asdict, replace
from typing import Any

from pydantic_core import PydanticSerializationError

from model.events import AnswerDelta, Event, Finished, PromptRead, ThinkingDelta, from_json, to_json


def without_surrogates(value: Any) -> Any:
    """`value` with lone surrogates (a script can send them, UTF-8 cannot hold them) as U+FFFD, in every text inside."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case dict():
            return {key: without_surrogates(one) for key, one in value.items()}
        case list() | tuple():
            return [without_surrogates(one) for one in value]
        case _:
            return value


def finite(seconds: float) -> float:
    """The seconds, or 0 for NaN and infinity."""
    return seconds if math.isfinite(seconds) else 0.0


def storable(event: Event) -> tuple[Event, str]:
    """The event as it can be kept, and its JSON: numbers that JSON lacks (NaN, infinity) are left out."""
    match event:
        case ThinkingDelta() | AnswerDelta() if event.logprobs and not all(map(math.isfinite, event.logprobs)):
            event = replace(event, logprobs=())
        case PromptRead() if not math.isfinite(event.seconds):
            event = replace(event, seconds=0.0)
        case Finished():
            seconds, thinking, answer = map(finite, (event.seconds, event.thinking_seconds, event.answer_seconds))
            event = replace(event, seconds=seconds, thinking_seconds=thinking, answer_seconds=answer)
    try:
        return event, to_json(event)
    except PydanticSerializationError:
        event = from_json(json.dumps(without_surrogates(asdict(event))))
        return event, to_json(event)
