"""The note about tutorials in Zendesk, over HTTP and back again: internal, once, and no reply."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from airflow_home import ROOT
from builders import SHIPPED
from flows.tickets.syncing.syncing import events, pass_delay
from supportops.config.loader import load
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.tickets import ticket_sync
from supportops.flows.tickets.ticket_queue import Standing, queue
from supportops.sla.policy import Metric
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import LOGIN, TOKEN, FakeZendesk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    shutil.copytree(SHIPPED, path)
    data = yaml.safe_load((ROOT / "tests/data/tutorials/tutorials.yaml").read_text())
    data["offer"] |= {"note": True, "draft": True}
    (path / "tutorials.yaml").write_text(yaml.safe_dump(data))
    return path


def now(zendesk: FakeZendesk) -> datetime:
    return datetime.fromtimestamp(zendesk.now, UTC)


def fetch(store: Engine, folder: Path, zendesk: FakeZendesk) -> dict[str, Any]:
    account = Account(zendesk.address, LOGIN, TOKEN)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        context = Context(store, folder, lambda _: None)
        return ticket_sync.fetch(context, [ZendeskSource(client)], lambda: now(zendesk))


def test_it_is_internal_and_stops_no_first_reply(
    store: Engine, folder: Path, zendesk: FakeZendesk
) -> None:
    asked = "I forgot my password, how do I change my password?"
    ticket = zendesk.raise_ticket(subject="Password", description=asked)
    pass_delay(zendesk)
    assert fetch(store, folder, zendesk)["tutorials_offered"] == 1
    [note] = [each for each in zendesk.comments[ticket] if "tutorials.example" in each["body"]]
    assert note["public"] is False
    assert "we have a tutorial that may answer your question" in note["body"]
    for _ in range(3):
        pass_delay(zendesk)
        assert fetch(store, folder, zendesk)["tutorials_offered"] == 0
    assert zendesk.comments[ticket].count(note) == 1
    assert events(store, ticket, EventKind.COMMENT) == []
    with reading(store) as connection:
        (found,) = queue(connection, load(folder).promises, now(zendesk)).tickets
        clocks = queue(connection, load(folder).promises, now(zendesk), only=found.id)
        metrics = {clock.metric for clock in clocks.clocks(found.id)}
    assert Standing.UNANSWERED in found.standings
    assert Metric.FIRST_REPLY in metrics
