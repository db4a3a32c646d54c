"""An IP address in, whether it belongs to the public internet out; the reason where it does not.

What is not known to be public is refused, whatever the installed Python says of it: `ipaddress.is_global` has changed
with its releases.

Source:
    IANA's registries of special-purpose addresses, IPv4 and IPv6 (RFC 6890 and its successors); RFC 5214 for the
    interface identifiers of ISATAP; RFC 6052 for NAT64; Microsoft's documentation for 168.63.129.16.
"""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import psutil

IPAddress = IPv4Address | IPv6Address

_REFUSED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by customers of a provider"),
        ("127.0.0.0/8", "this machine"),
        # Cloud machines are told their keys at 169.254.169.254.
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        # Azure's own services, which answer machines there alone.
        ("168.63.129.16/32", "metadata of a cloud"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)
# All that IANA has given out as global unicast; whatever lies outside of it is refused.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "this machine"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 form"),
        ("::/96", "an IPv4 address in IPv6 form"),
        ("64:ff9b:1::/48", "translated by a local network"),
        ("100::/64", "reserved"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3ffe::/16", "reserved"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
# Where a network has IPv6 alone, its name server gives public IPv4 addresses in this form.
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def why_refused(address: IPAddress) -> str:
    """What kind of address it is, if it is not one of the public internet; empty if it is one.

    >>> why_refused(ipaddress.ip_address("169.254.169.254"))
    'link-local'
    >>> why_refused(ipaddress.ip_address("64:ff9b::7f00:1"))
    'this machine, in IPv6 form'
    >>> why_refused(ipaddress.ip_address("93.184.216.34"))
    ''
    """
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _REFUSED_V4 if address in network), "")
    if address.scope_id is not None:
        return "of one interface alone"
    if inner := behind_nat64(address):
        kind = why_refused(inner)
        return kind and f"{kind}, in IPv6 form"
    for network, kind in _REFUSED_V6:
        if address in network:
            return kind
    if address not in _GLOBAL_V6:
        return "reserved"
    return "an ISATAP tunnel" if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP else ""


def behind_nat64(address: IPAddress) -> IPv4Address | None:
    """The IPv4 address that a network with IPv6 alone makes of it, if it makes one of it."""
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address.version == 6 and address in _NAT64 else None


def own_addresses() -> frozenset[IPAddress]:
    """The addresses of this machine's interfaces: from inside, no firewall stands before them."""
    own = set()
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            try:
                own.add(ipaddress.ip_address(one.address.partition("%")[0]))
            except ValueError:  # A hardware address.
                continue
    return frozenset(own)
