"""Which tasks the embedded model is trained on, in which shares, and which of them each claim is measured on."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

# Shares of traces, not of tokens; tool traces are three times as long as sums.
SHARES: Mapping[str, float] = MappingProxyType(
    {
        "sum": 6,
        "difference": 8,
        "product": 9,
        "quotient": 9,
        "remainder": 3,
        "long_sum": 5,
        "signed": 3,
        "expression": 6,
        "power": 2.5,
        "decimal": 2,
        "fraction_sum": 8,
        "fraction_product": 5,
        "simplify": 2.5,
        "fraction_of": 2,
        "percent_of": 5,
        "percent_change": 2.5,
        "percent_share": 2.5,
        "fraction_form": 1.5,
        "compare": 1,
        "one_step": 4,
        "two_step": 7,
        "two_sided": 5,
        "brackets": 3.5,
        "divided": 2,
        "gcd": 4,
        "lcm": 3,
        "prime": 3,
        "factors": 2,
        "neighbour_prime": 1,
        "divides": 2,
        "table": 6,
        "word_one": 5,
        "word_two": 9,
        "word_rate": 10,
        "python": 8,
        "python_composed": 4,
        "tool_call": 5,
        "tool_result": 2.5,
        "tool_none": 2,
        "tool_error": 0.7,
        "chat": 5,
        "fact": 2.5,
        "beyond": 5,
        "follow_up": 2,
        "gym": 3,
    }
)

# How much more (or less) often than its share a task is trained: the hard ones more, the known ones less. Held-out
# problems are asked by the shares alone, so that figures stay comparable.
EMPHASIS: Mapping[str, float] = MappingProxyType(
    {
        "product": 1.5,
        "quotient": 1.5,
        "expression": 1.3,
        "power": 1.3,
        "decimal": 1.3,
        "fraction_sum": 2,
        "fraction_product": 1.5,
        "simplify": 2,
        "percent_of": 1.3,
        "percent_share": 2.5,
        "compare": 2,
        "two_sided": 2,
        "gcd": 1.7,
        "prime": 1.2,
        "table": 1.2,
        "word_one": 1.6,
        "word_two": 1.5,
        "word_rate": 1.8,
        "python": 1.4,
        "python_composed": 1.3,
        "tool_call": 1.5,
        "sum": 0.8,
        "brackets": 0.6,
        "chat": 0.6,
        "fact": 0.6,
        "beyond": 0.7,
        "follow_up": 0.7,
    }
)


def trained_shares(without: Collection[str] = ()) -> dict[str, float]:
    """The shares that are trained: those above, the hard tasks with emphasis, without some."""
    return {task: share * EMPHASIS.get(task, 1) for task, share in SHARES.items() if task not in without}


# What the model card claims, and the tasks that each claim is measured on.
CLAIMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arithmetic": (
            "sum",
            "difference",
            "product",
            "quotient",
            "remainder",
            "long_sum",
            "signed",
            "expression",
            "power",
            "decimal",
        ),
        "fractions and percentages": (
            "fraction_sum",
            "fraction_product",
            "simplify",
            "fraction_of",
            "percent_of",
            "percent_change",
            "percent_share",
            "fraction_form",
            "compare",
        ),
        "equations": ("one_step", "two_step", "two_sided", "brackets", "divided"),
        "divisors": ("gcd", "lcm", "prime", "factors", "neighbour_prime", "divides"),
        "word problems": ("word_one", "word_two", "word_rate"),
        "Python functions": ("python", "python_composed"),
        "tool calls": ("tool_call",),
    }
)
