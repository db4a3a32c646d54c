"""Texts and queries in, what SQLite's full-text search can take out; and a hit's text in, the part to show out."""

import re
from itertools import islice

from model.storable import without_surrogates

_SNIPPET_CHARACTERS = 200
_MAX_QUERY_CHARACTERS = 400

# Chinese, Japanese and Korean are written without spaces (or inflect), so each character is a word of its own in the
# index: a separator goes around it, which no text may hold and which is taken out of the snippet again.
_SEPARATOR = "\x1f"
_CHARACTER_WORDS = re.compile(
    "([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
_MARKED = re.compile("\x02([^\x03]*)\x03")
_NOT_INDEXED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def indexed_words(text: str) -> str:
    """The text as it goes into the index."""
    text = _NOT_INDEXED.sub(" ", without_surrogates(text))
    return _CHARACTER_WORDS.sub(f"{_SEPARATOR}\\1{_SEPARATOR}", text)


def snippet_of(highlighted: str) -> str:
    """The part of a text that has the most different matches, on one line.

    FTS5's own `snippet()` takes time with the square of the matches: 40 ms where a word stands 3,000 times.
    """
    text = highlighted.replace(_SEPARATOR, "")
    matches = list(islice(_MARKED.finditer(text), 100))
    starts = [max(0, match.start() - _SNIPPET_CHARACTERS // 4) for match in matches]

    def n_different(start: int) -> int:
        inside = (m for m in matches if start <= m.start() and m.end() <= start + _SNIPPET_CHARACTERS)
        return len({match[1].casefold() for match in inside})

    start = max(starts, key=n_different)
    end = start + _SNIPPET_CHARACTERS
    # Not in the middle of a match, nor (where there are spaces) of a word.
    start = next((m.start() for m in matches if m.start() < start < m.end()), start)
    end = next((m.end() for m in matches if m.start() < end < m.end()), end)
    before, part, after = text[:start], text[start:end], text[end:]
    if before:
        part = "…" + re.sub(r"^[^\s\x02]{1,20}\s", "", part)
    if after:
        part = re.sub(r"\s[^\s\x03]{1,20}$", "", part) + "…"
    return " ".join(part.split())


def match_expression(query: str) -> str:
    """The query in FTS5's grammar: every word must be there (words may go on), `"..."` is taken as it stands."""
    parts = []
    for exact, word in re.findall(r'"([^"]*)"|([^\s"]+)', query[:_MAX_QUERY_CHARACTERS]):
        text = indexed_words(exact or word).replace('"', " ")
        if any(character.isalnum() for character in text):
            parts.append(f'"{text}"' + ("" if exact else " *"))
    return " ".join(parts)
