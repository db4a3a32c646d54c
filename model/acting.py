"""Who acts in, what they may see and whose new things are out: the one place that decides about ownership.

Where there are logins, every call that comes from outside runs in the context of its `Actor`: `ui.access` sets it for
each request, `ui.access_page` for each event of the page, and a run's thread carries it on. The store asks here on
every read, so that a handler that forgets to ask sees nothing of others.

Nobody acting (`acting()` is None) means the app itself, or an app without logins: that may see everything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from model.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something.

    Args:
        owner: Whose runs are theirs: `user:NAME`, `hf:NAME` or `visitor:...`.
        is_admin: Whether they may do what concerns all users: load another model, start benchmarks.
    """

    owner: str
    is_admin: bool = False

    @property
    def name(self) -> str:
        """The name that they logged in with; empty for visitors."""
        kind, _, name = self.owner.partition(":")
        return name if kind in ("user", "hf") else ""


# A request without a login where there are logins: no run is theirs, and none can be.
NOBODY = Actor("nobody:")

_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


def acting() -> Actor | None:
    """Who acts here; None for the app itself, and where there are no logins."""
    return _acting.get()


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Let what is done inside be done by them."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def seen_owner(owner: str) -> str:
    """Whose runs a list shows: those of whoever acts, whatever was asked for.

    >>> seen_owner("x")
    'x'
    >>> with acting_as(Actor("user:anna")):
    ...     seen_owner("user:ben")
    'user:anna'
    """
    actor = acting()
    return owner if actor is None else actor.owner


def new_owner(owner: str) -> str:
    """Whose a new run becomes: of whoever acts, whatever was asked for.

    Raises:
        NotAllowed: If nobody has logged in.
    """
    if acting() == NOBODY:
        raise NotAllowed("Nobody is logged in here. Log in, then ask again.")
    return seen_owner(owner)


def may_see(owner: str) -> bool:
    """Whether a run of this owner is there for whoever acts.

    >>> with acting_as(Actor("user:anna")):
    ...     may_see("user:anna"), may_see("user:ben"), may_see("")
    (True, False, False)
    """
    return seen_owner(owner) == owner


def is_governed_by_others(is_shared: bool) -> bool:
    """Whether what concerns all users (the model, benchmarks, tools' policies) is not for whoever acts to decide.

    Args:
        is_shared: Whether the app serves others than whoever started it.
    """
    actor = acting()
    return is_shared if actor is None else not actor.is_admin
