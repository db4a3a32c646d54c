"""An engine in, what a result must say about where it comes from out: model, adapter, versions, device, day."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from model.adapter import adapter_digest
from model.catalog import EMBEDDED
from model.embedded import SHIPPED_ADAPTER
from model.engine import Engine
from model.remote_address import read_address
from model.settings import REMOTE, settings_from_environment

_PACKAGES = ("torch", "transformers", "peft", "huggingface_hub")


def measured_on(engine: Engine, **asked: Any) -> dict[str, Any]:
    """The head of a result.

    Args:
        asked: What else it was measured with: the budget, the seed, the data.
    """
    return {
        "model": engine.model,
        "precision": engine.precision,
        "adapter": _adapter(engine),
        "context_tokens": engine.context_tokens,
        "device": _device(engine),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "day": datetime.now(UTC).date().isoformat(),
        "asked": asked,
    }


def _adapter(engine: Engine) -> str:
    """The folder's name and the beginning of the weights' SHA-256; empty without one."""
    named = settings_from_environment().adapter
    if engine.precision == REMOTE:
        return ""  # whatever a server has merged into its weights, it does not say
    if named == "none" or (named == "auto" and engine.model != EMBEDDED):
        return ""
    folder = SHIPPED_ADAPTER if named == "auto" else Path(named)
    return f"{folder.name} {adapter_digest(folder)[:12]}"


def _device(engine: Engine) -> str:
    """The device in words; engines that need none (a script) have none."""
    if engine.precision == "none":
        return ""
    if engine.precision == REMOTE:
        return f"server {read_address(settings_from_environment().server_url).shown}"
    from model.device import device_name  # brings torch in

    return f"{device_name()}, {os.cpu_count()} CPU cores"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
