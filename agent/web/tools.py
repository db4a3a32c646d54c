"""A fetcher and a searcher in, the tools `search_web` and `read_page` out."""

from collections.abc import Sequence

from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import tool_from_function
from agent.web.failures import WebFailed
from agent.web.fetching import Fetcher
from agent.web.patience import Patience
from agent.web.proxying import dial_through
from agent.web.reading import PageReader, ReadPage
from agent.web.searching import Searcher, SearchResult

# What is told of a page in one piece, where the model's context has room for it.
PIECE_CHARACTERS = 5_000
_LEAST_CHARACTERS = 200
# Which characters they are, and where to read on.
_NOTE_CHARACTERS = 80
# Of a piece that is cut, at least this share is told; the cut goes back to the end of a line within the rest.
_LEAST_SHARE = 0.8
CALL_SECONDS = 50.0


def standard_web_tools(proxy: str = "") -> tuple[Tool, ...]:
    """The two tools on the real web.

    Raises:
        BadInput: If the proxy is none.
    """
    fetcher = Fetcher(dialled=dial_through(proxy)) if proxy else Fetcher()
    return web_tools_with(PageReader(fetcher), Searcher(proxy))


def web_tools_with(reader: PageReader, searcher: Searcher) -> tuple[Tool, ...]:
    """The two tools on whatever web is given."""

    def search_web(query: str, context: ToolContext, max_results: int = 5) -> ToolOutput:
        """Search the web. Gives back the title, address and a short extract of each page that was found.

        Args:
            query: What to search for, in a few words.
            max_results: How many pages to list, 10 at most.
        """
        try:
            results = searcher.search(query, max_results, Patience(context.seconds, context.stop))
        except WebFailed as failure:
            return ToolOutput(str(failure), is_error=True)
        return ToolOutput(_rows_of(results, context.most_characters), is_untrusted=True)

    def read_page(url: str, context: ToolContext, offset: int = 0, with_links: bool = False) -> ToolOutput:
        """Read the main text of a web page, or of a PDF file on the web.

        Args:
            url: The address of the page, for example: https://en.wikipedia.org/wiki/Prime_number
            offset: The character to begin at, to read on in a page that did not fit into one result.
            with_links: Whether the addresses of links in the text are given too.
        """
        if offset < 0:
            return ToolOutput(f"offset is {offset}; characters are counted from 0.", is_error=True)
        try:
            patience = Patience(context.seconds, context.stop)
            page = reader.read(url, with_links, patience, context.run_id, anew=offset == 0)
        except WebFailed as failure:
            return ToolOutput(str(failure), is_error=True)
        return _piece_of(page, offset, context.most_characters)

    return tuple(
        tool_from_function(function, policy="ask", reaches_outside=True, is_independent=True, seconds=CALL_SECONDS)
        for function in (search_web, read_page)
    )


def _rows_of(results: Sequence[SearchResult], most_characters: int) -> str:
    """The results that there is room for, the first one in any case."""
    text = ""
    for n, one in enumerate(results, start=1):
        row = f"{n}. {one.title}\n   {one.url}\n   {one.snippet}\n"
        if text and len(text) + len(row) > most_characters:
            break
        text += row
    return text.rstrip()


def _piece_of(page: ReadPage, offset: int, most_characters: int) -> ToolOutput:
    """What is told of a page, from a character on, within so many characters."""
    length = len(page.text)
    if not length:
        return ToolOutput("The page was fetched, and there is no text on it.", is_error=True)
    if offset >= length:
        return ToolOutput(f"The page has {length:,} characters, so none is left at offset {offset}.", is_error=True)
    head = "\n".join(filter(None, (f"Address: {page.url}", page.title and f"Title: {page.title}", *page.notes)))
    room = max(_LEAST_CHARACTERS, min(PIECE_CHARACTERS, most_characters - len(head) - _NOTE_CHARACTERS))
    end = _end_of_piece(page.text, offset, room)
    if offset or end < length:
        rest = f" Read on with offset={end}." if end < length else ""
        head += f"\nCharacters {offset:,} to {end:,} of {length:,}.{rest}"
    return ToolOutput(f"{head}\n\n{page.text[offset:end]}", is_untrusted=True)


def _end_of_piece(text: str, offset: int, room: int) -> int:
    """The end of the last line that fits well, else as much as fits."""
    end = offset + room
    if end >= len(text):
        return len(text)
    line_end = text.rfind("\n", offset + int(room * _LEAST_SHARE), end)
    return line_end + 1 if line_end > 0 else end
