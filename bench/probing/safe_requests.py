"""What `requests` in threads has to become before it may probe: the comparison's other side.

The same work as ours: a fresh connection a check, the peer's address read, the certificate's
end read, a body of at most 1 MiB, redirects by hand, one deadline. Drip-fed headers outlive the
deadline all the same; `requests` has no means against them.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import urljoin

import requests
from bench.probing.farm import TEXT
from requests.adapters import HTTPAdapter

CAP = 1024 * 1024


class OneContext(HTTPAdapter):
    """Shares one TLS context; by default every session reads the authorities again."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context verifies."""


def check_all(urls: Sequence[str], authority: str, deadline: float, threads: int) -> list[bool]:
    context = ssl.create_default_context()
    context.load_verify_locations(authority)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda url: check(url, context, deadline), urls))


def check(url: str, context: ssl.SSLContext, deadline: float) -> bool:
    until = monotonic() + deadline
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", OneContext(context))
            for _ in range(6):
                with session.get(
                    url, timeout=max(0.01, until - monotonic()), stream=True, allow_redirects=False
                ) as response:
                    _look_at_peer(response)
                    if not response.is_redirect:
                        return response.ok and TEXT in _body(response, until)
                    url = urljoin(url, response.headers["location"])
    except (requests.RequestException, TimeoutError, OSError):
        return False
    return False


def _look_at_peer(response: requests.Response) -> None:
    connection = response.raw.connection
    sock = connection.sock if connection is not None else None
    if sock is not None:
        address = ip_address(sock.getpeername()[0])
        assert address.is_global or address.is_loopback
        if isinstance(sock, ssl.SSLSocket):
            ssl.cert_time_to_seconds(sock.getpeercert()["notAfter"])  # type: ignore[index,arg-type]


def _body(response: requests.Response, until: float) -> str:
    body = bytearray()
    for chunk in response.iter_content(16384):
        body += chunk[: CAP - len(body)]
        if len(body) == CAP:
            break
        if monotonic() > until:
            raise TimeoutError
    return body.decode("utf-8", "replace")
