"""A page that is built in, its address out once the server answers; and what else the command line asks for."""

import functools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import gradio as gr
from fastapi import Request
from starlette.middleware import Middleware

from model.acting import NOBODY
from model.catalog import DEFAULT_ON_GPU, find_model
from model.errors import BadInput
from model.measuring import Measures
from model.runs import Runs
from model.settings import Settings
from model.settled_memory import settle_memory
from ui.access import ACTOR, Access
from ui.access_account import OPEN_DOOR
from ui.access_claims import Claims
from ui.access_page import Page
from ui.access_queue import claiming_events, session_of
from ui.backlog import hold_back_updates
from ui.early_document import EarlyDocument
from ui.first_text import first_text_of
from ui.mcp_server import PATH, mcp_server
from ui.observing import observing_routes
from ui.parts import ASSETS
from ui.server_logs import Told, log_gradios_tracebacks
from ui.sessions import lighten_sessions
from ui.theme import css, early_script, head, theme
from ui.words import translations
from verify.sandbox.isolation import announce, protect_this_process

# Page updates run on the event loop; threads only serve short questions to the store.
_MAX_THREADS = 80
# Gradio works on as many events as it has threads, and each page and script that follows a run is one all that time:
# the eighty-first would hear nothing until another one had ended.
_STREAMS, _STREAMS_OF_A_RUN = 512, 4
# Events that may wait; streams have no limit of Gradio's, because `Settings.max_runs` refuses with a sentence.
_MAX_WAITING = 512
# Gradio looks into its queue a thousand times a second, on Windows twenty times, run or no run. On a CPU that takes a
# twentieth of the model's speed: each look has the interpreter taken away from the thread that decodes.
_QUEUE_LOOK_SECONDS, _PROGRESS_LOOK_SECONDS = 0.02, 0.1


def launch(demo: gr.Blocks, runs: Runs, settings: Settings, *, opens_browser: bool) -> str:
    """Serve the page in threads of its own and return its address.

    From then on no other process of this user may look into this one (but on ZeroGPU); the log says what isolates
    programs.

    Raises:
        BadInput: If the port is taken.
    """
    if not settings.is_zero_gpu:  # there the workers that hold the device are processes of their own
        protect_this_process()
    say = Told(settings)
    log_gradios_tracebacks()
    demo.queue(default_concurrency_limit=None, max_size=_MAX_WAITING)
    lighten_sessions(demo)
    hold_back_updates()
    demo._queue.sleep_when_free = _QUEUE_LOOK_SECONDS
    demo._queue.progress_update_sleep_when_free = _PROGRESS_LOOK_SECONDS
    guard = _guard(demo, settings)
    early = Middleware(EarlyDocument, script=early_script(), first_markup=first_text_of(runs))
    # Not Gradio's own, whatever its environment variable says: that one offers every endpoint.
    served = mcp_server(demo, settings) if settings.serves_mcp else None
    routes = observing_routes(runs, Measures(runs)) + (served.routes if served else [])
    with_mcp = {"lifespan": served.lifespan} if served else {}
    try:
        _, address, _ = demo.launch(
            server_name=settings.server_name,
            server_port=settings.server_port,
            prevent_thread_lock=True,
            quiet=True,
            inbrowser=opens_browser and not settings.is_hosted,
            share=False,
            # Else Gradio asks its own address once more, and gives up with a traceback where that takes over 3 s.
            _frontend=False,
            max_threads=_MAX_THREADS,
            max_file_size="100mb",
            show_error=True,
            strict_cors=True,
            ssr_mode=False,
            enable_monitoring=False,
            # The store keeps every run; a second copy in each visitor's browser would outlive a deletion there.
            run_history=False,
            footer_links=["api", "settings"],
            favicon_path=ASSETS / "favicon.svg",
            theme=theme(),
            css=css(),
            head=head(),
            app_kwargs={"middleware": [guard, early], "routes": routes} | with_mcp,
            mcp_server=False,
            i18n=translations,
            # A second look, Gradio's own, behind `ui.access`.
            auth_dependency=_login_of if settings.has_logins else None,
        )
    except OSError as error:
        raise BadInput(
            f"Port {settings.server_port} cannot be used: {error}. Choose another with --port or GRADIO_SERVER_PORT."
        ) from error
    if settings.is_open_door:
        say(f"WARNING: {OPEN_DOOR}")
    demo._queue.active_jobs.extend([None] * (_STREAMS + _STREAMS_OF_A_RUN * settings.max_runs))
    settle_memory()
    announce(say)
    if served:
        say(f"MCP clients: {str(address).rstrip('/')}{PATH}/")
    say.serving(str(address))
    return str(address)


def _guard(demo: gr.Blocks, settings: Settings) -> Middleware:
    """What stands before all routes. Nobody is believed who says that he asks for another, but proxies named so."""
    os.environ["FORWARDED_ALLOW_IPS"] = settings.trusted_proxy or "nobody"
    identity, claims = (demo.identity, demo.claims) if isinstance(demo, Page) else (None, Claims())
    claiming_events(demo, claims)
    return Middleware(
        Access, settings=settings, identity=identity, claims=claims, session_of=functools.partial(session_of, demo)
    )


def _login_of(request: Request) -> str | None:
    """Who sends a request, for Gradio; None for nobody."""
    actor = request.scope.get(ACTOR, NOBODY)
    return None if actor == NOBODY else actor.owner


def wait_for_the_end() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    # A wait without a limit would not be woken by a signal on Windows.
    while not told.wait(1.0):
        pass


def write_quantised(settings: Settings, folder: Path, say: Callable[[str], object]) -> None:
    """Load the settings' model (QwQ-32B for "auto") in nf4, and write its weights for later starts.

    Args:
        say: Is told how far it has got, a sentence each time.

    Raises:
        ModelError: If the model is unknown, cannot be loaded, or the folder cannot be written.
    """
    # torch, which the page does without until a model loads
    from model.load_progress import LoadProgress
    from model.loading import load_model, save_quantised

    said = ""

    def on_progress(progress: LoadProgress) -> None:
        nonlocal said
        if progress.text != said:
            said = progress.text
            say(said)

    loaded = load_model(
        find_model(DEFAULT_ON_GPU if settings.model == "auto" else settings.model),
        precision="nf4",
        source=settings.source,
        adapter=settings.adapter,
        data_folder=settings.data_folder,
        on_progress=on_progress,
    )
    save_quantised(loaded, folder)
    say(f"The nf4 weights are in {folder}. Start with --model {folder}.")
