"""A made-up app behind the middleware: what its answers become."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.early_document import EarlyDocument

HEAD = '<head><script>let own;</script><script type="module" src="a.js"></script><script type="module"></script></head>'
PAGE = HEAD + '<body\n style="margin: 0;"><gradio-app></gradio-app></body>'


@pytest.fixture
def client() -> TestClient:
    def page(_: Request) -> Response:
        return HTMLResponse(PAGE)

    app = Starlette(routes=[Route("/", page), Route("/other", page)])

    async def first_markup(query: str) -> str:
        return "<p>好 \\1</p>" if query == "run=x" else ""

    return TestClient(EarlyDocument(app, "let early = '你好';", first_markup))


def test_the_script_comes_once_before_the_first_module_and_the_length_is_right(client: TestClient) -> None:
    answer = client.get("/?run=y")
    early = "<script>let early = '你好';</script>"
    first = '<script type="module" src="a.js">'
    assert answer.text == PAGE.replace(first, early + first)
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_body_begins_with_the_first_markup_of_its_address(client: TestClient) -> None:
    answer = client.get("/?run=x")
    assert '<body\n style="margin: 0;"><p>好 \\1</p><gradio-app>' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_nothing_else_is_touched(client: TestClient) -> None:
    assert client.get("/other").text == PAGE
    head = client.head("/")
    assert head.content == b"" and int(head.headers["content-length"]) == len(PAGE)
    assert client.post("/").status_code == 405
