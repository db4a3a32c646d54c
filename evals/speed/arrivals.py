"""What those who asked at once heard, and when, in; times to the first token and tokens per second out."""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

Counted = Literal["tokens", "read again"]

# Another vocabulary counts a little fewer; a server that says less than this has cut the prompt.
_READ_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """What one of them heard.

    Args:
        asked_at: Seconds, on the same clock as the arrivals.
        arrivals: When something came, and how many tokens it was; parts of tokens where only pieces of text are seen
            and their number of tokens is told at the end.
        prompt_tokens: 0 where nobody says.
        counted: "read again" where the server did not say how many tokens they were, and our tokenizer has read its
            text.
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
        tries: How often it was measured; all figures are medians of these.
        least: The slowest try's tokens per second, as `rate` takes them.
        most: The fastest try's.
        first_least: The soonest first token of all tries, in seconds.
        first_most: The latest.
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
    tries: int = 1
    least: float | None = None
    most: float | None = None
    first_least: float | None = None
    first_most: float | None = None

    @property
    def rate(self) -> float | None:
        """Tokens per second while all write; of all in all where they never do."""
        return self.decode_tokens_per_second or self.tokens_per_second

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
        "read again" if any(one.counted == "read again" for one in heard) else "tokens",
    )


def middle_of(tried: Sequence[Cell]) -> Cell:
    """The line that comes of its tries: each figure's median, and how far apart they were.

    >>> tries = [Cell("x", 1, 8, 9, 0.5, 0.5, rate, rate) for rate in (10.0, 30.0, 20.0)]
    >>> cell = middle_of(tries)
    >>> cell.decode_tokens_per_second, cell.tries, cell.least, cell.most
    (20.0, 3, 10.0, 30.0)
    """
    good = [cell for cell in tried if not cell.skipped]
    if not good:
        return tried[-1]
    rates = [cell.rate for cell in good if cell.rate]
    firsts = [cell.first_token_seconds for cell in good if cell.first_token_seconds is not None]
    return replace(
        good[-1],
        new_tokens=round(statistics.median(cell.new_tokens for cell in good)),
        first_token_seconds=_median(firsts),
        last_first_token_seconds=_median([cell.last_first_token_seconds for cell in good]),
        tokens_per_second=_median([cell.tokens_per_second for cell in good]),
        decode_tokens_per_second=_median([cell.decode_tokens_per_second for cell in good]),
        counted="read again" if any(cell.counted == "read again" for cell in good) else "tokens",
        tries=len(good),
        least=min(rates, default=None),
        most=max(rates, default=None),
        first_least=min(firsts, default=None),
        first_most=max(firsts, default=None),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


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
    least_read = min((one.prompt_tokens for one in all_heard if one.prompt_tokens), default=prompt_tokens)
    if least_read < prompt_tokens * _READ_SHARE:
        reason = f"it read only {least_read:,} tokens of a prompt"
        return Cell(contender.name, len(prompts), prompt_tokens, skipped=reason)
    return cell_of(contender.name, prompt_tokens, all_heard)


def now() -> float:
    """The clock of all arrivals, in seconds."""
    return time.perf_counter()
