"""Which addresses count as the public internet: properties over the whole space, and single ones that are easy to miss."""

import ipaddress
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.web.addresses import own_addresses, why_refused

PRIVATE_V4 = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8"]
    + ["224.0.0.0/4", "240.0.0.0/4", "198.18.0.0/15", "192.0.0.0/24"]
).flatmap(lambda network: st.ip_addresses(network=network))
V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6)


@settings(deadline=None)
@given(V4)
def test_an_ipv4_address_that_python_calls_private_is_refused(address):
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback:
        assert why_refused(address)


@settings(deadline=None)
@given(V6)
def test_an_ipv6_address_outside_of_what_is_given_out_is_refused(address):
    if address not in ipaddress.IPv6Network("2000::/3") and address not in ipaddress.IPv6Network("64:ff9b::/96"):
        assert why_refused(address)


@settings(deadline=None)
@given(PRIVATE_V4, st.integers(0, 2**80 - 1))
def test_a_private_address_is_refused_in_every_ipv6_form(inner, rest):
    number = int(inner)
    forms = [
        number,  # compatible
        0xFFFF << 32 | number,  # mapped
        0xFFFF_0000 << 32 | number,  # translated
        0x0064_FF9B << 96 | number,  # NAT64
        0x0064_FF9B_0001 << 80 | number,  # NAT64 of a local network
        0x2002 << 112 | number << 80 | rest,  # 6to4
        0x2001_0000 << 96 | number << 64 | rest % 2**64,  # Teredo, by its server
        0x2001_0000 << 96 | (rest % 2**64) << 32 | number ^ 0xFFFF_FFFF,  # Teredo, by its client
        0x2606_2800 << 96 | 0x5EFE << 32 | number,  # ISATAP
    ]
    for form in forms:
        assert why_refused(ipaddress.IPv6Address(form)), ipaddress.IPv6Address(form)


@settings(deadline=None)
@given(V4)
def test_an_ipv4_address_behind_nat64_is_what_it_is_without(inner):
    behind = ipaddress.IPv6Address(0x0064_FF9B << 96 | int(inner))
    assert bool(why_refused(behind)) == bool(why_refused(inner))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.0", "223.255.255.255"]
)
def test_a_public_ipv4_address_is_let_through(address):
    assert why_refused(ipaddress.ip_address(address)) == ""


@pytest.mark.parametrize("address", ["2606:2800:220:1:248:1893:25c8:1946", "2001:4860:4860::8888", "2a00:1450::1"])
def test_a_public_ipv6_address_is_let_through(address):
    assert why_refused(ipaddress.ip_address(address)) == ""


def test_a_public_address_of_one_interface_is_refused():
    assert why_refused(ipaddress.ip_address("2606:2800::1%eth0"))


def test_own_addresses_are_those_of_the_interfaces(monkeypatch):
    rows = [SimpleNamespace(address=one) for one in ("52.0.0.7", "2606:2800::7%eth0", "02:42:ac:11:00:02")]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": rows})
    assert own_addresses() == {ipaddress.ip_address("52.0.0.7"), ipaddress.ip_address("2606:2800::7")}
