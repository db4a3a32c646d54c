"""The panes of a run as they grow in, the arithmetic claims of its thinking out: where they stand, which do not hold.

Places count UTF-16 units, as a browser does.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

from ui.live_tint import utf16_units
from ui.panes import Panes
from verify.arithmetic import Claim, ClaimReader, counts

# A browser that is handed thousands of marks anew several times a second does little else: they go as texts.
_GROUP_MARKS = 64
# So much is read within a few milliseconds; more of it in a thread, or everybody else would wait.
_LITTLE_CHARACTERS = 2_000
# A thread that reads takes the interpreter from whoever sends the text: that is given so long to go out first.
_HEAD_START_SECONDS = 0.4
# Every new value costs the browser some milliseconds, and nobody reads marks that fast.
_SAME_SECONDS = 0.5

_ORDER = re.compile(r"[<>≤≥]|\\(?:le|ge|lt|gt)")


class Marking:
    """Follows one run for one page; each piece of its thinking is read once.

    Args:
        key: Tells one following from another: marks only go with what the pane was handed under the same key.
        clock: Seconds that never go back.
    """

    def __init__(self, key: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = key
        self._clock = clock
        self._value: dict[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        self._same_until = 0.0
        self._reader = ClaimReader()
        self._read_characters = 0
        self._rest: list[Claim] = []
        self._is_rest_due = False
        # How far places are known: the characters, and the UTF-16 units that they are.
        self._place = (0, 0)
        self._found = {"holds": 0, "fails": 0, "not_checkable": 0}
        self._full_groups: list[str] = []
        self._last_group: list[str] = []

    def has_much_to_read(self, panes: Panes) -> bool:
        """Whether `read_aside` should do it."""
        return len(panes.thinking) - self._read_characters > _LITTLE_CHARACTERS

    async def read_aside(self, panes: Panes) -> None:
        """As `read`, in a thread; the first time after a moment."""
        if not self._read_characters:
            await asyncio.sleep(_HEAD_START_SECONDS)
        await asyncio.to_thread(self.read, panes)

    def read(self, panes: Panes) -> None:
        """Read what is new in the thinking: a claim is told when its sentence has ended, or the thinking."""
        thinking = panes.thinking
        if len(thinking) < self._read_characters:
            self._begin()
        if len(thinking) > self._read_characters:
            self._add(self._reader.feed(thinking[self._read_characters :]), thinking)
            self._read_characters = len(thinking)
            self._is_rest_due = True
        if panes.phase in ("waiting", "reading", "thinking"):
            self._rest, self._is_rest_due = [], True
        elif self._is_rest_due:
            # Not for good: *Continue* and a replay think on from here.
            self._rest, self._is_rest_due = self._reader.rest(), False

    def _add(self, claims: list[Claim], thinking: str) -> None:
        for outcome, number in counts(claims).items():
            self._found[outcome] += number
        rows, self._place = _rows(claims, thinking, self._place)
        self._last_group += rows
        while len(self._last_group) >= _GROUP_MARKS:
            self._full_groups.append(_group(self._last_group[:_GROUP_MARKS]))
            self._last_group = self._last_group[_GROUP_MARKS:]

    def value(self, panes: Panes) -> dict[str, Any]:
        """What `ui.parts.arithmetic_view` shows of what was read; while a run goes on, new at most twice a second.

        Returns:
            `key`; `groups` of marks, JSON texts of which only the last changes (`marks_of`); words for how many
            claims hold (`holds`), do not (`slips`), could not be checked (`unchecked`).
        """
        now = self._clock()
        if not panes.is_live or now >= self._same_until:
            self._value, self._same_until = self._new_value(panes), now + _SAME_SECONDS
        return self._value

    def _new_value(self, panes: Panes) -> dict[str, Any]:
        rest, _ = _rows(self._rest, panes.thinking, self._place)
        found = {name: self._found[name] + number for name, number in counts(self._rest).items()}
        groups = [*self._full_groups, *([_group([*self._last_group, *rest])] if self._last_group or rest else [])]
        words = {"holds": _holds_words(found["holds"]), "slips": _slips_words(found["fails"])}
        return {"key": self._key, "groups": groups, "unchecked": _unchecked_words(found["not_checkable"])} | words


Place = tuple[int, int]


def _rows(claims: list[Claim], thinking: str, place: Place) -> tuple[list[str], Place]:
    """The marks of the claims as JSON texts, and how far the text's units have been counted."""
    characters, units = place
    rows = []
    for claim in claims:
        units += utf16_units(thinking[characters : claim.start])
        characters = claim.start
        if claim.outcome == "not_checkable":
            continue
        row: list[Any] = [units, utf16_units(claim.text)]
        if claim.outcome == "fails":
            row += [claim.text, right_words(claim)]
        rows.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    return rows, (characters, units)


def _group(rows: list[str]) -> str:
    return f"[{','.join(rows)}]"


def marks_of(value: dict[str, Any]) -> list[list[Any]]:
    """The marks of a value of `Marking`: first unit and units, and of a slip its text and what would be right.

    >>> marks_of({"groups": ['[[0,9]]', '[[12,9,"2 + 2 = 5","should be 4"]]']})
    [[0, 9], [12, 9, '2 + 2 = 5', 'should be 4']]
    """
    return [mark for group in value["groups"] for mark in json.loads(group)]


def right_words(claim: Claim) -> str:
    """What is to be said of a claim that does not hold.

    >>> right_words(Claim(0, 9, "2 + 2 = 5", "fails", "4")), right_words(Claim(0, 7, "3*4 > 12", "fails", "12"))
    ('should be 4', 'the left side is 12')
    """
    if claim.right in ("", "both are equal"):
        return claim.right
    return f"the left side is {claim.right}" if _ORDER.search(claim.text) else f"should be {claim.right}"


def _holds_words(number: int) -> str:
    return f"{number:,} sum{' holds' if number == 1 else 's hold'}" if number else ""


def _slips_words(number: int) -> str:
    return f"{number:,} slip{'' if number == 1 else 's'}" if number else ""


def _unchecked_words(number: int) -> str:
    return f"{number:,} could not be checked: letters, or more than one reading" if number else ""
