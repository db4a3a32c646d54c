"""What the host allows in, what a tool may do in a run out: a request can only tighten it."""

import os
import threading
from collections.abc import Mapping
from typing import get_args

from agent.toolbox import Tool
from model.errors import BadInput
from model.tool_events import Policy
from verify.sandbox.isolation import known_isolation

# From what allows most to what allows least.
_BY_STRICTNESS: tuple[Policy, ...] = ("free", "ask", "off")
POLICY_VARIABLE = "WORKINGS_TOOLS"
# The app's own tools that run programs: off where nothing isolates those.
PROGRAM_TOOLS = ("python", "run_tests")


def stricter(one: Policy, other: Policy) -> Policy:
    """The one that allows less.

    >>> stricter("ask", "free")
    'ask'
    """
    return max(one, other, key=_BY_STRICTNESS.index)


def checked_policy(name: str, policy: object) -> Policy:
    """The policy, if it is one.

    Raises:
        BadInput: If it is none.
    """
    for known in get_args(Policy):
        if policy == known:
            return known  # type: ignore[no-any-return]
    raise BadInput(f"The policy of the tool {name!r} is {policy!r}. Give one of {', '.join(get_args(Policy))}.")


def runs_no_programs() -> bool:
    """Whether it is known that this machine cannot isolate programs."""
    found = known_isolation()
    return found is not None and found.level is None


class Policies:
    """The host's policy for each tool; the tool's own where the host says nothing. Safe to use from any thread.

    Tools that run programs are off where nothing can isolate them, whatever the host says.
    """

    def __init__(self, by_name: Mapping[str, Policy] | None = None) -> None:
        self._by_name = dict(by_name or {})
        self._lock = threading.Lock()

    def of(self, tool: Tool) -> Policy:
        """What holds for a tool."""
        if tool.name in PROGRAM_TOOLS and runs_no_programs():
            return "off"
        with self._lock:
            return self._by_name.get(tool.name, tool.policy)

    def set(self, name: str, policy: Policy) -> None:
        """The host changes its mind; runs that go on keep what they began with.

        Raises:
            BadInput: If the policy is none.
        """
        policy = checked_policy(name, policy)
        with self._lock:
            self._by_name[name] = policy


def policies_from_environment(environment: Mapping[str, str] = os.environ) -> Policies:
    """The host's policies from `WORKINGS_TOOLS`, such as "search_web=free, python=off".

    Raises:
        BadInput: If the variable cannot be read.

    >>> policies_from_environment({"WORKINGS_TOOLS": "python=off"})._by_name
    {'python': 'off'}
    """
    by_name: dict[str, Policy] = {}
    for part in filter(str.strip, environment.get(POLICY_VARIABLE, "").split(",")):
        name, is_given, policy = (text.strip() for text in part.partition("="))
        if not name or not is_given:
            raise BadInput(
                f"{POLICY_VARIABLE} holds {part.strip()!r}; write pairs such as 'search_web=free, python=off'."
            )
        by_name[name] = checked_policy(name, policy.lower())
    return Policies(by_name)
