"""A query in, titles, addresses and snippets out, from search engines that a child process asks (`ddgs`)."""

import unicodedata
from dataclasses import dataclass

from agent.web.addresses import why_refused
from agent.web.children import ask_child
from agent.web.cleaning import one_line
from agent.web.failures import AddressRefused, WebFailed
from agent.web.patience import Patience
from agent.web.resolving import NO_NETWORK, has_route
from agent.web.urls import read_url

SEARCH_SECONDS = 20.0
MAX_RESULTS = 10
MAX_QUERY_CHARACTERS = 400
_ENGINE_SECONDS = 5
_MAX_TITLE_CHARACTERS = 150
_MAX_SNIPPET_CHARACTERS = 300
# Where engines look first. Never the model's choice: an engine makes a host name of it.
_REGIONS = {"CJK": "cn-zh", "HIRAGANA": "jp-ja", "KATAKANA": "jp-ja", "HANGUL": "kr-ko", "CYRILLIC": "ru-ru"}


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page that was found, in the words of whoever wrote it."""

    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Searcher:
    """Asks search engines; any thread may call it.

    Args:
        proxy: Which the engines are asked through; empty for none.
    """

    proxy: str = ""

    def search(self, query: str, n_results: int, patience: Patience) -> tuple[SearchResult, ...]:
        """Search the web.

        Raises:
            WebFailed: If nothing is found, or no engine can be reached in time.
        """
        query = one_line(query, MAX_QUERY_CHARACTERS)
        if not query:
            raise WebFailed("The query is empty. Say in a few words what to search for.")
        if not self.proxy and not has_route():
            raise WebFailed(NO_NETWORK)
        n_results = min(max(n_results, 1), MAX_RESULTS)
        asked = {
            "query": query,
            "region": _region(query),
            "n_results": n_results,
            "engine_seconds": _ENGINE_SECONDS,
            "proxy": self.proxy or None,
        }
        told = ask_child("search", asked, b"", patience, SEARCH_SECONDS)
        results = tuple(found for row in told["results"] if (found := _result(row)))
        if not results:
            raise WebFailed("Nothing was found. Try other or fewer words.")
        return results[:n_results]


def _region(query: str) -> str:
    scripts = [unicodedata.name(letter, "").partition(" ")[0] for letter in query if letter.isalpha()]
    kana = [script for script in scripts if script in ("HIRAGANA", "KATAKANA")]
    return next((_REGIONS[script] for script in kana or scripts if script in _REGIONS), "us-en")


def _result(row: dict[str, str]) -> SearchResult | None:
    """A result whose address could be read by `read_page`; None for any other."""
    try:
        url = read_url(row["href"])
    except AddressRefused:
        return None
    if url.address and why_refused(url.address):
        return None
    snippet = one_line(row["body"], _MAX_SNIPPET_CHARACTERS)
    return SearchResult(one_line(row["title"], _MAX_TITLE_CHARACTERS), str(url), snippet)
