"""What ZeroGPU's own package says and raises in, plain values and sentences of ours out: the one home of `spaces`.

It is there only on a Space. What it raises are errors for Gradio's page with a title and a message, and the message is
the only place that tells how many seconds are left to a visitor.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from model.errors import EngineError, OutOfGpuTime
from model.gpu_time import QUOTA_WORDS, asked_seconds
from model.token_inbox import failure_sentence

# The card that is lent now gives so many times the seconds that are asked for, where its package does not say.
_TERMS = (1.5, 1.0)
_TOKEN_HEADER = "x-ip-token"
# What changes with each token of the same visitor.
_TIMES = ("exp", "iat", "nbf", "jti")

Kind = Literal["quota", "pool", "runs", "busy", "too_long", "no_gpu", "aborted", "expired", "failed"]

_QUOTA = re.compile(r"\((\d+)s (?:requested|required)?\s*vs\.? (-?\d+)s left\)")
_WAIT = re.compile(r"[Tt]ry again in ((?:\d+ days?, )?[\d:]+)")
_TOO_LONG = re.compile(r"duration \((\d+)s\) is larger than the maximum")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the host gave no GPU, or took it away.

    Attributes:
        left_seconds: Of the visitor's day, with "quota".
        resets_in: Hours, minutes and seconds until there is more, as the host writes them.
        said: The host's own words, with "failed".
    """

    kind: Kind
    left_seconds: float = 0.0
    resets_in: str = ""
    requested_seconds: float = 0.0
    said: str = ""

    def error(self) -> EngineError:
        """What the user reads."""
        match self.kind:
            case "pool":
                return OutOfGpuTime(
                    "This page has used up the GPU time that it has for visitors whom nobody knows. Open the Space at "
                    f"huggingface.co, so that your own counts: {QUOTA_WORDS}. Then press Continue."
                )
            case "runs":
                return OutOfGpuTime(
                    "ZeroGPU has a limit of runs, and you have reached it. Wait some minutes, then press Continue."
                )
            case "busy":
                return OutOfGpuTime(
                    "Your GPU time is held by other runs of yours. Press Continue when one of them has ended."
                )
            case "no_gpu":
                return EngineError(
                    "No GPU was free within a minute. The text so far is kept; press Continue to try again."
                )
            case "aborted":
                return EngineError(
                    "The GPU was taken away in mid-run: its worker ended. The text so far is kept; press Continue to "
                    "go on from there."
                )
            case "expired":
                return EngineError(
                    "This page's pass to the GPU has run out, as it does after some minutes. Press Continue: that "
                    "fetches a new one."
                )
            case _:
                return EngineError(failure_sentence(self.said))


def refusal_of(error: BaseException) -> Refusal | None:
    """What an error from a call means; None if it is none of the host's.

    >>> class Error(Exception): ...
    >>> refusal_of(Error("You have exceeded your free ZeroGPU quota (90s requested vs. 41s left)."))
    Refusal(kind='quota', left_seconds=41.0, resets_in='', requested_seconds=90.0, said='')
    """
    if type(error).__name__ not in ("Error", "HTMLError", "RuntimeError"):
        return None
    title = str(getattr(error, "title", ""))
    text = re.sub(r"<[^>]*>", "", str(getattr(error, "message", None) or error)).strip()
    return _read(title.lower(), text)


def _read(title: str, text: str) -> Refusal | None:
    low = text.lower()
    if found := _QUOTA.search(text):
        wait = _WAIT.search(text)
        return Refusal("quota", float(found[2]), wait[1] if wait else "", float(found[1]))
    if found := _TOO_LONG.search(text):
        return Refusal("too_long", requested_seconds=float(found[1]))
    marks: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("runs", ("runs limit",)),
        ("busy", ("allocated to running tasks",)),
        ("pool", ("has reached its gpu limit",)),
        ("no_gpu", ("no gpu was available", "no gpu is currently available")),
        ("aborted", ("gpu task aborted",)),
        ("expired", ("expired zerogpu proxy token",)),
        ("quota", ("exceeded your gpu quota", "quota exceeded")),
    )
    for kind, words in marks:
        if any(word in low for word in words):
            return Refusal(kind)
    if title.startswith("zerogpu") or "zerogpu" in low:
        # Of an error in the worker only the name of its class comes here.
        said = "out of memory" if "outofmemory" in low.replace(" ", "") else text
        return Refusal("failed", said=said)
    return None


def run_on_device() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`spaces.GPU`, each call as long as its arguments say."""
    import spaces

    wrap: Callable[[Callable[..., Any]], Callable[..., Any]] = spaces.GPU(duration=asked_seconds)
    return wrap


def terms() -> tuple[float, float]:
    """How many seconds the host gives for each that is asked for, and how many it takes for each that is given."""
    try:
        from spaces.zero import default_gpu_size
        from spaces.zero.config import get_config

        # The whole card, which large models get, costs twice.
        return (1.0, 2.0) if default_gpu_size() == "xlarge" else (float(get_config()["duration_factor"]), 1.0)
    except (ImportError, KeyError, OSError, ValueError):
        return _TERMS


def visitor() -> str:
    """Who asks, by what the host's token says of him, in a hash; "" where there is no token.

    The token is a header of the page's request, which a context variable carries; it is another one each time.
    """
    try:
        from spaces.utils import gradio_request_var
    except ImportError:
        return ""
    request = gradio_request_var().get(None)
    token = request.headers.get(_TOKEN_HEADER) if request is not None and hasattr(request, "headers") else None
    return visitor_of(token) if token else ""


def visitor_of(token: str) -> str:
    """A hash of whom a token names.

    >>> visitor_of("no token")[:8]
    '4fb0ec25'
    """
    try:
        payload = token.split(".")[1]
        named = json.loads(base64.urlsafe_b64decode(f"{payload}=="))
        text = json.dumps({name: value for name, value in named.items() if name not in _TIMES}, sort_keys=True)
    except (IndexError, ValueError, AttributeError):
        text = token
    return hashlib.sha256(text.encode()).hexdigest()[:32]
