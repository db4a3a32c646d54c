"""What is installed here in, the versions of the app, Python and the libraries of training out. No torch."""

import platform
import re
from importlib import metadata
from pathlib import Path

_PACKAGES = ("torch", "transformers", "trl", "peft", "bitsandbytes")
_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def installed_versions() -> dict[str, str]:
    """What a run is carried out with, by name; what is not installed is left out."""
    found = {"workings": own_version(), "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {name: version for name, version in found.items() if version}


def own_version(project: Path = _PROJECT) -> str:
    """The app's, from the file that says it: the app runs from its folder and is not installed. Empty without one."""
    try:
        told = re.search(r'^version = "([^"]+)"', project.read_text("utf-8"), re.MULTILINE)
    except OSError:
        return ""
    return told[1] if told else ""
