"""A URL is taken apart once; nothing in it is read in two ways."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.probe.web_address import BadUrl, parse, without_login


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("https://example.com:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:8080", "http://example.com:8080/"),
        ("http://example.com./", "http://example.com/"),
        ("http://bücher.example/ä?ö", "http://xn--bcher-kva.example/%C3%A4?%C3%B6"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://ex%61mple.com/%20x", "http://example.com/%20x"),
        ("http://[::0001]:80/", "http://[::1]/"),
        ("http://under_score.example/", "http://under_score.example/"),
        ("http://host/a b\\c", "http://host/a%20b%5Cc"),
    ],
)
def test_a_url_is_built_again_from_its_parts(url: str, rebuilt: str) -> None:
    assert parse(url).url == rebuilt


def test_a_login_is_separate_from_the_url() -> None:
    there = parse("https://ed%40itor:s%3Acret@example.com/")
    assert there.login == ("ed@itor", "s:cret")
    assert there.url == "https://example.com/"


@pytest.mark.parametrize("url", ["http://a%00@h/", "http://a%0d%0aX:b@h/", "http://a%3Ab:c@h/"])
def test_a_login_that_cannot_be_sent_is_a_bad_url(url: str) -> None:
    with pytest.raises(BadUrl):
        parse(url)


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("/b", "https://example.com/b"),
        ("c", "https://example.com/a/c"),
        ("?q", "https://example.com/a/?q"),
        ("//other.example/x", "https://other.example/x"),
        ("http://example.com/", "http://example.com/"),
        ("  /padded  ", "https://example.com/padded"),
        ("/next?to=http://x.example/", "https://example.com/next?to=http://x.example/"),
        ("../../../up", "https://example.com/up"),
    ],
)
def test_a_location_is_followed_as_a_browser_would(location: str, to: str) -> None:
    assert parse("https://example.com/a/").follow(location).url == to


def test_a_login_goes_nowhere_but_to_its_own_origin() -> None:
    there = parse("https://u:p@example.com/")
    assert there.follow("/in").login == ("u", "p")
    for location in ("http://example.com/", "https://example.com:444/", "https://x.example/",
                     "https://evil:evil@x.example/"):  # fmt: skip
        assert there.follow(location).login is None


@given(st.text(max_size=40))
def test_whatever_the_location_it_is_an_address_or_a_bad_url(location: str) -> None:
    try:
        there = parse("http://example.com/").follow(location)
    except BadUrl:
        return
    assert there.url.isascii()
    assert there.url.isprintable()


@given(st.text(max_size=30))
def test_the_url_built_again_has_the_host_that_was_judged(host: str) -> None:
    try:
        there = parse(f"http://{host}/path")
    except BadUrl:
        return
    again = urlsplit(there.url)
    assert again.hostname == there.host
    assert parse(there.url) == parse(parse(there.url).url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@example.com/x", "https://***@example.com/x"),
        ("https://u:p@ss@example.com/x", "https://***@example.com/x"),
        ("https://example.com/x@y", "https://example.com/x@y"),
        ("nonsense", "nonsense"),
        ("//u:p@h", "//***@h"),
    ],
)
def test_a_shown_url_hides_its_login(url: str, shown: str) -> None:
    assert without_login(url) == shown
