"""What those who asked at once heard, and when, in; times to the first token and tokens per second out."""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

Counted = Literal["tokens", "pieces"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one of them heard.

    Args:
        asked_at: Seconds, on the same clock as the arrivals.
        arrivals: When something came, and how many tokens it was; parts of tokens where only pieces of text are seen
            and their number of tokens is told at the end.
        prompt_tokens: 0 where nobody says.
        counted: "pieces" where nobody says how many tokens they were: then each is taken for one.
    """

    asked_at: float
    arrivals: tuple[tuple[float, float], ...]
    prompt_tokens: int = 0
    counted: Counted = "tokens"

    @property
    def tokens(self) -> float:
        return sum(n_tokens for _, n_tokens in self.arrivals)


class Contender(Protocol):
    """One way of running a model. `ask` blocks until the answer is over, and is called from many threads at once."""

    @property
    def name(self) -> str: ...

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """Send a prompt and listen to the end.

        Raises:
            AppError: If there is no answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One line: so many at once, each with a prompt of so many tokens.

    Args:
        prompt_tokens: Those asked for. What a server counts is more by its chat template, or a little off.
        new_tokens: All of them together.
        first_token_seconds: The median of all who asked.
        last_first_token_seconds: The longest of them.
        tokens_per_second: All together, from the first question to the last token.
        decode_tokens_per_second: All together, from the moment when the last of them has its first token until the
            first of them is done; None where they never all write at once.
        skipped: Why it was not measured; empty when it was.
    """

    contender: str
    batch: int
    prompt_tokens: int
    new_tokens: int = 0
    first_token_seconds: float | None = None
    last_first_token_seconds: float | None = None
    tokens_per_second: float | None = None
    decode_tokens_per_second: float | None = None
    counted: Counted = "tokens"
    skipped: str = ""

    def as_json(self) -> dict[str, Any]:
        """The line with figures that are short enough to read."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def scaled(piece_times: Sequence[float], tokens: int) -> tuple[tuple[float, float], ...]:
    """Pieces of text, each taken for an equal part of all tokens.

    >>> scaled([1.0, 2.0], 6)
    ((1.0, 3.0), (2.0, 3.0))
    """
    return tuple((at, tokens / len(piece_times)) for at in piece_times)


def cell_of(contender: str, prompt_tokens: int, heard: Sequence[Heard]) -> Cell:
    """The line that comes of those who asked at once; each must have heard something.

    >>> two = [Heard(0.0, ((1.0, 1), (2.0, 1), (3.0, 1))), Heard(0.0, ((2.0, 1), (3.0, 1), (4.0, 1)))]
    >>> cell = cell_of("x", 8, two)
    >>> cell.first_token_seconds, cell.last_first_token_seconds, cell.tokens_per_second, cell.decode_tokens_per_second
    (1.5, 2.0, 1.5, 2.0)
    """
    firsts = [one.arrivals[0][0] - one.asked_at for one in heard]
    began, ended = min(one.asked_at for one in heard), max(one.arrivals[-1][0] for one in heard)
    all_tokens = sum(one.tokens for one in heard)
    opens, closes = max(one.arrivals[0][0] for one in heard), min(one.arrivals[-1][0] for one in heard)
    inside = sum(n_tokens for one in heard for at, n_tokens in one.arrivals if opens < at <= closes)
    return Cell(
        contender,
        len(heard),
        prompt_tokens,
        round(all_tokens),
        statistics.median(firsts),
        max(firsts),
        all_tokens / (ended - began) if ended > began else None,
        inside / (closes - opens) if closes > opens else None,
        "pieces" if any(one.counted == "pieces" for one in heard) else "tokens",
    )


def ask_at_once(contender: Contender, prompts: Sequence[str], new_tokens: int, prompt_tokens: int) -> Cell:
    """Have each prompt asked by a thread of its own, all at the same moment.

    Raises:
        AppError: What the first of them that failed did.
    """
    heard: list[Heard | None] = [None] * len(prompts)
    errors: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            heard[number] = contender.ask(prompts[number], new_tokens)
        except BaseException as error:  # noqa: BLE001  raised again below, in the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    all_heard = [one for one in heard if one is not None and one.arrivals]
    if len(all_heard) < len(prompts):
        reason = f"{len(prompts) - len(all_heard)} of {len(prompts)} heard nothing"
        return Cell(contender.name, len(prompts), prompt_tokens, skipped=reason)
    return cell_of(contender.name, prompt_tokens, all_heard)


def now() -> float:
    """The clock of all arrivals, in seconds."""
    return time.perf_counter()
