"""A training run's folder in, what can be said of it out: sentences, held-out shares, the command. No torch."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.public_names import public_adapter
from train.run_files import LOG, SAMPLES, RunState, is_alive, lines_of, read_log, read_plan, read_state
from verify.math_check import wilson

HELD_OUT = "held_out/"
ALL_SOURCES = "pass"
# How many problems a held-out rate is of: asked/NAME beside held_out/NAME.
ASKED = "asked/"
_METHODS = {"grpo": "outcome rewards (GRPO)", "sft": "supervised fine-tuning"}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a run's files say.

    Attributes:
        log: One object for each step, in order.
    """

    state: RunState
    plan: Mapping[str, Any]
    log: Sequence[Mapping[str, Any]]
    samples: Sequence[Mapping[str, Any]]

    @property
    def is_interrupted(self) -> bool:
        """Whether it was killed: it says that it goes on, and its process is gone."""
        return self.state.status == "going on" and not is_alive(self.state)

    @property
    def method(self) -> str:
        """What kind of training it is, in words."""
        return _METHODS[self.state.kind]


@dataclass(frozen=True, slots=True)
class Rate:
    """A held-out pass rate at a step.

    Attributes:
        problems: How many were judged; 0 when the run does not say.
    """

    step: int
    share: float
    problems: int = 0

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95% interval; None when the number of problems is not known."""
        return wilson(round(self.share * self.problems), self.problems) if self.problems else None


@dataclass(frozen=True, slots=True)
class Passed:
    """The held-out pass rates of one source, or of all, when they were first and last asked for."""

    source: str
    first: Rate
    last: Rate


def facts_of(folder: Path) -> Facts:
    """Read a run.

    Raises:
        BadInput: If the folder holds no run, or its state or plan cannot be read.
    """
    return Facts(read_state(folder), read_plan(folder), read_log(folder / LOG), lines_of(folder / SAMPLES))


def series(log: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    """The points of one name; what is no number is left out."""
    return [(line["step"], line[name]) for line in log if is_number(line.get(name))]


def is_number(value: Any) -> bool:
    """Whether a value of a log is a number; JSON's true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def names_in(log: Sequence[Mapping[str, Any]], prefix: str) -> list[str]:
    """The names that begin so, in order of the alphabet."""
    return sorted({name for line in log for name in line if name.startswith(prefix)})


def duration(seconds: float) -> str:
    """Seconds as a person says it.

    >>> [duration(value) for value in (42.4, 600, 4000, 100_000)]
    ['42 seconds', '10 minutes', '1 h 7 min', '27 h 47 min']
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def standing(facts: Facts) -> str:
    """How far it came and why it ended, in a sentence."""
    state = facts.state
    steps = f"{state.step:,} of {state.steps:,} steps"
    interrupted = f"Interrupted after {steps}: its process is gone. The same command goes on from its last checkpoint."
    going = f"All {state.steps:,} steps are done." if state.step >= state.steps else f"Going on: {steps} so far."
    words = {
        "going on": interrupted if facts.is_interrupted else going,
        "stopped": f"Stopped after {steps}.",
        "ended": f"Ended after {steps}.",
        "failed": f"Failed after {steps}.",
    }
    return words[state.status] + (f" {state.reason}" if state.reason else "")


def made_with(facts: Facts) -> str:
    """The app, Python and libraries that carried the run out, with their versions; empty where the run does not say."""
    return ", ".join(f"{name} {version}" for name, version in facts.state.versions.items())


def held_out(log: Sequence[Mapping[str, Any]]) -> list[Passed]:
    """Pass rates when they were first and last asked for: of all sources together first, then of each."""
    found = []
    for name in held_out_names(log):
        rates = [_rate(line, name) for line in log if is_number(line.get(name))]
        if rates:
            source = name.removeprefix(HELD_OUT)
            found.append(Passed("all" if source == ALL_SOURCES else source, rates[0], rates[-1]))
    return found


def held_out_names(log: Sequence[Mapping[str, Any]]) -> list[str]:
    """The log's names of held-out rates, that of all sources together first."""
    return sorted(names_in(log, HELD_OUT), key=lambda name: (name != HELD_OUT + ALL_SOURCES, name))


def _rate(line: Mapping[str, Any], name: str) -> Rate:
    asked = line.get(ASKED + name.removeprefix(HELD_OUT))
    return Rate(line["step"], line[name], int(asked) if isinstance(asked, int | float) else 0)


def began(facts: Facts) -> str:
    """The adapter that it began from, in words; empty for fresh matrices."""
    start = facts.plan.get("start") or facts.state.start
    if not isinstance(start, str) or start in ("", "fresh"):
        return ""
    return "the adapter that the app ships" if start == "shipped" else f"the adapter {public_adapter(start)}"


def command(plan: Mapping[str, Any]) -> str:
    """The command that makes the run again. A plan of outcome rewards goes along as the file that it reads.

    >>> print(command({"kind": "grpo", "steps": 20, "sources": {"own:sum": 1.0}}))
    cat > plan.toml <<'END'
    steps = 20
    <BLANKLINE>
    [sources]
    "own:sum" = 1.0
    END
    python -m train.grpo --config plan.toml
    >>> command({"kind": "sft", "tokens": 2000, "start": ""})
    'python -m train.sft --tokens 2000'
    """
    told = {name: value for name, value in plan.items() if name != "kind"}
    if plan.get("kind") == "grpo":
        return f"cat > plan.toml <<'END'\n{as_toml(told)}END\npython -m train.grpo --config plan.toml"
    options = [f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in told.items() if value != ""]
    return " ".join(["python -m train.sft", *options])


def as_toml(plan: Mapping[str, Any]) -> str:
    """A plan as a TOML file; strings as JSON writes them, which TOML reads."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in plan.items() if not isinstance(value, Mapping)]
    lines = ["\n".join(plain)] if plain else []
    for name, table in plan.items():
        if isinstance(table, Mapping):
            rows = [f"{_toml_key(key)} = {json.dumps(value)}" for key, value in table.items()]
            lines.append("\n".join([f"[{name}]", *rows]))
    return "\n\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key, re.ASCII) else json.dumps(key)
