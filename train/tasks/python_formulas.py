"""A random generator in, out a `Problem` about one number, two numbers or a dictionary, put together from parts.

"Return 3 times a number plus 4", "check if a number is even and greater than 10", "return the keys of a dictionary
whose value is negative".
"""

import random
from collections.abc import Callable
from typing import Any

from train.tasks.python_compositions import ANY_NAMES, cases_of
from train.tasks.python_functions import Parameter, Problem
from train.tasks.python_parts import Keep, number_change, number_keep

ONE_NUMBER = (Parameter(("n", "x", "num", "number"), "int"),)
TWO_NUMBERS = (Parameter(("a", "x", "first"), "int"), Parameter(("b", "y", "second"), "int"))
DICTIONARY = (Parameter(("d", "data", "mapping", "my_dict"), "dict"),)
NUMBERS = range(-3, 21)
SMALL_NUMBERS = range(1, 10)
KEYS = "abcdpqxyz"

_Term = tuple[str, str, str, Callable[[int, int], int]]  # words, code, name, value
TERMS_OF_ONE: tuple[_Term, ...] = (
    ("the square of a number", "$0 * $0", "square", lambda x, _: x * x),
    ("twice a number", "2 * $0", "twice", lambda x, _: 2 * x),
    ("3 times a number", "3 * $0", "triple", lambda x, _: 3 * x),
    ("5 times a number", "5 * $0", "times_5", lambda x, _: 5 * x),
)
TERMS_OF_TWO: tuple[_Term, ...] = (
    ("the sum of two numbers", "$0 + $1", "sum", lambda x, y: x + y),
    ("the product of two numbers", "$0 * $1", "product", lambda x, y: x * y),
    ("the sum of the squares of two numbers", "$0 * $0 + $1 * $1", "squares", lambda x, y: x * x + y * y),
    ("the first of two numbers minus the second", "$0 - $1", "difference", lambda x, y: x - y),
)
OPERATIONS: tuple[tuple[str, str, Callable[[int, int], int]], ...] = (
    ("plus", "+", lambda value, k: value + k),
    ("minus", "-", lambda value, k: value - k),
    ("multiplied by", "*", lambda value, k: value * k),
)


def formula(choose: random.Random) -> Problem:
    """A term of one or two numbers, then one more operation with a fixed number."""
    parameters, terms = choose.choice(((ONE_NUMBER, TERMS_OF_ONE), (TWO_NUMBERS, TERMS_OF_TWO)))
    words, code, slug, first = choose.choice(terms)
    end, operator, then = choose.choice(OPERATIONS)
    k = choose.randint(2, 9)
    code = f"({code}) {operator} {k}" if operator == "*" and ("+" in code or "-" in code) else f"{code} {operator} {k}"
    comma = "," if operator == "*" else ""
    return Problem(
        stem=f"formula:{slug}:{end}:{k}",
        names=(f"{slug}_{end.split()[0]}_{k}", *ANY_NAMES),
        do=tuple(f"{verb} {words}{comma} {end} {k}" for verb in ("return", "compute", "calculate")),
        parameters=parameters,
        returns="int",
        body=f"return {code}",
        plan=f"Return {code}.",
        cases=cases_of(
            lambda: tuple(choose.sample(SMALL_NUMBERS, len(parameters))),
            lambda values: ", ".join(map(str, values)),
            lambda values: True,
            lambda values: then(first(values[0], values[-1]), k),
            lambda values: f"{first(values[0], values[-1])} {operator} {k} =",
        ),
    )


def two_tests(choose: random.Random) -> Problem:
    """Whether a number passes two tests, or one of two."""
    one, other = number_keep(choose), number_keep(choose)
    while one.slug.split("_")[0] == other.slug.split("_")[0]:
        other = number_keep(choose)
    word = choose.choice(("and", "or"))

    def expected(n: int) -> bool:
        return one.test(n) and other.test(n) if word == "and" else one.test(n) or other.test(n)

    phrase = f"a number {one.singular} {word} {other.singular}".replace(f"{word} is ", f"{word} ").replace(",,", ",")
    code = f"{one.code} {word} {other.code}".replace("@", "$0")
    return Problem(
        stem=f"tests:{one.slug}:{word}:{other.slug}",
        names=(f"is_{one.slug}_{word}_{other.slug}", "check", "is_valid", "test_number", *ANY_NAMES),
        do=tuple(f"{verb} {phrase.removesuffix(',')}" for verb in ("check if", "return True if", "check whether")),
        parameters=ONE_NUMBER,
        returns="bool",
        body=f"return {code}",
        plan=f"{one.code} {word} {other.code}.".replace("@", "$0"),
        cases=cases_of(
            lambda: choose.choice(NUMBERS),
            str,
            lambda n: True,
            expected,
            lambda n: f"{one.code} is {one.test(n)}, {other.code} is {other.test(n)}, so".replace("@", str(n)),
        ),
    )


_Change = tuple[str, str, Callable[[int], int]]


def _changes_of_a_number(k: int, *kinds: str) -> tuple[_Change, ...]:
    """Words, code and value of what a number can become."""
    changes: dict[str, _Change] = {
        "times": (f"the number times {k}", f"$0 * {k}", lambda n: n * k),
        "square": ("the square of the number", "$0 * $0", lambda n: n * n),
        "plus": (f"the number plus {k}", f"$0 + {k}", lambda n: n + k),
        "minus": (f"the number minus {k}", f"$0 - {k}", lambda n: n - k),
        "itself": ("the number itself", "$0", lambda n: n),
        "zero": ("0", "0", lambda n: 0),
    }
    return tuple(changes[kind] for kind in kinds)


def _choice_walk(n: int, test: Keep, code: str) -> str:
    """How the test ends for a number, and what is computed then."""
    sum_of_it = f" {code} =".replace("$0", str(n)) if " " in code else ""
    return f"{test.code.replace('@', str(n))} is {test.test(n)}, so{sum_of_it}"


def choice_of_two(choose: random.Random) -> Problem:
    """One change of a number if it passes a test, else another."""
    test, (k, j) = number_keep(choose), choose.sample(range(2, 10), 2)
    yes, yes_code, apply = choose.choice(_changes_of_a_number(k, "plus", "times", "square"))
    no, no_code, apply_else = choose.choice(_changes_of_a_number(j, "minus", "itself", "zero"))
    condition = test.singular.removesuffix(",")
    code = f"{yes_code} if {test.code} else {no_code}".replace("@", "$0")
    return Problem(
        stem=f"choice:{test.slug}:{yes_code}:{no_code}",
        names=(f"change_if_{test.slug}", "change", "adjust", "update", *ANY_NAMES),
        do=(
            f"return {yes} if a given number {condition}, otherwise {no}",
            f"take a number and return {yes} when it {condition}, and {no} otherwise",
            f"take a number and return {yes} if it {condition}, else {no}",
        ),
        parameters=ONE_NUMBER,
        returns="int",
        body=f"return {code}",
        plan=f"If {test.code} return {yes_code}, else {no_code}.".replace("@", "$0"),
        cases=cases_of(
            lambda: choose.choice(NUMBERS),
            str,
            lambda n: True,
            lambda n: apply(n) if test.test(n) else apply_else(n),
            lambda n: _choice_walk(n, test, yes_code if test.test(n) else no_code),
        ),
    )


def _of_dictionary(choose: random.Random, test: Keep | None) -> Callable[[], dict[str, int]]:
    """Writes dictionaries of two or three small numbers, some of which pass."""

    def example() -> dict[str, int]:
        passing = [n for n in NUMBERS if test is None or test.test(n)]
        values = [choose.choice(passing), *choose.sample(NUMBERS, choose.randint(1, 2))]
        return dict(zip(choose.sample(KEYS, len(values)), values, strict=True))

    return example


def dictionary(choose: random.Random) -> Problem:
    """Keys, sums or parts of a dictionary, or its values changed."""
    test, change = number_keep(choose), number_change(choose)
    while change.type != "int":
        change = number_change(choose)
    condition = test.singular.removesuffix(",")
    value, new = test.code.replace("@", "v"), change.code.replace("@", "v")
    noun = change.words.replace("@", "the values")
    kind, do, code, returns, plan, apply, end = choose.choice(
        _dictionary_kinds(condition, value, new, noun, test, change)
    )
    slug = change.slug if kind == "change" else test.slug
    return Problem(
        stem=f"dict:{kind}:{slug}",
        names=(f"{kind}_{slug}", *ANY_NAMES),
        do=do,
        parameters=DICTIONARY,
        returns=returns,
        body=f"return {code}",
        plan=plan,
        cases=cases_of(
            _of_dictionary(choose, None if kind == "change" else test),
            repr,
            lambda d: bool(apply(d)),
            apply,
            lambda d: end,
        ),
    )


_Kind = tuple[str, tuple[str, ...], str, str, str, Callable[[dict[str, int]], Any], str]


def _dictionary_kinds(condition: str, value: str, new: str, noun: str, test: Keep, change: Any) -> tuple[_Kind, ...]:
    """What can be asked of a dictionary: name, phrases, code, annotation, plan, Python that computes it, walk."""
    return (
        (
            "keys",
            (
                f"return a list of the keys of a dictionary whose value {condition}",
                f"find the keys of a dictionary whose value {condition}",
            ),
            f"[k for k, v in $0.items() if {value}]",
            "list",
            f"Loop over the items, keep k where {value}.",
            lambda d: [key for key in d if test.test(d[key])],
            "the keys are",
        ),
        (
            "keep",
            (
                f"return a dictionary with only the items whose value {condition}",
                f"filter a dictionary to the items whose value {condition}",
                f"take a dictionary and return only the items whose value {condition}, as a dictionary",
            ),
            f"{{k: v for k, v in $0.items() if {value}}}",
            "dict",
            f"Loop over the items, keep k: v where {value}.",
            lambda d: {key: d[key] for key in d if test.test(d[key])},
            "what stays is",
        ),
        (
            "sum",
            (
                f"return the sum of the values of a dictionary that {test.plural}".removesuffix(","),
                f"add up the values of a dictionary that {test.plural}".removesuffix(","),
                f"take a dictionary and return the sum of its values that {test.plural}".removesuffix(","),
            ),
            f"sum(v for v in $0.values() if {value})",
            "int",
            f"Loop over the values, add v where {value}.",
            lambda d: sum(v for v in d.values() if test.test(v)),
            "the sum is",
        ),
        (
            "change",
            (
                f"return a dictionary with the same keys and {noun}".removesuffix(","),
                f"take a dictionary and return one with the same keys and {noun}".removesuffix(","),
            ),
            f"{{k: {new} for k, v in $0.items()}}",
            "dict",
            f"Keep each k and turn v into {new}.",
            lambda d: {key: change.apply(d[key]) for key in d},
            "it becomes",
        ),
    )


def composition(choose: random.Random) -> Problem:
    """One of the numbers' or the dictionary's."""
    return choose.choice((formula, two_tests, choice_of_two, dictionary))(choose)
