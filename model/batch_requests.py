"""One request to the batch with all that it takes to send it again, and what has been written of it so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from model.events import Sampling
from model.token_inbox import TokenInbox

# A request that was there at so many deaths of the thread may be what kills it.
_MOST_CARRIES = 2


class Carrier(Protocol):
    """The thread that a request is with."""

    def cancel(self, request_id: str) -> None: ...

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more."""
        ...


@dataclass(slots=True, eq=False)
class BatchRequest:
    """A request on its way: to be sent, with a thread, or between two of them.

    Args:
        written: Ids that its reader has been given; a request that is sent again goes on behind them.
        carrier: The thread that it is with; None while it waits for one.
        carries: How often it was taken from a thread that had died.
    """

    prompt_ids: Sequence[int]
    sampling: Sampling
    max_new_tokens: int
    stop_ids: frozenset[int]
    written: list[int] = field(default_factory=list)
    request_id: str = ""
    carrier: Carrier | None = None
    carries: int = 0
    inbox: TokenInbox = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = TokenInbox(self._cancel, self._death)

    @property
    def ids_to_read(self) -> list[int]:
        """The prompt, and behind it what was written before."""
        return [*self.prompt_ids, *self.written]

    @property
    def tokens_left(self) -> int:
        """New tokens that are still to be written at most."""
        return self.max_new_tokens - len(self.written)

    @property
    def may_be_carried(self) -> bool:
        """Whether it goes on with the next thread when this one dies."""
        return self.carries < _MOST_CARRIES

    def _cancel(self) -> None:
        if self.carrier is not None:
            self.carrier.cancel(self.request_id)

    def _death(self) -> str | None:
        return self.carrier.death() if self.carrier is not None else None
