"""The board on a real port of this machine, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """With `answering` False it ends for good at the first refresh.

    `user` is who looks, for a browser that cannot say so; None leaves it to the browser.
    """

    def __init__(self, app: object, user: str | None) -> None:
        self.answering = True
        self.user = user
        self.inner = app
        config = uvicorn.Config(
            self._gate, port=0, log_level="critical", lifespan="off", ws="none", interface="asgi3"
        )
        super().__init__(config)
        self.ready = threading.Event()

    async def _gate(self, scope, receive, send) -> None:
        kind = dict(scope["headers"]).get(b"sec-fetch-dest", b"")
        if not self.answering and kind == b"empty":
            self.should_exit = True
            raise ConnectionError("the server is gone")
        if self.user is not None:
            scope["headers"] = [*scope["headers"], (b"x-user", self.user.encode())]
        await self.inner(scope, receive, send)

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @property
    def url(self) -> str:
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


@contextmanager
def serving(app: object, user: str | None = "bob") -> Iterator[Server]:
    server = Server(app, user)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(10)
    yield server
    server.should_exit = True
    thread.join(10)
