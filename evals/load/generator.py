"""Readers in a process of their own: an address and how many in, a line for each run that they read out.

`python -m evals.load.generator ADDRESS FILE --pages 10 --scripts 10 --seconds 60`
"""

import argparse
import asyncio
import random
import sys
import time
import uuid
from pathlib import Path
from typing import TextIO

from evals.load.readers import Layout, keep_session, layout_of, read_as_page, read_as_script, stand_still

# They do not all come at once.
_SPREAD_SECONDS = 10.0


async def _reader(
    number: int, is_page: bool, address: str, layout: Layout, until: float, first: float, out: TextIO
) -> None:
    """One reader: question after question, until the time is over."""
    await asyncio.sleep(first)
    read, asked, session = (read_as_page if is_page else read_as_script), 0, uuid.uuid4().hex
    kept = asyncio.ensure_future(keep_session(address, session))
    while time.monotonic() < until:
        asked += 1
        heard = await read(address, layout, session, f"question {asked} of reader {number}", until)
        out.write(heard.line() + "\n")
        if heard.trouble:
            await asyncio.sleep(1.0)
    kept.cancel()
    await asyncio.gather(kept, return_exceptions=True)


async def _read_all(given: argparse.Namespace) -> None:
    layout = await layout_of(given.address)
    draws = random.Random(given.first)
    until = time.monotonic() + given.seconds
    with given.file.open("w", encoding="utf-8") as out:
        async with asyncio.TaskGroup() as group:
            for number in range(given.stalled):
                session, question = uuid.uuid4().hex, f"question of the unread stream {number + 1}"
                group.create_task(stand_still(given.address, layout, session, question, until))
            for number in range(given.pages + given.scripts):
                first, is_page = draws.uniform(0, _SPREAD_SECONDS), number < given.pages
                group.create_task(_reader(given.first + number, is_page, given.address, layout, until, first, out))


def main(arguments: list[str]) -> None:
    """Read until the time is over."""
    parser = argparse.ArgumentParser(prog="evals.load.generator")
    parser.add_argument("address")
    parser.add_argument("file", type=Path)
    parser.add_argument("--pages", type=int, default=0)
    parser.add_argument("--scripts", type=int, default=0)
    parser.add_argument("--stalled", type=int, default=0, help="streams that are opened and not read")
    parser.add_argument("--first", type=int, default=1, help="number of the first reader")
    parser.add_argument("--seconds", type=float, default=60.0)
    asyncio.run(_read_all(parser.parse_args(arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
