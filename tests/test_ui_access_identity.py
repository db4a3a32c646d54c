"""Apps as processes of their own, as they are started: a Space with sign-in, one without, and one for this machine alone."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from model.errors import BadInput
from model.settings import Settings, settings_from_environment
from tests.hub_sign_in import CLIENT_ID, CLIENT_SECRET, SignIn, serving_sign_in
from tests.script_client import client_of
from ui.access_identity import HubLogins, identity_of

SPACE = {"SPACE_ID": "me/space", "SYSTEM": "spaces", "SPACE_HOST": "me-space.hf.space", "GRADIO_SSR_MODE": "False"}
SCRIPT = {"tokens_per_second": 400, "turns": [{"thinking": "Two and two.", "answer": "4"}]}
Start = Callable[..., Any]


def started(start: Start, folder: Path, *arguments: str, **environment: str) -> Any:
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT))
    return start("--scripted", str(script), *arguments, environment=environment)


@pytest.fixture(scope="module")
def sign_in() -> Iterator[SignIn]:
    with serving_sign_in() as server:
        yield server


def of_sign_in(sign_in: SignIn) -> dict[str, str]:
    return {
        "OAUTH_CLIENT_ID": CLIENT_ID,
        "OAUTH_CLIENT_SECRET": CLIENT_SECRET,
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": sign_in.url,
    }


class Browser:
    """Keeps cookies as a browser does that reaches a Space by TLS."""

    def __init__(self, url: str) -> None:
        self.url, self.cookies = url, dict[str, str]()

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "accept": "text/html",
        }
        answer = httpx.request(method, self.url + path, headers=headers | more.pop("headers", {}), timeout=120, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self, server: SignIn, **claims: Any) -> httpx.Response:
        server.claims = claims
        asked = self.send("GET", "/login/huggingface", params={"_target_url": "/?run=x"})
        assert asked.status_code == 302
        code, state = server.code_for(asked.headers["location"])
        return self.send("GET", "/login/callback", params={"code": code, "state": state, "_target_url": "/?run=x"})

    def ask(self) -> str:
        event = self.send("POST", "/gradio_api/call/v2/chat", json={"message": "Hello"}).json()["event_id"]
        told = self.send("GET", f"/gradio_api/call/v2/chat/{event}").text
        (run_id,) = set(re.findall(r'"run_id": "([^"]+)"', told))
        return run_id

    def runs(self) -> set[str]:
        event = self.send("POST", "/gradio_api/call/v2/runs", json={}).json()["event_id"]
        return set(re.findall(r'"run_id": "([^"]+)"', self.send("GET", f"/gradio_api/call/v2/runs/{event}").text))


@pytest.fixture(scope="module")
def guarded(start_shared_app: Start, tmp_path_factory: pytest.TempPathFactory, sign_in: SignIn) -> str:
    """A Space that lets in some only."""
    more = {"WORKINGS_AUTH": "huggingface", "WORKINGS_ALLOWED": "anna, The-Class", "WORKINGS_ADMINS": "anna"}
    folder = tmp_path_factory.mktemp("guarded")
    return str(started(start_shared_app, folder, **SPACE, **of_sign_in(sign_in), **more).url)


@pytest.fixture(scope="module")
def open_space(start_shared_app: Start, tmp_path_factory: pytest.TempPathFactory, sign_in: SignIn) -> str:
    """A Space where signing in is possible and not needed."""
    folder = tmp_path_factory.mktemp("open")
    return str(started(start_shared_app, folder, **SPACE, **of_sign_in(sign_in)).url)


def test_space_with_sign_in_lets_in_its_list_and_keeps_their_runs_apart(guarded: str, sign_in: SignIn) -> None:
    nobody, anna, ben, eve = (Browser(guarded) for _ in range(4))
    assert nobody.send("GET", "/config").status_code == 401
    assert "Sign in with Hugging Face" in nobody.send("GET", "/login").text
    assert anna.sign_in(sign_in, preferred_username="anna").headers["location"] == "/?run=x"
    ben.sign_in(sign_in, preferred_username="ben", orgs=[{"preferred_username": "the-class", "name": "Our Class"}])
    eve.sign_in(sign_in, preferred_username="eve", orgs=[{"preferred_username": "others", "name": "Others"}])
    run_id = anna.ask()
    assert anna.runs() == {run_id} and ben.runs() == set()
    assert ben.ask() not in anna.runs()
    assert eve.send("GET", "/config").status_code == 401
    assert "eve is not on the list" in eve.send("GET", "/login").text
    assert "Sign in with Hugging Face" in anna.send("GET", "/config").text


def test_sign_in_that_was_not_begun_here_lets_nobody_in(guarded: str, sign_in: SignIn) -> None:
    thief = Browser(guarded)
    answer = thief.send("GET", "/login/callback", params={"code": "code0", "state": "made-up"})
    assert answer.status_code != 200 and thief.send("GET", "/config").status_code == 401
    thief.cookies = {"session": "eyJvYXV0aF9pbmZvIjp7fX0=.x.y"}
    assert thief.send("GET", "/config").status_code == 401


def test_visitors_of_a_space_have_their_own_runs_by_cookie_and_by_sign_in(open_space: str, sign_in: SignIn) -> None:
    one, two = Browser(open_space), Browser(open_space)
    for each in (one, two):
        page = each.send("GET", "/")
        assert page.status_code == 200
        cookie = page.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=None", "Secure", "Partitioned"))
    run_id = one.ask()
    assert one.runs() == {run_id} and two.runs() == set()
    two.cookies = {name: f"{value[:-1]}0" for name, value in one.cookies.items()}
    assert run_id not in two.runs()
    # Signed in, the runs are the same from every browser.
    one.sign_in(sign_in, preferred_username="carl")
    assert one.runs() == set()
    mine = one.ask()
    elsewhere = Browser(open_space)
    elsewhere.sign_in(sign_in, preferred_username="carl")
    assert elsewhere.runs() == {mine}


def test_scripts_without_cookies_have_their_own_runs_as_long_as_they_run(open_space: str) -> None:
    one, two = client_of(open_space), client_of(open_space)
    run_id = one.predict("Hello", api_name="/chat")["run_id"]
    assert [each["run_id"] for each in one.predict(api_name="/runs")["runs"]] == [run_id]
    assert one.predict(run_id, api_name="/attach")["answer"] == "4"
    assert two.predict(api_name="/runs")["runs"] == []
    with pytest.raises(Exception, match="There is no run"):
        two.predict(run_id, api_name="/attach")


def test_space_may_stand_in_a_frame(open_space: str) -> None:
    assert "frame-ancestors" not in httpx.get(open_space).headers["content-security-policy"]


def test_app_for_this_machine_alone_answers_to_its_own_names_only(start_app: Start, tmp_path: Path) -> None:
    url = started(start_app, tmp_path, WORKINGS_HOSTS="workings.example").url
    port = url.rsplit(":", 1)[1]
    statuses = {
        host: httpx.get(f"{url}/config", headers={"host": host}).status_code
        for host in (
            f"127.0.0.1:{port}",
            "localhost",
            "[::1]:1",
            "workings.example",
            "evil.example",
            "127.0.0.1.nip.io",
            "a b",
            "[",
        )
    }
    own = {f"127.0.0.1:{port}", "localhost", "[::1]:1", "workings.example"}
    assert {host for host, status in statuses.items() if status == 200} == own
    assert set(statuses.values()) <= {200, 400, 421}
    one, two = client_of(url), client_of(url)
    run_id = one.predict("Hello", api_name="/chat")["run_id"]
    assert two.predict(run_id, api_name="/attach")["answer"] == "4"


def test_open_door_is_told_in_the_log_and_on_the_page(start_app: Start, tmp_path: Path) -> None:
    app = started(start_app, tmp_path, GRADIO_SERVER_NAME="0.0.0.0")
    assert "WARNING: Anybody who reaches this machine can read and change every run here." in app.log.read_text()
    assert "Anybody who reaches this machine" in httpx.get(f"{app.url}/config").text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"auth": "users"}, "--users FILE"),
        ({"auth": "huggingface"}, "on a Space only"),
        ({"auth": "huggingface", "is_hosted": True}, "hf_oauth: true"),
    ],
)
def test_logins_that_cannot_be_are_refused_at_the_start(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        identity_of(Settings(data_folder=tmp_path, **more), has_sign_in=False)


def test_settings_of_logins_are_read_and_a_wrong_way_is_refused() -> None:
    found = settings_from_environment({"WORKINGS_USERS": "/x/users.json", "HOME": "/home/a"})
    assert found.auth == "users" and found.users_file == Path("/x/users.json") and found.is_shared
    with pytest.raises(BadInput, match="none, users, huggingface"):
        settings_from_environment({"WORKINGS_AUTH": "ldap", "HOME": "/home/a"})


@pytest.mark.parametrize("kept", [None, "x", [], {}, {"userinfo": []}, {"userinfo": {}}, {"userinfo": {"orgs": "x"}}])
def test_session_that_says_nothing_is_nobodys(kept: Any) -> None:
    assert HubLogins().actor({"session": {"oauth_info": kept}, "headers": []}) is None


def test_session_that_has_expired_is_nobodys() -> None:
    kept = {"userinfo": {"preferred_username": "anna"}, "expires_at": 1}
    assert HubLogins().actor({"session": {"oauth_info": kept}, "headers": []}) is None
