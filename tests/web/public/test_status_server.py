"""The server of status pages: the files of pages, by their addresses alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from supportops.status_pages.address import token
from supportops.status_pages.store import one_writer, replace_all
from supportops.web.public.status_pages import make_status_app

TOKEN = token("x" * 32, "acme")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    folder = tmp_path / "pages"
    with one_writer(folder):
        page = {"index.html": b"<p>public</p>", "status.json": b"{}", "feed.xml": b"<rss/>"}
        private = {"index.html": b"<p>acme</p>", "logo.svg": b"<svg/>"}
        replace_all(folder, page, {TOKEN: private}, {"status.css": b"", "status.js": b""})
    (folder / "secret.txt").write_text("theirs")
    (tmp_path / "index.html").write_text("outside")
    return TestClient(make_status_app(folder), follow_redirects=False)


def test_pages_and_their_files_are_served_with_their_types(client: TestClient) -> None:
    assert client.get("/").text == "<p>public</p>"
    assert client.get(f"/c/{TOKEN}/").text == "<p>acme</p>"
    for path, kind in (
        ("/feed.xml", "application/rss+xml"),
        ("/status.json", "application/json"),
        (f"/c/{TOKEN}/logo.svg", "image/svg+xml"),
        ("/status.js", "text/javascript"),
    ):
        assert client.get(path).headers["content-type"].startswith(kind)
    assert client.get(f"/c/{TOKEN}").headers["location"] == f"{TOKEN}/"


@pytest.mark.parametrize(
    "path",
    [
        *("/secret.txt", "/.supportops-status-pages", "/c", "/c/", f"/c/{'a' * 32}/"),
        *("/%2e%2e/index.html", "/c/..%2f..%2findex.html", f"/c/{TOKEN}/..%2f"),
        *(f"/c/{TOKEN}/%2e%2e/{TOKEN}/x", "/index.html/x", "/docs", "/openapi.json", "/%00"),
    ],
)
def test_nothing_else_is(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "outside" not in answer.text
    assert TOKEN not in answer.text


def test_no_page_is_indexed_framed_or_gives_its_address_away(client: TestClient) -> None:
    for path in ("/", f"/c/{TOKEN}/", "/feed.xml", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_page_that_did_not_change_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_only_reading_is_possible(client: TestClient) -> None:
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200
