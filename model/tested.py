"""A run's events in, the program that was found in its answer and what the tests said of it out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from model.code_events import Program, TestReport
from model.events import Event, Evidence, Finished, Steered

_FORGEABLE = " (they share a process with the program, which could have forged it)"


@dataclass(frozen=True, slots=True)
class Tested:
    """What was found out about the answer of a run that stands now.

    Args:
        program: `None` while nobody has looked.
        reports: On that program; the last of each kind of tests.
    """

    __test__ = False  # pytest shall not take it for a test

    program: Program | None = None
    reports: tuple[TestReport, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def read_tested(events: Iterable[Event]) -> Tested:
    """What was found out about the answer of a run; one that went on after its end has to be looked at anew.

    The last events of a run are enough, from its end on.

    >>> read_tested([Finished("stop"), Program("pass"), TestReport("ok")]).program
    Program(source='pass', words='', by_user=False, type='program')
    >>> read_tested([Finished("stop"), Program("pass"), Steered("think_longer")])
    Tested(program=None, reports=(), evidence=())
    """
    tested, has_ended = Tested(), False
    for event in events:
        match event:
            case Finished():
                has_ended = True
            case Steered() if has_ended or tested != Tested():
                tested, has_ended = Tested(), False
            case Program():
                tested = Tested(event)
            case TestReport():
                others = tuple(each for each in tested.reports if each.tests_from != event.tests_from)
                tested = replace(tested, reports=(*others, event))
            case Evidence():
                alike = tuple(each for each in tested.evidence if each.kind != event.kind)
                tested = replace(tested, evidence=(*alike, event))
            case _:
                pass
    return tested


def joined_words(reports: Sequence[TestReport]) -> str:
    """What several kinds of tests said of one program, for people, in one line; empty if there were none.

    >>> joined_words([TestReport("ok"), TestReport("timeout", message="it takes too long")])
    'not tested; not tested: it takes too long'
    """
    return "; ".join(each.words + (_FORGEABLE if each.is_forgeable and each.has_passed else "") for each in reports)
