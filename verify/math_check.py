"""Answers of several samples, or a problem and an answer, in; what speaks for one out: `Evidence`, never a verdict.

An answer that is wrong in every sample agrees with itself too, and a number that satisfies an equation need not be what
was asked for: the words say what was seen, and nothing more.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from model.events import Evidence, Strength
from verify.expression import NotReadable, Tree, names_in, read
from verify.formulas import FORMULA, inside
from verify.normal_form import normal_form
from verify.number_forms import value_of
from verify.parts import split_top
from verify.worth import NoValue, TooLarge, Value, evaluate, is_same

# Whether two answers are the same, asked in one direction.
Compares = Callable[[str, str], bool]

_Z = 1.96
_SIDE = r"(?:(?:\d+(?:\.\d+)?|(?<![a-zA-Z])[a-z](?![a-zA-Z])|[-+*/^()])\s*)+"
_PLAIN_EQUATION = re.compile(rf"(?<![\w=<>])({_SIDE}=\s*{_SIDE})(?![\w=])")
_ASKED = re.compile(
    r"\b(?:solve|find|determine|what\s+(?:is|are)|compute)\b[^.?!]{0,60}?(?<![\w^*/+\-])\$?([a-zA-Z])\$?"
    r"(?=\s*[.,?!:;]|\s*$|\s+(?:if|such|when|given|in|where|for)\b)",
    re.IGNORECASE,
)


# ------------------------------------------------------------------ vote


@dataclass(slots=True)
class AnswerClass:
    """Samples that gave the same answer; the first one's spelling stands for all."""

    answer: str
    samples: list[int] = field(default_factory=list)


class Vote:
    """Collects the answers of the samples of one problem, as they come.

    Args:
        n_samples: How many there will be.
        compares: Whether the second answer is the first; joined are only those that are so both ways round.
        first_to_finish: Decide when so many have answered, whatever the others say; `None` waits for all.
    """

    def __init__(self, n_samples: int, compares: Compares, first_to_finish: int | None = None) -> None:
        self._n_samples = n_samples
        self._compares = compares
        self._wanted = min(n_samples, first_to_finish or n_samples)
        self.classes: list[AnswerClass] = []
        self.without_answer: list[int] = []

    def add(self, sample: int, answer: str | None) -> None:
        """The answer of a sample that has ended; `None` if it gave none."""
        if answer is None:
            self.without_answer.append(sample)
            return
        for each in self.classes:
            if self._compares(each.answer, answer) and self._compares(answer, each.answer):
                each.samples.append(sample)
                return
        self.classes.append(AnswerClass(answer, [sample]))

    @property
    def ranked(self) -> list[AnswerClass]:
        """Most samples first; among equals, the one that was there first."""
        return sorted(self.classes, key=lambda each: -len(each.samples))

    @property
    def n_ended(self) -> int:
        """Samples that have ended, with an answer or without."""
        return sum(len(each.samples) for each in self.classes) + len(self.without_answer)

    @property
    def is_decided(self) -> bool:
        """Whether no sample that is still to come can change who wins."""
        left = self._wanted - self.n_ended
        if left <= 0:
            return True
        counts = [len(each.samples) for each in self.ranked[:2]]
        if not counts:
            return False
        return counts[0] > (counts[1] if len(counts) > 1 else 0) + left

    def evidence(self) -> Evidence | None:
        """The share of the winner with its interval; `None` while there is no answer at all."""
        if not self.classes:
            return None
        first, n = self.ranked[0], self.n_ended
        low, high = wilson(len(first.samples), n)
        is_tied = len(self.ranked) > 1 and len(self.ranked[1].samples) == len(first.samples)
        tied = "; another answer has as many" if is_tied else ""
        words = (
            f"{len(first.samples)} of {n} samples say {first.answer} ({100 * len(first.samples) / n:.0f}%, "
            f"95% interval {100 * low:.0f} to {100 * high:.0f}%){tied}. They can all be wrong in the same way."
        )
        strength: Strength = "none" if is_tied or n == 1 else "fair" if low >= 0.5 else "weak"
        return Evidence("vote", strength, words)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share.

    Source:
        Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    >>> [[round(end, 3) for end in wilson(*counts)] for counts in ((24, 30), (80, 100))]
    [[0.627, 0.905], [0.711, 0.867]]
    """
    if not n:
        return 0.0, 1.0
    share = successes / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


# ------------------------------------------------------------------ substitution


def substitution(problem: str, answer: str) -> Evidence | None:
    """Whether the claimed value satisfies the problem's own equation; `None` where there is none to put it into.

    >>> substitution("Solve $2x + 1 = 7$ for x.", "3").words
    'x = 3 satisfies 2x + 1 = 7. That it is what was asked for, and the only one, is not shown.'
    >>> substitution("Solve $2x + 1 = 7$ for x.", "4").words
    'x = 4 does not satisfy 2x + 1 = 7.'
    """
    equations = _equations(problem)
    names = set().union(*(names_in(left) | names_in(right) for _, left, right in equations)) if equations else set()
    if len(names) != 1 or len(equations) != 1:
        return None
    (name,) = names
    asked = {match[1] for match in _ASKED.finditer(_plain(problem))}
    if name not in asked:
        return None
    text, left, right = equations[0]
    claimed = [re.sub(rf"\A\s*{re.escape(name)}\s*=\s*", "", part) for part in _claimed(answer)]
    results = [_satisfies(left, right, name, part) for part in claimed]
    if not results or any(result is None for result in results):
        return None
    if all(results):
        values = ", ".join(f"{name} = {part}" for part in claimed)
        verb = "satisfies" if len(claimed) == 1 else "satisfy"
        only = "the only one" if len(claimed) == 1 else "that there are no others"
        return Evidence(
            "substitution", "fair", f"{values} {verb} {text}. That it is what was asked for, and {only}, is not shown."
        )
    failed = next(part for part, result in zip(claimed, results, strict=True) if not result)
    return Evidence("substitution", "strong", f"{name} = {failed} does not satisfy {text}.", is_for=False)


def _plain(problem: str) -> str:
    return re.sub(r"[$\\(\\)\[\]]+", " ", problem)


def _claimed(answer: str) -> list[str]:
    form = normal_form(answer)
    inner = form[2:-2] if form.startswith(r"\{") and form.endswith(r"\}") else form
    return [each.strip() for part in split_top(inner) for each in re.split(r"\s+(?:and|or)\s+", part) if each.strip()]


def _equations(problem: str) -> list[tuple[str, Tree, Tree]]:
    """The equations that stand in a problem: its formulas, else what looks like one in plain text."""
    texts = [inside(match) for match in FORMULA.finditer(problem)]
    if not any("=" in text for text in texts):
        texts = [match[1] for match in _PLAIN_EQUATION.finditer(problem)]
    found = []
    for text in texts:
        sides = normal_form(text).split("=")
        if len(sides) != 2:
            continue
        try:
            found.append((text.strip(), read(sides[0]), read(sides[1])))
        except NotReadable:
            continue
    return found


def _satisfies(left: Tree, right: Tree, name: str, claimed: str) -> bool | None:
    try:
        value: Value | None = value_of(claimed)
        if value is None:
            return None
        return is_same(evaluate(left, {name: value}), evaluate(right, {name: value}))
    except (NoValue, TooLarge):
        return None
