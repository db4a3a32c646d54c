"""A random generator in, out a `Problem` put together from parts: which items, each changed how, brought together how.

"The sum of the squares of the numbers in a list that are greater than 5" is one of many thousand. The expected values
come from the parts' own Python, not from the code that the model is to write; the tests compare the two.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from train.tasks.python_endings import Ending
from train.tasks.python_functions import Case, Parameter, Problem
from train.tasks.python_parts import SOURCES, Change, Keep, Source

CASES = 4
WALKED_CASES = 2
TRIES = 40
LONGEST_VALUE = 40
ANY_NAMES = ("f", "solve", "process", "my_function", "compute", "foo", "transform", "task", "run", "do_it")
SOURCE_WEIGHTS = (5, 2, 2, 1, 2)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Items of `source` that pass `keep`, each changed by `change`, brought together by `ending`."""

    source: Source
    keep: Keep | None
    change: Change | None
    ending: Ending

    def kept(self, example: Any) -> list[Any]:
        """The items that pass."""
        return [item for item in self.source.items(example) if self.keep is None or self.keep.test(item)]

    def changed(self, example: Any) -> list[Any]:
        """The items that pass, each changed."""
        return [self.change.apply(item) if self.change else item for item in self.kept(example)]

    def expected(self, example: Any) -> Any:
        """The value that the function must return."""
        if self.ending.is_of_tests and self.keep:
            return self.ending.apply([self.keep.test(item) for item in self.source.items(example)])
        return self.ending.apply(self.changed(example))

    def noun(self, place: str) -> str:
        """The items in words, without "the" where nothing was changed."""
        adjective = f"{self.keep.adjective} " if self.keep and self.keep.adjective else ""
        clause = f" that {self.keep.plural}" if self.keep and not self.keep.adjective else ""
        return f"{adjective}{self.source.plural}{place}{clause}"

    def do(self) -> tuple[str, ...]:
        """What the function does, in several wordings."""
        where = f" {self.source.where}"
        there = " in it" if where.startswith(" in") else where
        change = self.change.words if self.change else "@"
        marks = {
            "@itsbare": self.noun(there),
            "@items": change.replace("@", f"the {self.noun(where)}"),
            "@its": change.replace("@", f"the {self.noun(there)}"),
            "@bare": self.noun(where),
            "@whole": self.source.whole,
            "@one": f"{self.source.singular}{where} {self.keep.singular if self.keep else ''}",
            "@many": f"{self.source.plural}{where} {self.keep.plural if self.keep else ''}",
        }
        return tuple(_marked(phrase, marks) for phrase in self.ending.do)

    def body(self) -> str:
        """The code, with `$0` for what the items come from."""
        loop, test = f"for @ in {self.source.iterable}", self.keep.code if self.keep else ""
        inner = f"{self.change.code if self.change else '@'} {loop}" + (f" if {test}" if test else "")
        if inner == f"@ {loop}":
            inner = self.source.iterable
        code = self.ending.code.replace("#inner", inner).replace("#loop", loop).replace("#test", test)
        return code.replace("@", self.source.variable)

    def plan(self) -> str:
        """What to keep, what to turn it into, how to end: each with its code."""
        if self.ending.is_of_tests and self.keep:
            steps = [f"Test {self.keep.code} for each @"]
        else:
            steps = [f"Keep each @ with {self.keep.code}"] if self.keep else []
            if self.change:
                steps.append(f"{'turn it' if steps else 'Turn each @'} into {self.change.code}")
        return ", ".join([*steps, self.ending.plan]).replace("@", self.source.variable) + "."

    def walk(self, example: Any) -> str:
        """The way from an example to its value, without the value."""
        steps = [f"{_listing(self.kept(example))} {'pass' if self.keep else ''}".strip()] if self.keep else []
        if self.change and not self.ending.slug == "":
            steps.append(f"changed {_listing(self.changed(example))}")
        return "; ".join([*steps, self.ending.result])

    def is_telling(self, example: Any) -> bool:
        """Whether an example shows what the function does: something is kept."""
        return bool(self.kept(example))

    def problem(self, choose: random.Random) -> Problem:
        """The whole of it, with fresh examples."""
        middle = [part.slug for part in (self.change, self.keep) if part]
        parts = [part.slug if part else "-" for part in (self.change, self.keep)]
        item_type = self.change.type if self.change else self.source.item_type
        return Problem(
            stem=":".join([self.source.stem, *parts, self.ending.slug or "list"]),
            names=("_".join([*([self.ending.slug] if self.ending.slug else []), *middle]), *ANY_NAMES),
            do=self.do(),
            parameters=(Parameter(self.source.names, self.source.type),),
            returns=self.ending.returns.replace("#", item_type),
            body=self.body(),
            plan=self.plan(),
            cases=cases_of(
                lambda: self.source.examples(choose, self.keep), repr, self.is_telling, self.expected, self.walk
            ),
        )


def _marked(phrase: str, marks: dict[str, str]) -> str:
    """Put words for the marks; a comma that a change left at the end goes."""
    for mark, words in marks.items():
        phrase = phrase.replace(mark, words)
    return phrase.replace(",,", ",").removesuffix(",")


def _listing(items: Sequence[Any]) -> str:
    """Items as a walk shows them."""
    return ", ".join(str(item) for item in items) or "none"


def cases_of(
    example: Callable[[], Any],
    arguments: Callable[[Any], str],
    is_telling: Callable[[Any], bool],
    expected: Callable[[Any], Any],
    walk: Callable[[Any], str],
) -> tuple[Case, ...]:
    """Different examples with their values; the first ones are telling, differ in their values and have a walk."""
    cases: dict[str, Case] = {}
    for attempt in range(TRIES):
        value = example()
        text, wants_walk = arguments(value), len(cases) < WALKED_CASES
        goal = repr(expected(value))
        is_good = (is_telling(value) and len(goal) <= LONGEST_VALUE) or not wants_walk or attempt > TRIES // 2
        is_new = (
            len(cases) >= WALKED_CASES or goal not in {case.expected for case in cases.values()} or attempt > TRIES // 2
        )
        if is_good and is_new and text not in cases:
            cases[text] = Case(text, goal, walk(value) if wants_walk else "")
        if len(cases) == CASES:
            break
    return tuple(cases.values())


def pipeline(choose: random.Random) -> Problem:
    """A function of a list, a text or a range."""
    while True:
        source = choose.choices(SOURCES, SOURCE_WEIGHTS)[0]
        ending = choose.choice(source.endings)
        needs_keep = ending.is_of_tests or ending.is_of_kept or choose.random() < 0.7
        keep = source.keep(choose) if needs_keep else None
        may_change = not (ending.is_of_tests or ending.is_of_kept)
        change = source.change(choose) if may_change and (keep is None or choose.random() < 0.6) else None
        item_type = change.type if change else source.item_type
        if ending.takes in ("any", item_type):
            return Pipeline(source, keep, change, ending).problem(choose)
