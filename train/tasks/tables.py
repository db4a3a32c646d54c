"""One number in, a row of small facts about it out: multiples, quotients, remainders."""

import random
from collections.abc import Sequence

from train.tasks.steps import Thinking
from train.tasks.wordings import ask
from train.traces import Trace, Value, Writer, is_held_out, question

_MULTIPLE_WORDINGS = (
    "Write the first {k} multiples of {n}.",
    "List the first {k} multiples of {n}.",
    "What are the first {k} multiples of {n}?",
    "Give me the times table of {n} up to {k}.",
    "first {k} multiples of {n}",
)
_QUOTIENT_WORDINGS = (
    "Divide {list} by {n}, each of them.",
    "Divide each of {list} by {n}.",
    "divide {list} by {n}",
    "What do you get when {list} are each divided by {n}?",
)
_REMAINDER_WORDINGS = (
    "What are the remainders when {list} are divided by {n}?",
    "Find the remainders of {list} divided by {n}.",
    "remainders of {list} by {n}",
    "Give the remainders of {list} modulo {n}.",
)


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _trained(choose: random.Random, task: str, divisor: int, dividends: Sequence[int], count: int) -> list[int]:
    """So many dividends, none of which is a held-out problem of another task by itself."""
    return choose.choices([number for number in dividends if not is_held_out(f"{task}:{number},{divisor}")], k=count)


def write_table(choose: random.Random) -> Trace:
    """The multiples of a number, or several numbers divided by one, with whole results or with remainders."""
    kind = choose.choice(("multiples", "quotients", "quotients", "remainders", "remainders", "remainders"))
    number = choose.choice((choose.randrange(2, 13), choose.randrange(3, 10), choose.randrange(2, 21)))
    thinking = Thinking(choose)
    if kind == "multiples":
        count = choose.randrange(5, 11)
        results = [number * at for at in range(1, count + 1)]
        for at, result in enumerate(results, start=1):
            thinking.step(f"{number}*{at}={result}", ", " if at > 1 else " ")
        asked, numbers = ask(choose, _MULTIPLE_WORDINGS, {"n": number, "k": count}), [count]
    elif kind == "quotients":
        numbers = _trained(choose, "quotient", number, [number * at for at in range(1, 11)], choose.randrange(3, 8))
        results = [dividend // number for dividend in numbers]
        for at, (dividend, result) in enumerate(zip(numbers, results, strict=True)):
            thinking.step(f"{dividend}/{number}={result}", ", " if at else " ")
        asked = ask(choose, _QUOTIENT_WORDINGS, {"list": _listed(numbers), "n": number})
    else:
        numbers = _trained(choose, "remainder", number, range(number, 10 * number), choose.randrange(3, 7))
        results = [dividend % number for dividend in numbers]
        for at, dividend in enumerate(numbers):
            part = dividend - dividend % number
            thinking.say("." if at else "")
            thinking.say(f" {dividend}:")
            thinking.step(f"{number}*{part // number}={part}")
            thinking.step(f"{dividend}-{part}={dividend - part}", ", ")
        asked = ask(choose, _REMAINDER_WORDINGS, {"list": _listed(numbers), "n": number})
    thinking.say(f". Those are {len(results)}.")
    gold = ", ".join(map(str, results))
    key = f"table:{kind},{number}:{','.join(map(str, numbers))}"
    answer = f"They are $\\boxed{{{gold}}}$."
    return Trace("table", key, question(asked), thinking.spans(), answer, Value(gold))


TASKS: dict[str, Writer] = {"table": write_table}
