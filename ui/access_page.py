"""An event of Gradio's in; the same done in the name of whoever sent it, with no file of anybody else, out."""

from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from model.acting import NOBODY, Actor, acting_as
from ui.access import ACTOR
from ui.access_claims import Claims, file_paths, plain_file
from ui.access_identity import Identity, visitor_of_session


class Page(gr.Blocks):  # type: ignore[misc]
    """The page's blocks. Every function of the page, and every named endpoint, is called through `process_api`."""

    def __init__(self, identity: Identity | None, claims: Claims, **options: Any) -> None:
        self.identity, self.claims = identity, claims
        super().__init__(**options)

    async def process_api(self, block_fn: Any, inputs: list[Any], *positional: Any, **more: Any) -> dict[str, Any]:
        """Do one event, or one step of one that streams."""
        actor = self._actor(more.get("request"), more.get("session_hash"))
        self._check_files(inputs, actor)
        with acting_as(actor):
            output: dict[str, Any] = await super().process_api(block_fn, inputs, *positional, **more)
        if actor is not None:
            for path in file_paths(output.get("data")):
                self.claims.claim("file", plain_file(path), actor.owner)
        return output

    def _actor(self, request: Any, session_hash: str | None) -> Actor | None:
        """Who sent the event; nobody where that is not known and has to be."""
        if self.identity is None:
            return None
        if isinstance(request, list):
            request = request[0] if request else None
        scope = getattr(getattr(request, "request", request), "scope", {})
        actor = scope.get(ACTOR, NOBODY)
        if actor == NOBODY and not self.identity.needs_login and session_hash:
            return visitor_of_session(session_hash)
        return actor if isinstance(actor, Actor) else NOBODY

    def _check_files(self, inputs: list[Any], actor: Actor | None) -> None:
        """Refuse files of others, and addresses that the server would have to fetch.

        Raises:
            gr.Error: If there is one.
        """
        folder = plain_file(get_upload_folder())
        for path in file_paths(inputs):
            if "://" in path:
                raise gr.Error("The server fetches no files from elsewhere. Upload the file.", print_exception=False)
            held = plain_file(path)
            if actor is not None and held.startswith(folder) and not self.claims.is_open_to("file", held, actor.owner):
                raise gr.Error("There is no such file. Upload it again.", print_exception=False)


def account_value(request: gr.Request) -> dict[str, Any]:
    """What the masthead says of whoever has logged in."""
    actor = getattr(request.request, "scope", {}).get(ACTOR, NOBODY)
    return {"name": actor.name, "is_admin": actor.is_admin}
