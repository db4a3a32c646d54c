"""The pieces that Python functions are put together from: sources of items, tests to keep them by, changes.

Each piece has its English, its code with `@` for the item, and the Python that computes what the code should.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from train.tasks.python_endings import (
    ALL,
    ANY,
    COUNT,
    LIST,
    NUMBER_ENDINGS,
    SORTED_DOWN,
    SUM,
    TEXT,
    WORD_ENDINGS,
    Ending,
)

LARGEST_N = 8


@dataclass(frozen=True, slots=True)
class Keep:
    """A test of an item: "that {plural}", or before the noun where it is one adjective."""

    singular: str
    plural: str
    code: str
    slug: str
    test: Callable[[Any], bool]
    adjective: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an item; in `words`, `@` stands for the items."""

    words: str
    code: str
    slug: str
    apply: Callable[[Any], Any]
    type: str = "int"


def number_keep(choose: random.Random) -> Keep:
    """A test of a number."""
    k, d = choose.randint(1, 12), choose.randint(2, 9)
    low, high = sorted(choose.sample(range(1, 16), 2))
    return choose.choice(
        (
            Keep("is even", "are even", "@ % 2 == 0", "even", lambda n: n % 2 == 0, "even"),
            Keep("is odd", "are odd", "@ % 2 != 0", "odd", lambda n: n % 2 == 1, "odd"),
            Keep("is positive", "are positive", "@ > 0", "positive", lambda n: n > 0, "positive"),
            Keep("is negative", "are negative", "@ < 0", "negative", lambda n: n < 0, "negative"),
            *[_compared("greater than", ">", "over", k, lambda n: n > k)] * 2,
            *[_compared("less than", "<", "under", k, lambda n: n < k)] * 2,
            _compared("at least", ">=", "at_least", k, lambda n: n >= k),
            _compared("at most", "<=", "at_most", k, lambda n: n <= k),
            _compared("not equal to", "!=", "not", k, lambda n: n != k),
            *[Keep(*_verbs(f"divisible by {d}"), f"@ % {d} == 0", f"divisible_by_{d}", lambda n: n % d == 0)] * 2,
            Keep(*_verbs(f"not divisible by {d}"), f"@ % {d} != 0", f"not_divisible_by_{d}", lambda n: n % d != 0),
            Keep(
                *_verbs(f"between {low} and {high}, both included,"),
                f"{low} <= @ <= {high}",
                f"between_{low}_and_{high}",
                lambda n: low <= n <= high,
            ),
        )
    )


def _compared(words: str, operator: str, slug: str, k: int, test: Callable[[int], bool]) -> Keep:
    """A comparison with a number."""
    return Keep(*_verbs(f"{words} {k}"), f"@ {operator} {k}", f"{slug}_{k}", test)


def _verbs(words: str) -> tuple[str, str]:
    """Both numbers of "is"."""
    return f"is {words}", f"are {words}"


def number_change(choose: random.Random) -> Change:
    """A change of a number."""
    k = choose.randint(2, 9)
    return choose.choice(
        (
            *[Change("the squares of @", "@ * @", "squares", lambda n: n * n)] * 3,
            Change("the cubes of @", "@ ** 3", "cubes", lambda n: n**3),
            Change("@, each doubled,", "@ * 2", "doubled", lambda n: n * 2),
            *[Change(f"@, each multiplied by {k},", f"@ * {k}", f"times_{k}", lambda n: n * k)] * 2,
            Change(f"@, each increased by {k},", f"@ + {k}", f"plus_{k}", lambda n: n + k),
            Change(f"@, each decreased by {k},", f"@ - {k}", f"minus_{k}", lambda n: n - k),
            Change("the absolute values of @", "abs(@)", "absolute", abs),
            Change("@, each negated,", "-@", "negated", lambda n: -n),
            Change(f"the remainders of @ after division by {k}", f"@ % {k}", f"mod_{k}", lambda n: n % k),
            Change("@, each turned into a string,", "str(@)", "strings", str, "str"),
        )
    )


def range_keep(choose: random.Random) -> Keep:
    """A test that some of the numbers from 1 pass, and some do not."""
    while True:
        keep = number_keep(choose)
        if 0 < sum(map(keep.test, range(1, LARGEST_N))) < LARGEST_N - 1:
            return keep


def range_change(choose: random.Random) -> Change:
    """A change that positive numbers need."""
    while True:
        change = number_change(choose)
        if change.slug != "absolute":
            return change


def word_keep(choose: random.Random) -> Keep:
    """A test of a word."""
    k, letter = choose.randint(2, 6), choose.choice("abcdehlmoprst")
    return choose.choice(
        (
            *[Keep(*_verbs(f"longer than {k} letters"), f"len(@) > {k}", f"longer_{k}", lambda w: len(w) > k)] * 2,
            Keep(*_verbs(f"shorter than {k} letters"), f"len(@) < {k}", f"shorter_{k}", lambda w: len(w) < k),
            Keep(
                f"has exactly {k} letters",
                f"have exactly {k} letters",
                f"len(@) == {k}",
                f"length_{k}",
                lambda w: len(w) == k,
            ),
            *[
                Keep(
                    f"starts with '{letter}'",
                    f"start with '{letter}'",
                    f'@.startswith("{letter}")',
                    f"start_{letter}",
                    lambda w: w.startswith(letter),
                )
            ]
            * 2,
            Keep(
                f"ends with '{letter}'",
                f"end with '{letter}'",
                f'@.endswith("{letter}")',
                f"end_{letter}",
                lambda w: w.endswith(letter),
            ),
            Keep(
                f"contains the letter '{letter}'",
                f"contain the letter '{letter}'",
                f'"{letter}" in @',
                f"with_{letter}",
                lambda w: letter in w,
            ),
            Keep(
                "starts with a vowel",
                "start with a vowel",
                '@[0].lower() in "aeiou"',
                "start_vowel",
                lambda w: w[0].lower() in "aeiou",
            ),
            Keep(*("is a palindrome", "are palindromes"), "@ == @[::-1]", "palindromes", lambda w: w == w[::-1]),
        )
    )


def word_change(choose: random.Random) -> Change:
    """A change of a word."""
    return choose.choice(
        (
            Change("@, each in upper case,", "@.upper()", "upper", str.upper, "str"),
            Change("@, each capitalized,", "@.capitalize()", "capitalized", str.capitalize, "str"),
            Change("@, each reversed,", "@[::-1]", "reversed", lambda w: w[::-1], "str"),
            Change("the first letters of @", "@[0]", "first_letters", lambda w: w[0], "str"),
            Change("the last letters of @", "@[-1]", "last_letters", lambda w: w[-1], "str"),
            *[Change("the lengths of @", "len(@)", "lengths", len)] * 3,
        )
    )


def character_keep(choose: random.Random) -> Keep:
    """A test of a character."""
    letter = choose.choice("aeilnost")
    return choose.choice(
        (
            Keep("is a digit", "are digits", "@.isdigit()", "digits", str.isdigit),
            Keep("is a letter", "are letters", "@.isalpha()", "letters", str.isalpha),
            Keep("is not a letter", "are not letters", "not @.isalpha()", "non_letters", lambda ch: not ch.isalpha()),
            Keep("is uppercase", "are uppercase", "@.isupper()", "upper", str.isupper, "uppercase"),
            Keep("is lowercase", "are lowercase", "@.islower()", "lower", str.islower, "lowercase"),
            Keep("is a vowel", "are vowels", '@.lower() in "aeiou"', "vowels", lambda ch: ch.lower() in "aeiou"),
            Keep("is not a space", "are not spaces", '@ != " "', "no_spaces", lambda ch: ch != " "),
            Keep(
                f"is not '{letter}'",
                f"are not '{letter}'",
                f'@ != "{letter}"',
                f"not_{letter}",
                lambda ch: ch != letter,
            ),
        )
    )


def character_change(choose: random.Random) -> Change:
    """A change of a character."""
    return choose.choice(
        (
            Change("@, each in upper case,", "@.upper()", "upper", str.upper, "str"),
            Change("@, each in lower case,", "@.lower()", "lower", str.lower, "str"),
            Change("@, each doubled,", "@ * 2", "doubled", lambda ch: ch * 2, "str"),
        )
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where the items come from: `iterable` is code with `$0`, `items` the same in Python; `examples` go into cases."""

    stem: str
    singular: str
    where: str
    whole: str
    names: tuple[str, ...]
    type: str
    item_type: str
    variable: str
    iterable: str
    items: Callable[[Any], Sequence[Any]]
    examples: Callable[[random.Random, Keep | None], Any]
    keep: Callable[[random.Random], Keep]
    change: Callable[[random.Random], Change]
    endings: tuple[Ending, ...]

    @property
    def plural(self) -> str:
        """The noun for several items."""
        return f"{self.singular}s"


INTEGERS = (*range(1, 13), 0, -1, -2, -3, -5, 14, 15, 18, 20, 21)
VOCABULARY = tuple(
    "cat dog apple bee level hello sun Anna owl tree echo mom house book pen ice star moon plum ant ear radar "
    "code data milk rope lamp noon end table bread Bob eye hat orange tea red blue pop egg list "
    "map out stats dish cool mist balloon elephant sandwich butterfly notebook apricot".split()
)
TEXTS = ("Hi 42", "aB1", "Big Cat", "a1 b2", "Hello", "Room 7!", "test", "NOT ok", "x-Y", "Tea 4 2", "sOlo", "in 1999")


def _mixed(pool: Sequence[Any], choose: random.Random, keep: Keep | None) -> list[Any]:
    """Three or four items, some that pass and some that do not."""
    passing = [item for item in pool if keep is None or keep.test(item)]
    failing = [item for item in pool if item not in passing]
    some = choose.sample(passing[:14], min(len(passing[:14]), choose.randint(1, 2)))
    rest = failing or [item for item in passing if item not in some]
    some += choose.sample(rest, min(len(rest), choose.randint(1, 2)))
    choose.shuffle(some)
    return some


_LIST_NAMES = ("nums", "numbers", "lst", "values", "arr", "xs")
SOURCES = (
    Source(
        *("numbers", "number", "in a list", "a list of numbers", _LIST_NAMES, "list[int]", "int", "n", "$0", list),
        lambda choose, keep: _mixed(INTEGERS, choose, keep),
        *(number_keep, number_change, NUMBER_ENDINGS),
    ),
    Source(
        *("words", "word", "in a list", "a list of words", ("words", "lst", "strings", "items"), "list[str]"),
        *("str", "w", "$0", list, lambda choose, keep: _mixed(VOCABULARY, choose, keep)),
        *(word_keep, word_change, WORD_ENDINGS),
    ),
    Source(
        *(
            "text",
            "word",
            "in a string",
            "a string",
            ("text", "s", "sentence"),
            "str",
            "str",
            "w",
            "$0.split()",
            str.split,
        ),
        lambda choose, keep: " ".join(_mixed(VOCABULARY, choose, keep)),
        *(word_keep, word_change, WORD_ENDINGS),
    ),
    Source(
        *(
            "characters",
            "character",
            "in a string",
            "a string",
            ("s", "text", "string"),
            "str",
            "str",
            "ch",
            "$0",
            list,
        ),
        lambda choose, keep: choose.choice(TEXTS),
        *(character_keep, character_change, (TEXT, TEXT, COUNT, COUNT, LIST, ANY, ALL)),
    ),
    Source(
        *("range", "number", "from 1 to n", "a number n", ("n", "limit", "num"), "int", "int", "i", "range(1, $0 + 1)"),
        *(lambda n: range(1, n + 1), lambda choose, keep: choose.randint(3, LARGEST_N), range_keep, range_change),
        (LIST, LIST, SUM, SUM, COUNT, SORTED_DOWN),
    ),
)
