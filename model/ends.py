"""Why a run was ended from outside in, the sentence that its events say of it out."""

from model.events import FinishReason, Notice


def end_notice(reason: FinishReason) -> Notice:
    """What is said of a run that somebody or a limit has ended."""
    if reason == "time_limit":
        return Notice("time_limit", "The run reached its time limit. Press Continue to take it further.")
    if reason == "allowance":
        return Notice("allowance", "The tokens for this hour were used up. Press Continue later to take it further.")
    return Notice("stopped", "Stopped. Press Continue to take it further.")
