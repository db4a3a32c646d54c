"""The battery: ways to make the app fetch what it must not, of which none gets through.

Each runs with the real checks and, where it names an address, with the real way to connect; a trap stands on loopback
at a port that is allowed for the test, and counts who comes.
"""

import ipaddress
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from agent.web.failures import AddressRefused
from agent.web.fetching import Fetcher
from agent.web.patience import Patience
from agent.web.resolving import system_resolver
from tests.web_servers import OTHER_PUBLIC, PUBLIC, PUBLIC_V6, Internet, NameServer, Site, response, sent_on

HOSTS = [
    # This machine, in every notation.
    *("127.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "127.000.000.001", "127.255.255.254"),
    *("2130706433", "0x7f000001", "0x7F.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "0x7f.0.0.0x1"),
    *("0", "0.0.0.0", "0x0", "00000000000", "0.1.2.3"),
    *("①②⑦.⓪.⓪.①", "１２７．０．０．１", "127。0。0。1", "１２７。1", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "127.0.0.1\u00ad"),  # noqa: RUF001
    # Private networks, and what clouds tell their machines.
    *("10.0.0.1", "10.1", "167772161", "0xa.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257"),
    *("3232235521", "0xc0a80001", "0300.0250.0.1"),
    *("169.254.169.254", "2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518", "169.254.170.2"),
    *("168.63.129.16", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    # What nobody has.
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0xffffffff"),
    # IPv6, and IPv4 inside of it.
    *("[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]"),
    *("[::ffff:93.184.216.34]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]"),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::a00:1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"),
    *("[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]"),
    *("[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "[5f00::1]", "[4000::1]", "[3ffe::1]"),
    *("[2606:2800::5efe:7f00:1]", "[2606:2800::200:5efe:a9fe:a9fe]"),
    # Names that only a local network knows.
    *("localhost", "LOCALHOST", "localhost.", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "foo.localhost", "localhost.localdomain", "ip6-localhost"),
    *("intranet", "printer.local", "metadata.google.internal", "router.lan", "nas.home.arpa", "host.docker.internal"),
    # No hosts at all.
    *("", ".", "..", "-", "%31%32%37.0.0.1", "127.0.0.1%00.example.com", "127.0.0.1%2f", "[::1", "::1", "[v1.fe80]"),
    *("256.256.256.256", "127.0.0.0.1", "0x7f.0.0.0.1", "4294967296", "08.1", "1.2.3.4.5", "127.0.0.1.0x", "[]", "[127.0.0.1]"),
]  # fmt: skip

URLS = [
    *("http://user@127.0.0.1:{port}/", "http://user:secret@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/"),
    *("http://example.com:80@127.0.0.1:{port}/", "http://example.com%40127.0.0.1:{port}/", "http://@127.0.0.1:{port}/"),
    *("http://127.0.0.1:{port}\\@example.com/", "http://example.com\\@127.0.0.1:{port}/", "http:\\\\127.0.0.1:{port}/"),
    *("http://127.0.0.1:{port}#@example.com/", "http://127.0.0.1:{port}?@example.com/", "http://127.0.0.1:{port}/@x"),
    *("http:127.0.0.1:{port}", "http:/127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "http:////127.0.0.1:{port}/"),
    *("//127.0.0.1:{port}/", "127.0.0.1:{port}/", "localhost:{port}/", " http://127.0.0.1:{port}/", "[::1]:{port}/"),
    *("http://127.0.0.1\t:{port}/", "http://127.0.0.1\n:{port}/", "ht\ntp://127.0.0.1:{port}/", "http://127.0.0.1 :{port}/"),
    *("http://127.0.0.1\r\nHost: example.com:{port}/", "http://exam\x00ple.com:{port}/", "http://127.1\u2044:{port}/"),
    *("file:///etc/passwd", "FILE:///etc/passwd", "file://127.0.0.1/etc/passwd", "ftp://127.0.0.1:{port}/"),
    *("gopher://127.0.0.1:{port}/_GET", "dict://127.0.0.1:{port}/d", "ldap://127.0.0.1:{port}/", "tftp://127.0.0.1/x"),
    *("data:text/html,<p>hi", "javascript:alert(1)", "blob:http://127.0.0.1:{port}/x", "about:blank", "mailto:a@b.example"),
    *("jar:http://127.0.0.1:{port}/!/", "view-source:http://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/", "unix:/tmp/x"),
    *("http+unix://%2Ftmp%2Fx/", "netdoc:///etc/passwd", "phar://x", "", "   ", "http", "http:", "http://", "://", "?"),
    *("http://example.com:22/", "http://example.com:25/", "http://example.com:6379/", "http://example.com:11211/"),
    *("http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:80a/"),
    *("http://example.com:０/", "https://example.com:2375/", "http://example.com/" + "a" * 3000),  # noqa: RUF001
]  # fmt: skip

NAMES = {
    "loopback.example.com": [["127.0.0.1"]],
    "loopback6.example.com": [["::1"]],
    "private.example.com": [["10.1.2.3"]],
    "cloud.example.com": [["169.254.169.254"]],
    "mapped.example.com": [["::ffff:127.0.0.1"]],
    "translated.example.com": [["64:ff9b::7f00:1"]],
    "mixed.example.com": [[PUBLIC, "192.168.1.1"]],
    "mixed6.example.com": [[PUBLIC, "fd00::1"]],
    "last-of-many.example.com": [[f"93.184.216.{n}" for n in range(1, 15)] + ["127.0.0.1"]],
    "xn--bcher-kva.example.com": [["127.0.0.1"]],
}

TARGETS = [
    *("http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://2130706433:{port}/", "http://[::1]:{port}/"),
    *("http://localhost:{port}/", "http://loopback.example.com:{port}/", "http://169.254.169.254/latest/meta-data/"),
    *("file:///etc/passwd", "gopher://127.0.0.1:{port}/", "http://user@93.184.216.34/", "http://93.184.216.34:22/"),
    *("http://[::ffff:127.0.0.1]:{port}/", "http://mixed.example.com/", "http:\\\\127.0.0.1:{port}/", "/\\127.0.0.1:{port}/"),
    *("http://127.0.0.1:{port}/\r\nX: y", "data:text/html,hi", "http://0:{port}/", "javascript:1", "http://127。0。0。1:{port}/"),
]  # fmt: skip


@pytest.fixture(scope="module")
def traps() -> Iterator[list[Site]]:
    """Servers on 127.0.0.1 and, where there is IPv6, on ::1, which nobody may come to."""
    sites = [Site({"/": response(b"<p>You are in.")})]
    if socket.has_ipv6:
        try:
            sites.append(Site({"/": response(b"<p>You are in.")}, socket.AF_INET6))
        except OSError:
            pass
    yield sites
    for site in sites:
        site.close()


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    server = NameServer(NAMES)
    yield server
    server.close()


def resolver_of(names: NameServer):
    """What the name server says; where it knows nothing, what the system does, so that no test is easier than life."""

    def resolve(name: str, port: int) -> list[str]:
        return names.resolve(name, port) if name in names.names else system_resolver(name, port)

    return resolve


@pytest.mark.parametrize("host", HOSTS)
def test_fetch_comes_to_no_host_that_is_not_public_when_it_is_named(host, traps, names):
    for trap in traps:
        fetcher = Fetcher(resolver_of(names), ports=frozenset({trap.port}))
        with pytest.raises(AddressRefused):
            fetcher.fetch(f"http://{host}:{trap.port}/", Patience(30))
        assert trap.n_connections == 0


@pytest.mark.parametrize("url", URLS)
def test_fetch_comes_nowhere_when_an_address_is_written_to_deceive(url, traps, names):
    port = traps[0].port
    fetcher = Fetcher(names.resolve, ports=frozenset({80, 443, port}))
    with pytest.raises(AddressRefused):
        fetcher.fetch(url.format(port=port), Patience(30))
    assert traps[0].n_connections == 0


@pytest.mark.parametrize("name", NAMES)
def test_fetch_comes_to_no_host_whose_name_leads_inside(name, traps, names):
    internet = Internet()
    for fetcher in (
        Fetcher(names.resolve, ports=frozenset({traps[0].port})),
        Fetcher(names.resolve, internet.dial, ports=frozenset({traps[0].port})),
    ):
        with pytest.raises(AddressRefused, match="Only pages of the public internet"):
            fetcher.fetch(f"http://{name}:{traps[0].port}/", Patience(30))
    assert (traps[0].n_connections, internet.dialled) == (0, [])


STATUSES = ["301 Moved", "303 See Other", "307 Temporary", "308 Permanent"]


@pytest.mark.parametrize(
    ("target", "status"), [(one, "302 Found") for one in TARGETS] + [(TARGETS[0], status) for status in STATUSES]
)
def test_fetch_goes_nowhere_inside_when_a_public_page_sends_it_there(target, status, traps, names):
    trap = traps[0]
    site = Site({"/": sent_on(target.format(port=trap.port), status)})
    internet = Internet({PUBLIC: site})
    fetcher = Fetcher(names.resolve, internet.dial, ports=frozenset({80, trap.port}))
    with pytest.raises(AddressRefused):
        fetcher.fetch(f"http://{PUBLIC}/", Patience(30))
    site.close()
    assert trap.n_connections == 0
    assert set(internet.dialled) == {(PUBLIC, 80)}


def test_fetch_goes_nowhere_inside_when_it_is_sent_on_several_times(traps, names):
    trap = traps[0]
    first, second = Site(), Site()
    first.pages["/"] = sent_on(f"http://{OTHER_PUBLIC}/next")
    second.pages["/next"] = sent_on(f"http://127.0.0.1:{trap.port}/")
    internet = Internet({PUBLIC: first, OTHER_PUBLIC: second})
    with pytest.raises(AddressRefused):
        Fetcher(names.resolve, internet.dial, ports=frozenset({80, trap.port})).fetch(f"http://{PUBLIC}/", Patience(30))
    first.close()
    second.close()
    assert trap.n_connections == 0
    assert internet.dialled == [(PUBLIC, 80), (OTHER_PUBLIC, 80)]


def test_fetch_connects_to_the_address_that_was_checked_when_the_name_server_changes_its_mind():
    site = Site({"/": response(b"<p>The public one.")})
    internet = Internet({PUBLIC: site})
    names = NameServer({"rebinding.example.com": [[PUBLIC], ["127.0.0.1"]]})
    fetcher = Fetcher(names.resolve, internet.dial)
    assert b"The public one" in fetcher.fetch("http://rebinding.example.com/", Patience(30)).content
    assert names.asked["rebinding.example.com"] == 1
    with pytest.raises(AddressRefused):
        fetcher.fetch("http://rebinding.example.com/", Patience(30))
    site.close()
    names.close()
    assert internet.dialled == [(PUBLIC, 80)]


def test_fetch_checks_again_when_a_page_sends_it_to_its_own_name():
    site = Site({"/": sent_on("http://rebinding.example.com/again")})
    internet = Internet({PUBLIC: site})
    names = NameServer({"rebinding.example.com": [[PUBLIC], ["127.0.0.1"]]})
    with pytest.raises(AddressRefused):
        Fetcher(names.resolve, internet.dial).fetch("http://rebinding.example.com/", Patience(30))
    site.close()
    names.close()
    assert internet.dialled == [(PUBLIC, 80)]


def test_fetch_is_refused_when_the_host_is_this_machine_under_a_public_address(monkeypatch):
    addresses = [SimpleNamespace(address=PUBLIC), SimpleNamespace(address=f"{PUBLIC_V6}%eth0")]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": addresses})
    internet = Internet()
    for host in (PUBLIC, f"[{PUBLIC_V6}]", f"[64:ff9b::{PUBLIC}]"):
        with pytest.raises(AddressRefused, match="this machine's own"):
            Fetcher(dialled=internet.dial).fetch(f"http://{host}/", Patience(30))
    assert internet.dialled == []


@pytest.mark.parametrize("answer", ["127.0.0.1%lo", "not an address", "fe80::1%2"])
def test_fetch_is_refused_when_a_resolver_gives_what_is_no_plain_address(answer):
    internet = Internet()
    with pytest.raises(AddressRefused):
        Fetcher(lambda name, port: [answer], internet.dial).fetch("http://example.com/", Patience(30))
    assert internet.dialled == []


def test_fetch_does_not_go_through_a_proxy_of_the_environment(monkeypatch, traps):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{traps[0].port}")
    site = Site({"/": response(b"<p>Straight.")})
    internet = Internet({PUBLIC: site})
    assert b"Straight" in Fetcher(dialled=internet.dial).fetch(f"http://{PUBLIC}/", Patience(30)).content
    site.close()
    assert traps[0].n_connections == 0


def test_the_battery_would_notice_somebody_who_gets_through(traps):
    port = traps[0].port
    internet = Internet({PUBLIC: traps[0]})
    page = Fetcher(dialled=internet.dial, ports=frozenset({port})).fetch(f"http://{PUBLIC}:{port}/", Patience(30))
    assert b"You are in" in page.content
    assert traps[0].n_connections == 1
    traps[0].n_connections = 0
    assert ipaddress.ip_address(internet.dialled[0][0]).is_global
