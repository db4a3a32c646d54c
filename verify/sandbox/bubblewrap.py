"""bubblewrap, where it is installed and works: the command that puts another wall around the fork server."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_OURS = Path(__file__).resolve().parent
_NOWHERE = "/nonexistent"


def found() -> str | None:
    """The installed `bwrap`; only the system's own folders are looked at."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")


def command(bwrap: str, inner: Sequence[str], environment: Mapping[str, str], folders: Sequence[str] = ()) -> list[str]:
    """A command that runs another one in namespaces of its own: no network, no /proc, only /usr and Python, read only.

    Args:
        folders: More that may be read.

    Processes of other namespaces are out of sight, and all inside end when the first of them does.
    """
    words = [bwrap, "--unshare-all", "--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    words += ["--ro-bind", "/usr", "/usr"]
    for folder in ("/lib", "/lib64", "/bin"):
        if os.path.islink(folder):
            words += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            words += ["--ro-bind", folder, folder]
    for needed in (
        "/etc/ld.so.cache",
        os.path.realpath(sys.base_prefix),
        str(_OURS),
        str(_OURS.parent / "__init__.py"),
        *folders,
    ):
        if os.path.exists(needed) and not needed.startswith("/usr/"):
            words += ["--ro-bind", needed, needed]
    return [*words, "--dir", _NOWHERE, "--chdir", _NOWHERE, "--remount-ro", "/", *inner]
