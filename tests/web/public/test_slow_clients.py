"""A client that sends its form slowly does not hold one of the endpoint's few places."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.web.public import app as module
from supportops.web.public.app import make_public_app


def test_a_form_that_does_not_come_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)

    @contextmanager
    def open_context() -> Iterator[Context]:
        raise AssertionError("nothing is read for it")
        yield

    app = make_public_app(
        open_context, LastConfiguration(), None, lambda: datetime(2026, 11, 18, tzinfo=UTC)
    )
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02 if not sent else 60)
        return {"type": "http.request", "body": b"n", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/abc",
        "raw_path": b"/abc",
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("192.0.2.1", 1),
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408
