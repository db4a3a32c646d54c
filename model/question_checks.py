"""What somebody asks of a run in, a sentence where it cannot be so out: questions, histories, hints and ids."""

import re
import secrets
from collections.abc import Sequence

from model.errors import BadInput
from model.events import Message
from model.settings import (
    MAX_HINT_CHARACTERS,
    MAX_HISTORY_MESSAGES,
    MAX_MESSAGE_CHARACTERS,
    MAX_SYSTEM_CHARACTERS,
)
from model.tags import check_no_tags

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def checked_id(run_id: str | None) -> str:
    """The id that was chosen, or a new one.

    Raises:
        BadInput: If it has another form than ids have.
    """
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise BadInput(f"The run id is {run_id!r}. Use 1 to 64 letters, digits, '-' and '_'.")
    return run_id or secrets.token_urlsafe(9)


def check_question(question: str) -> None:
    """Refuse a question that is empty or too long.

    Raises:
        BadInput: If it is.
    """
    if not isinstance(question, str):
        raise BadInput(f"The message is a {type(question).__name__}; give a string.")
    if not question.strip():
        raise BadInput("The message is empty. Type a question first.")
    if len(question) > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The message has {len(question):,} characters and the limit is {MAX_MESSAGE_CHARACTERS:,}. Shorten it."
        )


def check_system(system: str) -> None:
    """Refuse a system prompt that is too long.

    Raises:
        BadInput: If it is.
    """
    if len(system) > MAX_SYSTEM_CHARACTERS:
        raise BadInput(
            f"The system prompt has {len(system):,} characters and the limit is {MAX_SYSTEM_CHARACTERS:,}. Shorten it."
        )


def check_hint(hint: str) -> None:
    """Refuse a hint that is too long, or holds a tag of the thinking.

    Raises:
        BadInput: If it does.
    """
    if len(hint) > MAX_HINT_CHARACTERS:
        raise BadInput(f"The hint has {len(hint):,} characters and the limit is {MAX_HINT_CHARACTERS:,}. Shorten it.")
    check_no_tags(hint, "hint")


def check_history(history: Sequence[Message]) -> None:
    """Refuse a history that is too long.

    Raises:
        BadInput: If it is.
    """
    if len(history) > MAX_HISTORY_MESSAGES:
        raise BadInput(
            f"The history has {len(history)} messages and the limit is {MAX_HISTORY_MESSAGES}. Send the latest ones."
        )
    characters = sum(len(message.content) for message in history)
    if characters > 4 * MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The history has {characters:,} characters and the limit is {4 * MAX_MESSAGE_CHARACTERS:,}. Shorten it."
        )
