"""A thinking text in pieces with their token counts in; its outline out.

A text is cut into *steps* at blank lines and, inside long paragraphs, at sentences that open with a turn ("Wait,",
"不对"). The rules say what kind a step is, and short or like steps are joined into one entry. All of it depends on the
text alone, never on the pieces it came in, and no character is looked at more than a fixed number of times.
"""

import re
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from model.outline_rules import HEAD_CHARACTERS, TURN, Kind, bare, kind_of
from model.outline_titles import title_of

Gap = Literal["", "sentence", "line", "paragraph"]
STRENGTH: dict[Kind, int] = {"step": 0, "attempt": 1, "plan": 2, "check": 3, "turn_back": 4, "conclusion": 5}

LOOKAHEAD_CHARACTERS = 40  # as long as the longest turn; a sentence start waits for so much text behind it
FENCE_CHARACTERS = 4_000  # a code fence open for longer than this is taken for a stray one
SHORT_TOKENS = 40  # only the last entry may be shorter
TOKENS_PER_LONGER_TOKEN = 80  # that limit grows by a token for every 80 of the thought: 415 at 30,000
LIKE_STEPS = 6  # steps of one kind run on until the entry has this many times the limit


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One entry. `number` counts from 1; the text is `thinking[start_character:end_character]`.

    `first_token` counts from 0. Where one piece of text brought several tokens they are spread evenly over it.
    """

    number: int
    kind: Kind
    title: str
    start_character: int
    end_character: int
    first_token: int
    n_tokens: int


@dataclass(slots=True)
class _Draft:
    """An entry whose end is the start of the next one."""

    kind: Kind
    title: str
    start_character: int
    first_token: int
    start_weight: int


class OutlineBuilder:
    """Grows an outline while a thinking streams; a call of `feed` costs as much as its text is long.

    At any time `entries` is what the text so far gives when it is fed whole. All entries but the last two are final.
    """

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._tail = ""  # text from `_scanned` on: at most a lookahead and the newest piece
        self._scanned = 0  # characters that were looked at
        self._weight = 0  # of those, in eighths of an estimated token
        self._gap: Gap = "paragraph"  # what stands before the next character
        self._fence_start = -1
        self._step_start = 0  # the step that is being read, and at most HEAD_CHARACTERS of it until it is judged
        self._step_weight = 0
        self._head = ""
        self._is_judged = True
        self._n_characters = 0
        self._n_tokens = 0
        self._marks: deque[tuple[int, int]] = deque([(0, 0)])  # (characters, tokens) at the ends of the newest pieces
        self._carried_tokens = 0

    def feed(self, text: str, n_tokens: int) -> None:
        """Adds the next piece of the thinking.

        Args:
            text: May be empty (half of a character): its tokens then count with the next text.
            n_tokens: Tokens that `text` came from.
        """
        self._carried_tokens += n_tokens
        if not text:
            return
        self._n_characters += len(text)
        self._n_tokens += self._carried_tokens
        self._carried_tokens = 0
        self._marks.append((self._n_characters, self._n_tokens))
        self._tail += text
        self._scan()
        keep = self._step_start if not self._is_judged else self._scanned
        while len(self._marks) > 2 and self._marks[1][0] <= keep:
            self._marks.popleft()

    @property
    def entries(self) -> tuple[OutlineEntry, ...]:
        """The outline of all text so far, without gaps: each entry ends where the next one starts."""
        drafts = self._drafts
        if not self._is_judged:
            rest = HEAD_CHARACTERS - len(self._head)
            head = self._head + self._tail[:rest]
            last = replace(drafts[-1]) if drafts else None
            new = self._judge(head, last, is_cut=False)
            drafts = [*drafts[:-1], *([last] if last else []), *([new] if new else [])]
        total_tokens = self._n_tokens + self._carried_tokens
        ends = [(draft.start_character, draft.first_token) for draft in drafts[1:]] + [
            (self._n_characters, total_tokens)
        ]
        return tuple(
            OutlineEntry(i, d.kind, d.title, d.start_character, end, d.first_token, end_token - d.first_token)
            for i, (d, (end, end_token)) in enumerate(zip(drafts, ends, strict=False), 1)
        )

    def _scan(self) -> None:
        """Walks over the new characters, as far as they can be judged without the text that is still to come."""
        tail, offset = self._tail, 0
        while offset < len(tail):
            character = tail[offset]
            if character in ".!?" and not self._gap and offset + 1 == len(tail):
                break
            if self._gap and not character.isspace():
                if self._must_wait(tail, offset):
                    break
                self._meet(tail, offset)
            self._gap = self._gap_after(tail, offset)
            self._weight += 5 if "⺀" <= character <= "鿿" else 2
            if not self._is_judged:
                self._head += character
                if len(self._head) >= HEAD_CHARACTERS:
                    self._settle(is_cut=True)
            offset += 1
        self._tail = tail[offset:]
        self._scanned += offset

    def _gap_after(self, tail: str, offset: int) -> Gap:
        """What stands before the character after `offset`: the end of a sentence, a line, a paragraph or nothing."""
        character = tail[offset]
        if character == "\n":
            return "paragraph" if self._gap in ("line", "paragraph") else "line"
        if character.isspace():
            return self._gap
        is_end = character in "。！？" or (character in ".!?" and not self._gap and tail[offset + 1].isspace())
        return "sentence" if is_end else ""

    def _is_long(self) -> bool:
        return self._weight - self._step_weight >= SHORT_TOKENS * 8

    def _must_wait(self, tail: str, offset: int) -> bool:
        """A turn or a fence may stand at `offset`, but too little of it is here to tell. No turn holds a line end."""
        if tail[offset] == "`":
            return len(tail) - offset < 3
        if self._gap == "paragraph" or not self._is_long() or len(tail) - offset >= LOOKAHEAD_CHARACTERS:
            return False
        return "\n" not in tail[offset:]

    def _meet(self, tail: str, offset: int) -> None:
        """Starts a new step at a character behind a gap, where one starts."""
        position = self._scanned + offset
        if self._gap != "sentence" and tail.startswith("```", offset):
            is_open = 0 <= self._fence_start and position - self._fence_start <= FENCE_CHARACTERS
            self._fence_start = -1 if is_open else position
        if 0 <= self._fence_start and 0 < position - self._fence_start <= FENCE_CHARACTERS:
            return
        if self._gap == "paragraph" or (self._is_long() and TURN.match(tail, offset)):
            if not self._is_judged:
                self._settle(is_cut=False)
            self._step_start, self._step_weight = position, self._weight
            self._head, self._is_judged = "", False

    def _settle(self, *, is_cut: bool) -> None:
        """Judges the step that is being read for good."""
        if new := self._judge(self._head, self._drafts[-1] if self._drafts else None, is_cut=is_cut):
            self._drafts.append(new)
        self._head, self._is_judged = "", True

    def _judge(self, head: str, last: _Draft | None, *, is_cut: bool) -> _Draft | None:
        """The entry that a step starts, or `None` where it belongs to `last`, which may take its kind and title."""
        kind = kind_of(head)
        if last is not None:
            weight = (self._step_weight - last.start_weight) // 8
            limit = SHORT_TOKENS + self._step_weight // 8 // TOKENS_PER_LONGER_TOKEN
            if kind == "conclusion":
                limit = max(SHORT_TOKENS, limit // 3)
            if weight < limit:
                if STRENGTH[kind] > STRENGTH[last.kind] and (weight < SHORT_TOKENS or kind == "conclusion"):
                    last.kind, last.title = kind, title_of(head, is_cut=is_cut)
                return None
            is_other_way = kind == "attempt" and TURN.match(bare(head))
            is_alike = (kind == last.kind and not is_other_way) or kind == "step" or _is_formula(head)
            if is_alike and weight < limit * LIKE_STEPS:
                return None
        start = 0 if last is None else self._step_start
        first_token = 0 if last is None else self._token_at(start)
        return _Draft(kind, title_of(head, is_cut=is_cut), start, first_token, self._step_weight)

    def _token_at(self, character: int) -> int:
        """Tokens before `character`, which is not older than the marks that are kept."""
        before = self._marks[0]
        for after in self._marks:
            if after[0] >= character:
                span = after[0] - before[0]
                return before[1] + ((after[1] - before[1]) * (character - before[0]) // span if span else 0)
            before = after
        return before[1]


def _is_formula(head: str) -> bool:
    """A step of maths, list points or code only: it belongs to the sentence before it."""
    return bool(re.match(r"\\\[|\$\$|\\begin|```|[-*•]\s|[a-z]\.\s", head)) or not re.search(
        r"[A-Za-z]{3}|[⺀-鿿]", head
    )


def token_at(entries: tuple[OutlineEntry, ...], character: int) -> int:
    """Tokens before `character`, evenly spread within its entry: for "first reached at 3.1k of 11.8k tokens"."""
    for entry in entries:
        if character < entry.end_character:
            share = (character - entry.start_character) / (entry.end_character - entry.start_character)
            return entry.first_token + int(entry.n_tokens * share)
    return entries[-1].first_token + entries[-1].n_tokens if entries else 0
