"""Any error of a named endpoint in, a sentence that its caller gets to read out."""

import contextlib
import logging
from collections.abc import Iterator

import gradio as gr

from model.errors import AppError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def errors_as_sentences(endpoint: str) -> Iterator[None]:
    """Turn every error into one that clients get to read; what nobody foresaw is logged, not shown.

    Raises:
        gr.Error: Instead of any other exception.
    """
    try:
        yield
    except AppError as error:
        log.info("", extra={"event": "refused", "endpoint": endpoint, "error": type(error).__name__})
        raise gr.Error(str(error), print_exception=False) from error
    except gr.Error:
        raise
    except Exception as error:
        log.exception("an endpoint has failed", extra={"endpoint": endpoint})
        raise gr.Error(
            f"{endpoint} failed in a way that was not foreseen. The server's log has the details; please report them.",
            print_exception=False,
        ) from error
