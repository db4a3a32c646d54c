"""Files that a user chooses in, chips under the question box and what the next question takes along out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import gradio as gr

from model.attachments import check_attachments, read_attachment
from model.errors import AppError
from model.events import Attachment
from ui.parts import AT_ONCE, attachment_chips
from ui.sentences import refusal
from ui.words import word

T = TypeVar("T")


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


def with_attachment(held: Sequence[Attachment], name: str, content: bytes) -> list[Attachment]:
    """The attachments with one more, read out of a file.

    Raises:
        BadInput: If it holds no text, or there is no room for it.
    """
    added = [*held, read_attachment(name, content)]
    check_attachments("", added)
    return added


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """What the files that a user chooses are kept as.

    Args:
        with_file: What is held, a file's name and its content in, what is held then out.
        chips: What is held in, the chips' value out.
    """

    with_file: Callable[[Sequence[T], str, bytes], list[T]]
    chips: Callable[[Sequence[T]], dict[str, Any]]

    def on_choose(self, paths: Sequence[str] | None, held: Sequence[T]) -> tuple[Any, Any, Any]:
        """Take the files; one that is refused leaves those before it, and says why.

        Returns:
            What is held, the chips and the status line.
        """
        kept, told = list(held), gr.skip()
        for path in paths or ():
            try:
                kept = self.with_file(kept, Path(path).name, Path(path).read_bytes())
            except AppError as error:
                told = refusal(error)
        return kept, self.chips(kept), told

    def on_remove(self, held: Sequence[T], event: gr.EventData) -> tuple[list[T], dict[str, Any]]:
        """Take one away."""
        kept = [one for at, one in enumerate(held) if at != int(event.at)]
        return kept, self.chips(kept)


ATTACHED = Held(with_attachment, chips_value)


def wire_attaching(attaching: Attaching, status: gr.HTML, kept_as: Held[Any] = ATTACHED) -> None:
    """Connect button and chips."""
    held, chips = attaching.held, attaching.chips
    attaching.choose.upload(kept_as.on_choose, [attaching.choose, held], [held, chips, status], **AT_ONCE)
    chips.select(kept_as.on_remove, held, [held, chips], **AT_ONCE)
