"""A URL in, its text out: fetched, taken apart in a child process, kept for a while so that one can read on."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from agent.web.children import ask_child
from agent.web.cleaning import clean
from agent.web.fetching import FETCH_SECONDS, Fetcher
from agent.web.patience import Patience

READ_SECONDS = 20.0
# A page that one reads on in is not fetched again for so long.
_KEPT_SECONDS = 600.0
_MAX_KEPT = 16


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as text.

    Args:
        url: Where it was found in the end.
        notes: What is missing of it, in words of ours.
    """

    url: str
    title: str
    text: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class PageReader:
    """Reads pages; any thread may call it."""

    fetcher: Fetcher = field(default_factory=Fetcher)
    _kept: OrderedDict[tuple[str, str, bool], tuple[float, ReadPage]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, url: str, with_links: bool, patience: Patience, kept_for: str, anew: bool) -> ReadPage:
        """A page's text.

        Args:
            kept_for: Whose page it is: what was read for one run is not told to another.
            anew: Whether it is fetched although it is kept.

        Raises:
            WebFailed: If it cannot be had, or is no text.
        """
        key = (kept_for, url, with_links)
        if not anew and (kept := self._find(key)):
            return kept
        page = self.fetcher.fetch(url, patience.part(FETCH_SECONDS, "Fetching the page"))
        asked = {
            "kind": page.kind,
            "charset": page.charset,
            "url": str(page.url),
            "with_links": with_links,
            "seconds": READ_SECONDS / 3,
        }
        told = ask_child("read", asked, page.content, patience, READ_SECONDS)
        notes = ("Only the beginning of the page came; the rest is missing.",) if page.is_cut else ()
        if told["note"]:
            notes = (*notes, str(told["note"]))
        read = ReadPage(str(page.url), clean(str(told["title"])), clean(str(told["text"])), notes)
        self._keep(key, read)
        return read

    def _find(self, key: tuple[str, str, bool]) -> ReadPage | None:
        with self._lock:
            when, page = self._kept.get(key, (0.0, None))
            return page if page and time.monotonic() - when < _KEPT_SECONDS else None

    def _keep(self, key: tuple[str, str, bool], page: ReadPage) -> None:
        with self._lock:
            self._kept[key] = (time.monotonic(), page)
            self._kept.move_to_end(key)
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
