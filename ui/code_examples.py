"""A model's name in, the tasks that an empty Code tab offers for it out: one with each form of tests, one without."""

from dataclasses import dataclass

from model.catalog import EMBEDDED


@dataclass(frozen=True, slots=True)
class CodeExample:
    """A button's words, and for the embedded model and for all others the task and its tests."""

    label: str
    embedded: tuple[str, str]
    others: tuple[str, str]

    def given(self, model: str) -> tuple[str, str]:
        """Task and tests for a model.

        >>> EXAMPLES[0].given(EMBEDDED)[1].splitlines()[0]
        'assert double([1, 2, 3]) == [2, 4, 6]'
        """
        return self.embedded if model == EMBEDDED else self.others


EXAMPLES = (
    CodeExample(
        "With asserts",
        (
            "Write a Python function double(numbers) that returns a list with every number doubled.",
            "assert double([1, 2, 3]) == [2, 4, 6]\nassert double([]) == []\nassert double([-1]) == [-2]",
        ),
        (
            "Write a Python function merge_intervals(intervals) that joins overlapping or touching closed intervals "
            "and returns them sorted.",
            "assert merge_intervals([[1, 3], [2, 6], [8, 10]]) == [[1, 6], [8, 10]]\n"
            "assert merge_intervals([[1, 4], [4, 5]]) == [[1, 5]]\n"
            "assert merge_intervals([[5, 6], [1, 2]]) == [[1, 2], [5, 6]]\n"
            "assert merge_intervals([]) == []",
        ),
    ),
    CodeExample(
        "Inputs and outputs",
        (
            "Write a Python function add(a, b) that returns the sum of two numbers.",
            '[\n  {"call": "add", "args": [2, 3], "expected": 5},\n'
            '  {"call": "add", "args": [-4, 4], "expected": 0}\n]',
        ),
        (
            "Read a number n, then n words, one on each line. Print the words that occur most often, "
            "in the order of the alphabet, one on each line.",
            '[\n  {"stdin": "4\\nb\\na\\nb\\na\\n", "stdout": "a\\nb\\n"},\n'
            '  {"stdin": "3\\nx\\ny\\nx\\n", "stdout": "x\\n"},\n  {"stdin": "1\\nq\\n", "stdout": "q\\n"}\n]',
        ),
    ),
    CodeExample(
        "A pytest file",
        (
            "Write a Python function is_even(n) that returns True if a number is even and False otherwise.",
            'import pytest\n\n\n@pytest.mark.parametrize(("n", "expected"), [(2, True), (7, False), (0, True)])\n'
            "def test_is_even(n, expected):\n    assert is_even(n) is expected",
        ),
        (
            "Write a Python class Stack with push(item), pop(), peek() and a length. pop and peek of an empty stack "
            "raise IndexError.",
            "import pytest\n\n\n@pytest.fixture\ndef stack():\n    stack = Stack()\n    stack.push(1)\n"
            "    stack.push(2)\n"
            "    return stack\n\n\ndef test_pop_gives_the_last(stack):\n    assert stack.pop() == 2\n"
            "    assert len(stack) == 1\n\n\ndef test_peek_takes_nothing(stack):\n    assert stack.peek() == 2\n"
            "    assert len(stack) == 2\n\n\ndef test_empty_stack_refuses():\n    with pytest.raises(IndexError):\n"
            "        Stack().pop()",
        ),
    ),
    CodeExample(
        "Doctests",
        (
            "Write a Python function reverse_string(s) that returns a string reversed.",
            ">>> reverse_string('abc')\n'cba'\n>>> reverse_string('')\n''",
        ),
        (
            "Write a Python function roman(n) that writes a number from 1 to 3999 in Roman numerals.",
            ">>> roman(4)\n'IV'\n>>> roman(1994)\n'MCMXCIV'\n>>> roman(3999)\n'MMMCMXCIX'",
        ),
    ),
    CodeExample(
        "Without tests",
        ("Write a Python function count_vowels(s) that returns the number of vowels in a string.", ""),
        ("Write a Python function is_balanced(text) that tells whether all brackets ()[]{} in a text match.", ""),
    ),
)
