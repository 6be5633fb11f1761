"""Serves an app to anybody: bounded in time, in size and in number, and nothing of it is logged.

A proxy with limits of its own belongs before it all the same; see docs/security.md.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""From a connection's start, or a request's first byte, until its headers are there."""
ANSWER_SECONDS = 90.0
"""From then until the client has read the answer. A writer waits 60 seconds for the store."""
LARGEST_HEAD = 16 * 1024
"""Bytes of a request line with its headers. What is read at once may be some more."""


class BoundedConnection(H11Protocol):
    """A connection that is closed when a request does not come, or its answer is not read, in time.

    Uvicorn itself waits without end for either, and each such connection takes one of few places.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._close_in(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        # Not anew with each byte: a head that comes in drops is to be there in time, too.
        if self._timer is None:
            self._close_in(HEAD_SECONDS)
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not None and self.cycle is not before:
            self._close_in(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _close_in(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def refusing(app: ASGIApp) -> ASGIApp:
    """`app` without requests that a proxy before us may understand otherwise: they get 400, and
    their connection ends."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_plain(scope):
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": b"bad request\n"})

    return refuse


def _is_plain(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    framed_twice = {b"content-length", b"transfer-encoding"} <= names  # RFC 9112, 6.3
    return scope["http_version"] in ("1.0", "1.1") and not framed_twice


def public_server(app: ASGIApp, host: str, port: int, most: int) -> uvicorn.Server:
    """A server of `app` with at most `most` connections; whoever comes then gets 503."""
    return uvicorn.Server(
        uvicorn.Config(
            refusing(app),
            host=host,
            port=port,
            http=BoundedConnection,
            ws="none",
            h11_max_incomplete_event_size=LARGEST_HEAD,
            limit_concurrency=most,
            timeout_keep_alive=5,
            # Whatever a client says of where it comes from: nothing here depends on it.
            proxy_headers=False,
            # No access log: an address is a key to its alert or page, or the token of a job.
            access_log=False,
            log_level="warning",
            server_header=False,
        )
    )


def serve(app: ASGIApp, host: str, port: int, most: int) -> None:
    """Serves `app` until it is interrupted. Raises SystemExit where it cannot start."""
    server = public_server(app, host, port, most)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(3)  # as `uvicorn.run` does
