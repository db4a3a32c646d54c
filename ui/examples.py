"""A model's name in, the questions that an empty page offers for it out."""

from model.catalog import EMBEDDED

LABELS = ("A calculation", "An equation", "A word problem", "A function")

# The embedded model solves these (tests/browser/test_ui_chat_tab_examples.py); the others are for models that reason.
_FOR_THE_EMBEDDED = (
    "What is 17 × 24?",
    "Solve 3x + 7 = 28 for x.",
    "Mia buys 4 notebooks at 3 dollars each and pays with a 20 dollar bill. How much change does she get?",
    "Write a Python function count_vowels(text) that returns the number of vowels in a string.",
)
_FOR_ALL_OTHERS = (
    "What is the sum of all positive divisors of 2,520?",
    "Find all real x with sqrt(x + 7) - sqrt(x) = 1.",
    "A pool is filled by one pipe in 6 hours and by another in 4 hours. The drain empties it in 12 hours. "
    "With both pipes and the drain open, how long does it take to fill?",
    "Write a Python function merge_intervals(intervals) that joins overlapping closed intervals, and explain its cost.",
)


def example_question(number: int, model: str) -> str:
    """The question behind the label of this number.

    >>> example_question(0, EMBEDDED)
    'What is 17 × 24?'
    """
    return (_FOR_THE_EMBEDDED if model == EMBEDDED else _FOR_ALL_OTHERS)[number]
