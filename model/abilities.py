"""What an engine can do beside writing an answer: the page offers this much and no more."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be done with a run of an engine.

    Args:
        goes_on: It writes on after a given text. The thinking budget, *answer now*, *continue*, *think longer*, hints,
            pauses and edited thinking all rest on that.
        budget: Who keeps the thinking budget: this app, the server by a parameter of its own, or nobody.
        skips_thinking: It can be asked to answer without thinking.
        scores: It tells the probabilities of a text that stands there (*Confidence*).
        way: How it does, in a sentence for the page; empty where there is nothing to say.
    """

    goes_on: bool = True
    budget: Literal["ours", "server", "none"] = "ours"
    skips_thinking: bool = True
    scores: bool = True
    way: str = ""

    def missing(self) -> str:
        """Why controls are switched off, in a sentence; empty where all of them work.

        >>> Abilities().missing(), Abilities(goes_on=False, budget="none").missing()[:27]
        ('', 'This server cannot write on')
        """
        if self.goes_on:
            return ""
        return CANNOT_GO_ON + (SERVER_BUDGET if self.budget == "server" else NO_BUDGET)


CANNOT_GO_ON = (
    "This server cannot write on after a given text, so there is no Answer now, Pause, Hint, Continue or edited "
    "thinking. "
)
SERVER_BUDGET = "The thinking budget is handed to the server, which keeps it in its own way."
NO_BUDGET = "The thinking budget cannot be kept either."
EVERYTHING = Abilities()
