"""An event of Gradio's in; the same done in the name of whoever sent it, with no file of anybody else, out."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from model.acting import NOBODY, Actor, acting_as
from model.errors import AppError
from model.remote_address import asking_with
from ui.access import ACTOR
from ui.access_claims import Claims, file_paths, plain_file
from ui.access_identity import Identity, hub_token, visitor_of_session

log = logging.getLogger(__name__)


class Page(gr.Blocks):  # type: ignore[misc]
    """The page's blocks. Every function of the page, and every named endpoint, is called through `process_api`."""

    def __init__(self, identity: Identity | None, claims: Claims, **options: Any) -> None:
        self.identity, self.claims = identity, claims
        super().__init__(**options)

    async def process_api(self, block_fn: Any, inputs: list[Any], *positional: Any, **more: Any) -> dict[str, Any]:
        """Do one event, or one step of one that streams.

        Raises:
            gr.Error: If it cannot be done; whatever went wrong, in a sentence.
        """
        scope = _scope_of(more.get("request"))
        actor = self._actor(scope, more.get("session_hash"))
        self._check_files(inputs, actor)
        with acting_as(actor), asking_with(hub_token(scope, actor)), _errors_as_sentences(block_fn):
            output: dict[str, Any] = await super().process_api(block_fn, inputs, *positional, **more)
        if actor is not None:
            for path in file_paths(output.get("data")):
                self.claims.claim("file", plain_file(path), actor.owner)
        return output

    def _actor(self, scope: dict[str, Any], session_hash: str | None) -> Actor | None:
        """Who sent the event; nobody where that is not known and has to be."""
        if self.identity is None:
            return None
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


def _scope_of(request: Any) -> dict[str, Any]:
    if isinstance(request, list):
        request = request[0] if request else None
    scope: dict[str, Any] = getattr(getattr(request, "request", request), "scope", {})
    return scope


@contextmanager
def _errors_as_sentences(block_fn: Any) -> Iterator[None]:
    """What nobody foresaw is logged; Gradio would show it to whoever has sent the event, and print it."""
    try:
        yield
    except (gr.Error, StopAsyncIteration):
        raise
    except AppError as error:
        raise gr.Error(str(error), print_exception=False) from error
    except Exception as error:
        log.exception("%s failed", getattr(block_fn, "api_name", "an event"))
        raise gr.Error(
            "This failed in a way that was not foreseen. The server's log has the details.", print_exception=False
        ) from error


def account_value(request: gr.Request) -> dict[str, Any]:
    """What the masthead says of whoever has logged in."""
    actor = getattr(request.request, "scope", {}).get(ACTOR, NOBODY)
    return {"name": actor.name, "is_admin": actor.is_admin}
