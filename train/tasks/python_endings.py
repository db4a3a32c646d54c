"""What a Python function makes of its items: a list, their sum, their number, whether any passes; with words and code.

In `code`, `#inner` stands for "n * n for n in nums if n > 2", `#loop` for "for n in nums", `#test` for "n > 2".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ending:
    """What is made of the items.

    Attributes:
        do: Imperatives with `@items`, `@bare` (no "the"), `@its` and `@whole` ("a list of numbers"); if it asks about
            the test, `@one` ("number in a list is even") or `@many` ("numbers in a list are even").
        code: Lines under `def`, with `@` for the item.
        result: What a walk says before the value.
        returns: Annotation; `#` is the item's type.
        takes: The type of items that it can take, "any" for every one.
        is_of_kept: Whether it counts what is kept, so that nothing can be changed.
        is_of_tests: Whether `apply` takes every item's test and not the changed items.
    """

    slug: str
    do: tuple[str, ...]
    code: str
    plan: str
    result: str
    returns: str
    apply: Callable[[list[Any]], Any]
    takes: str = "any"
    is_of_tests: bool = False
    is_of_kept: bool = False


def joined(words: str, separator: str) -> Ending:
    """An ending that puts words together."""
    do = (f"return @items, joined with {words}", f"take @whole and return @its, joined with {words}")
    code, plan = f'return "{separator}".join(#inner)', f'join with "{separator}"'
    return Ending(f"join_{words}", do, code, plan, "joined", "str", separator.join, "str")


LIST = Ending(
    "",
    ("return a list of @items", "return @items as a list", "take @whole and return a list of @its", "list @items"),
    "return [#inner]",
    "return the list",
    "list",
    "list[#]",
    list,
)
TEXT = Ending(
    "text",
    ("return a string of @items", "return @items as one string", "take @whole and return a string of @its"),
    'return "".join(#inner)',
    "join them",
    "joined",
    "str",
    "".join,
    "str",
)
SUM = Ending(
    "sum",
    (
        "return the sum of @items",
        "add up @items",
        "compute the sum of @items",
        "take @whole and return the sum of @its",
    ),
    "return sum(#inner)",
    "add them up with sum",
    "sum",
    "int",
    sum,
    "int",
)
COUNT = Ending(
    "count",
    (
        "count @items",
        "return the number of @bare",
        "return how many @many",
        "take @whole and return the number of @itsbare",
    ),
    "return sum(1 #loop if #test)",
    "add 1 for each",
    "count",
    "int",
    len,
    is_of_kept=True,
)
ANY = Ending(
    "any",
    ("check if any @one", "return True if any @one", "check whether at least one @one"),
    "return any(#test #loop)",
    "any of them is enough",
    "any is",
    "bool",
    any,
    is_of_tests=True,
)
ALL = Ending(
    "all",
    ("check if every @one", "return True if all @many", "check whether all @many"),
    "return all(#test #loop)",
    "all of them must pass",
    "all is",
    "bool",
    all,
    is_of_tests=True,
)
FIRST = Ending(
    "first",
    ("return the first of @items, or None if there is none", "find the first of @items, or None if there is none"),
    "return next((#inner), None)",
    "take the first with next, else None",
    "first",
    "#",
    lambda items: items[0] if items else None,
)
SORTED = Ending(
    "sorted",
    ("return a sorted list of @items", "sort @items", "take @whole and return a sorted list of @its"),
    "return sorted(#inner)",
    "sort them",
    "sorted",
    "list[#]",
    sorted,
)
SORTED_DOWN = Ending(
    "sorted_desc",
    ("return a list of @items in descending order", "sort @items in descending order"),
    "return sorted((#inner), reverse=True)",
    "sort them with reverse=True",
    "largest first",
    "list[#]",
    lambda items: sorted(items, reverse=True),
    "int",
)
LARGEST = Ending(
    "max",
    (
        "return the largest of @items, or None if there are none",
        "find the maximum of @items, or None if there are none",
    ),
    "return max((#inner), default=None)",
    "take max with default None",
    "max",
    "int",
    lambda items: max(items, default=None),
    "int",
)
SMALLEST = Ending(
    "min",
    (
        "return the smallest of @items, or None if there are none",
        "find the minimum of @items, or None if there are none",
    ),
    "return min((#inner), default=None)",
    "take min with default None",
    "min",
    "int",
    lambda items: min(items, default=None),
    "int",
)
LONGEST = Ending(
    "longest",
    (
        "return the longest of @items, or None if there are none",
        "find the longest of @items, or None if there are none",
    ),
    "return max((#inner), key=len, default=None)",
    "take max with key=len and default None",
    "longest",
    "str",
    lambda items: max(items, key=len, default=None),
    "str",
)
AVERAGE = Ending(
    "average",
    ("return the average of @items, or 0 if there are none", "compute the mean of @items, or 0 if there are none"),
    "kept = [#inner]\nreturn sum(kept) / len(kept) if kept else 0",
    "divide sum by len, 0 if empty",
    "average",
    "float",
    lambda items: sum(items) / len(items) if items else 0,
    "int",
)


NUMBER_ENDINGS = (LIST, LIST, SUM, SUM, COUNT, COUNT, ANY, ALL, FIRST, SORTED, SORTED_DOWN, LARGEST, SMALLEST, AVERAGE)
WORD_ENDINGS = (
    *(LIST, LIST, SUM, COUNT, COUNT, ANY, ALL, FIRST, SORTED, LONGEST, LARGEST),
    *(joined("commas", ","), joined("hyphens", "-"), joined("spaces", " ")),
)
