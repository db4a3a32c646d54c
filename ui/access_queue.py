"""Gradio's queue in; whose its events and sessions are, written down as they come, out."""

from typing import Any

import gradio as gr

from model.acting import NOBODY, Actor
from ui.access import ACTOR
from ui.access_claims import Claims


def claiming_events(demo: gr.Blocks, claims: Claims) -> None:
    """Have the queue of a page note whose each event is, before anybody is told its id."""
    queue: Any = demo._queue
    push = queue.push

    async def claiming_push(body: Any, request: Any, username: str | None) -> tuple[bool, Any, Any]:
        actor = request.scope.get(ACTOR, NOBODY)
        success, event_id, state = await push(body=body, request=request, username=username)
        if success and isinstance(actor, Actor) and actor != NOBODY:
            claims.claim("event", str(event_id), actor.owner)
            claims.claim("session", str(body.session_hash or event_id), actor.owner)
        return success, event_id, state

    queue.push = claiming_push


def session_of(demo: gr.Blocks, event_id: str) -> str:
    """The session of an event, as Gradio looks it up: it may be over; its own id where it has no other."""
    queue: Any = demo._queue
    event = queue.event_ids_to_events.get(event_id)
    if event is not None:
        return str(event.session_hash)
    return next((str(name) for name, ids in queue.pending_event_ids_session.items() if event_id in ids), event_id)
