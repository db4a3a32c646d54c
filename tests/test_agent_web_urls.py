"""One spelling for every address, and a refusal for what is none."""

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.web.failures import AddressRefused
from agent.web.urls import WebURL, read_url, redirected


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://example.com", "https://example.com/"),
        ("example.com/a?b=c#d", "https://example.com/a?b=c"),
        ("example.com:8080", "https://example.com:8080/"),
        ("//example.com/a", "https://example.com/a"),
        (" HTTP://EXAMPLE.com.:80/A ", "http://example.com/A"),
        ("https://bücher.example/ü?ö=ä b", "https://xn--bcher-kva.example/%C3%BC?%C3%B6=%C3%A4%20b"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://example.com/%7Ea/%2Fb", "https://example.com/%7Ea/%2Fb"),
        ("http://[2606:2800:220:1:248:1893:25C8:1946]:8080/", "http://[2606:2800:220:1:248:1893:25c8:1946]:8080/"),
        ("http://1572395042/", "http://93.184.216.34/"),
        ("https://my_site.example.com/", "https://my_site.example.com/"),
    ],
)
def test_read_url_gives_one_spelling(text, read):
    assert str(read_url(text)) == read
    assert str(read_url(read)) == read


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.lists(st.sampled_from(["d", "o", "x"]), min_size=4, max_size=4), st.integers(1, 4))
def test_read_url_finds_the_ipv4_address_however_it_is_written(address, notations, n_parts):
    numbers = list(address.packed[: n_parts - 1]) + [int.from_bytes(address.packed[n_parts - 1 :], "big")]
    written: dict[str, Callable[[int], str]] = {"d": str, "o": lambda n: f"0{n:o}", "x": lambda n: f"0X{n:X}"}
    host = ".".join(written[notation](number) for notation, number in zip(notations, numbers, strict=False))
    assert read_url(f"http://{host}/").address == address


@settings(deadline=None)
@given(st.text(max_size=60))
def test_read_url_takes_apart_or_refuses_whatever_is_typed(text):
    try:
        url = read_url("http://" + text)
    except AddressRefused:
        return
    assert url.host and url.host == url.host.lower() and url.target.isascii() and url.target.startswith("/")
    assert not set(str(url)) & set(" \r\n\t\\@") - set(url.target)
    assert not set(url.target) & set(" \r\n\t\\#")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_read_url_lets_nothing_of_a_path_into_the_request_line(path):
    try:
        target = read_url("http://example.com/" + path).target
    except AddressRefused:
        return
    assert target.isascii() and target.isprintable() and " " not in target


@pytest.mark.parametrize(
    ("location", "read"),
    [
        ("/b", "https://example.com/b"),
        ("b?c=d", "https://example.com/a/b?c=d"),
        ("//other.example/", "https://other.example/"),
        ("http://other.example", "http://other.example/"),
        ("/a b", "https://example.com/a%20b"),
        ("", "https://example.com/a/x"),
    ],
)
def test_redirected_reads_a_location_from_where_it_was_said(location, read):
    assert str(redirected(WebURL("https", "example.com", 443, "/a/x"), location)) == read


def test_an_ipv6_host_has_its_brackets_in_the_host_header():
    url = read_url("http://[2606:2800::1]/")
    assert (url.authority, url.address) == ("[2606:2800::1]", ipaddress.ip_address("2606:2800::1"))
