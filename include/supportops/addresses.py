"""Which addresses may be connected to: the public ones, and private ones where a file says so.

A monitoring machine sits inside the network, so a name or a redirect that a stranger controls
must never make it connect to a neighbour or to the cloud's metadata service.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Nobody's website lives here, not even in a private network. Metadata services: AWS, GCP, Azure
# and OpenStack (169.254/16), Azure's wire server, Oracle, Alibaba, AWS over IPv6.
NEVER: tuple[tuple[str, tuple[Network, ...]], ...] = (
    (
        "cloud metadata",
        _networks(
            "169.254.169.254/32",
            "169.254.170.2/32",
            "168.63.129.16/32",
            "192.0.0.192/32",
            "100.100.100.200/32",
            "fd00:ec2::254/128",
            "fd20:ce::254/128",
        ),
    ),
    ("link-local", _networks("169.254.0.0/16", "fe80::/10")),
    ("multicast", _networks("224.0.0.0/4", "ff00::/8")),
    ("reserved", _networks("0.0.0.0/8", "240.0.0.0/4", "::/128", "100::/64")),
)

# IANA's special-purpose registries; what `allow_private` opens.
PRIVATE: tuple[tuple[str, tuple[Network, ...]], ...] = (
    ("loopback", _networks("127.0.0.0/8", "::1/128")),
    (
        "private",
        _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    ),
    ("shared carrier space", _networks("100.64.0.0/10")),
    (
        "special-purpose",
        _networks(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:2::/48",
            "2001:10::/28",
            "2001:20::/28",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
        ),
    ),
)

_NAT64 = ip_network("64:ff9b::/96")
_NAT64_LOCAL = ip_network("64:ff9b:1::/48")
_COMPATIBLE = ip_network("::/96")
_TRANSLATED = ip_network("::ffff:0:0:0/96")
_TEREDO = ip_network("2001::/32")
_SIX_TO_FOUR = ip_network("2002::/16")


@lru_cache(maxsize=4096)
def read(text: str) -> Address:
    """The address that `text` is; ValueError where it is none. Many sites share a server."""
    return ip_address(text)


@lru_cache(maxsize=4096)
def refusal(address: Address | str, *, allow_private: bool = False) -> str | None:
    """Why `address` may not be connected to, in two or three words; None: it may.

    Text that is no address raises ValueError.
    """
    ip = read(address) if isinstance(address, str) else address
    if isinstance(ip, IPv6Address):
        if ip.scope_id:
            return "link-local"
        if ip.ipv4_mapped is not None:
            return refusal(ip.ipv4_mapped, allow_private=allow_private)
        wrapped = _wrapped(ip)
        if wrapped is not None:
            return _wrapped_refusal(*wrapped, allow_private=allow_private)
    return _plain_refusal(ip, allow_private=allow_private)


def _plain_refusal(ip: Address, *, allow_private: bool) -> str | None:
    for words, networks in NEVER:
        if any(ip in network for network in networks):
            return words
    for words, networks in PRIVATE:
        if any(ip in network for network in networks):
            return None if allow_private else words
    return None if ip.is_global or allow_private else "not public"


def _wrapped(ip: IPv6Address) -> tuple[str, IPv4Address] | None:
    """The IPv4 address that a translator on the way would connect to, and the wrapping's name."""
    low = IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in _COMPATIBLE and int(ip) > 0xFFFF:
        return "IPv4-compatible", low
    if ip in _TRANSLATED:
        return "IPv4-translated", low
    if ip in _NAT64 or ip in _NAT64_LOCAL:
        return "NAT64", low
    if ip in _SIX_TO_FOUR:
        return "6to4", IPv4Address((int(ip) >> 80) & 0xFFFFFFFF)
    if ip in _TEREDO:
        return "Teredo", IPv4Address(~int(ip) & 0xFFFFFFFF)
    return None


def _wrapped_refusal(name: str, inner: IPv4Address, *, allow_private: bool) -> str | None:
    if not allow_private:
        return f"{name}-wrapped"
    words = refusal(inner, allow_private=True)
    return f"{name}-wrapped {words}" if words else None


_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z", re.IGNORECASE)


def literal(host: str) -> Address | None:
    """The address that a URL's host spells out; None: it is a name.

    Reads what `inet_aton` and browsers read: `2130706433`, `0x7f.1`, `0177.0.0.1`. A host whose
    last label is a number but that is no address raises ValueError
    (https://url.spec.whatwg.org/#concept-ipv4-parser).
    """
    if ":" in host:
        return IPv6Address(host)
    labels = host.removesuffix(".").split(".")
    if not _NUMBER.match(labels[-1]):
        return None
    if len(labels) > 4:
        raise ValueError("a number too many in an IPv4 address")
    *head, tail = [_number(label) for label in labels]
    if any(part > 255 for part in head) or tail >= 256 ** (4 - len(head)):
        raise ValueError("a number too large in an IPv4 address")
    return IPv4Address(sum(part << (24 - 8 * i) for i, part in enumerate(head)) + tail)


def _number(label: str) -> int:
    if not _NUMBER.match(label):
        raise ValueError("not a number in an IPv4 address")
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    if len(label) > 1 and label.startswith("0"):
        return int(label, 8)
    if len(label) > 12:
        raise ValueError("a number too large in an IPv4 address")
    return int(label)
