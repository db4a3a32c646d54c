"""HTML of any kind in, all of its text out, block by block, and the part that the page itself calls its main one."""

import re
from html.parser import HTMLParser

_HIDDEN = ("script", "style", "template", "noscript", "svg", "head")
_BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 "
    "h6 header hr li main nav ol p pre section summary table tr ul".split()
)
_BEFORE = {f"h{level}": "#" * level + " " for level in range(1, 7)} | {"li": "- "}


class _Texts(HTMLParser):
    """Texts in their order, whatever the tags are worth."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        # Where the page's own main part begins and ends among the parts.
        self.spans: dict[str, list[tuple[int, int]]] = {"main": [], "article": []}
        self._open: dict[str, list[int]] = {"main": [], "article": []}
        self._hidden = ""
        self._n_pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag in _HIDDEN:
            # A page may leave out the end of its head.
            self._hidden = "" if self._hidden == "head" and tag == "body" else self._hidden or tag
            return
        if tag in _BLOCKS:
            self.parts.append("\n" + _BEFORE.get(tag, ""))
        elif tag == "br":
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" | ")
        if tag in self._open:
            self._open[tag].append(len(self.parts))
        self._n_pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden = "" if tag == self._hidden else self._hidden
            return
        if tag in _BLOCKS:
            self.parts.append("\n\n" if tag in ("p", "pre") or tag in _BEFORE else "\n")
        if self._open.get(tag):
            self.spans[tag].append((self._open[tag].pop(), len(self.parts)))
        self._n_pre = max(0, self._n_pre - (tag == "pre"))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data if self._n_pre else re.sub(r"\s+", " ", data))


def texts_of(html: str) -> tuple[str, str]:
    r"""All text of a page, and that of its `<main>`, or of its only `<article>`; the latter is empty without one.

    >>> texts_of("<nav>Menu</nav><main><h1>On <i>a</i></h1><ul><li>b<li>c</ul></main>")
    ('Menu\n\n# On a\n\n- b\n- c', '# On a\n\n- b\n- c')
    """
    parser = _Texts()
    parser.feed(html)
    parser.close()
    own = parser.spans["main"][:1] or (parser.spans["article"] if len(parser.spans["article"]) == 1 else [])
    return _tidy(parser.parts), _tidy(parser.parts[own[0][0] : own[0][1]]) if own else ""


def _tidy(parts: list[str]) -> str:
    lines = (line.strip(" ") if not line.startswith("  ") else line.rstrip() for line in "".join(parts).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.removeprefix("| ") for line in lines))
    return re.sub(r"(?m)^(#+|-)[ \n]*\n+", r"\1 ", text).strip()
