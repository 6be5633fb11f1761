"""A bound for what is sent to the board: FastAPI reads a body whole before it asks who sends it."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. The largest act takes five hundred alerts with keys of four thousand characters."""
_WORDS = f"at most {LARGEST_BODY >> 20} MiB"


class BoundedBody:
    """`app` without bodies above LARGEST_BODY: 413, without reading on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413, _WORDS)
            return message

        await self.app(scope, bounded if scope["type"] == "http" else receive, send)
