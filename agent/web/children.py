"""A task and bytes in, what a child process made of them out; a child that takes too long or too much is killed."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Literal

import psutil

from agent.web.child import MEMORY_BYTES
from agent.web.failures import WebFailed
from agent.web.patience import Patience

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent.parent
# What a child may say; the text of a page in JSON is a part of it.
_MAX_ANSWER_BYTES = 8_000_000
_LOOK_SECONDS = 0.1
_DOING = {"read": "Taking the page apart", "search": "Asking the search engines"}
# Each may take its gigabyte.
_MAX_CHILDREN = 4
_turns = threading.BoundedSemaphore(_MAX_CHILDREN)


def ask_child(
    task: Literal["read", "search"], asked: dict[str, Any], content: bytes, patience: Patience, seconds: float
) -> dict[str, Any]:
    """What the child answers.

    Args:
        seconds: How long the child may work.

    Raises:
        WebFailed: If it fails, or has to be killed; the message says why.
        Stopped: If the run was stopped meanwhile.
    """
    while not _turns.acquire(timeout=patience.left(_LOOK_SECONDS)):
        continue
    try:
        told = _asked(task, json.dumps(asked).encode() + b"\n" + content, patience.part(seconds, _DOING[task]))
    finally:
        _turns.release()
    if "error" in told:
        raise WebFailed(str(told["error"]))
    if told.get("is_locked") is False:
        _say_that_there_is_no_lock()
    return told


@cache
def _say_that_there_is_no_lock() -> None:
    """Once, in the log: the limits hold on this machine, and a fault in a parser is not walled in."""
    log.warning("Pages of the web and PDF files are taken apart in a process of their own, without the sandbox's lock.")


def _asked(task: str, sent: bytes, patience: Patience) -> dict[str, Any]:
    process = _start(task)
    answer = bytearray()
    done = threading.Event()
    threading.Thread(target=_send, args=(process, sent), daemon=True).start()
    threading.Thread(target=_receive, args=(process, answer, done), daemon=True).start()
    try:
        while not done.wait(patience.left(_LOOK_SECONDS)):
            if _memory_bytes(process.pid) > MEMORY_BYTES:
                raise WebFailed(f"The page takes more than {MEMORY_BYTES >> 20:,} MiB to be read.")
        told = json.loads(answer)
        if isinstance(told, dict):
            return told
        raise ValueError("no object")
    except ValueError as error:
        raise WebFailed("The page cannot be read: taking it apart failed.") from error
    finally:
        process.kill()
        process.wait()


def _memory_bytes(process_id: int) -> int:
    """What a process holds; 0 once it has ended."""
    try:
        return int(psutil.Process(process_id).memory_info().rss)
    except psutil.Error:
        return 0


def _start(task: str) -> "subprocess.Popen[bytes]":
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "SSL_CERT_FILE") if name in os.environ}
    # It finds what this process finds, wherever that comes from.
    found = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    found["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.Popen(
        [sys.executable, "-m", "agent.web.child", task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=kept | found,
    )


def _send(process: "subprocess.Popen[bytes]", sent: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError), process.stdin as pipe:
        pipe.write(sent)


def _receive(process: "subprocess.Popen[bytes]", answer: bytearray, done: threading.Event) -> None:
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError), process.stdout as pipe:
        while len(answer) <= _MAX_ANSWER_BYTES and (piece := os.read(pipe.fileno(), 1 << 16)):
            answer += piece
    done.set()
