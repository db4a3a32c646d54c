"""Files that a user chooses in, chips under the question box and what a run's tools get out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from agent.scratch import MAX_SCRATCH_BYTES, MAX_SCRATCH_FILES, plain_name
from model.errors import AppError, BadInput
from ui.agent_tools import size_words
from ui.attaching import Attaching
from ui.parts import AT_ONCE
from ui.sentences import refusal


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
    """The files with one more; one of the same name is replaced.

    Raises:
        BadInput: If there is no room for it.
    """
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


def on_choose(paths: Sequence[str] | None, held: Sequence[Upload]) -> tuple[Any, Any, Any]:
    """Take the files; one that is refused leaves those before it, and says why.

    Returns:
        The files, the chips and the status line.
    """
    kept, told = list(held), gr.skip()
    for path in paths or ():
        try:
            kept = with_file(kept, plain_name(Path(path).name), Path(path).read_bytes())
        except AppError as error:
            told = refusal(error)
    return kept, chips_of(kept), told


def on_remove(held: Sequence[Upload], event: gr.EventData) -> tuple[list[Upload], dict[str, Any]]:
    """Take one away."""
    kept = [one for at, one in enumerate(held) if at != int(event.at)]
    return kept, chips_of(kept)


def wire_uploading(attaching: Attaching, status: gr.HTML) -> None:
    """Connect button and chips."""
    held, chips = attaching.held, attaching.chips
    attaching.choose.upload(on_choose, [attaching.choose, held], [held, chips, status], **AT_ONCE)
    chips.select(on_remove, held, [held, chips], **AT_ONCE)
