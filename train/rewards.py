"""What the verifiers said of a completion in, its reward in parts out. No judging here: `verify/` has done that.

Only a right answer earns anything (and, where nothing can be checked, what a reward model finds good); form, length and
repetition take away. So no completion can earn by its form alone. What is undecided gets neither reward nor penalty: it
has no reward at all, and teaches nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from train.outcomes import Outcome

PARTS = ("outcome", "format", "length", "repetition", "general")
_GRAM_WORDS = 4
# Shorter texts repeat nothing worth a penalty.
_LEAST_WORDS = 24


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts; 0 turns it off.

    Attributes:
        outcome: 1 for a right answer, 0 for a wrong one.
        format: 0 for one closed thinking and one final answer where it belongs, else -1.
        length: 0 up to `length_free` of the tokens that a completion may have, falling to -1 at the limit.
        repetition: 0 to -1, the share of the words' runs of four that stood there before.
        general: 0 to 1, what a reward model says; of what can be checked, only of right answers.
    """

    outcome: float = 1.0
    format: float = 0.2
    length: float = 0.0
    repetition: float = 0.0
    general: float = 0.0
    length_free: float = 0.75

    def of(self, part: str) -> float:
        """The weight of a part."""
        return float(getattr(self, part))

    @property
    def used(self) -> tuple[str, ...]:
        """The parts that count."""
        return tuple(part for part in PARTS if self.of(part))


def reward_parts(
    outcome: Outcome, weights: Weights, max_tokens: int, general: float | None = None
) -> Mapping[str, float]:
    """The parts of a completion's reward, not weighted, those that count only; none of what is undecided.

    Args:
        max_tokens: That a completion may have.
        general: What the reward model says, from 0 to 1; None where it was not asked.
    """
    if outcome.result == "undecided" or (outcome.result == "open" and general is None):
        return {}
    parts = {
        "outcome": float(outcome.result == "correct"),
        "format": -1.0 if outcome.faults else 0.0,
        "length": length_penalty(outcome.tokens, max_tokens, weights.length_free),
        "repetition": -repeated_share(f"{outcome.thinking} {outcome.answer}"),
        "general": (general or 0.0) if outcome.result != "wrong" else 0.0,
    }
    return {part: parts[part] for part in weights.used}


def total(parts: Mapping[str, float], weights: Weights) -> float | None:
    """The reward; None where there is none."""
    return sum(weights.of(part) * value for part, value in parts.items()) if parts else None


def length_penalty(tokens: int, max_tokens: int, free: float) -> float:
    """0 up to the free share of the limit, then falling evenly to -1.

    Source:
        "Soft overlong punishment" of DAPO, arXiv 2503.14476, section 3.4.

    >>> [length_penalty(tokens, 100, 0.75) for tokens in (75, 80, 100)]
    [0.0, -0.2, -1.0]
    """
    allowed = free * max_tokens
    if tokens <= allowed:
        return 0.0
    return -min(1.0, (tokens - allowed) / max(1.0, max_tokens - allowed))


def repeated_share(text: str) -> float:
    """The share of runs of four words that stood there before.

    >>> repeated_share("so it is five " * 20) > 0.9, repeated_share("one two three four five six")
    (True, 0.0)
    """
    words = text.split()
    if len(words) < _LEAST_WORDS:
        return 0.0
    grams = [tuple(words[at : at + _GRAM_WORDS]) for at in range(len(words) - _GRAM_WORDS + 1)]
    return 1 - len(set(grams)) / len(grams)
