"""Gradio's session of each page and client in; one that costs next to nothing, and goes when nobody needs it, out.

By itself Gradio writes down every component of the page anew for each session (40 ms of the processor and 0.8 MB on
this page, for deep links that there are none of), keeps ten thousand of them, and makes a table of all calls so far at
the end of each call.
"""

import sys
import time
from copy import copy
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

# A page that was closed may come back so long; a script that only reads has nothing to come back to.
CLOSED_SECONDS, STATELESS_SECONDS, UNUSED_SECONDS = 3600.0, 600.0, 86_400.0
_LOOK_SECONDS = 30.0


def lighten_sessions(demo: gr.Blocks) -> None:
    """Exchange what Gradio does for each session; call it when `demo` has its queue."""
    for cls, replaced in ((SessionState, _SESSION), (StateHolder, _HOLDER)):
        for name, function in replaced.items():
            setattr(cls, name, function)
    # The table of calls is for a dashboard that is switched off.
    demo._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    demo._queue.ANALYTICS_MAX_EVENTS = 1


def _begin(session: Any, blocks: gr.Blocks) -> None:
    session.blocks_config = copy(blocks.default_config)
    session.config_values = {}
    session.state_data = {}
    session._state_ttl = {}
    session.is_closed = False
    session.STATE_TTL_WHEN_CLOSED = CLOSED_SECONDS
    session.used_at = time.monotonic()


def _set(session: Any, key: int, value: Any) -> None:
    if isinstance(session.blocks_config.blocks.get(key), gr.State):
        session.state_data[key] = value
    else:
        session.blocks_config.blocks[key] = value


def _note_nothing(session: Any, *_: Any) -> None:
    """What a component shows is not written down."""


def _session_of(holder: Any, session_id: str) -> Any:
    session = holder.session_data.get(session_id)
    if session is None:
        session = holder.session_data[session_id] = SessionState(holder.blocks)
    session.used_at = time.monotonic()
    holder.update(session_id)
    return session


def _drop_unneeded(holder: Any) -> None:
    """Gradio asks for this every second."""
    now = time.monotonic()
    if now - getattr(holder, "looked_at", 0.0) < _LOOK_SECONDS:
        return
    holder.looked_at = now
    for session_id, session in list(holder.session_data.items()):
        if now - session.used_at > _kept_seconds(session):
            for key, value in session.state_data.items():
                if key in session.blocks_config.blocks:
                    session.blocks_config.blocks[key].delete_callback(value)
            holder.session_data.pop(session_id, None)


def _kept_seconds(session: Any) -> float:
    if not session.state_data:
        return STATELESS_SECONDS
    return CLOSED_SECONDS if session.is_closed else UNUSED_SECONDS


_SESSION = {
    "__init__": _begin,
    "__setitem__": _set,
    "_update_config": _note_nothing,
    "_update_value_in_config": _note_nothing,
}
_HOLDER = {"__getitem__": _session_of, "delete_all_expired_state": _drop_unneeded}
