"""Folders of installed packages in, what a notebook may import out: imported, or held as source in memory.

After the lock nothing can be read. What has C in it is imported in the fork server; of the rest the source is held, and
an import in a locked child finds it there. A package that is not installed is simply not there.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import sys
import sysconfig
import types
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from verify.sandbox.inside.files import Files
from verify.sandbox.inside.imports import import_quietly, import_warm, is_wanted

# Imported at the start, in this order.
_IMPORTED = """
numpy numpy.random numpy.fft numpy.linalg numpy.polynomial numpy.ma numpy.testing mpmath sympy PIL.Image
matplotlib matplotlib.pyplot matplotlib.backends.backend_agg mpl_toolkits.mplot3d
""".split()
_HELD = ("numpy", "mpmath", "sympy", "PIL", "matplotlib", "mpl_toolkits", "fontTools")
_SKIPPED = frozenset("tests test benchmarks idlelib lib2to3 ensurepip turtledemo site-packages __pycache__".split())
_UNWANTED_C = ("_test", "_xx", "xx", "_tkinter", "_curses", "readline")


def load(folders: Sequence[str], files: Files) -> None:
    """Import what a notebook finds there, and hold the rest."""
    sys.path += [folder for folder in folders if folder not in sys.path]
    import_warm()
    for path in Path(sysconfig.get_path("stdlib"), "lib-dynload").glob("*.so"):
        name = path.name.partition(".")[0]
        if not name.startswith(_UNWANTED_C):
            import_quietly(name)
    with _matplotlib_without_folders():
        for name in _IMPORTED:
            import_quietly(name)
    sources = dict(_sources(Path(sysconfig.get_path("stdlib")), ""))
    for package in _HELD:
        if package in sys.modules:
            for folder in sys.modules[package].__path__:
                sources.update(_sources(Path(folder), package))
    sys.meta_path.append(_Held({name: held for name, held in sources.items() if name not in sys.modules}))
    if "matplotlib.pyplot" in sys.modules:
        _hold_fonts(files)


@contextlib.contextmanager
def _matplotlib_without_folders() -> Iterator[None]:
    """It makes a folder for its settings and its list of fonts, in a temporary place if need be; not here."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        yield
        return
    os.environ["MATPLOTLIBRC"] = str(Path(found.origin).parent / "mpl-data" / "matplotlibrc")
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        matplotlib.get_cachedir = matplotlib.get_configdir = lambda: "/nonexistent"
        matplotlib.set_loglevel("error")
        matplotlib.use("Agg")
        yield
    except Exception:  # noqa: BLE001  A broken matplotlib is one that is not there.
        yield
    finally:
        del os.environ["MATPLOTLIBRC"]


def _hold_fonts(files: Files) -> None:
    """Its own fonts only, so that a figure looks the same on every machine; and each of them held."""
    manager = importlib.import_module("matplotlib.font_manager").fontManager
    folder = Path(importlib.import_module("matplotlib").get_data_path(), "fonts")
    for fonts in (manager.ttflist, manager.afmlist):
        fonts[:] = [font for font in fonts if Path(font.fname).is_relative_to(folder)]
    files.fixed.update({str(path): path.read_bytes() for path in folder.rglob("*") if path.suffix in (".ttf", ".afm")})
    # The first figure costs the most: it is drawn here, once.
    pyplot = importlib.import_module("matplotlib.pyplot")
    pyplot.plot([1, 2])
    pyplot.title("$x^2$")
    pyplot.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    pyplot.close("all")
    # Programs that ask for a window draw here all the same.
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use = lambda *_, **__: None


def _sources(folder: Path, package: str) -> Iterator[tuple[str, tuple[str, bool, bytes]]]:
    """Modules below a folder: name, and path, whether it is a package, source."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            base, dot = entry.name.partition(".")[0], f"{package}." if package else ""
            if entry.name in _SKIPPED or (not package and not is_wanted(base)):
                continue
            if entry.is_dir() and os.path.exists(Path(entry, "__init__.py")):
                yield from _sources(Path(entry), dot + base)
            elif entry.name.endswith(".py"):
                is_package = base == "__init__"
                yield package if is_package else dot + base, (entry.path, is_package, Path(entry).read_bytes())


class _Held:
    """Finds and loads modules whose source is held in memory."""

    def __init__(self, sources: dict[str, tuple[str, bool, bytes]]) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._sources:
            return None
        file, is_package, _ = self._sources[name]
        places = [os.path.dirname(file)] if is_package else None
        return importlib.util.spec_from_file_location(name, file, loader=self, submodule_search_locations=places)  # type: ignore[arg-type]

    def create_module(self, _: ModuleSpec) -> None:
        """Python's own way of making one will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        file, _, source = self._sources[module.__name__]
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name: str) -> str:
        """For tracebacks."""
        return self._sources[name][2].decode("utf-8", "replace")
