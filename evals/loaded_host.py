"""A model's name or a script in, a host whose engine serves out: what the measurements that need no page start with."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from model.engine import Engine
from model.host import ModelHost
from model.settings import Settings, settings_from_environment

_LOAD_SECONDS = 3600.0


@contextlib.contextmanager
def loaded_host(
    model: str, script: Path | None = None, settings: Settings | None = None, precision: str = ""
) -> Iterator[ModelHost]:
    """A host that serves, closed afterwards.

    Args:
        model: Catalog name, hub id or folder.
        script: As for `app.py --scripted`; no model is loaded then.
        settings: Those of the environment when left out.
        precision: That of the settings when left out.

    Raises:
        AppError: If the model cannot be loaded, or the script cannot be read.
    """
    settings = settings or settings_from_environment()
    host = ModelHost(settings, _scripted(script) if script else None)
    try:
        if script is None:
            host.load(model, precision or settings.precision)
            host.engine(wait_seconds=_LOAD_SECONDS)
        yield host
    finally:
        host.close()


def _scripted(script: Path) -> Engine:
    from model.scripted import load_script  # brings transformers in

    return load_script(script)
