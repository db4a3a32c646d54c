"""Log records in, a line for each out, as text or as JSON: without what anybody asked, thought or answered.

That can stand in the arguments of a record, in the message of an exception, and in whatever a library writes; so a line
has the words that stand in the source, classes of exceptions and the places where they came up, and of values only
those that are named here. WORKINGS_LOG_TEXT=1 lets all of it through.
"""

import hashlib
import json
import logging
import re
import secrets
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from model.settings import Settings

# Loggers of ours: their messages are words of the source, and what they name besides was looked at.
OWN_LOGGERS = ("app", "model", "verify", "agent", "ui", "evals", "train")
# What a record of ours may name besides its words.
FIELDS = (
    *("event", "run", "owner", "model", "precision", "budget", "engine", "address", "limit", "endpoint", "about"),
    *("finish_reason", "prompt_tokens", "cached_tokens", "thinking_tokens", "answer_tokens", "seconds"),
    *(
        "first_token_seconds",
        "waited_seconds",
        "tokens_per_second",
        "check",
        "outcome",
        "status",
        "error",
        "characters",
    ),
)
_ROOT = Path(__file__).resolve().parent.parent
_MOST_FRAMES = 12
_SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
_PLACEHOLDERS = re.compile(r"%(\(\w+\))?[#0\- +]*[\d.]*[a-zA-Z]")


class Lines(logging.Formatter):
    """One line for each record.

    Args:
        is_json: A JSON object, else words.
        has_text: With messages of exceptions and all arguments.
    """

    def __init__(self, *, is_json: bool, has_text: bool) -> None:
        super().__init__()
        self._is_json = is_json
        self._has_text = has_text

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told = fields_of(record, has_text=self._has_text)
        if self._is_json:
            return json.dumps(told, ensure_ascii=False, default=str)
        head = f"{told.pop('time')} {told.pop('level').upper()} {told.pop('logger')}"
        message, tail = told.pop("message", ""), told.pop("traceback", "")
        words = [head, message, *(f"{name}={_plain(value)}" for name, value in told.items())]
        return " ".join(word for word in words if word) + (f"\n{tail}" if tail else "")


def fields_of(record: logging.LogRecord, *, has_text: bool = False) -> dict[str, Any]:
    """What a line says of a record."""
    is_own = record.name.partition(".")[0] in OWN_LOGGERS
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told: dict[str, Any] = {"time": at, "level": record.levelname.lower(), "event": "log", "logger": record.name}
    if is_own:
        told |= {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    message = _message(record, is_own, has_text)
    if message:
        told["message"] = message
    errors = [each for each in _arguments(record) if isinstance(each, BaseException)]
    if errors:
        told.setdefault("error", type(errors[0]).__name__)
    if record.exc_info and record.exc_info[0] is not None:
        told |= _error_fields(record.exc_info[1], record.exc_info[2], has_text)
    return told


def _arguments(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else ()


def _message(record: logging.LogRecord, is_own: bool, has_text: bool) -> str:
    """The words of a record: its template, where there are arguments that may be anybody's."""
    if has_text:
        return record.getMessage()
    if record.name == "uvicorn.access":
        return _access_words(_arguments(record))
    template = record.msg if isinstance(record.msg, str) else ""
    if record.args:
        return _PLACEHOLDERS.sub("…", template)
    # Libraries put their messages together themselves: only where it was said can be told.
    return template if is_own else f"({Path(record.pathname).name}:{record.lineno})"


def _access_words(arguments: tuple[object, ...]) -> str:
    """A request without its query, which may name a run or hold a question."""
    if len(arguments) != 5:
        return ""
    _, method, path, _, status = arguments
    return f"{method} {str(path).partition('?')[0]} {status}"


def _error_fields(error: BaseException | None, where: TracebackType | None, has_text: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"error": type(error).__name__}
    causes = [type(each).__name__ for each in _causes(error)]
    if causes:
        told["causes"] = causes
    told["where"] = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(where)[-_MOST_FRAMES:]
    ]
    if has_text:
        told["traceback"] = "".join(traceback.format_exception(error))
    return told


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while error is not None and seen < _MOST_FRAMES:
        error, seen = error.__cause__ or (None if error.__suppress_context__ else error.__context__), seen + 1
        if error is not None:
            yield error


def _short(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else "/".join(path.parts[-2:])


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


class OwnersInLogs:
    """What a log calls a user: his name, or a mark that is the same for him until the app ends."""

    def __init__(self, has_names: bool) -> None:
        self._has_names = has_names
        self._salt = secrets.token_bytes(16)

    def __call__(self, owner: str) -> str:
        """The name or the mark; empty where there are no users."""
        if not owner or self._has_names:
            return owner
        return hashlib.blake2b(owner.encode(), key=self._salt, digest_size=6).hexdigest()


class _LinesOfOutput:
    """Stands in for a standard stream where each line must be JSON: of what others write there, how much it was."""

    def __init__(self, stream: TextIO, name: str, has_text: bool) -> None:
        self._stream = stream
        self._name = name
        self._has_text = has_text
        self._rest = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                extra = {"event": "output", "about": self._name, "characters": len(line)}
                _output.info(line if self._has_text else "", extra=extra)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_output = logging.getLogger("app.output")


def configure_logging(settings: Settings, stream: TextIO | None = None) -> Callable[[], None]:
    """Have every record of this process written so; what is returned takes it back.

    Args:
        stream: Where to; the standard error when left out.
    """
    is_json, root = settings.log_format == "json", logging.getLogger()
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines(is_json=is_json, has_text=settings.logs_text))
    # At home a terminal shows what went wrong, and no more.
    handler.addFilter(lambda record: is_json or settings.is_shared or record.levelno >= logging.WARNING)
    before = (root.handlers[:], root.level, sys.stdout, sys.stderr, threading.excepthook, sys.unraisablehook)
    levels = {name: logging.getLogger(name).level for name in OWN_LOGGERS}
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(logging.INFO)
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable
    logging.captureWarnings(True)
    if is_json and stream is None:
        sys.stdout = _LinesOfOutput(sys.stdout, "stdout", settings.logs_text)
        sys.stderr = _LinesOfOutput(sys.stderr, "stderr", settings.logs_text)

    def undo() -> None:
        root.handlers[:], level, sys.stdout, sys.stderr, threading.excepthook, sys.unraisablehook = before
        root.setLevel(level)
        for name, known in levels.items():
            logging.getLogger(name).setLevel(known)
        logging.captureWarnings(False)

    return undo


def adopt_server_loggers() -> None:
    """Have the web server's records written as all others; it sets up handlers of its own when it starts."""
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _log_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
        about = (given.exc_type, given.exc_value, given.exc_traceback)
        logging.getLogger("app.threads").error("a thread has failed", exc_info=about)


def _log_unraisable(given: "sys.UnraisableHookArgs") -> None:
    if given.exc_value is not None:
        about = (given.exc_type, given.exc_value, given.exc_traceback)
        logging.getLogger("app.threads").error("an exception was ignored", exc_info=about)
