"""What a tab's script asks for in, the value of the act that answers it out, or a sentence where that cannot be."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from model.errors import AppError, BadInput

log = logging.getLogger(__name__)

Value = dict[str, Any]

_UNFORESEEN = "That failed in a way that was not foreseen; the server's log says more."


def answered(acts: Mapping[str, Callable[[Value], Value]], asked: Any, tab: str) -> Value:
    """The value of the act that `asked` names in "do"; {"error"} with a sentence where that cannot be.

    Args:
        tab: Its name, for the log.
    """
    try:
        act = acts.get(str(asked.get("do")))
        if act is None:
            raise BadInput("The page asks for what this server does not know. Load it again.")
        return act(asked)
    except AppError as error:
        return {"error": str(error)}
    except Exception:  # noqa: BLE001  said without its details, which are in the log
        log.exception("the %s tab asked for %s", tab, asked)
        return {"error": _UNFORESEEN}
