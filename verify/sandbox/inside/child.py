"""A forked child in, locked and at work on its profile out: what every program's process does before anything else.

Lines of JSON go both ways on one descriptor, a stream: `{"locked": true}` first, before a byte of the program is read.
"""

import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any

from verify.sandbox.inside import answering, asserting, judge, together
from verify.sandbox.inside.channel import CHANNEL, Channel
from verify.sandbox.inside.guarding import FILE
from verify.sandbox.inside.imports import import_named
from verify.sandbox.inside.lock import Lock, limit
from verify.sandbox.inside.standard_files import open_standard_files

NOT_LOCKED = 97
# Deeper than Python's own 1,000, as judges of programming contests have it; the stack has room for it.
_RECURSION_LIMIT = 10_000

# What a child may be asked to do with a source: given the request and the channel, the exit code. A fork server that
# has the libraries for it adds "notebook".
PROFILES: dict[str, Callable[[bytes, dict[str, Any], Channel], int]] = {
    "judge": judge.run,
    "answering": answering.run,
    "asserting": asserting.run,
    "together": together.run,
}


def run_child(descriptors: list[int], lock: Lock, server_pid: int) -> None:
    """Everything that a child does; does not return.

    Args:
        descriptors: The request, standard input, output and error, and the stream.
    """
    request_descriptor, *kept = descriptors
    with open(request_descriptor, "rb") as file:
        request, source = json.loads(file.readline()), file.read()
    for number, descriptor in enumerate(kept):
        os.dup2(descriptor, number)
    os.closerange(CHANNEL + 1, 1024)
    os.nice(5)  # The app's own threads come first.
    limit(request["limits"])
    open_standard_files()
    import_named(source.decode("utf-8", "replace") + "\n" + request.get("script", ""))
    sys.argv = [FILE]
    sys.setrecursionlimit(_RECURSION_LIMIT)
    random.seed(0)
    channel = Channel()
    try:
        lock.close(server_pid)
    except BaseException as error:  # noqa: BLE001  Whatever it is: nothing runs outside of the lock.
        channel.tell({"refused": f"{type(error).__name__}: {error}"})
        os._exit(NOT_LOCKED)
    channel.tell({"locked": True})
    os._exit(PROFILES[request["profile"]](source, request, channel))
