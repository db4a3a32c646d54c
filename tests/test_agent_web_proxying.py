"""A proxy that was set on purpose: what it is asked for, and that it opens no way around the checks."""

import socket
from collections.abc import Iterator

import pytest

from agent.web import web_tools
from agent.web.failures import AddressRefused, WebFailed
from agent.web.fetching import Fetcher
from agent.web.patience import Patience
from agent.web.proxying import dial_through
from agent.web.searching import Searcher
from model.errors import BadInput
from model.settings import settings_from_environment
from tests.web_servers import PUBLIC, PUBLIC_V6, Site, head_from, response


class Proxy(Site):
    """Opens every way, or none, and is itself what stands at the other end."""

    def __init__(self, opens: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        super().__init__()
        self.to_all = response(b"<p>Through.")
        self.opens = opens
        self.asked: list[str] = []

    def serve(self, connection: socket.socket) -> None:
        head = head_from(connection)
        if not head:
            return
        self.asked.append(head)
        connection.sendall(self.opens)
        if b" 200 " in self.opens:
            super().serve(connection)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    served = Proxy()
    yield served
    served.close()


def fetcher_through(proxy: Proxy, addresses: list[str] | None = None, login: str = "") -> Fetcher:
    return Fetcher(lambda name, port: addresses or [PUBLIC], dial_through(f"http://{login}127.0.0.1:{proxy.port}"))


def test_a_proxy_is_asked_for_the_address_that_was_checked_and_never_for_a_name(proxy):
    page = fetcher_through(proxy).fetch("http://www.example.com:8080/a", Patience(60))
    assert page.content == b"<p>Through."
    assert proxy.asked == [f"CONNECT {PUBLIC}:8080 HTTP/1.1\r\nHost: {PUBLIC}:8080\r\n\r\n"]
    assert proxy.requests[0].startswith("GET /a HTTP/1.1\r\nHost: www.example.com:8080\r\n")


def test_a_proxy_is_told_its_login_and_the_page_is_not(proxy):
    fetcher_through(proxy, [PUBLIC_V6], "ann:a%40b@").fetch("http://www.example.com/", Patience(60))
    assert f"CONNECT [{PUBLIC_V6}]:80 HTTP/1.1" in proxy.asked[0]
    assert "Proxy-Authorization: Basic YW5uOmFAYg==" in proxy.asked[0]
    assert "Proxy-Authorization" not in proxy.requests[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"])
def test_a_proxy_is_not_asked_for_an_address_that_is_not_public(address, proxy):
    with pytest.raises(AddressRefused):
        fetcher_through(proxy, [address]).fetch("http://www.example.com/", Patience(60))
    assert proxy.n_connections == 0


@pytest.mark.parametrize(
    "opens", [b"HTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 200", b"", b"x" * 20_000], ids=["403", "cut", "nothing", "endless"]
)
def test_a_proxy_that_does_not_open_the_way_is_a_sentence(opens, proxy):
    proxy.opens = opens
    with pytest.raises(WebFailed, match="does not answer"):
        fetcher_through(proxy).fetch("http://www.example.com/", Patience(60))


def test_a_proxy_is_what_search_engines_are_asked_through(proxy):
    proxy.opens = b"HTTP/1.1 403 No\r\n\r\n"
    with pytest.raises(WebFailed):
        Searcher(f"http://127.0.0.1:{proxy.port}").search("primes", 3, Patience(60))
    assert proxy.asked and all(one.startswith("CONNECT ") for one in proxy.asked)


@pytest.mark.parametrize(
    "text",
    ["10.0.0.5:3128", "socks5://10.0.0.5:1080", "http://ann:secret@proxy", "http://a:99999", "http://a:1/b", "x"],
)
def test_a_setting_that_is_no_proxy_is_refused_without_its_password(text):
    with pytest.raises(BadInput, match="WORKINGS_WEB_PROXY is no HTTP proxy") as error:
        web_tools(text)
    assert "secret" not in str(error.value)


def test_the_proxy_comes_from_a_variable_of_its_own():
    environment = {"HOME": "/home/a", "HTTPS_PROXY": "http://10.0.0.5:3128"}
    assert settings_from_environment(environment).web_proxy == ""
    environment["WORKINGS_WEB_PROXY"] = "http://10.0.0.6:3128"
    assert settings_from_environment(environment).web_proxy == "http://10.0.0.6:3128"
