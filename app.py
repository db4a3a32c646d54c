"""Environment and arguments in, the running app out. Start reading here, then ui/page.py and model/runs.py."""

import os
import sys
from pathlib import Path

from model.command_line import read_arguments
from model.engine import Engine
from model.errors import AppError
from model.settings import settings_from_environment
from model.space import storage_variables

os.environ.update(storage_variables())  # before whatever reads HF_HOME
if settings_from_environment().is_zero_gpu:
    import spaces  # noqa: F401 - must come before torch, and exists only there

from model.host import ModelHost
from model.logs import configure_logging
from model.runs import Runs
from model.store import Store
from model.zero_gpu import run_on_device
from ui.launching import launch, wait_for_the_end, write_quantised
from ui.page import build_page


def scripted_engine(script: Path) -> Engine:
    """An engine that replays a script."""
    from model.scripted import load_script  # brings transformers in, which the page does without

    return load_script(script)


def main(arguments: list[str]) -> None:
    """Start everything, serve until told to end, and let go of the device."""
    settings, given = read_arguments(arguments)
    configure_logging(settings)
    if given.save_quantised:
        write_quantised(settings, given.save_quantised, say=print)
        return
    script = given.scripted or os.environ.get("WORKINGS_SCRIPT")
    on_device = run_on_device() if settings.is_zero_gpu else None
    host = ModelHost(settings, scripted_engine(Path(script)) if script else None, run_on_device=on_device)
    runs = Runs(Store(settings.data_folder), host, settings)
    if settings.is_zero_gpu and not script:
        # There a model must be placed before the app is up, by this thread; each call then gets a GPU for a while.
        host.load_default(waits=True)
        host.engine()
    demo = build_page(runs, host, settings)
    if not script and not settings.is_zero_gpu:
        # Said before anybody can ask, so that a question waits for it; begun once the first page has gone out.
        host.load_default(after_seconds=2.0)
    address = launch(demo, runs, settings, opens_browser=not given.no_browser)
    print(f"Workings is at {address} (Ctrl-C ends it)", flush=True)
    wait_for_the_end()
    demo.close(verbose=False)
    runs.close()
    host.close()
    runs.store.close()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AppError as error:
        sys.exit(str(error))
