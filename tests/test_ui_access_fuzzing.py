"""Anything at all, sent to every endpoint that the API's schema names and to every function of the page: an answer
each time, no server error, and the app works afterwards."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from model.scripted import ScriptedEngine, Turn
from tests.logged_in import LoggedIn, served_with_logins, session_hash
from tests.script_client import is_soon

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NASTY = (
    "",
    "\0",
    "\ud800",
    "../../etc/passwd",
    "' OR 1=1 --",
    "<img src=x onerror=alert(1)>",
    "${1}{{2}}%s",
    "x" * 10_000,
    "9" * 400,
    "1e999",
    "-0",
    "never/abc",
    "\u202e",
    "null",
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(NASTY)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "run_id",
    "is_turn",
    "action",
    "picked",
    "title",
    "form",
    "character",
    "step",
    "budget",
    "call_id",
    "left",
    "value",
)
CLICKED = st.none() | ANYTHING | st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=5)
SOME = settings(
    max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None, derandomize=True
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedIn]:
    engine = ScriptedEngine([Turn("Two and two.", "4")], tokens_per_second=2000)
    with served_with_logins(tmp_path_factory.mktemp("fuzzing"), engine, detached_seconds=1.0) as served:
        yield served
        # Nothing that was sent has left it broken.
        assert is_soon(lambda: served.runs.n_live == 0)
        assert served.client("anna").predict("What is 2 + 2?", api_name="/chat")["answer"] == "4"


@pytest.fixture(scope="module")
def ben(served: LoggedIn) -> Iterator[httpx.Client]:
    with served.http("ben") as http:
        yield http


def body_of(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def post(http: httpx.Client, path: str, value: Any) -> httpx.Response:
    answer = http.post(path, content=body_of(value), headers={"content-type": "application/json"})
    assert answer.status_code < 500, (path, answer.status_code, answer.text[:500])
    assert "Traceback" not in answer.text
    return answer


def ended(http: httpx.Client, path: str, seconds: float = 20.0) -> None:
    """Read what a call gives until it ends; nothing of it is a traceback."""
    until = time.monotonic() + seconds
    with http.stream("GET", path) as stream:
        assert stream.status_code < 500
        for line in stream.iter_lines():
            assert "Traceback" not in line
            if line.startswith(("event: complete", "event: error")):
                return
            assert time.monotonic() < until, f"{path} goes on"


def test_anything_sent_to_every_endpoint_of_the_schema_is_answered(served: LoggedIn, ben: httpx.Client) -> None:
    schema = ben.get("/gradio_api/openapi.json").json()
    posts = {
        path: list(about["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"])
        for path, about in schema["paths"].items()
        if "post" in about and "upload" not in path
    }
    assert len(posts) > 30
    tried = 0

    @SOME
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        nonlocal tried
        path = data.draw(st.sampled_from(sorted(posts)))
        arguments = {name: data.draw(ANYTHING) for name in posts[path] if data.draw(st.booleans())}
        arguments |= data.draw(st.dictionaries(st.text(max_size=5), LEAVES, max_size=1))
        answer = post(ben, path, arguments)
        tried += 1
        if answer.status_code == 200:
            ended(ben, f"{path}/{answer.json()['event_id']}")

    for _ in range(4):
        fuzz()
    assert tried > 50


def test_anything_sent_to_every_function_of_the_page_is_answered(served: LoggedIn, ben: httpx.Client) -> None:
    functions = [number for number, each in served.demo.fns.items() if each.fn]
    session = session_hash()
    paths = ["/gradio_api/run/predict", "/gradio_api/api/predict", "/gradio_api/run/x"]

    @settings(SOME, max_examples=600)
    @given(st.sampled_from(functions), st.sampled_from(paths), ANYTHING, CLICKED, st.booleans())
    def fuzz(number: int, path: str, value: Any, clicked: Any, is_right_long: bool) -> None:
        n_inputs = len(served.demo.fns[number].inputs)
        given_values = [value] * n_inputs if is_right_long else value
        post(ben, path, {"fn_index": number, "data": given_values, "event_data": clicked, "session_hash": session})

    fuzz()


def test_anything_sent_to_the_other_routes_is_answered(served: LoggedIn, ben: httpx.Client) -> None:
    components = [number for number, block in served.demo.blocks.items() if block.elem_id]
    names = st.sampled_from(["grown", "whole", "benchmarks", "training", "postprocess", "__init__", "x"])

    @settings(SOME, max_examples=40)
    @given(st.sampled_from(components), names, ANYTHING, ANYTHING)
    def fuzz(component: int, name: str, value: Any, other: Any) -> None:
        body = {"data": value, "component_id": component, "fn_name": name, "session_hash": session_hash()}
        post(ben, "/gradio_api/component_server", body)
        post(ben, "/gradio_api/component_server", value)
        for path in ("queue/join", "cancel", "reset", "call/chat", "call/none", "call/v2/none", "mcp/", "upload"):
            post(ben, f"/gradio_api/{path}", value)
            post(
                ben, f"/gradio_api/{path}", {"fn_index": value, "data": other, "session_hash": other, "event_id": value}
            )

    fuzz()


def test_every_function_of_the_pages_own_server_answers_what_it_does_not_understand(
    served: LoggedIn, ben: httpx.Client
) -> None:
    own = [
        (number, name)
        for number, block in served.demo.blocks.items()
        for name, function in vars(block).items()
        if getattr(function, "_is_server_fn", False) is True
    ]

    @settings(SOME, max_examples=60)
    @given(
        st.sampled_from(own),
        ANYTHING | st.fixed_dictionaries({"run": LEAVES, "units": LEAVES, "call": LEAVES, "step": LEAVES}),
    )
    def fuzz(server: tuple[int, str], value: Any) -> None:
        body = {"data": value, "component_id": server[0], "fn_name": server[1], "session_hash": session_hash()}
        post(ben, "/gradio_api/component_server", body)

    fuzz()


def test_anything_sent_as_a_form_is_answered(served: LoggedIn, ben: httpx.Client) -> None:
    kinds = [
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/plain",
        "x",
    ]

    @settings(SOME, max_examples=40)
    @given(
        st.binary(max_size=300),
        st.sampled_from(kinds),
        st.sampled_from(["/gradio_api/upload", "/logout", "/gradio_api/component_server"]),
    )
    def fuzz(body: bytes, kind: str, path: str) -> None:
        framed = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + body + b"\r\n--x--"
        for content in (body, framed):
            with httpx.Client(base_url=served.url, cookies=served.cookies["ben"]) as http:
                if path != "/logout":
                    assert http.post(path, content=content, headers={"content-type": kind}).status_code < 500

    fuzz()


@pytest.mark.parametrize(
    "query",
    [
        "run=%00",
        "run=" + "x" * 5000,
        "run=a&run=b",
        "%ff=%fe",
        "__theme=<script>",
        "deep_link=../../x",
        "page=../x",
        "view=api",
    ],
)
def test_any_address_of_the_page_is_answered(ben: httpx.Client, query: str) -> None:
    answer = ben.get(f"/?{query}", headers={"accept": "text/html"})
    assert answer.status_code < 500 and "<script>alert" not in answer.text
