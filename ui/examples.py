"""A model's name in, the questions that an empty page offers for it out."""

from model.catalog import EMBEDDED

LABELS = ("A sum", "A percentage", "A product", "A function")

# The embedded model solves these (tests/browser/test_ui_chat_tab_examples.py); the others are for models that reason.
_FOR_THE_EMBEDDED = (
    "What is 256 + 389?",
    "What is 15% of 240?",
    "What is 17 × 24?",
    "Write a Python function double(numbers) that returns a list with every number doubled.",
)
_FOR_ALL_OTHERS = (
    "What is the sum of all positive divisors of 2,520?",
    "A coat costs 80 dollars after two price cuts of 20% each. What did it cost before both?",
    "What is the product of all real solutions of x^4 - 5x^2 + 6 = 0?",
    "Write a Python function merge_intervals(intervals) that joins overlapping closed intervals, and explain its cost.",
)


def example_question(number: int, model: str) -> str:
    """The question behind the label of this number.

    >>> example_question(2, EMBEDDED)
    'What is 17 × 24?'
    """
    return (_FOR_THE_EMBEDDED if model == EMBEDDED else _FOR_ALL_OTHERS)[number]
