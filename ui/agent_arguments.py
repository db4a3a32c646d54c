"""What a script sends in for a run with tools (any JSON value), checked values out."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from agent.agents import MAX_STEPS
from agent.scratch import MAX_SCRATCH_BYTES, MAX_SCRATCH_FILES
from model.engine import Decision
from model.errors import BadInput
from model.tool_events import Policy
from ui.arguments import check_text, check_whole_number, shown

_MOST_STEPS = 100
_MOST_SECONDS = 86_400
_MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Of a run with tools; 0 where there is no such limit."""

    steps: int = MAX_STEPS
    seconds: float = 0.0
    tokens: int = 0


def run_limits_from_json(value: object) -> RunLimits:
    """The limits in an object with any of steps, seconds and tokens.

    Raises:
        BadInput: If it is anything else, or a number is out of range.

    >>> run_limits_from_json({"steps": 4})
    RunLimits(steps=4, seconds=0.0, tokens=0)
    """
    if value is None:
        return RunLimits()
    if not isinstance(value, dict) or not value.keys() <= {"steps", "seconds", "tokens"}:
        raise BadInput(f"limits is {shown(value)}; give an object with any of steps, seconds and tokens.")
    seconds = value.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST_SECONDS:
        raise BadInput(f"limits.seconds is {shown(seconds)}; give a number from 0 (no limit) to {_MOST_SECONDS:,}.")
    return RunLimits(
        check_whole_number(value.get("steps", MAX_STEPS), "limits.steps", 1, _MOST_STEPS),
        float(seconds),
        check_whole_number(value.get("tokens", 0), "limits.tokens", 0, _MOST_TOKENS),
    )


def tool_names_from_json(value: object) -> list[str] | None:
    """The names in a list; None is all tools.

    Raises:
        BadInput: If it is anything else.

    >>> tool_names_from_json(["python"])
    ['python']
    """
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadInput(f"tools is {shown(value)}; give a list of names, such as ['python'], or leave it out for all.")
    return value


def policy_from_json(value: object) -> dict[str, Policy]:
    """Policies by the name of their tool.

    Raises:
        BadInput: If it is anything else.

    >>> policy_from_json({"python": "ask"})
    {'python': 'ask'}
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"policy is {shown(value)}; give an object such as {{'python': 'ask'}}.")
    found: dict[str, Policy] = {}
    for name, given in value.items():
        if given not in get_args(Policy):
            raise BadInput(f"policy.{name} is {shown(given)}; give one of {', '.join(get_args(Policy))}.")
        found[name] = given
    return found


def wishes_of(
    names: Sequence[str] | None, policy: Mapping[str, Policy], known: Sequence[str]
) -> Mapping[str, Policy] | Sequence[str] | None:
    """What `Agents` is asked for: names alone, policies alone, or both in one.

    Raises:
        BadInput: If a policy is for a tool that is not asked for.

    >>> wishes_of(["python"], {"python": "ask"}, ["python", "calculate"])
    {'python': 'ask', 'calculate': 'off'}
    """
    if not policy:
        return names
    if names is None:
        return policy
    if strayed := [name for name in policy if name not in names]:
        raise BadInput(
            f"policy has {strayed[0]!r}, which is not among the tools asked for: {', '.join(names) or 'none'}."
        )
    asked: dict[str, Policy] = {name: policy.get(name, "free") for name in names}
    return asked | {name: "off" for name in known if name not in asked}


def files_from_json(value: object) -> dict[str, bytes]:
    """The files of a list of `{"name", "text"}` or `{"name", "base64"}`.

    Raises:
        BadInput: If it is anything else, or they are too many or too large; the message names the index.

    >>> files_from_json([{"name": "a.csv", "text": "1,2"}])
    {'a.csv': b'1,2'}
    """
    if value is None:
        return {}
    if not isinstance(value, list):
        raise BadInput(f"files is {shown(value)}; give a list of objects such as {{'name': 'a.csv', 'text': '1,2'}}.")
    if len(value) > MAX_SCRATCH_FILES:
        raise BadInput(f"files has {len(value)} files and the limit is {MAX_SCRATCH_FILES}.")
    found: dict[str, bytes] = {}
    for at, one in enumerate(value):
        where = f"files[{at}]"
        if not isinstance(one, dict) or "name" not in one or len({"text", "base64"} & one.keys()) != 1:
            raise BadInput(f"{where} is {shown(one)}; give an object with a name, and a text or base64.")
        name = check_text(one["name"], f"{where}.name")
        if name in found:
            raise BadInput(f"{where}.name is {name!r}, as that of another file. Give each a name of its own.")
        found[name] = _held(one, where)
    total = sum(map(len, found.values()))
    if total > MAX_SCRATCH_BYTES:
        raise BadInput(f"The files hold {total:,} bytes and the limit is {MAX_SCRATCH_BYTES:,}. Send less.")
    return found


def _held(one: Mapping[str, object], where: str) -> bytes:
    if "text" in one:
        return check_text(one["text"], f"{where}.text").encode()
    try:
        return base64.b64decode(check_text(one["base64"], f"{where}.base64"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{where}.base64 is not base64: {error}.") from error


def decision_from_json(value: object) -> Decision:
    """What a user says to a call that waits.

    Raises:
        BadInput: If it is none.

    >>> decision_from_json("allow")
    'allow'
    """
    for decision in get_args(Decision):
        if value == decision:
            return decision  # type: ignore[no-any-return]
    raise BadInput(f"decision is {shown(value)}; give one of {', '.join(get_args(Decision))}.")
