"""Fetches a file from an address that an operator has written down, within bounds.

This machine sits inside the network: neither a name nor a redirect makes it connect to a neighbour.
An address may be a secret, so no error repeats more of it than its host.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import certifi
import pycurl

from supportops.addresses import refusal

SECONDS = 20
MOST_BYTES = 2_000_000
MOST_REDIRECTS = 3
_PROTOCOLS = {"http": pycurl.PROTO_HTTP, "https": pycurl.PROTO_HTTPS}


class DownloadError(RuntimeError):
    """Why nothing was fetched, in one line."""


def download(
    url: str,
    *,
    allow_private: bool = False,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
    trust: str | None = None,
    plain: bool = False,
) -> bytes:
    """The content at `url`, over https. Raises DownloadError.

    `allow_private`: also from addresses that are not public. `trust`: a PEM file of authorities
    instead of certifi's. `plain`: over http, too, where the content is no secret.
    """
    schemes = ("https", "http") if plain else ("https",)
    fetched = _Download(allow_private, most_bytes, schemes)
    return fetched.fetch(url, seconds, trust or certifi.where())


class _Download:
    def __init__(self, allow_private: bool, most_bytes: int, schemes: tuple[str, ...]) -> None:
        self.allow_private = allow_private
        self.most_bytes = most_bytes
        self.schemes = schemes
        self.content = bytearray()
        self.too_large = False
        self.refused = ""
        self.sockets: list[socket.socket] = []

    def fetch(self, url: str, seconds: float, trust: str) -> bytes:
        host = _host(url, self.schemes)
        protocols = sum(_PROTOCOLS[scheme] for scheme in self.schemes)
        curl = pycurl.Curl()
        try:
            for option, value in (
                (pycurl.URL, url),
                (pycurl.PROTOCOLS, protocols),
                (pycurl.REDIR_PROTOCOLS, protocols),
                (pycurl.FOLLOWLOCATION, 1),
                (pycurl.MAXREDIRS, MOST_REDIRECTS),
                (pycurl.TIMEOUT_MS, int(seconds * 1000)),
                (pycurl.NOSIGNAL, 1),
                (pycurl.PROXY, ""),  # a proxy would connect for us, wherever to
                (pycurl.CAINFO, trust),
                (pycurl.ACCEPT_ENCODING, "gzip"),
                (pycurl.USERAGENT, "supportops"),
                (pycurl.OPENSOCKETFUNCTION, self._open_socket),
                (pycurl.WRITEFUNCTION, self._write),
            ):
                curl.setopt(option, value)
            curl.perform()
            status = curl.getinfo(pycurl.RESPONSE_CODE)
        except pycurl.error as error:
            raise DownloadError(self._why(host, error)) from None
        finally:
            curl.close()
            for opened in self.sockets:  # libcurl works on copies of them
                opened.close()
        if status != 200:
            raise DownloadError(f"{host} answers with status {status}")
        return bytes(self.content)

    def _open_socket(
        self, _purpose: int, address: tuple[int, int, int, tuple[str | bytes, int]]
    ) -> socket.socket | int:
        family, kind, protocol, where = address
        text = where[0].decode() if isinstance(where[0], bytes) else where[0]
        words = refusal(ip_address(text.partition("%")[0]), allow_private=self.allow_private)
        if words is not None:
            self.refused = words
            refused: int = pycurl.SOCKET_BAD
            return refused
        self.sockets.append(socket.socket(family, kind, protocol))
        return self.sockets[-1]

    def _write(self, piece: bytes) -> int:
        if len(self.content) + len(piece) > self.most_bytes:
            self.too_large = True
            return -1
        self.content += piece
        return len(piece)

    def _why(self, host: str, error: pycurl.error) -> str:
        if self.too_large:
            return f"what {host} sends is larger than {self.most_bytes:,} bytes"
        if self.refused:
            return f"{host} is at an address that may not be connected to ({self.refused})"
        code = error.args[0] if error.args else 0
        lowest = self.schemes[-1]
        words = {
            pycurl.E_COULDNT_RESOLVE_HOST: "its name does not resolve",
            pycurl.E_COULDNT_CONNECT: "it does not accept a connection",
            pycurl.E_OPERATION_TIMEDOUT: "it does not answer in time",
            pycurl.E_TOO_MANY_REDIRECTS: f"it redirects more than {MOST_REDIRECTS} times",
            pycurl.E_UNSUPPORTED_PROTOCOL: f"it redirects to an address that is not {lowest}",
            pycurl.E_PEER_FAILED_VERIFICATION: "its certificate is not trusted",
        }.get(code, f"it does not answer as expected (curl {code})")
        return f"{host}: {words}"


def _host(url: str, schemes: tuple[str, ...]) -> str:
    """Raises DownloadError for an address of another scheme."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in schemes or not host:
        raise DownloadError(f"its address is no {schemes[-1]} address")
    return host.encode("ascii", "backslashreplace").decode()
