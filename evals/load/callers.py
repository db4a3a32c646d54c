"""`gradio_client` callers of one app in a process of their own: an address and how many in, a line for each call out.

`python -m evals.load.callers ADDRESS FILE --callers 16 --seconds 60`
"""

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from gradio_client import Client

from evals.load.heard import Heard

_MOST_NEW_TOKENS = 160
_SUBJECTS = ("a ship", "a garden", "two brothers", "an old clock", "the sea", "a winter road", "a small dog", "a lamp")


def _call_on(number: int, address: str, until: float, out: TextIO, lock: threading.Lock) -> None:
    client, asked = Client(address, verbose=False, ssl_verify=False, httpx_kwargs={"timeout": 120}), 0
    while time.monotonic() < until:
        asked += 1
        subject = _SUBJECTS[(number + asked) % len(_SUBJECTS)]
        heard = Heard("caller", f"Caller {number}, call {asked}: write a few sentences about {subject}.")
        try:
            _call(client, heard)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what a caller got
            heard.trouble = f"{type(error).__name__}: {error}"
        with lock:
            out.write(heard.line() + "\n")


def _call(client: Client, heard: Heard) -> None:
    sampling = {"max_new_tokens": _MOST_NEW_TOKENS}
    job = client.submit(heard.question, None, sampling, 48, api_name="/chat")
    for delta in job:
        heard.run_id = delta.get("run_id") or heard.run_id
        if delta["type"] in ("thinking", "answer"):
            heard.more(delta["type"], delta["text"])
    final = job.result(timeout=120)
    final = final[-1] if isinstance(final, list) else final
    if final["type"] != "final":
        heard.trouble = f"the last thing was {final['type']}"
        return
    for kind in ("thinking", "answer"):
        if final[kind] != heard.texts[kind]:
            heard.trouble = f"the final {kind} is not what came"
    if final["finish_reason"] == "error":
        heard.trouble = str(final["notices"])


def main(arguments: list[str]) -> None:
    """Call until the time is over."""
    parser = argparse.ArgumentParser(prog="evals.load.callers")
    parser.add_argument("address")
    parser.add_argument("file", type=Path)
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args(arguments)
    until, lock = time.monotonic() + given.seconds, threading.Lock()
    with given.file.open("w", encoding="utf-8") as out:
        threads = [
            threading.Thread(target=_call_on, args=(number, given.address, until, out, lock))
            for number in range(1, given.callers + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
