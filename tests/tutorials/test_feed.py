"""Tutorials are read out of sitemaps and feeds, however hostile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from supportops import download as fetching
from supportops.addresses import Address
from supportops.download import DownloadError
from supportops.flows.tickets.tutorials import entries_of
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


def test_a_feed_is_not_read_from_our_own_network() -> None:
    with server(SITEMAP) as address, pytest.raises(DownloadError, match="may not be connected to"):
        entries_of(address, Library(()))
    for inside in ("http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://0/"):
        with pytest.raises(DownloadError):
            entries_of(inside, Library(()))


def test_no_redirect_leads_inside_or_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(b"secret") as inside:
        port = inside.rstrip("/").rpartition(":")[2]
        with server(b"", 302, f"http://127.0.0.2:{port}/") as outside:
            # The first server stands for one in the internet.
            real = fetching.refusal

            def refusal(address: Address, *, allow_private: bool) -> str | None:
                first = str(address) == "127.0.0.1"
                return None if first else real(address, allow_private=allow_private)

            monkeypatch.setattr(fetching, "refusal", refusal)
            with pytest.raises(DownloadError, match="may not be connected to"):
                entries_of(outside, Library(()))
    with server(b"", 302, "file:///etc/passwd") as outside, pytest.raises(DownloadError):
        entries_of(outside, Library(()), allow_private=True)
    with server(b"", 302, "/") as endless, pytest.raises(DownloadError, match="redirects"):
        entries_of(endless, Library(()), allow_private=True)


def test_what_is_too_large_or_no_page_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("supportops.flows.tickets.tutorials._LARGEST", 1000)
    with server(b"a" * 5000) as address, pytest.raises(DownloadError, match="larger"):
        entries_of(address, Library(()), allow_private=True)
    large = tmp_path / "sitemap.xml"
    large.write_bytes(b" " * 5000)
    with pytest.raises(FeedError, match="larger"):
        entries_of(str(large), Library(()))
    with server(b"", 404) as address, pytest.raises(DownloadError, match="404"):
        entries_of(address, Library(()), allow_private=True)
    for address in ("ftp://t.example/", "file:///etc/passwd", "http://"):
        with pytest.raises(DownloadError, match="no http address"):
            entries_of(address, Library(()), allow_private=True)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/tmp"])
def test_a_feed_is_read_from_files_alone(path: str) -> None:
    with pytest.raises(OSError, match=r"no file|directory|device"):
        entries_of(path, Library(()))
