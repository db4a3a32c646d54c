"""The process that does one thing for the app and ends: one question and bytes in, one JSON object out.

    python -m agent.web.child read     takes a page apart
    python -m agent.web.child search   asks search engines

It holds itself down first and locks itself in before a page is taken apart, where the system can; its parent kills it
when it takes too long or too much (`agent.web.children`). Of the environment it has no keys and no proxies.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

MEMORY_BYTES = 1 << 30
# What asks the engines starts a thread for each core, and each reserves its share of addresses.
_SEARCH_BYTES = 4 << 30
_MAX_CPU_SECONDS = 60


def limit_itself(memory_bytes: int = MEMORY_BYTES) -> None:
    """At most so much memory, a minute of the processor, no file written."""
    try:
        import resource
    except ImportError:  # Windows: its parent alone looks after it.
        return
    for name, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, _MAX_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        try:
            resource.setrlimit(name, (limit, limit))
        except (ValueError, OSError):  # macOS knows no limit of address space.
            continue


def read(kind: str, content: bytes, charset: str, **how: Any) -> dict[str, Any]:
    """The text of a page, taken out of it behind the lock, and whether that was closed.

    Raises:
        ValueError: If it cannot be read; the message is a sentence.
    """
    from agent.web.charsets import decoded
    from agent.web.locking import load_all, lock
    from agent.web.page_text import text_of

    given = content if kind == "pdf" else decoded(content, charset, is_html=kind == "html")
    load_all(kind)
    is_locked = lock()
    return asdict(text_of(kind, given, **how)) | {"is_locked": is_locked}


def answered(task: str, asked: dict[str, Any], content: bytes) -> dict[str, Any]:
    """What a task comes to, or an `error` in a sentence."""
    try:
        if task == "search":
            from agent.web.engines import found

            return {"results": found(**asked)}
        return read(content=content, **asked)
    except MemoryError:
        return {"error": "The page takes too much memory to be read."}
    except ValueError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  Its parent is told instead.
        return {"error": f"The page could not be read ({type(error).__name__})."}


def main(task: str, incoming: BinaryIO) -> None:
    """Read the question, answer it, end."""
    limit_itself(_SEARCH_BYTES if task == "search" else MEMORY_BYTES)
    # What a library prints must not stand before the answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = json.loads(incoming.readline())
    told = json.dumps(answered(task, asked, incoming.read()), ensure_ascii=False)
    out.write(told.encode("utf-8", "replace"))
    out.flush()
    # Freeing a hostile page's tree can take longer than all that was done with it.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.buffer)
