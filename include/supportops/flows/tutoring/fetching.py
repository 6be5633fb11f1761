"""Fetches a feed: bounded in time and size, and never from an address inside our own network."""

from __future__ import annotations

import socket
from typing import Any

import pycurl

from supportops.addresses import refusal

LARGEST = 8 * 1024 * 1024
SECONDS = 20
REDIRECTS = 5
_WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_AGENT = "supportops"


class FetchError(ValueError):
    """Why there is no feed, in one line."""


def fetch(address: str, *, allow_private: bool = False) -> bytes:
    """What is at `address`, http or https, after at most REDIRECTS redirects. Raises FetchError.

    Each address that is connected to is checked when its socket is opened, so neither a redirect
    nor a name that resolves otherwise the second time leads inside.
    """
    content = bytearray()
    refused: list[str] = []
    sockets: list[socket.socket] = []

    def write(part: bytes) -> int:
        content.extend(part)
        return len(part) if len(content) <= LARGEST else 0

    def opened(_purpose: int, address: tuple[Any, ...]) -> Any:
        family, kind, protocol, where = address
        why = refusal(str(where[0]), allow_private=allow_private)
        if why is not None:
            refused.append(why)
            return pycurl.SOCKET_BAD
        sockets.append(socket.socket(family, kind, protocol))
        return sockets[-1]  # curl works on a duplicate

    curl = pycurl.Curl()
    try:
        for option, value in (
            (pycurl.URL, address),
            (pycurl.PROTOCOLS, _WEB),
            (pycurl.REDIR_PROTOCOLS, _WEB),
            (pycurl.FOLLOWLOCATION, True),
            (pycurl.MAXREDIRS, REDIRECTS),
            (pycurl.TIMEOUT, SECONDS),
            (pycurl.NOSIGNAL, True),
            (pycurl.PROXY, ""),
            (pycurl.USERAGENT, _AGENT),
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.OPENSOCKETFUNCTION, opened),
            (pycurl.WRITEFUNCTION, write),
        ):
            curl.setopt(option, value)
        curl.perform()
        status = curl.getinfo(pycurl.RESPONSE_CODE)
    except (pycurl.error, UnicodeEncodeError) as error:
        if refused:
            raise FetchError(f"{refused[0]}, which is not fetched") from None
        if len(content) > LARGEST:
            raise FetchError(f"larger than {LARGEST >> 20} MiB") from None
        raise FetchError(str(error.args[-1] if error.args else error)) from None
    finally:
        curl.close()
        for each in sockets:
            each.close()
    if status != 200:
        raise FetchError(f"the answer {status}")
    return bytes(content)
