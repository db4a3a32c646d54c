"""What Gradio, uvicorn and the start of the app print past all logs in, records and lines of ours out."""

import logging
import sys
import traceback
from typing import Any

import gradio.queueing
import gradio.routes
import gradio.utils

from model.logs import adopt_server_loggers
from model.settings import Settings

log = logging.getLogger(__name__)


class Told:
    """Tells whoever started the app: a line of words, or one of JSON as all others are."""

    def __init__(self, settings: Settings) -> None:
        self._is_json = settings.log_format == "json"

    def __call__(self, words: str) -> None:
        """Say it; these are words of our own."""
        if self._is_json:
            log.info(words, extra={"event": "said"})
        else:
            sys.stderr.write(f"{words}\n")

    def serving(self, address: str) -> None:
        """The app answers there. From now on the web server's records are written as ours."""
        adopt_server_loggers()
        log.info("", extra={"event": "serving", "address": address})


class _LoggedTracebacks:
    """The module `traceback` as Gradio uses it, which prints what an event has failed with, messages and all."""

    def print_exc(self) -> None:
        log.error("an event has failed", exc_info=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)


def log_gradios_tracebacks() -> None:
    """Have them written as records; harmless when repeated."""
    for module in (gradio.queueing, gradio.routes, gradio.utils):
        vars(module)["traceback"] = _LoggedTracebacks()
