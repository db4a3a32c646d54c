"""Runs that ask for the model in, who has it next and who gives it back out: pure, one run a slot, no clock of its own.

Who holds fewest slots goes first; among equals, whoever has waited a turn, else whoever was served fewest tokens of
late; a user's own runs go in the order in which they came. Nobody is passed over for ever, and a long run gives its
slot back when others have waited a turn: short questions are not kept waiting by long thoughts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

# Tokens count half after so long.
_HALF_LIFE_SECONDS = 300.0
# Whoever holds no slot goes first, whatever the others' shares, after so many others were let in before him; whoever
# holds some, after as many more for each.
MOST_PASSED = 16
# A run that came back often waits longer for its next turn, up to so many turns: new questions are the short ones.
_MOST_TURNS = 6
# What a run is charged for being let in, so that those who are let in at the same moment take turns.
_ENTRY_TOKENS = 32
# Getting back to where a run was may take no more than this share of its turn.
_RETURN_SHARE = 0.25
# Runs that nobody waits for at a page give way after so long.
_PATIENT_SECONDS = 0.5


@dataclass(slots=True)
class LineRun:
    """One run in the line.

    Args:
        number: Its place among all that ever came; a run that was in before keeps it.
        kind: What its length is guessed from: runs of one kind are of similar lengths.
        most_tokens: It writes no more than this, as far as is known.
        is_patient: Nobody waits for it at a page.
        is_fixed: It cannot be gone on with, so it keeps its slot to its end.
    """

    id: str
    owner: str
    number: int
    kind: str = ""
    most_tokens: int | None = None
    is_patient: bool = False
    is_fixed: bool = False
    tokens: int = 0
    waits_since: float = 0.0
    seated_at: float = 0.0
    return_seconds: float = 0.0
    turns: int = 0
    passed: int = 0
    is_asked_back: bool = False


@dataclass(slots=True)
class _Served:
    """Tokens that a user was served, older ones counting less."""

    tokens: float = 0.0
    at: float = 0.0

    def now(self, now: float) -> float:
        return float(self.tokens * 0.5 ** (max(now - self.at, 0.0) / _HALF_LIFE_SECONDS))


@dataclass(slots=True)
class FairOrder:
    """Who waits, who holds a slot, and who was served how much.

    Args:
        turn_seconds: How long one may hold a slot that others wait for; 0 never takes one back.
    """

    turn_seconds: float = 10.0
    waiting: dict[str, LineRun] = field(default_factory=dict)
    seated: dict[str, LineRun] = field(default_factory=dict)
    _served: dict[str, _Served] = field(default_factory=dict)
    # When a user was given a slot last, and when he gave back the last one that he held.
    _let_in_at: dict[str, float] = field(default_factory=dict)
    _left_at: dict[str, float] = field(default_factory=dict)

    def wait(self, run: LineRun, now: float) -> None:
        """The run asks for a slot; nothing happens if it waits or holds one already."""
        if run.id not in self.waiting and run.id not in self.seated:
            run.waits_since = now
            run.passed = 0
            self.waiting[run.id] = run

    def leave(self, run: LineRun, now: float) -> None:
        """The run waits no more and gives back what it holds."""
        self.waiting.pop(run.id, None)
        if self.seated.pop(run.id, None) is not None:
            self._left_at[run.owner] = now
        run.is_asked_back = False

    def serve(self, run: LineRun, tokens: float, now: float) -> None:
        """The run was given so many tokens."""
        known = self._served.setdefault(run.owner, _Served(0.0, now))
        known.tokens, known.at = known.now(now) + tokens, now
        if len(self._served) > 10_000:
            self._served = {owner: each for owner, each in self._served.items() if each.now(now) >= 1.0}
            for times in (self._let_in_at, self._left_at):
                for owner in times.keys() - self._served.keys():
                    del times[owner]

    def served(self, owner: str, now: float) -> float:
        """Tokens that a user was served lately."""
        known = self._served.get(owner)
        return known.now(now) if known is not None else 0.0

    def grant(self, slots: int, now: float) -> list[LineRun]:
        """Give out the slots that are free; the runs that got one."""
        granted = []
        while len(self.seated) < slots and self.waiting:
            run = self.next_in(self.waiting, self.seats(), now)
            self._pass_over(run)
            del self.waiting[run.id]
            run.seated_at, run.is_asked_back = now, False
            self._let_in_at[run.owner] = now
            self.serve(run, _ENTRY_TOKENS, now)
            run.turns += 1
            self.seated[run.id] = run
            granted.append(run)
        return granted

    def seats(self) -> Counter[str]:
        """Slots by user."""
        return Counter(run.owner for run in self.seated.values())

    def heads(self, waiting: dict[str, LineRun]) -> list[LineRun]:
        """Of each user, the run that came first."""
        first: dict[str, LineRun] = {}
        for run in waiting.values():
            if run.owner not in first or run.number < first[run.owner].number:
                first[run.owner] = run
        return list(first.values())

    def next_in(self, waiting: dict[str, LineRun], seats: Counter[str], now: float) -> LineRun:
        """The run that is let in next."""

        def key(run: LineRun) -> tuple[bool, int, bool, float, int]:
            if run.passed >= MOST_PASSED * (1 + seats[run.owner]):
                return False, 0, False, 0.0, run.number
            if 0 < self.turn_seconds and self.due_at(run, seats) <= now:
                return True, seats[run.owner], False, self.due_at(run, seats), run.number
            return True, seats[run.owner], True, self.served(run.owner, now), run.number

        return min(self.heads(waiting), key=key)

    def _pass_over(self, chosen: LineRun) -> None:
        for run in self.heads(self.waiting):
            if run.owner != chosen.owner:
                run.passed += 1

    def ask_back(self, slots: int, now: float) -> list[LineRun]:
        """Mark the runs that are to give their slot back, so that others get their turn; those marked just now."""
        asked: list[LineRun] = []
        if self.turn_seconds <= 0 or len(self.seated) < slots:
            return asked
        seats = self.seats()
        seats.subtract(run.owner for run in self.seated.values() if run.is_asked_back)
        waiting = dict(self.waiting)
        # Slots that come back already are for those who are next.
        for _ in range(sum(run.is_asked_back for run in self.seated.values())):
            if waiting:
                first = self.next_in(waiting, seats, now)
                seats[first.owner] += 1
                del waiting[first.id]
        for run in sorted(self.heads(waiting), key=lambda each: (seats[each.owner], each.number)):
            victim = self._victim_for(run, seats, now)
            if victim is not None:
                victim.is_asked_back = True
                asked.append(victim)
                seats[victim.owner] -= 1
                seats[run.owner] += 1
        return asked

    def due_at(self, run: LineRun, seats: Counter[str]) -> float:
        """When a run that waits may have somebody else's slot: a turn after it came, or after its user was served last.

        Whoever holds slots is served when he gets one more; whoever holds none, until he gave back the last.
        """
        served_at = self._let_in_at if seats[run.owner] else self._left_at
        since = max(run.waits_since, served_at.get(run.owner, run.waits_since))
        return since + self.turn_seconds * min(1 + run.turns, _MOST_TURNS)

    def over_at(self, run: LineRun) -> float:
        """When the turn of a run that holds a slot is over."""
        return run.seated_at + max(self.turn_seconds, run.return_seconds / _RETURN_SHARE)

    def _victim_for(self, run: LineRun, seats: Counter[str], now: float) -> LineRun | None:
        """Whose slot a waiting run may have: one of a user who holds more than its own, and whose turn is over."""
        found: Sequence[LineRun] = [
            each for each in self.seated.values() if not each.is_asked_back and seats[each.owner] > seats[run.owner]
        ]
        found = [each for each in found if not each.is_fixed and self._gives_way(each, run, seats, now)]
        return max(found, key=lambda each: (each.is_patient, seats[each.owner], -each.seated_at), default=None)

    def _gives_way(self, seated: LineRun, run: LineRun, seats: Counter[str], now: float) -> bool:
        if seated.is_patient and not run.is_patient:
            return now - run.waits_since >= _PATIENT_SECONDS
        return now >= self.due_at(run, seats) and now >= self.over_at(seated)
