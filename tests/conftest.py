"""What tests share: folders, the app as a process, Chromium, and which marked tests run on this machine."""

import asyncio
import contextlib
import gc
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from evals.benchmarks.benchmark import Judges
from model.settings import Settings
from scripts.install_chromium import find_chromium
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

ROOT = Path(__file__).resolve().parent.parent

# Quiet, and without the requests to its maker's hosts that Chromium else makes at each start.
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
NO_CHROMIUM = "no Chromium: run `make test`, which installs one where it can, or name one in WORKINGS_CHROMIUM"

START_TIMEOUT_SECONDS = 300
LOG_TAIL_CHARACTERS = 6000

# Playwright gives up after 5 s (30 s where something is done), and a busy machine of two cores can stand still for
# longer. Nothing that comes is waited for any longer by this.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

# Every run tries the same examples, and none has to be quick: a landing fails for what it changes.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")

# Logs of the apps that are running now, so that a failing test can show them.
_open_logs: dict[str, Path] = {}


@cache
def chromium() -> str | None:
    return find_chromium()


# An app that brings `spaces` along, which warns of a missing GPU when it is imported: nothing for the look for doctests.
collect_ignore = ["zero_gpu_app.py"]


@cache
def main_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def pytest_runtest_setup() -> None:
    """Give this thread an event loop: gradio's `launch` else makes one that it never closes, which is an error here."""
    asyncio.set_event_loop(main_loop())


def pytest_sessionfinish() -> None:
    main_loop().close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """GPU tests run only when asked for (`pytest -m gpu`), browser tests only with a Chromium."""
    if "gpu" not in (config.option.markexpr or ""):
        kept = [item for item in items if not item.get_closest_marker("gpu")]
        left_out = [item for item in items if item.get_closest_marker("gpu")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept
    in_browser = [item for item in items if item.get_closest_marker("browser")]
    if in_browser and not chromium():
        for item in in_browser:
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the garbage collector's way: a full collection else needs a second,
    and each decoder and server that is closed makes one or two.
    """
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly when the browser tests did not run, and once more when nothing else is wrong."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("BROWSER TESTS DID NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} browser tests were skipped: {NO_CHROMIUM}.", red=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test shows the logs of the apps that it started."""
    report = yield
    if report.failed:
        for url, log in _open_logs.items():
            report.sections.append((f"log of the app at {url}", tail_of(log)))
    return report


def tail_of(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """An empty folder for runs, weights and exports, one for each test."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(data_folder: Path) -> Settings:
    """Settings whose data folder is the test's own."""
    return Settings(data_folder=data_folder)


@pytest.fixture(scope="session")
def shared_data_folder() -> Path:
    """A data folder that is kept between test runs, so that the embedded weights are converted only once."""
    folder = Path(os.environ.get("WORKINGS_TEST_DATA", "") or ROOT / "build" / "test-data")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=["transformers", "llamacpp"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine that runs models here in turn."""
    name: str = request.param
    if name == "llamacpp" and importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: pip install -r requirements-cpu.txt")
    return name


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    """The verifiers, as benchmarks have them."""
    with MathJudge(1) as math, contextlib.closing(CodeJudge()) as code:
        yield Judges(math, code)


@dataclass(frozen=True)
class RunningApp:
    """`python app.py` in a process group of its own."""

    url: str
    log: Path
    data_folder: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """SIGKILL to the app and everything that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has_lost_its_port(self) -> bool:
        """Whether it has ended because somebody else took its port meanwhile."""
        return self.process.poll() is not None and "Cannot find empty port" in tail_of(self.log)


StartApp = Callable[..., RunningApp]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_answering(app: RunningApp, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and app.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{app.url}/config", timeout=30):
                return
        except urllib.error.HTTPError as error:
            if error.code == 401:  # it answers, to those who have logged in
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.1)
    if app.has_lost_its_port():
        return
    ended = app.process.poll()
    what = f"ended with exit code {ended}" if ended is not None else f"did not answer within {timeout_seconds:g} s"
    pytest.fail(f"app.py {what}. Its log:\n{tail_of(app.log)}", pytrace=False)


@contextlib.contextmanager
def app_starter(folder: Path) -> Iterator[StartApp]:
    """A function that starts apps; all of them are killed at the end."""
    started: list[RunningApp] = []

    def start(
        *arguments: str,
        data_folder: Path | None = None,
        environment: dict[str, str] | None = None,
        timeout_seconds: float = START_TIMEOUT_SECONDS,
        program: str = "app.py",
    ) -> RunningApp:
        number = len(started)
        port = int((environment or {}).get("GRADIO_SERVER_PORT", "") or free_port())
        app_folder = data_folder or folder / f"app{number}-data"
        log = folder / f"app{number}.log"
        variables = os.environ | {
            "WORKINGS_DATA": str(app_folder),
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as log_file:
            process = subprocess.Popen(
                [sys.executable, program, "--no-browser", *arguments],
                cwd=ROOT,
                env=variables | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        app = RunningApp(f"http://127.0.0.1:{port}", log, app_folder, process)
        started.append(app)
        _open_logs[app.url] = log
        wait_until_answering(app, timeout_seconds)
        if app.has_lost_its_port():
            options: dict[str, Any] = {"environment": environment, "timeout_seconds": timeout_seconds}
            return start(*arguments, data_folder=data_folder, program=program, **options)
        return app

    try:
        yield start
    finally:
        # Not asked to end: that takes seconds, and nobody looks at how it does.
        for app in started:
            app.kill()
            _open_logs.pop(app.url, None)


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[StartApp]:
    """Start `python app.py`: `start_app("--model", ..., data_folder=..., environment={...}).url`."""
    with app_starter(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartApp]:
    """As `start_app`, for an app that all tests of a file use."""
    with app_starter(tmp_path_factory.mktemp("shared-app")) as start:
        yield start


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for each test file: while Playwright is open, no test of this thread can run an event loop."""
    path = chromium()
    if not path:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        chromium_process = playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_FLAGS, timeout=4 * PATIENCE_MS
        )
        make_context = chromium_process.new_context

        def patient_context(**options: Any) -> BrowserContext:
            context = make_context(**options)
            context.set_default_timeout(PATIENCE_MS)
            return context

        chromium_process.new_context = patient_context
        yield chromium_process
        chromium_process.close()


@pytest.fixture(scope="module")
def context_options() -> dict[str, Any]:
    """What a file's pages are opened with besides their size."""
    return {}


@pytest.fixture(scope="module")
def visitor(browser: Browser, context_options: dict[str, Any]) -> Iterator[BrowserContext]:
    """Whoever opens a file's pages: what one of them has loaded of the app's scripts, the next one need not load."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **context_options)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """An empty page of 1280 by 900 pixels; nothing that it and those beside it leave behind is there for the next one."""
    yield visitor.new_page()
    visitor.set_offline(False)
    for left in visitor.pages:
        left.evaluate("() => { if (location.protocol.startsWith('http')) localStorage.clear(); }")
        left.close()
    visitor.clear_cookies()
    visitor.clear_permissions()


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    """The tiny model that the decoders' tests share, decoding on one thread."""
    # torch is imported only where a test asks for the model.
    import torch

    from tests.tiny_model import tiny_model

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tiny_model()
    torch.set_num_threads(threads)


@pytest.fixture
def forward(model: Any) -> Iterator[Any]:
    """What the tiny model is given to read."""
    from tests.tiny_model import Forward

    made = Forward(model)
    yield made
    made.remove()
