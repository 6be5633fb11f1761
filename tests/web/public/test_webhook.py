"""Zendesk's webhooks: signed, now, once; they make the next sync come now, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from builders import NOON, SHIPPED, Clock, configure
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import sync_nudges
from supportops.flows.tickets import ticket_sync
from supportops.flows.tickets.syncing import nudges
from supportops.tickets.zendesk.webhook import TIMESTAMP_HEADER
from supportops.web.public.app import make_public_app
from supportops.web.public.zendesk import SECRET

KEY, PATH = "dGhpc19zZWNyZXRfaXNfZm9y", "/webhooks/zendesk"
SENT = "2026-04-07T12:00:00Z"


def signature(body: bytes, timestamp: str = SENT, key: str = KEY) -> str:
    digest = hmac.new(key.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Endpoint:
    def __init__(self, store: Engine, folder: Path) -> None:
        self.clock, self.secrets = Clock(NOON), {SECRET: KEY}
        self.context = Context(store, folder, self.secrets.get)
        self.client = TestClient(make_public_app(self.open, LastConfiguration(), None, self.clock))

    @contextmanager
    def open(self) -> Iterator[Context]:
        yield self.context

    def send(self, body: bytes = b"{}", sign: str | None = None, timestamp: str = SENT) -> int:
        headers = {
            "X-Zendesk-Webhook-Signature": signature(body, timestamp) if sign is None else sign,
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        }
        return self.client.post(PATH, content=body, headers=headers).status_code

    def waiting(self, seconds: float) -> bool:
        return ticket_sync.is_nudged(self.context, NOON + timedelta(seconds=seconds))

    def stored(self) -> int:
        with reading(self.context.engine) as connection:
            return len(connection.execute(select(sync_nudges)).all())


@pytest.fixture
def endpoint(store: Engine, tmp_path: Path) -> Endpoint:
    folder = configure(tmp_path / "config", [{"name": "shop", "url": "https://shop.example/"}])
    shutil.copy(SHIPPED / "triage.yaml", folder)
    return Endpoint(store, folder)


def test_a_webhook_has_one_sync_come_once_its_change_can_be_read(endpoint: Endpoint) -> None:
    assert endpoint.send(b"") == 200
    assert endpoint.send(b'{"ticket": 1}') == 200
    assert not endpoint.waiting(60), "the export leaves out the last minute"
    assert endpoint.waiting(66)
    ticket_sync.note_asked(endpoint.context, NOON + timedelta(seconds=66))
    assert not endpoint.waiting(70)


def test_a_sync_by_its_schedule_leaves_what_it_cannot_have_read(endpoint: Endpoint) -> None:
    endpoint.send()
    ticket_sync.fetch(endpoint.context, [], lambda: NOON + timedelta(seconds=30))
    assert endpoint.waiting(66)
    ticket_sync.fetch(endpoint.context, [], lambda: NOON + timedelta(seconds=90))
    assert not endpoint.waiting(91)


def test_the_documented_example_is_accepted_and_everything_else_is_not(endpoint: Endpoint) -> None:
    body = b'{"type": "ticket", "text": "\xe2\x80\xae<script>"}'
    assert endpoint.send(body) == 200
    assert endpoint.send(body) == 409
    changed = [
        (body + b" ", signature(body), SENT),
        (body, signature(body, key="x"), SENT),
        (body, "", SENT),
        (body, "AAAA====", SENT),
        (body, signature(body), "2026-04-07T12:00:01Z"),
        (body, signature(body, ""), ""),
        (body, signature(body, "soon"), "soon"),
        (body, signature(body, "2026-04-07T12:00:00"), "2026-04-07T12:00:00"),
        (body, signature(body, "2026-04-07T11:54:59Z"), "2026-04-07T11:54:59Z"),
        (body, signature(body, "2026-04-07T12:05:01Z"), "2026-04-07T12:05:01Z"),
    ]
    assert [endpoint.send(*each) for each in changed] == [401] * len(changed)
    assert endpoint.send(b"x" * 300_000) == 413
    assert endpoint.client.get(PATH).status_code == 405
    assert endpoint.stored() == 1


def test_a_signature_that_is_no_ascii_is_refused(endpoint: Endpoint) -> None:
    headers = {"X-Zendesk-Webhook-Signature": b"\xc3\xa9", TIMESTAMP_HEADER: SENT.encode()}
    assert endpoint.client.post(PATH, content=b"", headers=headers).status_code == 401


def test_without_the_secret_nothing_is_there(endpoint: Endpoint) -> None:
    endpoint.secrets.clear()
    assert endpoint.send() == 404
    assert endpoint.send(sign="") == 404


def test_a_storm_of_webhooks_is_bounded_and_forgotten(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "MOST_A_MINUTE", 5)
    assert {endpoint.send(b"%d" % number) for number in range(9)} == {200}
    assert endpoint.stored() == 5
    endpoint.clock.now += timedelta(hours=2)
    later = "2026-04-07T14:00:00Z"
    assert endpoint.send(b"later", timestamp=later) == 200
    assert endpoint.stored() == 1
