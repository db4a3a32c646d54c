"""Files that a user chooses in, chips under the question box and the next question's attachments out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from model.attachments import check_attachments, read_attachment
from model.errors import AppError
from model.events import Attachment
from ui.parts import AT_ONCE, attachment_chips
from ui.sentences import refusal
from ui.words import word


@dataclass(frozen=True, slots=True)
class Attaching:
    """The button, the chips of what is attached, and the attachments themselves."""

    choose: gr.UploadButton
    chips: gr.HTML
    held: gr.State


def add_chips(elem_id: str) -> gr.HTML:
    """One chip for each attached file, with a button that takes it away."""
    return attachment_chips(elem_id=elem_id)


def add_attach_button(elem_id: str) -> gr.UploadButton:
    """The button that chooses files; files dropped on the question box go the same way (attachments.js)."""
    # Any file may be chosen, since code has endings without number; what holds no text is refused with a sentence.
    return gr.UploadButton(word("Attach"), file_count="multiple", size="sm", elem_id=elem_id, min_width=80, scale=0)


def chips_value(held: Sequence[Attachment]) -> dict[str, Any]:
    """What the chips show.

    >>> chips_value([Attachment("a.csv", "1,2")])
    {'files': [{'name': 'a.csv', 'size': '3 characters'}]}
    """
    return {"files": [{"name": one.name, "size": f"{len(one.text):,} characters"} for one in held]}


def on_choose(paths: Sequence[str] | None, held: Sequence[Attachment]) -> tuple[Any, Any, Any]:
    """Read the files; one that is refused leaves those before it, and says why.

    Returns:
        The attachments, the chips and the status line.
    """
    kept, told = list(held), gr.skip()
    for path in paths or ():
        try:
            added = [*kept, read_attachment(Path(path).name, Path(path).read_bytes())]
            check_attachments("", added)
            kept = added
        except AppError as error:
            told = refusal(error)
    return kept, chips_value(kept), told


def on_remove(held: Sequence[Attachment], event: gr.EventData) -> tuple[list[Attachment], dict[str, Any]]:
    """Take one away."""
    kept = [one for at, one in enumerate(held) if at != int(event.at)]
    return kept, chips_value(kept)


def wire_attaching(attaching: Attaching, status: gr.HTML) -> None:
    """Connect button and chips."""
    held, chips = attaching.held, attaching.chips
    attaching.choose.upload(on_choose, [attaching.choose, held], [held, chips, status], **AT_ONCE)
    chips.select(on_remove, held, [held, chips], **AT_ONCE)
