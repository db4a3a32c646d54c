"""A random choice in, a `reasoning-gym` problem with written steps out: their wordings and numbers, our thinking.

Only their tasks whose steps `train/tasks/steps.py` can write; small settings.

Source:
    reasoning-gym, Apache-2.0, github.com/open-thought/reasoning-gym.
"""

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from train.tasks.arithmetic import boxed, pair_key
from train.tasks.divisors import write_checked_gcd, write_factor_steps, write_gcd_steps
from train.tasks.equations import plus
from train.tasks.fractions_and_percent import latex, write_simplify_steps
from train.tasks.steps import Thinking, add_signed, divide, multiply
from train.traces import Trace, Value, Writer, question
from verify.gym_tasks import gym_task

# Their names, with settings that stay within what the model claims.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "chain_sum": {"min_terms": 2, "max_terms": 3, "min_digits": 1, "max_digits": 3},
    "products": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2},
    "gcd": {"min_value": 2, "max_value": 200},
    "lcm": {"min_value": 2, "max_value": 40},
    "fraction_simplification": {"min_value": 1, "max_value": 20, "min_factor": 2, "max_factor": 15},
    "simple_equations": {
        "min_terms": 2,
        "max_terms": 2,
        "min_value": 2,
        "max_value": 20,
        "operators_weights": [0.5, 0.5, 0.0],
    },
    "prime_factorization": {"min_value": 6, "max_value": 300},
}

# The key (as in our own tasks, so that no problem is in both splits), the left side, its value as LaTeX, and the gold.
Solved = tuple[str, str, str, str]


def write_gym(choose: random.Random) -> Trace:
    """One of their problems.

    Raises:
        BadInput: If reasoning-gym is not installed.
    """
    while True:
        name = choose.choice(list(SETTINGS))
        data = gym_task(name, size=1, seed=choose.randrange(2**31), **SETTINGS[name])
        item = data[0]
        thinking = Thinking(choose)
        solved = _SOLVERS[name](thinking, item["metadata"])
        if solved is None:
            continue
        key, text, shown, gold = solved
        return Trace("gym", key, question(item["question"]), thinking.spans(), boxed(choose, text, shown), Value(gold))


def _chain_sum(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    parts = str(asked["expression"]).split()
    total = int(parts[0])
    for sign, number in zip(parts[1::2], parts[2::2], strict=True):
        total = add_signed(thinking, total, int(number) if sign == "+" else -int(number))
        thinking.say(".")
    thinking.say(f" Check: {len(parts) // 2 + 1} numbers, all used.")
    key = f"long_sum:{asked['expression']}"
    if len(parts) == 3:
        key = pair_key("sum", int(parts[0]), int(parts[2])) if parts[1] == "+" else f"difference:{parts[0]},{parts[2]}"
    return key, str(asked["expression"]), str(total), str(total)


def _products(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    a, b = (int(number) for number in str(asked["expression"]).split(" * "))
    value = multiply(thinking, abs(a), abs(b)) * (1 if (a < 0) == (b < 0) else -1)
    thinking.say(f". Check: ends in {abs(value) % 10}, as {abs(a) % 10}*{abs(b) % 10}={abs(a) % 10 * (abs(b) % 10)}.")
    return pair_key("product", a, b), f"{a} \\cdot {b}", str(value), str(value)


def _gcd(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    a, b = asked["numbers"]
    shared = write_checked_gcd(thinking, a, b)
    return pair_key("gcd", a, b), f"\\gcd({a}, {b})", str(shared), str(shared)


def _lcm(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    a, b = asked["numbers"]
    thinking.say(f" gcd of {a} and {b}:")
    shared = write_gcd_steps(thinking, a, b)
    thinking.say(".")
    if shared > 1:
        thinking.step(f"{a}/{shared}={a // shared}")
        thinking.say(".")
    value = multiply(thinking, a // shared, b)
    thinking.say(f". Check: {value}/{a}={value // a}, {value}/{b}={value // b}.")
    return pair_key("lcm", a, b), f"\\text{{lcm}}({a}, {b})", str(value), str(value)


def _simplify(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    top, bottom = int(asked["numerator"]), int(asked["denominator"])
    value = write_simplify_steps(thinking, top, bottom)
    return f"simplify:{top}/{bottom}", f"\\frac{{{top}}}{{{bottom}}}", latex(value), str(value)


def _equation(thinking: Thinking, asked: Mapping[str, Any]) -> Solved | None:
    found = re.fullmatch(r"(?:(\d+)\*)?([a-z]) ([+-]) (\d+) = (-?\d+)", str(asked["equation"]))
    if found is None:
        return None
    factor, unknown = int(found[1] or 1), found[2]
    number, right = int(found[3] + found[4]), int(found[5])
    left = f"{factor}{unknown}" if factor > 1 else unknown
    thinking.step(f"{left}={right}{plus(-number, spaced=False)}={right - number}")
    value = (right - number) // factor
    if factor > 1:
        thinking.say(".")
        divide(thinking, right - number, factor)
    product = factor * value
    thinking.say(
        f". Check: {factor}*{value}{plus(number, spaced=False)}={product}{plus(number, spaced=False)}={right}. Right."
    )
    key = f"{'two_step' if factor > 1 else 'one_step'}:{left}{plus(number)} = {right}"
    return key, unknown, str(value), str(value)


def _factors(thinking: Thinking, asked: Mapping[str, Any]) -> Solved:
    factors = write_factor_steps(thinking, int(asked["number"]))
    return (
        f"factors:{asked['number']}",
        str(asked["number"]),
        " \\times ".join(map(str, factors)),
        " * ".join(map(str, factors)),
    )


_SOLVERS: Mapping[str, Callable[[Thinking, Mapping[str, Any]], Solved | None]] = {
    "chain_sum": _chain_sum,
    "products": _products,
    "gcd": _gcd,
    "lcm": _lcm,
    "fraction_simplification": _simplify,
    "simple_equations": _equation,
    "prime_factorization": _factors,
}

TASKS: dict[str, Writer] = {"gym": write_gym}
