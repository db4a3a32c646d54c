"""A gold answer and a candidate in, whether they are the same answer and why out. Runs in the child process only.

Each rule looks at both and either decides or leaves them to the next one; the last is math-verify.
"""

import re
from dataclasses import dataclass
from functools import partial

from model.events import Outcome
from verify.expression_rules import algebra, congruence, equation, family, inequality
from verify.interval_rules import excluded, interval
from verify.normal_form import normal_form, unmarked
from verify.number_rules import base, measures, number, unit
from verify.rules import Finding, Policy, Rule, correct, undecided, wrong
from verify.structure_rules import assignment, derived, matrix, named_tuple, several, vector
from verify.symbolic import symbolic
from verify.time_rules import clock_time, date, ratio
from verify.word_rules import choice, elision, meaning, name, remark, words

_MAX_DEPTH = 5
_MAX_REASON = 300
_RULES: tuple[Rule, ...] = (
    remark,
    choice,
    meaning,
    clock_time,
    date,
    ratio,
    base,
    number,
    name,
    elision,
    inequality,
    interval,
    matrix,
    measures,
    named_tuple,
    excluded,
    congruence,
    vector,
    family,
    derived,
    several,
    assignment,
    equation,
    unit,
    algebra,
    words,
    symbolic,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome, a reason for people, and the two spellings that were compared."""

    outcome: Outcome
    reason: str
    gold_form: str
    candidate_form: str


def compare(gold: str, candidate: str, policy: Policy | None = None) -> Comparison:
    r"""Whether a candidate says the same as the gold.

    >>> compare(r"\frac{1}{2}", "2/4").reason
    '2/4 equals \\frac{1}{2}'
    >>> compare("5 cm", "5 m").reason
    'the unit says m, the reference cm'
    >>> compare("(3, 4]", "(3, 4)").outcome, compare("x^2 - 1", "(x-1)(x+1)").outcome
    ('wrong', 'correct')
    """
    forms = normal_form(gold), normal_form(candidate)
    if not forms[0]:
        return Comparison("undecided", "the reference is empty", *forms)
    if not forms[1]:
        return Comparison("undecided", "the answer is empty", *forms)
    found = _compared(policy or Policy(), _MAX_DEPTH, *forms)
    reason = found.reason if len(found.reason) <= _MAX_REASON else f"{found.reason[:_MAX_REASON]}…"
    return Comparison(found.outcome, reason, *forms)


def _compared(policy: Policy, depth: int, gold: str, candidate: str) -> Finding:
    if _squeezed(gold) == _squeezed(candidate):
        return correct("it is the reference, written the same way")
    if not depth:
        return undecided("it is nested too deeply")
    if not gold or not candidate:
        return wrong("a part is missing")
    compares = partial(_compared, policy, depth - 1)
    for rule in _RULES:
        found = rule(gold, candidate, policy, compares)
        if found is not None:
            return found
    return undecided("no rule could compare them")


def _squeezed(text: str) -> str:
    """Without what never matters: spaces and the marks of text."""
    # 3 1/2 is not 31/2.
    return re.sub(r"(?<!\d) | (?!\d)", "", unmarked(text)).rstrip(".")
