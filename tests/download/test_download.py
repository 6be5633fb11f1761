"""What is fetched over https, and what is refused: neighbours, redirects, endless bodies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sites.certificates import issue, serving
from sites.servers import Server, answer, server
from supportops.download import DownloadError, download

SECRET = "private-0123456789"


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return tmp_path / "trusted.pem"


def serve(running: ExitStack, trust: Path, *responses: bytes) -> Server:
    """A server that answers each connection with the next of `responses`, the last one for ever."""
    leaf = issue("localhost", 80, names=("localhost",), ca=True)
    trust.write_bytes(leaf.pem)
    left = list(responses)

    def talk(connection: socket.socket, _: Server) -> None:
        connection.recv(65536)
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return running.enter_context(server(talk, tls=serving(trust.parent, leaf), host="127.0.0.1"))


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def get(site: Server, trust: Path, private: bool = True, most: int = 1000) -> bytes:
    url = site.url(f"/{SECRET}", host="localhost", scheme="https")
    return download(url, allow_private=private, seconds=5, most_bytes=most, trust=str(trust))


def why(site: Server, trust: Path, **given: object) -> str:
    with pytest.raises(DownloadError) as found:
        get(site, trust, **given)  # type: ignore[arg-type]
    assert SECRET not in str(found.value)
    return str(found.value)


def test_a_file_is_fetched(running: ExitStack, trust: Path) -> None:
    assert get(serve(running, trust, response("200 OK", b"hello")), trust) == b"hello"


def test_a_neighbour_is_not_connected_to(running: ExitStack, trust: Path) -> None:
    site = serve(running, trust, response("200 OK", b"hello"))
    assert "may not be connected to (loopback)" in why(site, trust, private=False)
    assert site.connections == 0


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://localhost/", "not https"),
        ("file:///etc/passwd", "not https"),
        ("https://169.254.169.254/latest", "cloud metadata"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[::ffff:169.254.169.254]/", "cloud metadata"),
        ("https://0xa9fea9fe/", "cloud metadata"),
        ("/again", "redirects more than 3 times"),
    ],
)
def test_a_redirect_is_followed_only_to_where_the_address_itself_may_lead(
    running: ExitStack, trust: Path, location: str, words: str
) -> None:
    site = serve(running, trust, response("302 Found", b"", f"Location: {location}"))
    assert words in why(site, trust)


def test_a_redirect_on_the_way_is_followed(running: ExitStack, trust: Path) -> None:
    moved = response("301 Moved", b"", "Location: /there")
    site = serve(running, trust, moved, response("200 OK", b"hello"))
    assert get(site, trust) == b"hello"


def test_what_is_too_large_or_not_there_is_refused(running: ExitStack, trust: Path) -> None:
    site = serve(running, trust, response("200 OK", b"x" * 2000))
    assert "larger than 1,000 bytes" in why(site, trust)
    gone = serve(running, trust, response("404 Not Found", b"no"))
    assert why(gone, trust) == "localhost answers with status 404"


def test_a_certificate_of_nobody_is_refused(running: ExitStack, trust: Path) -> None:
    site = serve(running, trust, response("200 OK", b"hello"))
    other = issue("localhost", 80, names=("localhost",), ca=True)
    trust.write_bytes(other.pem)
    assert "its certificate is not trusted" in why(site, trust)


@pytest.mark.parametrize(
    "url", ["http://x/", "ftp://x/", "file:///etc/passwd", "https://", "", "https://[", "x"]
)
def test_what_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(DownloadError, match="no https address"):
        download(url)


def test_what_speaks_no_tls_is_refused(running: ExitStack, trust: Path) -> None:
    site = running.enter_context(server(answer(b"plain")))
    with pytest.raises(DownloadError, match="localhost: it"):
        download(f"https://localhost:{site.port}/", allow_private=True, seconds=1)
