"""Text that a user puts into a model's own turn in, an error out where it holds one of the model's own tags."""

import re

from model.errors import BadInput

# What a model family may use to open or close its thinking, a call or a turn.
_TAG = re.compile(r"</?(?:think|tool_call|tool_response)>|<[|｜][^<>]{1,40}[|｜]>")


def check_no_tags(text: str, name: str) -> None:
    """Refuse text with a tag in it; `name` says what the text is.

    Raises:
        BadInput: If there is one; the message quotes it.

    >>> check_no_tags("2 < 3 and <b>", "hint")
    """
    if found := _TAG.search(text):
        raise BadInput(
            f"The {name} holds the tag {found[0]!r}, which the model would take for its own. Write it without the tag."
        )
