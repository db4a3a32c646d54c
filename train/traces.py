"""A task's name and a seed in, a training conversation out, right by construction: thinking, answer and tool calls.

The programs that write them stand in the modules listed in `MODULES`, one `TASKS` table each. A slip that is noticed
and repaired is written with `Span(..., is_learned=False)`: the model reads it and learns the repair, not the slip.
"""

import hashlib
import importlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

Split = Literal["train", "held_out"]

# Every tenth problem, by its content, is only ever asked and never trained on.
HELD_OUT_SHARE = 10

MODULES = (
    "train.tasks.arithmetic",
    "train.tasks.fractions_and_percent",
    "train.tasks.equations",
    "train.tasks.divisors",
    "train.tasks.tables",
    "train.tasks.word_problems",
    "train.tasks.python_code",
    "train.tasks.tool_calls",
    "train.tasks.everyday",
    "train.tasks.gym",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the thinking. One that is not learned is read only, as a slip before its repair."""

    text: str
    is_learned: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """A gold that the boxed answer must equal, as a number if it is one: "936", "11/12", "-3", "yes", "2^3 * 5"."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A gold that is one tool call with exactly these arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asserts:
    """A gold that is a Python function: `asserts` are statements that pass when it is right."""

    function: str
    asserts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No gold: chat, which a person reads."""


Gold = Value | Call | Asserts | Nothing


@dataclass(frozen=True, slots=True)
class Trace:
    r"""One conversation up to its last message, and the completion that it should get.

    Attributes:
        task: The name in `TASKS`.
        key: What is asked, whatever the wording ("sum:347,589"): two traces with one key are the same problem.
        messages: As a chat template takes them; the last one is the user's, or a tool's result.
        thinking: Its spans; together the text between `<think>\n` and `\n</think>`, with no line break at its ends.
        answer: Markdown after the thinking; may be empty when there is a tool call.
        tool_calls: Calls after the answer's text.
        tools: JSON schemas, as `apply_chat_template(tools=...)` takes them.
    """

    task: str
    key: str
    messages: tuple[Mapping[str, Any], ...]
    thinking: tuple[Span, ...]
    answer: str
    gold: Gold
    tool_calls: tuple[Call, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def thinking_text(self) -> str:
        """The thinking as one string."""
        return "".join(span.text for span in self.thinking)

    def completion(self) -> tuple[Span, ...]:
        r"""What the model is to write after `<think>\n`, up to its end-of-turn token (which is not included).

        >>> trace = Trace("sum", "sum:1,2", (), (Span("1+2=3"),), "It is $\\boxed{3}$.", Value("3"))
        >>> "".join(span.text for span in trace.completion())
        '1+2=3\n</think>\n\nIt is $\\boxed{3}$.'
        """
        written = [{"name": call.name, "arguments": dict(call.arguments)} for call in self.tool_calls]
        calls = [f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>" for call in written]
        rest = "\n".join([self.answer, *calls] if self.answer else calls)
        return (*self.thinking, Span("\n</think>\n\n" + rest))


Writer = Callable[[random.Random], Trace]


def question(text: str) -> tuple[Mapping[str, Any], ...]:
    """The messages of a chat that is one question."""
    return ({"role": "user", "content": text},)


@cache
def writers() -> Mapping[str, Writer]:
    """Every task's writer, by the task's name."""
    tables: list[Mapping[str, Writer]] = [importlib.import_module(module).TASKS for module in MODULES]
    return {task: writer for table in tables for task, writer in table.items()}


def is_held_out(key: str) -> bool:
    """Whether a problem is kept out of training; decided by its content alone, so wording and seed cannot leak it."""
    return hashlib.sha256(content_of(key).encode()).digest()[0] % HELD_OUT_SHARE == 0


def content_of(key: str) -> str:
    """A key with what does not matter taken out: the unknown's letter, the order of terms that may be exchanged.

    The split is made by contents, so that no held-out problem has been trained on in another dress.

    >>> content_of("two_step:3y + 5 = 20"), content_of("fraction_sum:3/4+1/2"), content_of("power:13^2")
    ('two_step:3_ + 5 = 20', 'fraction_sum:1/2+3/4', 'product:13,13')
    """
    task, _, rest = key.partition(":")
    if task in ("one_step", "two_step", "two_sided", "brackets", "divided"):
        return f"{task}:{re.sub('[a-z]', '_', rest)}"
    if task == "fraction_sum" and "+" in rest:
        return f"{task}:{'+'.join(sorted(rest.split('+')))}"
    if task == "fraction_product" and "*" in rest:
        return f"{task}:{'*'.join(sorted(rest.split('*')))}"
    if task == "compare":
        return f"{task}:{','.join(sorted(rest.split(',')))}"
    if (found := re.fullmatch(r"signed:(\d+)\*(\d+)", key)) or (found := re.fullmatch(r"power:(\d+)\^(2)", key)):
        a, b = int(found[1]), int(found[1] if task == "power" else found[2])
        return f"product:{min(a, b)},{max(a, b)}"
    return key


def traces(task: str, split: Split, seed: int) -> Iterator[Trace]:
    """An endless stream of a task's traces of one split; the same for the same seed.

    Raises:
        KeyError: If there is no such task.
    """
    write = writers()[task]
    choose = random.Random(f"{split}:{task}:{seed}")
    while True:
        trace = write(choose)
        if is_held_out(trace.key) == (split == "held_out"):
            yield trace


def mixture(shares: Mapping[str, float], split: Split, seed: int) -> Iterator[Trace]:
    """An endless stream that takes each task in proportion to its share."""
    choose = random.Random(f"{split}:mixture:{seed}")
    streams = {task: traces(task, split, seed) for task in shares}
    names: Sequence[str] = list(shares)
    weights = [shares[name] for name in names]
    while True:
        yield next(streams[choose.choices(names, weights)[0]])
