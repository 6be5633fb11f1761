"""Tutorials are read out of sitemaps and feeds, however hostile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from supportops.flows.tutorials import entries_of
from supportops.flows.tutoring import fetching
from supportops.flows.tutoring.fetching import FetchError, fetch
from supportops.tutorials.feed import FeedError, read_feed
from supportops.tutorials.tutorial import Library, Tutorial

SITEMAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://t.example/change-password.html</loc><lastmod>2026-01-01</lastmod></url>
<url><loc>https://t.example/</loc></url>
<url><loc>https://t.example/change-password.html</loc></url>
<url><loc>javascript:alert(1)</loc></url>
</urlset>"""
RSS = b"""<rss version="2.0"><channel><title>Ours</title><link>https://t.example/</link>
<image><title>Logo</title><link>https://t.example/logo</link></image>
<item><title>Embed a <![CDATA[video & more]]></title><link>https://t.example/v?a=1&amp;b=2</link>
<category>Video</category><media:x xmlns:media="m"><media:title>No</media:title></media:x></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Ours</title>
<entry><title>Menus</title><link rel="self" href="https://t.example/api"/>
<link href="https://t.example/menus"/><category term="navigation"/></entry></feed>"""


def usable(address: str) -> bool:
    return address.startswith("https://")


def test_sitemaps_rss_and_atom_are_read() -> None:
    assert read_feed(SITEMAP, usable) == (
        Tutorial("Change password", "https://t.example/change-password.html"),
        Tutorial("https://t.example/", "https://t.example/"),
    )
    assert read_feed(RSS, usable) == (
        Tutorial("Embed a video & more", "https://t.example/v?a=1&b=2", (), ("Video",)),
    )
    assert read_feed(ATOM, usable) == (
        Tutorial("Menus", "https://t.example/menus", (), ("navigation",)),
    )


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><urlset>&b;</urlset>'


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (BOMB, "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><urlset/>', "document type"),
        (b"<a>" * 100 + b"</a>" * 100, "without end"),
        (b"<urlset>" + b"<url><loc>https://t.example/</loc></url>" * 2001 + b"</urlset>", "2000"),
        (b"<sitemapindex><sitemap><loc>https://x/</loc></sitemap></sitemapindex>", "index"),
        (b"<html/>", "no sitemap"),
        (b"not xml", "no well-formed"),
        (b"", "no well-formed"),
        (b"\xff\xfe\x00", "no well-formed"),
    ],
)
def test_what_is_no_feed_is_one_line(content: bytes, fault: str) -> None:
    with pytest.raises(FeedError, match=fault):
        read_feed(content, usable)


@contextmanager
def server(answer: bytes, status: int = 200, location: str = "") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}/"
        found.shutdown()


def test_new_entries_are_yaml_for_the_file() -> None:
    known = Library((Tutorial("Home", "https://t.example/"),))
    with server(SITEMAP) as address:
        found = yaml.safe_load(entries_of(address, known, allow_private=True))
        assert found == [
            {
                "title": "Change password",
                "address": "https://t.example/change-password.html",
                "questions": [],
            }
        ]
        both = Library((*known.tutorials, Tutorial("x", found[0]["address"])))
        assert entries_of(address, both, allow_private=True) == ""


def test_our_own_network_is_not_fetched_from() -> None:
    with server(SITEMAP) as address, pytest.raises(FetchError, match="not fetched"):
        fetch(address)
    for inside in ("http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://0/"):
        with pytest.raises(FetchError):
            fetch(inside)


def test_no_redirect_leads_inside_or_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(b"secret") as inside:
        port = inside.rstrip("/").rpartition(":")[2]
        with server(b"", 302, f"http://127.0.0.2:{port}/") as outside:
            # The first server stands for one in the internet.
            real = fetching.refusal

            def refusal(address: str, *, allow_private: bool = False) -> str | None:
                return None if address == "127.0.0.1" else real(address)

            monkeypatch.setattr(fetching, "refusal", refusal)
            with pytest.raises(FetchError, match="not fetched"):
                fetch(outside)
    with server(b"", 302, "file:///etc/passwd") as outside, pytest.raises(FetchError):
        fetch(outside, allow_private=True)
    with server(b"", 302, "/") as endless, pytest.raises(FetchError, match="redirect"):
        fetch(endless, allow_private=True)


def test_what_is_too_large_or_no_page_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    with server(b"a" * 5000) as address, pytest.raises(FetchError, match="larger"):
        fetch(address, allow_private=True)
    with server(b"", 404) as address, pytest.raises(FetchError, match="404"):
        fetch(address, allow_private=True)
    for address in ("ftp://t.example/", "file:///etc/passwd", "http://"):
        with pytest.raises(FetchError):
            fetch(address, allow_private=True)
