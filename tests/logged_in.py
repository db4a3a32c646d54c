"""The real page with logins, served in this process, and two users of it: what one has, the other must not get."""

import asyncio
import contextlib
import gc
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from gradio_client import Client

from model.acting import Actor, acting_as
from model.engine import Engine
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from model.store import Store
from tests.conftest import free_port, main_loop
from tests.script_client import PATIENCE
from ui.access_page import Page
from ui.launching import launch
from ui.page import build_page
from ui.passwords import hash_of
from ui.user_file import User, write_users

ANNA, BEN = Actor("user:anna"), Actor("user:ben")
PASSWORDS = {"anna": "the secret of anna", "ben": "the secret of ben", "root": "the secret of root"}
# One hash takes a fifth of a second, and every test of a file logs in.
_USERS = {name: User(name, hash_of(word), is_admin=name == "root") for name, word in PASSWORDS.items()}


@dataclass(frozen=True)
class LoggedIn:
    """The served page."""

    url: str
    demo: Page
    runs: Runs
    settings: Settings
    cookies: dict[str, dict[str, str]]

    def http(self, name: str | None) -> httpx.Client:
        """A browser's requests, logged in or not, without the browser."""
        cookies = self.cookies.get(name or "", {})
        return httpx.Client(base_url=self.url, cookies=cookies, timeout=60, follow_redirects=False)

    def client(self, name: str) -> Client:
        return Client(
            self.url, verbose=False, ssl_verify=False, httpx_kwargs=PATIENCE | {"cookies": dict(self.cookies[name])}
        )

    def finished(self, actor: Actor, question: str = "quick", run_id: str | None = None) -> str:
        """A run of theirs that has ended."""
        with acting_as(actor):
            run_id = self.runs.start(question, run_id=run_id)
            with contextlib.closing(self.runs.attach(run_id)) as follower:
                for _ in follower:
                    pass
        return run_id


@contextlib.contextmanager
def served_with_logins(folder: Path, engine: Engine, **more: object) -> Iterator[LoggedIn]:
    """Serve it until left; every user has logged in."""
    asyncio.set_event_loop(main_loop())
    users_file = folder / "users.json"
    write_users(users_file, _USERS)
    settings = Settings(
        data_folder=folder / "data", auth="users", users_file=users_file, server_port=free_port(), serves_mcp=True
    )
    # Some tests ask more often than a person does.
    limits = ["user_runs", "user_requests_per_minute", "user_requests_per_hour", "user_tokens_per_hour", "queue"]
    limits += ["requests_per_minute", "tokens_per_hour"]
    settings = replace(settings, **dict.fromkeys(limits, 0) | more)  # type: ignore[arg-type]
    host = ModelHost(settings, engine)
    runs = Runs(Store(settings.data_folder), host, settings)
    demo = build_page(runs, host, settings)
    demo._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    url = launch(demo, runs, settings, opens_browser=False).rstrip("/")
    try:
        cookies = {}
        for name, password in PASSWORDS.items():
            answer = httpx.post(f"{url}/login", data={"username": name, "password": password}, timeout=60)
            assert answer.json() == {"success": True}
            cookies[name] = dict(answer.cookies)
        yield LoggedIn(url, demo, runs, settings, cookies)
    finally:
        demo.close(verbose=False)
        runs.close()
        host.close()
        runs.store.close()
        gc.collect()


def session_hash() -> str:
    """A session of a page that has just opened."""
    return secrets.token_hex(8)
