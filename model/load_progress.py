"""How far the load of a model has got: what whoever loads tells the host, and the host the page."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["download", "convert", "load", "quantise"]


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is. `total` is 0 while it is unknown; `text` is a sentence for the page."""

    stage: Stage
    done: int
    total: int
    unit: Literal["bytes", "steps"]
    text: str
