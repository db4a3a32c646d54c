"""A calculation in, a question as strangers type it out: many openings, notations and manners."""

import random
from collections.abc import Mapping, Sequence

BOXED_REQUEST = "Please reason step by step, and put your final answer within \\boxed{}."

_ASK_VALUE = (
    "What is {0}?",
    "What is {0}?",
    "What's {0}?",
    "what is {0}",
    "whats {0}",
    "{0}",
    "{0} = ?",
    "{0} =",
    "{0}?",
    "Calculate {0}.",
    "calculate {0}",
    "Compute {0}.",
    "Compute {0}",
    "Evaluate {0}.",
    "Find {0}.",
    "Find the value of {0}.",
    "How much is {0}?",
    "how much is {0}",
    "Work out {0}.",
    "Please work out {0}.",
    "Can you calculate {0}?",
    "Can you tell me what {0} is?",
    "Could you please compute {0}?",
    "I need to know {0}.",
    "Tell me {0}.",
    "What do you get for {0}?",
    "What does {0} equal?",
    "what does {0} equal",
    "Give me the result of {0}.",
    "What is the value of {0}?",
    "What is the result of {0}?",
    "Solve {0}",
    "Solve: {0}",
    "Quick question: {0}?",
    "Hi, what is {0}?",
    "Hello! How much is {0}?",
    "Help me with {0} please.",
    "pls compute {0}",
    "Do the math: {0}",
    "{0}, please.",
)


def ask_value(choose: random.Random, expression: str) -> str:
    """A question for the value of an expression."""
    return finish(choose, choose.choice(_ASK_VALUE).format(expression))


def ask(choose: random.Random, wordings: Sequence[str], values: Mapping[str, object]) -> str:
    """A question from one of the wordings, with its values filled in and the manners varied."""
    return finish(choose, choose.choice(wordings).format_map(values))


def finish(choose: random.Random, text: str) -> str:
    """The question as typed: now and then in lower case, without its last mark, or with the benchmarks' own request."""
    if choose.random() < 0.08:
        text = text.lower()
    if choose.random() < 0.08:
        text = text.rstrip("?.")
    elif choose.random() < 0.06:
        text = choose.choice(("Please: ", "Hey, ", "Hi! ", "Question: ", "Problem: ")) + text
    if choose.random() < 0.1:
        text = f"{text}{choose.choice((' ', chr(10)))}{BOXED_REQUEST}"
    return text


def times_sign(choose: random.Random) -> str:
    """A sign for products, the plain ones most often."""
    return choose.choice((" * ", " * ", "*", " x ", "x", " × ", " times ", r" \times ", r" \cdot "))


def divided_sign(choose: random.Random) -> str:
    """A sign for quotients."""
    return choose.choice((" / ", " / ", "/", " ÷ ", " divided by ", " : ", r" \div "))


def plus_sign(choose: random.Random) -> str:
    """A sign for sums."""
    return choose.choice((" + ", " + ", " + ", "+", " plus "))


def minus_sign(choose: random.Random) -> str:
    """A sign for differences."""
    return choose.choice((" - ", " - ", " - ", "-", " minus ", " − "))


def written(choose: random.Random, number: int) -> str:
    """A whole number as typed: from a thousand up sometimes with commas."""
    return f"{number:,}" if abs(number) >= 1000 and choose.random() < 0.25 else str(number)
