"""Messages that a page or a script has not read yet in; a run's next update only when there is room for it out.

Gradio puts every update into a queue without an end, so that a reader that stops reading would cost the server memory
for as long as its run goes on. Here the next update is not made before the last ones have been read: what comes
meanwhile stays where it is for all readers, and comes in one piece later.
"""

import asyncio
from typing import Any

from gradio import route_utils

# So many updates may wait for one reader. A browser or a client that reads has none or a few.
MOST_WAITING = 32
_LOOK_SECONDS = 0.1

_call = route_utils.call_process_api


def hold_back_updates() -> None:
    """Have the updates of this process's pages wait for their readers."""
    setattr(route_utils, "call_process_api", _call_when_read)  # noqa: B010 - typed as a function of its own


async def _call_when_read(app: Any, body: Any, *arguments: Any, **named: Any) -> Any:
    # Only those that follow: what somebody asks for anew is never kept waiting.
    if body.event_id is not None and body.event_id in app.iterators:
        await _until_read(app.get_blocks()._queue, body.session_hash, body.event_id)
    return await _call(app, body, *arguments, **named)


async def _until_read(queue: Any, session: str | None, event_id: str) -> None:
    """Returns too when the reader has gone: Gradio then closes what it read."""
    while True:
        waiting = queue.pending_messages_per_session.get(session or event_id)
        event = queue.event_ids_to_events.get(event_id)
        if waiting is None or waiting.qsize() <= MOST_WAITING or event is None or not event.alive:
            return
        await asyncio.sleep(_LOOK_SECONDS)
