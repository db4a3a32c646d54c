"""Thinking tokens and their text in, the moment to end the thinking out: budget, answer reserve, soft landing.

Nothing here touches a model: `chat.ChatEngine` feeds a `ThinkingControl` as tokens come and acts on the `Cut` it gives.
"""

import math
from dataclasses import dataclass

from model.engine import BudgetLimits
from model.errors import PromptTooLong
from model.events import FinishReason, NoticeKind
from model.loops import LoopDetector
from model.settings import ANSWER_RESERVE_SHARE, ANSWER_RESERVE_TOKENS, SOFT_LANDING_TOKENS

# With less room than this no answer is worth the wait, so the prompt is refused instead.
LEAST_ROOM_TOKENS = 64

_SENTENCE_ENDS = (". ", ".\n", "? ", "?\n", "! ", "!\n", "\n", "。", "？", "！")

# How a model that was told to answer goes back to thinking instead (seen at the very start of the "answer").
_THINKS_AGAIN = (
    "<think>", "wait", "hmm", "but wait", "but let me", "but hold on", "hold on", "let me think", "let me reconsider",
    "let me re-", "let me double", "let me check", "let me start over", "okay, let me think", "ok, let me think",
    "okay, so i", "alternatively", "actually, wait", "no, wait", "等等", "等一下", "嗯", "不对", "让我再", "让我重新",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Room:
    """Tokens a turn may still write: `total`, of which `answer_reserve` is never given to thinking."""

    total: int
    answer_reserve: int

    @property
    def thinking(self) -> int:
        """Tokens that thinking can have at most."""
        return self.total - self.answer_reserve


def room_for(prompt_tokens: int, context_tokens: int, max_new_tokens: int) -> Room:
    """The room that a prompt leaves.

    Raises:
        PromptTooLong: If fewer than 64 tokens are left.

    >>> room_for(1_000, 131_072, 32_768)
    Room(total=32768, answer_reserve=2048)
    >>> room_for(1_000, 131_072, 400).answer_reserve
    100
    """
    left = context_tokens - prompt_tokens
    if left < LEAST_ROOM_TOKENS:
        raise PromptTooLong(
            f"The chat is {prompt_tokens:,} tokens and the model's context is {context_tokens:,}, of which "
            f"{LEAST_ROOM_TOKENS} must stay free for an answer. Start a new chat, or shorten the message.",
            prompt_tokens,
        )
    total = min(left, max_new_tokens)
    return Room(total, min(ANSWER_RESERVE_TOKENS, math.ceil(ANSWER_RESERVE_SHARE * total)))


@dataclass(frozen=True, slots=True)
class Cut:
    """Why the thinking is to end now, and how much of its text is worth keeping."""

    notice: NoticeKind
    text: str
    reason: FinishReason
    keep_characters: int | None = None


class ThinkingControl:
    """Says when a thinking must end.

    The budget's end waits for the next paragraph end, and after half of the wait for a sentence end; the wait is a
    quarter of the budget, 16 to 96 tokens. The room's end waits for nothing: the answer reserve is kept.
    """

    def __init__(self, limits: BudgetLimits, room: Room) -> None:
        self._tokens_limit = limits.tokens
        self._seconds_limit = limits.seconds
        self._room_tokens = room.thinking
        self._tokens = 0
        self._characters = 0
        self._tail = ""
        self._due_since: int | None = None
        self._loops = LoopDetector()

    @property
    def is_off(self) -> bool:
        """Whether there is to be no thinking at all."""
        return self._tokens_limit == 0 or self._room_tokens <= 0

    @property
    def tokens_limit(self) -> int | None:
        """The budget in tokens as it stands, *think longer* included."""
        return self._tokens_limit

    def allow_more(self, tokens: int) -> None:
        """Raise the budget; a landing that had begun is called off."""
        if self._tokens_limit is not None:
            self._tokens_limit = max(self._tokens_limit, self._tokens) + tokens
        if self._seconds_limit is not None:
            self._seconds_limit = None
            self._tokens_limit = self._tokens + tokens
        self._due_since = None

    def set_limits(self, limits: BudgetLimits) -> None:
        """Take other limits from now on; tokens and seconds count from the beginning of the thinking."""
        self._tokens_limit, self._seconds_limit = limits.tokens, limits.seconds
        self._due_since = None

    def feed(self, text: str, seconds: float) -> Cut | None:
        """One more thinking token with the text that it completed; `seconds` since the thinking began."""
        self._tokens += 1
        self._characters += len(text)
        self._tail = (self._tail + text)[-8:]
        loop = self._loops.feed(text) if text else None
        if loop is not None:
            kept = self._characters - loop.period_characters * max(loop.repeats - 1, 0)
            return Cut("loop", "The thinking went in circles, so it was ended.", "loop", max(kept, 0))
        if self._tokens >= self._room_tokens:
            return Cut(
                "budget",
                f"The thinking reached the {self._room_tokens:,} tokens that leave room for an answer. It was ended.",
                "thinking_cut",
            )
        return self._cut_at_budget(seconds)

    def _cut_at_budget(self, seconds: float) -> Cut | None:
        is_over_tokens = self._tokens_limit is not None and self._tokens >= self._tokens_limit
        is_over_seconds = self._seconds_limit is not None and seconds >= self._seconds_limit
        if not (is_over_tokens or is_over_seconds):
            return None
        if self._due_since is None:
            self._due_since = self._tokens
        waited, longest = self._tokens - self._due_since, self._landing_tokens()
        at_paragraph = self._tail.rstrip(" ").endswith("\n\n")
        at_sentence = waited * 2 >= longest and self._tail.endswith(_SENTENCE_ENDS)
        if not (at_paragraph or at_sentence or waited >= longest):
            return None
        budget = f"{self._tokens_limit:,} tokens" if is_over_tokens else f"{self._seconds_limit:g} seconds"
        return Cut("budget", f"The thinking reached its budget of {budget}, so it was ended.", "thinking_cut")

    def _landing_tokens(self) -> int:
        if self._tokens_limit is None:
            return SOFT_LANDING_TOKENS
        return min(SOFT_LANDING_TOKENS, max(16, self._tokens_limit // 4))


class AnswerGuard:
    """Holds back the start of an answer that was asked for by force, until it is clear that it is not more thinking."""

    def __init__(self) -> None:
        self._held = ""
        self._is_decided = False

    def feed(self, text: str) -> tuple[str, bool]:
        """Text to show now, and whether the model is thinking again (then the text held is given back as it is).

        >>> AnswerGuard().feed("The answer"), AnswerGuard().feed("Wai")
        (('The answer', False), ('', False))
        """
        if self._is_decided:
            return text, False
        self._held += text
        start = self._held.lstrip().lower()
        if any(_begins_with_phrase(start, phrase) for phrase in _THINKS_AGAIN):
            self._is_decided = True
            return self._held, True
        if any(phrase.startswith(start) for phrase in _THINKS_AGAIN):
            return "", False
        self._is_decided = True
        return self._held, False

    def finish(self) -> str:
        """What is still held when the answer ends."""
        held = "" if self._is_decided else self._held
        self._is_decided = True
        return held


def _begins_with_phrase(start: str, phrase: str) -> bool:
    """Whether the phrase stands there as whole words: "wait," and not "waiters"."""
    if not start.startswith(phrase):
        return False
    is_open_ended = not phrase[-1].isascii() or not phrase[-1].isalpha() or phrase.endswith(("re-", "double"))
    return is_open_ended or (len(start) > len(phrase) and not start[len(phrase)].isalpha())
