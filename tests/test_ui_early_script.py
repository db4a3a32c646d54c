"""A made-up app behind the middleware: what its answers become."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.early_script import EarlyScript

PAGE = '<head><script>let own;</script><script type="module" src="a.js"></script><script type="module"></script></head>'


@pytest.fixture
def client() -> TestClient:
    def page(_: Request) -> Response:
        return HTMLResponse(PAGE)

    app = Starlette(routes=[Route("/", page), Route("/other", page)])
    return TestClient(EarlyScript(app, "let early = '你好';"))


def test_the_script_comes_once_before_the_first_module_and_the_length_is_right(client: TestClient) -> None:
    answer = client.get("/?run=x")
    early = "<script>let early = '你好';</script>"
    first = '<script type="module" src="a.js">'
    assert answer.text == PAGE.replace(first, early + first)
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_nothing_else_is_touched(client: TestClient) -> None:
    assert client.get("/other").text == PAGE
    head = client.head("/")
    assert head.content == b"" and int(head.headers["content-length"]) == len(PAGE)
    assert client.post("/").status_code == 405
