"""How fresh the store is: a sync that found nothing new counts too."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, select

from builders import SHIPPED
from flows.gathering import refill
from flows.tickets.syncing.syncing import pass_delay, sync
from sla.policies import story
from supportops.db.engine import reading
from supportops.db.schema import sync_marks
from supportops.flows.operations.demo_tickets import import_demo
from supportops.flows.tickets.syncing.freshness import STREAM, last_synced
from supportops.local.demo.tickets import UCI_LOG as LOG
from supportops.tickets.source import PHONE
from tickets.fake_zendesk import fake_zendesk

EVER = datetime(2100, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


def synced(store: Engine, as_of: datetime = EVER) -> datetime | None:
    with reading(store) as connection:
        return last_synced(connection, as_of)


def test_a_quiet_weekend_leaves_the_store_fresh(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        zendesk.raise_ticket()
        pass_delay(zendesk)
        sync(store, zendesk)
        zendesk.advance(2 * 86_400)
        now = datetime.fromtimestamp(zendesk.now, UTC)
        assert sync(store, zendesk)["new_events"] == 0
    assert synced(store) == now
    assert synced(store, now - timedelta(days=1)) == now - timedelta(days=1)


def test_an_incomplete_sync_does_not_count(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        zendesk.raise_ticket()
        pass_delay(zendesk)
        assert not sync(store, zendesk, seconds_a_look=300)["caught_up"]
        with store.connect() as connection:
            marks = select(sync_marks.c.stream).where(sync_marks.c.stream == STREAM)
            assert connection.execute(marks).all() == []


def test_an_imported_file_counts(store: Engine, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    with gzip.open(LOG, "rt", newline="") as shipped:
        file.write_text("".join(islice(shipped, 20)))
    import_demo(store, SHIPPED, MONDAY, file=file, by="uci")
    assert synced(store) == MONDAY


def test_tickets_that_we_make_ourselves_do_not_count(store: Engine) -> None:
    [call] = story("2026-04-14 10:00 asks")
    refill(store, [replace(call, source=PHONE)])
    assert synced(store) is None
    refill(store, [call])
    assert synced(store) == call.recorded_at
