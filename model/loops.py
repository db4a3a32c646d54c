"""Text of a thinking in, piece by piece; out, once it goes in circles, what it repeats.

Two detectors, because there are two ways of going in circles.

* Exact: the text ends with one unit over and over. How much of it is needed depends on the unit. Sentences are hardly
  ever repeated on purpose, so a few rounds will do; zeros, dashes, table rows and markup are (a zero matrix of 30 rows
  is 1,800 characters of exact cycle), so they must fill 3,000 characters first. That costs a real loop some seconds and
  saves a good thinking.
* Near: the same words again, while marks, white space and a few words differ. Texts are compared in runs of eight
  words. A run is *stale* when it was seen twice before. A loop is a stretch that is stale nearly all through and
  brings nothing new. One number, single letter or word that is new is progress ("Case n = 7: ..."), and progress is
  no loop, however alike the sentences are.

Nothing is kept but the last 26,000 characters and 8,000 words, and no check looks further back.
"""

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

# --- exact cycles
# A unit is at most this long: about 2,000 tokens.
LONGEST_PERIOD_CHARACTERS = 8_000
# Three rounds are needed of any unit: twice is what a person does who checks.
LEAST_REPEATS = 3
# Sentences: 800 characters are eight lines with the same sentence, or three rounds of a paragraph.
PROSE_CHARACTERS = 800
# A word or two ("wait, wait, wait", "left, right"): thinkings do list coin throws and directions.
WORDS_CHARACTERS = 1_500
# Digits, marks, code and markup: grids, rulers, long divisions and test strings are shorter than this.
SYMBOLS_CHARACTERS = 3_000
# The end of the text is looked up further back; 48 characters seldom occur twice by chance.
_PROBE_CHARACTERS = 48
_CHECK_EVERY_CHARACTERS = 64
_MOST_CANDIDATES = 24
_KEPT_CHARACTERS = LEAST_REPEATS * LONGEST_PERIOD_CHARACTERS + 2_000

# --- near-repeats
_RUN_WORDS = 8
_SEEN_BEFORE = 2
# A stretch is at least this long, and a whole round where a round is longer.
STRETCH_WORDS = 240
# With so few different words ("Let me check again") a stretch must be longer: lists of verdicts are like that.
FEW_DIFFERENT_WORDS = 8
FEW_WORDS_STRETCH = 400
# Fewer than these, and it is a truth table, a grid or a score: left to the exact detector.
LEAST_DIFFERENT_WORDS = 4
STALE_SHARE = 0.9
# Rounds of about the same length: in a loop the runs come back at one distance, in a case analysis at many.
_ALIKE_SHARE = 0.7
_ALIKE_WITHIN = 0.15
# Sentences that come back in any order are a loop only if a long stretch has nothing else.
SHUFFLED_WORDS = 900
SHUFFLED_STALE_SHARE = 0.97
_SHUFFLED_SEEN_BEFORE = 3
SHUFFLED_DIFFERENT_WORDS = 12
# Of the words, so many must be no numbers and single letters (a list of the moves of a puzzle has 0.63), and of the
# characters so many letters and sentence marks (markup has 0.6): what has less is left to the exact detector.
_WORDY_SHARE = 0.7
_NEAR_PLAIN_SHARE = 0.75
_KEPT_WORDS = 8_000
_NEAR_CHECK_EVERY_WORDS = 24

# A Chinese, Japanese or Korean character is a word; else letters and digits that stand together are.
_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WIDE_CHARACTER = re.compile(f"[{_WIDE}]")
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+(?:['’][^\W_{_WIDE}]+)*")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Loop:
    """A text that goes in circles.

    Args:
        period_characters: Length of one round (of the last one, where rounds differ).
        repeats: Whole rounds that the text ends with, as far back as is known; without `repeats - 1` rounds at its
            end, one round is left of it.
        text: The last round.
    """

    kind: Literal["exact", "near"]
    period_characters: int
    repeats: int
    text: str


class LoopDetector:
    """Fed with the text as it comes; gives a `Loop` once, then starts afresh."""

    def __init__(self) -> None:
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._text = ""
        self._new: list[str] = []
        self._new_characters = 0
        self._words = _WordHistory()

    def feed(self, text: str) -> Loop | None:
        """The loop that the text has got into with this piece, or None.

        An exact one is found at most 64 characters after it has filled 800, 1,500 or 3,000 characters (sentences, a
        word or two, symbols) and three rounds; a near one at most about 25 words after 240 words, or one whole round,
        in which every run of words comes at least for the third time.
        """
        self._new.append(text)
        self._new_characters += len(text)
        near = self._words.feed(text)
        if near is None and self._new_characters < _CHECK_EVERY_CHARACTERS:
            return None
        # A long piece is looked at in steps, so that what is found does not depend on the pieces' length much.
        todo = "".join(self._new)
        self._new, self._new_characters = [], 0
        for start in range(0, len(todo), _CHECK_EVERY_CHARACTERS):
            self._text = (self._text + todo[start : start + _CHECK_EVERY_CHARACTERS])[-_KEPT_CHARACTERS:]
            if (loop := _exact_loop(self._text)) is not None:
                self._start_afresh()
                return loop
        if near is not None and _plain_share(self._text[-max(near[0], 400) :]) >= _NEAR_PLAIN_SHARE:
            period, repeats = near
            loop = Loop("near", period, repeats, self._text[-period:])
            self._start_afresh()
            return loop
        return None


def _exact_loop(text: str) -> Loop | None:
    """The cycle that `text` ends with, if it is long enough to be one."""
    probe = text[-_PROBE_CHARACTERS:]
    if len(probe) < _PROBE_CHARACTERS:
        return None
    end = len(text)
    low = max(0, end - LONGEST_PERIOD_CHARACTERS - _PROBE_CHARACTERS)
    high = end - 1
    for _ in range(_MOST_CANDIDATES):
        at = text.rfind(probe, low, high)
        if at < 0:
            return None
        period = end - _PROBE_CHARACTERS - at
        filled = _cycle_characters(text, period)
        if filled >= max(LEAST_REPEATS * period, PROSE_CHARACTERS) and filled >= _needed_characters(text[-period:]):
            return Loop("exact", period, filled // period, text[-period:])
        # Inside a short cycle that does not suffice every multiple of it would match too: go on before it.
        skipped = filled - period if filled >= 2 * period else 0
        high = at + _PROBE_CHARACTERS - 1 - skipped
    return None


def _cycle_characters(text: str, period: int) -> int:
    """How many characters at the end of `text` repeat with `period`."""
    end = len(text)
    known, step = period, period
    # Steps double while they match and halve when they do not: few comparisons, each in C.
    while step:
        longer = min(known + step, end)
        if longer > known and text[end - longer : end - known] == text[end - longer + period : end - known + period]:
            known, step = longer, step * 2
        else:
            step //= 2
    return known


def _needed_characters(unit: str) -> int:
    """How many characters a cycle of this unit must fill.

    >>> [_needed_characters(unit) for unit in ("Let me check that again. ", "wait, ", "0 ")]
    [800, 1500, 3000]
    """
    letters = _LETTER.findall(unit)
    wide = len(_WIDE_CHARACTER.findall(unit))
    if not letters or _plain_share(unit) < 0.85 or not (wide or re.search(r"\s", unit)):
        return SYMBOLS_CHARACTERS
    # About three words that are not one word again and again.
    is_sentence = len(letters) + 2 * wide >= 12 and len({letter.casefold() for letter in letters}) >= 6
    return PROSE_CHARACTERS if is_sentence else WORDS_CHARACTERS


def _plain_share(text: str) -> float:
    """How much of a text, white space left out, is letters and the marks of sentences."""
    characters = len("".join(text.split()))
    return (len(_LETTER.findall(text)) + sum(map(text.count, ".,;!?'’。，！？、"))) / max(1, characters)


class _WordHistory:
    """The last words and where each run of eight was seen; says when a stretch brings nothing new.

    `stale`, `very_stale`, `fresh` and `wordy` are running sums, so any stretch is looked at in constant time.
    """

    def __init__(self) -> None:
        self._tail = ""
        self._characters = 0
        self._count = 0
        self._last: deque[str] = deque(maxlen=_RUN_WORDS)
        self._runs: dict[int, tuple[int, int]] = {}  # run -> (where it was seen last, how often)
        self._single: dict[str, int] = {}  # word -> where it was seen last
        self._order: deque[tuple[int, str]] = deque()
        self._sums: deque[tuple[int, int, int, int]] = deque(((0, 0, 0, 0),), maxlen=_KEPT_WORDS)
        self._ends: deque[int] = deque(maxlen=_KEPT_WORDS)
        self._gaps: deque[int] = deque(maxlen=64)

    def feed(self, text: str) -> tuple[int, int] | None:
        """(characters of a round, rounds) once the words go in circles."""
        text = self._tail + text
        # The last word may go on in the next piece.
        cut = len(text)
        while cut and cut > len(text) - 64 and (text[cut - 1].isalnum() or text[cut - 1] in "'’"):
            cut -= 1
        self._tail = text[cut:]
        found = None
        for match in _WORD.finditer(text, 0, cut):
            self._add(match.group().casefold(), self._characters + match.end())
            if self._count % _NEAR_CHECK_EVERY_WORDS == 0:
                found = self._loop() or found
        self._characters += cut
        return found

    def _add(self, word: str, end: int) -> None:
        at = self._count
        self._count += 1
        self._last.append(word)
        run = hash(tuple(self._last))
        seen_at, times = self._runs.get(run, (-1, 0))
        self._runs[run] = (at, times + 1)
        is_new_word = word not in self._single
        self._single[word] = at
        self._order.append((run, word))
        if len(self._order) > _KEPT_WORDS:
            self._forget(*self._order.popleft(), at - _KEPT_WORDS)
        is_stale = times >= _SEEN_BEFORE
        if is_stale:
            self._gaps.append(at - seen_at)
        is_mark = _is_mark(word)
        is_progress = is_new_word or (is_mark and times == 0)
        stale, very_stale, fresh, wordy = self._sums[-1]
        self._sums.append(
            (
                stale + is_stale,
                very_stale + (times >= _SHUFFLED_SEEN_BEFORE),
                fresh + is_progress,
                wordy + (not is_mark),
            )
        )
        self._ends.append(end)

    def _forget(self, run: int, word: str, at: int) -> None:
        if self._runs[run][0] == at:
            del self._runs[run]
        if self._single[word] == at:
            del self._single[word]

    def _loop(self) -> tuple[int, int] | None:
        gap = self._usual_gap()
        if gap is not None:
            stretch = max(STRETCH_WORDS, gap)
            # Progress may come once a round, so it is looked for in two of them.
            is_new = self._fresh_in(max(STRETCH_WORDS, 2 * gap))
            if not is_new and self._is_stale(stretch, STALE_SHARE, 0) and self._says_enough(stretch):
                return self._round(gap)
        if self._is_stale(SHUFFLED_WORDS, SHUFFLED_STALE_SHARE, 1) and not self._fresh_in(SHUFFLED_WORDS):
            if self._different_words(SHUFFLED_WORDS) >= SHUFFLED_DIFFERENT_WORDS:
                return self._round(self._middle_gap())
        return None

    def _usual_gap(self) -> int | None:
        """The distance at which most of the last stale runs came back, or None if there is no such distance."""
        if len(self._gaps) < self._gaps.maxlen:  # type: ignore[operator]
            return None
        middle = self._middle_gap()
        alike = sum(abs(gap - middle) <= max(4, _ALIKE_WITHIN * middle) for gap in self._gaps)
        return middle if alike >= _ALIKE_SHARE * len(self._gaps) else None

    def _middle_gap(self) -> int:
        return sorted(self._gaps)[len(self._gaps) // 2]

    def _is_stale(self, words: int, share: float, which: int) -> bool:
        if len(self._sums) <= words:
            return False
        newest, oldest = self._sums[-1], self._sums[-1 - words]
        return newest[which] - oldest[which] >= share * words and newest[3] - oldest[3] >= _WORDY_SHARE * words

    def _says_enough(self, words: int) -> bool:
        """Whether there are words enough in the stretch for it to be sentences."""
        different = self._different_words(words)
        if different >= FEW_DIFFERENT_WORDS:
            return True
        return different >= LEAST_DIFFERENT_WORDS and self._is_stale(FEW_WORDS_STRETCH, STALE_SHARE, 0)

    def _different_words(self, words: int) -> int:
        """How many different words, numbers left out, make up nine tenths of the last `words`."""
        last = [self._order[-1 - back][1] for back in range(min(words, len(self._order)))]
        counts = Counter(word for word in last if not _is_mark(word))
        left = 0.9 * counts.total()
        for different, (_, times) in enumerate(counts.most_common(), 1):
            left -= times
            if left <= 0:
                return different
        return 0

    def _fresh_in(self, words: int) -> int:
        newest, oldest = self._sums[-1], self._sums[max(-1 - words, -len(self._sums))]
        return newest[2] - oldest[2]

    def _round(self, gap: int) -> tuple[int, int]:
        """Characters of the last round, and how many rounds there have been; two came before the first stale one."""
        at = len(self._sums) - 1
        stale_rounds = 0
        while at >= gap and self._sums[at][0] - self._sums[at - gap][0] >= STALE_SHARE * gap:
            at -= gap
            stale_rounds += 1
        end = self._ends[-1]
        start = self._ends[-1 - gap] if gap < len(self._ends) else self._ends[0]
        return max(1, end - start), stale_rounds + _SEEN_BEFORE


def _is_mark(word: str) -> bool:
    """Whether the word says how far one has got: a number, or a letter (of a case, a variable) that is no word."""
    if len(word) == 1:
        return word not in "ai" and not _WIDE_CHARACTER.match(word)
    return any(map(str.isdigit, word))
