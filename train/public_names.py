"""Names and plans with paths of this machine in them in, the same as others may read them out."""

import re
from collections.abc import Mapping
from typing import Any

from model.catalog import CATALOG

# A rooted path of two parts or more; what stands in a URL or between two words is none.
_PLACE = re.compile(r"(?<![\w.:/\\~-])(?:~|[A-Za-z]:)?(?:[\\/][^\\/\s'\",;:()<>]+){2,}[\\/]?")


def public_model(name: str) -> str:
    """A model's name without where it lies on this machine: its hub id, or the folder's name.

    >>> public_model("/home/someone/models/mine"), public_model("qwen3-0.6b"), public_model("Qwen/QwQ-32B")
    ('mine', 'Qwen/Qwen3-0.6B', 'Qwen/QwQ-32B')
    """
    if spec := CATALOG.get(name.lower()):
        return spec.hub_id or name
    return _parts(name)[-1] if is_path(name) else name


def public_adapter(name: str) -> str:
    """An adapter's name without where it lies: a run's adapter is named by the run.

    >>> public_adapter("/home/someone/training/sft-half/adapter"), public_adapter("/x/mine"), public_adapter("a/b")
    ('sft-half/adapter', 'mine', 'a/b')
    """
    if not is_path(name):
        return name
    parts = _parts(name)
    return "/".join(parts[-2:] if parts[-1] == "adapter" else parts[-1:])


def public_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without where files and folders lie on this machine."""
    shown = dict(plan)
    for name in ("model", "reward_model"):
        if isinstance(shown.get(name), str) and is_path(shown[name]):
            shown[name] = public_model(shown[name])
    if isinstance(shown.get("start"), str):
        shown["start"] = public_adapter(shown["start"])
    if isinstance(shown.get("sources"), Mapping):
        shares: dict[str, Any] = {}
        for name, share in shown["sources"].items():
            public = public_source(str(name))
            shares[public] = shares.get(public, 0) + share  # two folders may hold files of one name
        shown["sources"] = shares
    return shown


def public_source(name: str) -> str:
    """A source's name without where its file lies.

    >>> public_source("file:/home/someone/mine.jsonl"), public_source("gym:gcd")
    ('file:mine.jsonl', 'gym:gcd')
    """
    kind, colon, rest = name.partition(":")
    return f"{kind}:{_parts(rest)[-1]}" if colon and is_path(rest) else name


def public_text(text: str) -> str:
    """A sentence in which each place on this machine is told by its last part only.

    >>> public_text("[Errno 28] No space left on device: '/home/someone/training/mine'"), public_text("a/b and c/d/e")
    ("[Errno 28] No space left on device: 'mine'", 'a/b and c/d/e')
    """
    return _PLACE.sub(lambda match: _parts(match[0])[-1], text)


def is_path(name: str) -> bool:
    """Whether a name is a place on this machine and no hub id."""
    is_rooted = name.startswith((".", "~", "/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name) is not None
    return is_rooted or "\\" in name or name.count("/") > 1


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[\\/]", path) if part] or [path]
