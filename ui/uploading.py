"""Files that a user chooses in, chips under the question box and what a run's tools get out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.scratch import MAX_SCRATCH_BYTES, MAX_SCRATCH_FILES, plain_name
from model.errors import BadInput
from ui.agent_tools import size_words
from ui.attaching import Held


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes along with the next task."""

    name: str
    held: bytes


def chips_of(held: Sequence[Upload]) -> dict[str, Any]:
    """What the chips show.

    >>> chips_of([Upload("a.csv", b"1,2")])
    {'files': [{'name': 'a.csv', 'size': '3 bytes'}]}
    """
    return {"files": [{"name": one.name, "size": size_words(len(one.held))} for one in held]}


def with_file(held: Sequence[Upload], name: str, content: bytes) -> list[Upload]:
    """The files with one more, under a plain name; one of the same name is replaced.

    Raises:
        BadInput: If there is no room for it.
    """
    name = plain_name(name)
    others = [one for one in held if one.name != name]
    total = sum(len(one.held) for one in others) + len(content)
    if len(others) >= MAX_SCRATCH_FILES or total > MAX_SCRATCH_BYTES:
        raise BadInput(
            f"With {name!r} there would be {len(others) + 1} files of {size_words(total)}; the limits are "
            f"{MAX_SCRATCH_FILES} files and {size_words(MAX_SCRATCH_BYTES)}. Leave some out."
        )
    return [*others, Upload(name, content)]


def uploads_of(held: Sequence[Upload]) -> Mapping[str, bytes]:
    """The files as a run takes them."""
    return {one.name: one.held for one in held}


UPLOADED = Held(with_file, chips_of)
