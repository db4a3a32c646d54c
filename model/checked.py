"""A run's events in, what was found out about its answer out: its verdict, what speaks for it, or nothing yet."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from model.events import Event, Evidence, FinalAnswer, Finished, Problem, Steered, Verdict

Standing = Literal["correct", "wrong", "undecided", "evidence", "not checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about the answer that stands now.

    Args:
        final_answer: `None` while nobody has looked for it.
        evidence: The last of each kind.
    """

    problem: Problem | None = None
    final_answer: FinalAnswer | None = None
    verdict: Verdict | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def standing(self) -> Standing:
        """The verdict's outcome where there is one, else whether anything was seen."""
        if self.verdict is not None:
            return self.verdict.outcome
        return "evidence" if any(each.strength != "none" for each in self.evidence) else "not checked"

    @property
    def words(self) -> str:
        """For people, in one line.

        >>> Checked(verdict=Verdict("wrong", "5 is not 4")).words, Checked().words
        ('wrong: 5 is not 4', 'not checked')
        """
        if self.verdict is not None:
            return f"{self.verdict.outcome}: {self.verdict.reason}"
        return " ".join(["not checked", *(f"({each.words})" for each in self.evidence)])


def checked_of(events: Iterable[Event]) -> Checked:
    """What was found out about the answer of a run; a run that went on after its end has to be checked anew.

    The last events of a run are enough: what was found out stands behind its end.

    >>> checked_of([Finished("stop"), Verdict("correct", "same"), Steered("think_longer")]).standing
    'not checked'
    """
    checked, has_ended = Checked(), False
    for event in events:
        match event:
            case Problem():
                checked = replace(checked, problem=event)
            case Finished():
                has_ended = True
            case Steered() if has_ended or checked != Checked(checked.problem):
                checked, has_ended = Checked(checked.problem), False
            case FinalAnswer():
                checked = replace(checked, final_answer=event)
            case Verdict():
                checked = replace(checked, verdict=event)
            case Evidence():
                others = tuple(each for each in checked.evidence if each.kind != event.kind)
                checked = replace(checked, evidence=(*others, event))
            case _:
                pass
    return checked
