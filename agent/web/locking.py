"""The process that takes a page apart in, the same process without files, network and privileges out, where Linux can.

A page is taken apart by libraries that are partly written in C. Whoever finds a fault in one of them is alone with it:
the lock is the sandbox's (docs/sandbox.md). It lets nothing be opened any more, so what the libraries load while they
work is loaded before.
"""

import contextlib
import encodings
import importlib
import os
import pkgutil
from collections.abc import Iterable

_SENTENCE = "A paragraph that is long enough to be taken for one, with a few words more so that nobody doubts it. "
_SAMPLES = (
    f"<title>A</title><nav><a href=/>b</a></nav><article><h1>A</h1><p>{_SENTENCE * 5}</p><table><tr><td>1</table>"
    "<pre><code>x</code></pre><ul><li><a href=https://www.example.co.uk/z>y</a></ul></article>",
    # Short pages are looked at by another library, which has its words in files.
    "<title>B</title><p>Hello there",
)


def load_all(kind: str) -> None:
    """Have the libraries for a kind of page load what they will want."""
    if kind == "pdf":
        import pypdf

        _import_each(pypdf.__path__, "pypdf.")
        _import_each(encodings.__path__, "encodings.")
    elif kind == "html":
        from agent.web.page_text import text_of

        for sample in _SAMPLES:
            text_of(kind, sample, "https://example.com/", True, 30.0)


def _import_each(paths: Iterable[str], prefix: str) -> None:
    for module in pkgutil.walk_packages(paths, prefix):
        with contextlib.suppress(Exception):  # Some are for other systems, or want packages that are not there.
            importlib.import_module(module.name)


def lock() -> bool:
    """Close the lock on this process; whether it is closed."""
    for with_landlock in (True, False):
        with contextlib.suppress(ImportError, OSError, KeyError, AttributeError):
            from verify.sandbox.inside.lock import Lock

            Lock(with_landlock).close(os.getppid())
            return True
    return False
