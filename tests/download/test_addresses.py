"""Which addresses may be connected to, and every way to write one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.addresses import literal, refusal


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"],
)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("fd12:3456::1", "private"),
        ("fec0::1", "private"),
        ("100.64.0.1", "shared carrier space"),
        ("192.0.0.1", "special-purpose"),
        ("198.18.0.1", "special-purpose"),
        ("203.0.113.7", "special-purpose"),
        ("2001:db8::1", "special-purpose"),
    ],
)
def test_a_private_address_is_refused_unless_the_site_allows_it(address: str, words: str) -> None:
    assert refusal(address) == words
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("169.254.169.254", "cloud metadata"),
        ("169.254.170.2", "cloud metadata"),
        ("168.63.129.16", "cloud metadata"),
        ("100.100.100.200", "cloud metadata"),
        ("192.0.0.192", "cloud metadata"),
        ("fd00:ec2::254", "cloud metadata"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "reserved"),
    ],
)
def test_some_addresses_are_refused_whatever_the_site_says(address: str, words: str) -> None:
    assert refusal(address) == words
    assert refusal(address, allow_private=True) == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "cloud metadata"),
        ("::127.0.0.1", "IPv4-compatible-wrapped"),
        ("::ffff:0:7f00:1", "IPv4-translated-wrapped"),
        ("64:ff9b::169.254.169.254", "NAT64-wrapped"),
        ("64:ff9b::8.8.8.8", "NAT64-wrapped"),
        ("64:ff9b:1::a9fe:a9fe", "NAT64-wrapped"),
        ("2002:7f00:1::", "6to4-wrapped"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo-wrapped"),
    ],
)
def test_an_address_inside_an_address_is_seen(address: str, words: str) -> None:
    assert refusal(address) == words


def test_a_mapped_public_address_is_a_public_address() -> None:
    assert refusal("::ffff:8.8.8.8") is None


def test_where_private_is_allowed_a_wrapped_address_is_judged_by_its_inside() -> None:
    assert refusal("64:ff9b::10.0.0.1", allow_private=True) is None
    assert refusal("64:ff9b::169.254.169.254", allow_private=True) == "NAT64-wrapped cloud metadata"


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_never_connected_to(
    address: IPv4Address | IPv6Address,
) -> None:
    if not address.is_global:
        assert refusal(address) is not None or getattr(address, "ipv4_mapped", None) is not None


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_address_it_maps(address: IPv4Address) -> None:
    for allow in (False, True):
        mapped = IPv6Address(f"::ffff:{address}")
        assert refusal(mapped, allow_private=allow) == refusal(address, allow_private=allow)


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_that_address(address: IPv4Address) -> None:
    a, b, c, d = address.packed
    for host in (
        str(address),
        str(int(address)),
        hex(int(address)),
        f"0{int(address):o}",
        f"{a:#x}.{b}.{c:#o}".replace("0o", "0") + f".{d}",
        f"{a}.{b}.{c * 256 + d}",
        f"{a}.{(b << 16) + (c << 8) + d}",
        f"{address}.",
    ):
        assert literal(host) == address, host


@given(st.ip_addresses(v=6))
def test_an_ipv6_literal_is_read(address: IPv6Address) -> None:
    assert literal(address.exploded) == address


@pytest.mark.parametrize("host", ["example.com", "localhost", "1.2.3.4.example", "a", "0xyz"])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    "host",
    ["256.1.1.1", "1.2.3.4.5", "1.2.3.256", "08.1.1.1", "x.1", "4294967296", "1..1", "9" * 999,
     "::1::", "fe80::g"],
)  # fmt: skip
def test_what_ends_in_a_number_and_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of ipaddress's own
        literal(host)


def test_the_classic_disguises_of_the_loopback_are_seen() -> None:
    for host in ("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "017700000001"):
        assert literal(host) == ip_address("127.0.0.1")
