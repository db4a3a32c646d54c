"""An engine in, one around it out: the base of those that change what is streamed, and nothing else."""

from model.abilities import Abilities
from model.engine import Engine


class WrappedEngine:
    """All of it but `stream` is the engine's own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def model(self) -> str:
        """The engine's."""
        return self.engine.model

    @property
    def precision(self) -> str:
        """The engine's."""
        return self.engine.precision

    @property
    def context_tokens(self) -> int:
        """The engine's."""
        return self.engine.context_tokens

    @property
    def slots(self) -> int:
        """The engine's."""
        return self.engine.slots

    @property
    def abilities(self) -> Abilities:
        """The engine's."""
        return self.engine.abilities

    def live_requests(self) -> int:
        """The engine's."""
        return self.engine.live_requests()

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()
