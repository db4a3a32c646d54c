"""What one user of the real page tries to get at what another one has, over HTTP: ids, files, sessions, events, other
sites' requests, stolen and forged cookies. Every try must end without it, and the owner must not notice."""

import contextlib
import json
import socket
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio_client
import httpx
import pytest
from gradio_client.exceptions import AuthenticationError

from model.acting import acting_as
from model.scripted import ScriptedEngine, Turn
from tests.logged_in import ANNA, BEN, PASSWORDS, LoggedIn, served_with_logins, session_hash
from tests.script_client import PATIENCE, is_soon
from ui.access_throttle import MOST_BY_ADDRESS, MOST_BY_NAME
from ui.passwords import hash_of
from ui.user_file import User, read_users, write_users

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TURNS = [Turn("On {n} and on about zanzibar. ", "Never.", match="slow", repeat=90_000), Turn("Two.", "4")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedIn]:
    engine = ScriptedEngine(TURNS, tokens_per_second=400)
    with served_with_logins(tmp_path_factory.mktemp("attacks"), engine, detached_seconds=600.0) as served:
        yield served


@pytest.fixture
def anna(served: LoggedIn) -> Iterator[httpx.Client]:
    with served.http("anna") as http:
        yield http


@pytest.fixture
def ben(served: LoggedIn) -> Iterator[httpx.Client]:
    with served.http("ben") as http:
        yield http


@pytest.fixture
def nobody(served: LoggedIn) -> Iterator[httpx.Client]:
    with served.http(None) as http:
        yield http


def number_of(served: LoggedIn, name: str) -> int:
    """The number of the function of this name: of an endpoint, or `Class.method`."""
    return next(
        number
        for number, each in served.demo.fns.items()
        if name in (each.api_name, getattr(each.fn, "__qualname__", ""))
    )


def begin(http: httpx.Client, message: str) -> str:
    """An event of `/chat`, by plain HTTP."""
    answer = http.post("/gradio_api/call/v2/chat", json={"message": message})
    return str(answer.json()["event_id"])


# Files.


def uploaded(http: httpx.Client, name: str = "secret.jsonl", held: bytes = b"of anna alone") -> str:
    (path,) = http.post("/gradio_api/upload", files={"files": (name, held)}).json()
    assert is_soon(lambda: http.get(f"/gradio_api/file={path}").status_code == 200)
    return str(path)


def spellings(path: str) -> list[str]:
    whole = urllib.parse.quote(path, safe="")
    there_and_back = f"{Path(path).parent}/../{Path(path).parent.name}/{Path(path).name}"
    return [
        f"/gradio_api/file={path}",
        f"/gradio_api/file={whole}",
        f"/gradio_api/file={urllib.parse.quote(whole)}",
        f"/gradio_api/file/{path.lstrip('/')}",
        f"/gradio_api/file/{path}",
        f"/gradio_api//file={path}",
        f"//gradio_api/file={path}",
        f"/gradio_api/./file={path}",
        f"/gradio_api/file={there_and_back}",
        f"/gradio_api/file=/{path}",
        f"/gradio_api/file=file://{path}",
        f"/gradio_api/file={path}%00",
        f"/gradio_api/file={path}/",
        f"/gradio_api/file={path}?x=1",
        f"/gradio_api/%66ile={path}",
        f"/file={path}",
        f"/static/..%2f..{whole}",
        f"/assets/{whole}",
        f"/svelte/..%2f..%2f..{whole}",
    ]


def test_upload_of_one_user_is_not_there_for_another_however_its_path_is_written(
    anna: httpx.Client, ben: httpx.Client, nobody: httpx.Client
) -> None:
    path = uploaded(anna)
    for asked in spellings(path):
        for thief in (ben, nobody):
            with contextlib.suppress(httpx.InvalidURL):
                assert b"of anna alone" not in thief.get(asked).content, asked
    assert anna.get(f"/gradio_api/file={path}").content == b"of anna alone"


def test_same_content_uploaded_by_two_is_there_for_both(anna: httpx.Client, ben: httpx.Client) -> None:
    path = uploaded(anna, held=b"the same of two")
    assert ben.get(f"/gradio_api/file={path}").status_code == 404
    assert uploaded(ben, held=b"the same of two") == path


def test_upload_of_one_user_cannot_be_given_to_a_handler_by_another(
    served: LoggedIn, anna: httpx.Client, ben: httpx.Client
) -> None:
    run_id = served.finished(ANNA)
    from model.export import export

    path = uploaded(anna, held=export(served.runs.store, run_id, "json_lines").encode())
    for written in (path, f"{Path(path).parent}/../{Path(path).parent.name}/{Path(path).name}"):
        file = {"path": written, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.jsonl"}
        for name in ("on_import", "on_choose", "on_choose_1", "on_choose_2", "on_choose_3"):
            fn = number_of(served, name)
            n_inputs = len(served.demo.fns[fn].inputs)
            body = {"fn_index": fn, "data": [file, *[""] * (n_inputs - 1)], "session_hash": session_hash()}
            answer = ben.post(f"/gradio_api/run/{name}", json=body)
            assert "of anna alone" not in answer.text and "Imported" not in answer.text
    with acting_as(BEN):
        assert run_id not in {row.id for row in served.runs.store.rows()}
        assert not served.runs.store.search("Two")


@pytest.mark.parametrize("kind", ["http://127.0.0.1:1/x", "https://example.com/x.csv", "file:///etc/passwd"])
def test_server_fetches_nothing_that_a_file_input_names(served: LoggedIn, ben: httpx.Client, kind: str) -> None:
    fn = number_of(served, "on_import")
    file = {"path": kind, "url": kind, "meta": {"_type": "gradio.FileData"}}
    body = {"fn_index": fn, "data": [file, "", "", "", ""], "session_hash": session_hash()}
    answer = ben.post("/gradio_api/run/on_import", json=body)
    assert "fetches no files from elsewhere" in answer.text


def test_no_file_of_the_machine_or_the_app_is_there_for_anybody(served: LoggedIn, nobody: httpx.Client) -> None:
    data, users = served.settings.data_folder, served.settings.users_file
    assert users is not None
    wanted = [data / "runs.sqlite3", data / "access.key", users, Path("/etc/passwd"), Path(__file__), Path("app.py")]
    held = [each.resolve().read_bytes()[:64] for each in wanted]
    link = Path(served.demo.app.uploaded_file_dir) / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(data)
    wanted.append(link / "runs.sqlite3")
    with served.http("root") as root:
        for path in wanted:
            for asked in spellings(str(path if path.is_absolute() else path.resolve())):
                for http in (nobody, root):
                    with contextlib.suppress(httpx.InvalidURL):
                        answer = http.get(asked)
                        assert not any(each in answer.content for each in held), (asked, answer.status_code)
    link.unlink()


@pytest.mark.parametrize(
    "name", ["../../../x.csv", "/etc/cron.d/x", "..\\..\\x", "a\0b", ".bashrc", "x" * 3000, "%2e%2e%2fx"]
)
def test_name_of_an_upload_leads_nowhere_else(served: LoggedIn, ben: httpx.Client, name: str) -> None:
    answer = ben.post("/gradio_api/upload", files={"files": (name, b"1,2")})
    assert answer.status_code < 500
    if answer.status_code == 200:
        folder = Path(served.demo.app.uploaded_file_dir).resolve()
        assert all(Path(path).resolve().is_relative_to(folder) for path in answer.json())


def test_what_one_user_takes_along_is_not_there_for_another(
    served: LoggedIn, anna: httpx.Client, ben: httpx.Client
) -> None:
    run_id, fn = served.finished(ANNA), number_of(served, "History.on_take")
    body = {"fn_index": fn, "data": ["", "", "", ""], "session_hash": session_hash()}
    body["event_data"] = {"action": "take", "picked": [{"run_id": run_id, "is_turn": True}], "form": "markdown"}
    taken = anna.post("/gradio_api/run/predict", json=body).json()["data"][1]
    assert b"Two." in anna.get(f"/gradio_api/file={taken['path']}").content
    assert ben.get(f"/gradio_api/file={taken['path']}").status_code == 404


# Sessions and events of the queue.


def test_session_of_another_user_is_not_there(served: LoggedIn, anna: httpx.Client, ben: httpx.Client) -> None:
    session, fn = session_hash(), number_of(served, "chat")
    body = {"fn_index": fn, "data": ["slow", *[None] * 6], "session_hash": session}
    event = anna.post("/gradio_api/queue/join", json=body).json()["event_id"]
    assert is_soon(lambda: served.runs.n_live)
    component = next(n for n, each in served.demo.blocks.items() if each.elem_id == "thinking")
    server = {"data": {"run": "x", "units": 0}, "fn_name": "grown", "component_id": component, "session_hash": session}
    tries = [
        ben.get("/gradio_api/queue/data", params={"session_hash": session}),
        ben.get(f"/gradio_api/heartbeat/{session}"),
        ben.post("/gradio_api/queue/join", json=body),
        ben.post("/gradio_api/cancel", json={"session_hash": session, "fn_index": fn, "event_id": event}),
        # In a session of his own.
        ben.post("/gradio_api/cancel", json={"session_hash": session_hash(), "fn_index": fn, "event_id": event}),
        ben.post("/gradio_api/component_server", json=server),
        ben.post("/gradio_api/run/predict", json=body),
        ben.post("/gradio_api/call/chat", json=body),
        ben.get(f"/gradio_api/call/chat/{event}"),
        ben.get(f"/gradio_api/call/v2/chat/{event}"),
        ben.get("/gradio_api/deep_link", params={"session_hash": session}),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)
    assert not any("zanzibar" in answer.text for answer in tries)
    with anna.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        assert any("zanzibar" in line for line in stream.iter_lines())
    anna.post("/gradio_api/cancel", json={"session_hash": session, "fn_index": fn, "event_id": event})
    assert is_soon(lambda: not served.runs.n_live)


def test_session_cannot_be_named_in_a_form(anna: httpx.Client) -> None:
    form = {"session_hash": "x", "component_id": "1", "fn_name": "grown"}
    answer = anna.post("/gradio_api/component_server", data=form, files={"file": b"x"})
    assert answer.status_code == 415


def test_stolen_event_id_gives_nothing_and_takes_nothing_away(
    served: LoggedIn, anna: httpx.Client, ben: httpx.Client, nobody: httpx.Client
) -> None:
    event = begin(anna, "quick")
    for thief, status in ((ben, 404), (nobody, 401)):
        assert thief.get(f"/gradio_api/call/v2/chat/{event}").status_code == status
        assert thief.get("/gradio_api/queue/data", params={"session_hash": event}).status_code == status
    assert '"answer": "4"' in anna.get(f"/gradio_api/call/v2/chat/{event}").text


def test_progress_of_an_upload_is_its_users_own(anna: httpx.Client, ben: httpx.Client) -> None:
    upload = session_hash()
    anna.post("/gradio_api/upload", params={"upload_id": upload}, files={"files": ("of_anna.csv", b"1")})
    assert ben.get("/gradio_api/upload_progress", params={"upload_id": upload}).status_code == 404


# MCP.

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


def mcp(http: httpx.Client, body: dict[str, Any], session: str = "") -> httpx.Response:
    headers = {"accept": "application/json, text/event-stream"} | ({"mcp-session-id": session} if session else {})
    return http.post("/gradio_api/mcp/", json=body, headers=headers)


def test_mcp_call_is_its_users_run_and_its_session_nobody_elses(
    served: LoggedIn, anna: httpx.Client, ben: httpx.Client, nobody: httpx.Client
) -> None:
    session = mcp(anna, HELLO).headers["mcp-session-id"]
    mcp(anna, {"jsonrpc": "2.0", "method": "notifications/initialized"}, session)
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
    call |= {"params": {"name": "think", "arguments": {"question": "by mcp"}}}
    assert mcp(ben, call, session).status_code == 404 and mcp(nobody, call, session).status_code == 401
    assert ben.delete("/gradio_api/mcp/", headers={"mcp-session-id": session}).status_code == 404
    assert '\\"answer\\": \\"4\\"' in mcp(anna, call, session).text
    with acting_as(ANNA):
        assert any(row.question == "by mcp" for row in served.runs.store.rows())
    with acting_as(BEN):
        assert not any(row.question == "by mcp" for row in served.runs.store.rows())


# Requests of other sites' pages.

FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
    {"origin": "http://localhost.evil.example", "sec-fetch-site": "same-site"},
    {"origin": "http://[::1", "sec-fetch-site": "same-site"},
    # A page may send any header that is not the browser's own.
    {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/queue/join",
        "/gradio_api/call/chat",
        "/gradio_api/run/chat",
        "/gradio_api/upload",
        "/gradio_api/cancel",
        "/gradio_api/component_server",
        "/gradio_api/mcp/",
        "/login",
        "/logout",
    ],
)
def test_page_of_another_site_changes_nothing(anna: httpx.Client, path: str, headers: dict[str, str]) -> None:
    assert anna.post(path, headers=headers, content=b"{}").status_code == 403


def test_page_of_another_site_logs_nobody_out(anna: httpx.Client) -> None:
    assert anna.get("/logout", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert anna.get("/config").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"origin": "https://evil.class.example", "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
)
def test_page_of_another_site_reads_nothing(served: LoggedIn, anna: httpx.Client, headers: dict[str, str]) -> None:
    run_id, path = served.finished(ANNA), uploaded(anna)
    for asked in ("/config", f"/gradio_api/file={path}", f"/?run={run_id}", "/gradio_api/queue/data?session_hash=x"):
        assert anna.get(asked, headers=headers).status_code == 401, asked


def test_link_of_another_site_opens_our_page(anna: httpx.Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "accept": "text/html"}
    assert anna.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy.example"},
        {"origin": "HOST"},
    ],
)
def test_own_page_and_scripts_are_heard(served: LoggedIn, anna: httpx.Client, headers: dict[str, str]) -> None:
    sent = {name: value.replace("HOST", served.url) for name, value in headers.items()}
    assert anna.post("/gradio_api/call/v2/runs", headers=sent, json={}).status_code == 200


# Getting in.


def log_in(served: LoggedIn, name: str, password: str, **headers: str) -> httpx.Response:
    form = {"username": name, "password": password}
    return httpx.post(f"{served.url}/login", data=form, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def throttled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedIn]:
    """A server of its own: what is throttled stays so for a quarter of an hour."""
    with served_with_logins(tmp_path_factory.mktemp("throttled"), ScriptedEngine(TURNS)) as served:
        yield served


def test_guessing_is_throttled_whatever_address_is_claimed(throttled: LoggedIn) -> None:
    statuses = [
        log_in(throttled, "anna", f"guess {n}", **{"x-forwarded-for": f"10.0.0.{n}"}).status_code
        for n in range(MOST_BY_NAME + 2)
    ]
    assert statuses == [401] * MOST_BY_NAME + [429] * 2
    refused = log_in(throttled, "ANNA", PASSWORDS["anna"])
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 600
    # Who is logged in stays so.
    with throttled.http("anna") as http:
        assert http.get("/config").status_code == 200
    # A name and a password in each request are guesses, too.
    tries = [httpx.get(f"{throttled.url}/config", auth=("ben", f"guess {n}")).status_code for n in range(MOST_BY_NAME)]
    assert set(tries) == {401}
    assert log_in(throttled, "ben", PASSWORDS["ben"]).status_code == 429
    names = [log_in(throttled, f"name{n}", "guess it").status_code for n in range(MOST_BY_ADDRESS)]
    assert names[0] == 401 and names[-1] == 429


def test_wrong_name_and_wrong_password_are_told_alike(served: LoggedIn) -> None:
    one, two = log_in(served, "anna", "wrong words"), log_in(served, "nobody", "wrong words")
    assert (one.status_code, one.content) == (two.status_code, two.content)
    with pytest.raises(AuthenticationError):
        gradio_client.Client(served.url, auth=("anna", "wrong words"), verbose=False, httpx_kwargs=PATIENCE)


def test_two_scripts_each_see_their_own(served: LoggedIn) -> None:
    made = {}
    for name in ("anna", "ben"):
        client = gradio_client.Client(served.url, auth=(name, PASSWORDS[name]), verbose=False, httpx_kwargs=PATIENCE)
        made[name] = client, client.predict(f"quick of {name}", api_name="/chat")["run_id"]
    for name, other in (("anna", "ben"), ("ben", "anna")):
        client, run_id = made[name]
        listed = {each["run_id"] for each in client.predict(api_name="/runs")["runs"]}
        assert run_id in listed and made[other][1] not in listed
        assert client.predict(run_id, api_name="/attach")["answer"] == "4"
        with pytest.raises(gradio_client.exceptions.AppError, match="There is no run"):
            client.predict(made[other][1], api_name="/attach")


@pytest.mark.parametrize("forge", ["other name", "no signature", "cut", "twice", "of gradio"])
def test_forged_cookie_is_nobodys(served: LoggedIn, forge: str) -> None:
    (name, token), (_, bens) = *served.cookies["anna"].items(), *served.cookies["ben"].items()
    head, _, tail = token.partition(".")
    forged = {
        "other name": {name: f"{bens.partition('.')[0]}.{tail}"},
        "no signature": {name: f"{head}."},
        "cut": {name: token[:-1]},
        "twice": {name: f"{token}.{tail}"},
        "of gradio": {"access-token-x": token, "access-token-unsecure-x": token, "session": token},
    }[forge]
    with httpx.Client(base_url=served.url, cookies=forged) as http:
        assert http.get("/config").status_code == 401


def test_cookie_ends_with_logout_new_password_and_removal(served: LoggedIn) -> None:
    path = served.settings.users_file
    assert path is not None
    users = read_users(path)

    def config(cookies: dict[str, str]) -> int:
        return httpx.get(f"{served.url}/config", cookies=cookies).status_code

    out = dict(log_in(served, "ben", PASSWORDS["ben"]).cookies)
    assert config(out) == 200
    answer = httpx.post(f"{served.url}/logout", cookies=out)
    assert answer.status_code == 303 and "Max-Age=0" in answer.headers["set-cookie"] and config(out) == 401
    kept = dict(served.cookies["ben"])
    assert config(kept) == 200
    write_users(path, users | {"ben": replace(users["ben"], password=hash_of("another password"))})
    assert config(kept) == 401
    write_users(path, {name: user for name, user in users.items() if name != "ben"})
    assert config(kept) == 401
    write_users(path, users | {"new": User("new", users["anna"].password)})
    assert config(kept) == 200 and log_in(served, "new", PASSWORDS["anna"]).status_code == 200


def test_cookie_is_kept_from_scripts_and_other_sites_and_goes_only_over_tls_where_there_is_tls(
    served: LoggedIn,
) -> None:
    plain = log_in(served, "anna", PASSWORDS["anna"]).headers["set-cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    safe = log_in(served, "anna", PASSWORDS["anna"], **{"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert "Secure" in safe


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/?x\r\nset-cookie: a=b"]
)
def test_login_leads_back_to_our_own_page_only(served: LoggedIn, target: str) -> None:
    form = {"username": "anna", "password": PASSWORDS["anna"], "next": target}
    answer = httpx.post(f"{served.url}/login", data=form, headers={"accept": "text/html"}, timeout=60)
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    page = httpx.get(f"{served.url}/login", params={"next": '/?"><script>alert(1)</script>'})
    assert "<script" not in page.text


def test_admin_alone_does_what_concerns_all(served: LoggedIn) -> None:
    for name, words in (("ben", "only an admin"), ("root", "no-such-model")):
        with pytest.raises(gradio_client.exceptions.AppError, match=words):
            served.client(name).predict("no-such-model-anywhere/x", api_name="/load_model")
    with pytest.raises(gradio_client.exceptions.AppError, match="only its host"):
        served.client("ben").predict("gsm8k", api_name="/benchmark")


# What every answer says.


def test_every_answer_forbids_frames_of_others_and_guessing_of_types(anna: httpx.Client, nobody: httpx.Client) -> None:
    for http in (anna, nobody):
        for path in ("/", "/login", "/config", "/no-such-path", "/gradio_api/file=/etc/passwd", "/theme.css"):
            headers = http.get(path, headers={"accept": "text/html"}).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert "frame-ancestors 'self'" in headers["content-security-policy"], path
            assert headers["referrer-policy"] == "same-origin", path


# Size and form.


def test_long_body_is_refused_by_what_it_says_and_by_what_comes(served: LoggedIn, anna: httpx.Client) -> None:
    began = time.monotonic()
    said = raw_answer(served, "200000000")
    assert b" 413 " in said and b"40,000,000 bytes" in said

    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(400):
            sent += 2**20
            yield b" " * 2**20

    with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        assert anna.post("/gradio_api/call/chat", content=endless()).status_code == 413
    assert time.monotonic() - began < 60
    assert anna.get("/config").status_code == 200
    assert sent < 400 * 2**20


def raw_answer(served: LoggedIn, length: str) -> bytes:
    """What is answered to a request that names such a length, before any body comes."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        head = f"POST /gradio_api/call/chat HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
        raw.sendall(head.encode())
        said = raw.recv(4000)
        while len(more := raw.recv(4000)) > 0:
            said += more
        return said


@pytest.mark.parametrize("length", ["-1", "1e9", "٣", "9" * 40])
def test_length_that_is_none_is_refused(served: LoggedIn, length: str) -> None:
    assert raw_answer(served, length).split(b" ")[1] in (b"400", b"413")


def test_deep_and_broken_json_is_no_server_error(anna: httpx.Client) -> None:
    deep = b"[" * 200_000
    for path in ("/gradio_api/queue/join", "/gradio_api/call/chat", "/gradio_api/component_server", "/gradio_api/mcp/"):
        for body in (
            deep,
            b"{",
            b'"\\ud800"',
            b"null",
            b"[]",
            b'{"data": null}',
            b"\xff",
            json.dumps({"data": {}}).encode(),
        ):
            answer = anna.post(path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code < 500, (path, body[:20], answer.text)
