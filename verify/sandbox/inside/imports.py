"""A program's source in, the modules of the standard library that it names imported: after the lock nothing can be.

The source is only searched, not parsed: no parser reads what nobody has looked at before the lock is closed.
"""

import _sitebuiltins
import builtins
import contextlib
import encodings
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator

# Imported once in the fork server, so that a program finds them there: what programs use most, and what the standard
# library imports only when it is used.
WARM = """
abc argparse array ast asyncio atexit base64 bisect bz2 calendar cmath codecs collections collections.abc colorsys
concurrent.futures concurrent.futures.thread contextlib contextvars copy copyreg csv ctypes dataclasses datetime
_strptime decimal difflib dis doctest enum fnmatch fractions functools gc getpass glob graphlib gzip hashlib heapq hmac
html importlib importlib.util inspect io ipaddress itertools json keyword linecache locale logging lzma math mmap
multiprocessing numbers operator optparse os pathlib pickle platform pprint queue random re reprlib resource sched
secrets select shlex shutil signal socket statistics string stringprep struct subprocess tempfile textwrap threading
time timeit token tokenize traceback types typing unicodedata unittest unittest.mock urllib.parse uuid warnings weakref
zipfile zlib zoneinfo
""".split()

# They open windows, print, need a terminal, or install things.
_UNWANTED = frozenset(
    "antigravity this idlelib turtle turtledemo tkinter _tkinter webbrowser ensurepip venv pydoc pip cgi cgitb pty"
    " curses _curses readline rlcompleter test lib2to3 site sitecustomize usercustomize __main__".split()
)
_DOTTED = r"[A-Za-z_][\w.]{0,99}"
_IMPORT = re.compile(r"\bimport[ \t]+(" + _DOTTED + r"[\w. \t,]{0,400})")
_FROM = re.compile(r"\bfrom[ \t]+(" + _DOTTED + r")[ \t]+import[ \t]+(?:\(([^()]{0,2000})\)|([\w \t,]{1,400}))")
_BY_NAME = re.compile(r"(?:\bimport_module|\b__import__)\([ \t]*[\"'](" + _DOTTED + r")[\"']")
_MAX_NAMES = 200


def named_modules(source: str) -> Iterator[str]:
    r"""Dotted names that stand where a module's name would; some may be none.

    >>> list(named_modules("import heapq as h, json\nfrom os import path"))
    ['heapq', 'json', 'path', 'os', 'os.path']
    """
    for found in _IMPORT.finditer(source):
        yield from (name.split()[0] for name in found[1].split(",") if name.split())
    for found in _FROM.finditer(source):
        yield found[1]
        members = (found[2] or found[3] or "").split(",")
        yield from (f"{found[1]}.{member.split()[0]}" for member in members if member.split())
    yield from (found[1] for found in _BY_NAME.finditer(source))


def is_wanted(name: str) -> bool:
    """Whether a dotted name may be imported for a program: the standard library's, and nothing that runs as a program.

    >>> is_wanted("xml.etree"), is_wanted("unittest.__main__"), is_wanted("torch")
    (True, False, False)
    """
    top, *rest = name.split(".")
    return (
        top in sys.stdlib_module_names
        and top not in _UNWANTED
        and not any(part.startswith("__") or part in ("test", "tests") for part in rest)
    )


def import_named(source: str) -> None:
    """Import what a program names. What cannot be imported is the program's to find out."""
    for _, name in zip(range(_MAX_NAMES), dict.fromkeys(named_modules(source)), strict=False):
        if is_wanted(name) and name not in sys.modules:
            import_quietly(name)


def import_warm() -> None:
    """Import what every program finds there, and all text encodings."""
    codecs = [f"encodings.{module.name}" for module in pkgutil.iter_modules(encodings.__path__)]
    for name in [*WARM, *codecs]:
        import_quietly(name)
    # What `site` adds, which the fork server starts without: programs end by `exit()`.
    builtins.exit = builtins.quit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")


def import_quietly(name: str) -> None:
    """Import a module if it can be."""
    # Modules for other systems raise more than ImportError (`encodings.mbcs`, `asyncio.windows_events`).
    with contextlib.suppress(Exception):
        importlib.import_module(name)
