"""An outage is one ticket in Zendesk too, however often syncs run and whatever fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from supportops.db.engine import reading, writing
from supportops.db.schema import tickets as tickets_table
from supportops.flows.tickets.own_tickets import outage_mirror
from supportops.flows.tickets.own_tickets.outage_mirror import mirror
from supportops.flows.tickets.own_tickets.outage_tickets import record, ticket_number
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account, ZendeskError
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import LOGIN, TOKEN, FakeZendesk, Status, fake_zendesk

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOWN = Incident(IncidentKind.OUTAGE, "Shop", "refused", NOON, NOON, site="Shop", customer="Acme")


def opened(store: Engine) -> None:
    with writing(store) as connection:
        record(
            connection,
            [Change(ChangeKind.OPENED, DOWN, "3 checks failed")],
            NOON,
            "mission_critical",
        )


def closed(store: Engine, at: datetime) -> None:
    over = replace(DOWN, ended_at=at, closed_at=at)
    with writing(store) as connection:
        record(
            connection, [Change(ChangeKind.CLOSED, over, "2 good checks")], at, "mission_critical"
        )


def run(store: Engine, zendesk: FakeZendesk, at: datetime = NOON) -> dict[str, int]:
    account = Account(zendesk.address, LOGIN, TOKEN)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        return mirror(store, ZendeskSource(client), lambda: at)


def test_an_outage_is_raised_once_and_commented_on_when_it_is_over(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        opened(store)
        assert run(store, zendesk) == {"outages_raised": 1, "outages_ended": 0}
        assert run(store, zendesk) == {"outages_raised": 0, "outages_ended": 0}
        [raised] = zendesk.tickets.values()
        assert raised["external_id"] == f"outage/{ticket_number(DOWN.key)}"
        closed(store, NOON + timedelta(minutes=10))
        later = NOON + timedelta(minutes=11)
        assert run(store, zendesk, later) == {"outages_raised": 0, "outages_ended": 1}
        assert run(store, zendesk, later) == {"outages_raised": 0, "outages_ended": 0}


def test_the_stores_own_ticket_is_merged_into_zendesks(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        opened(store)
        run(store, zendesk)
        [number] = zendesk.tickets
    with reading(store) as connection:
        [row] = connection.execute(select(tickets_table)).all()
    assert row.merged_into == str(number)
    assert not row.open


def test_a_crash_after_zendesk_took_it_makes_no_second_ticket(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with fake_zendesk() as zendesk:
        opened(store)
        with monkeypatch.context() as patch:
            patch.setattr(outage_mirror, "_mark", crash)
            with pytest.raises(KeyboardInterrupt):
                run(store, zendesk)
        assert len(zendesk.tickets) == 1
        assert run(store, zendesk)["outages_raised"] == 1
        assert len(zendesk.tickets) == 1


def test_a_refusal_is_raised_and_the_next_run_goes_on(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        opened(store)
        zendesk.fail("tickets", *[Status(403)] * 3)
        with pytest.raises(ZendeskError):
            run(store, zendesk)
        zendesk.faults.clear()
        assert run(store, zendesk)["outages_raised"] == 1


def test_an_outage_of_days_ago_is_left_to_the_store(store: Engine) -> None:
    with fake_zendesk() as zendesk:
        opened(store)
        assert run(store, zendesk, NOON + timedelta(days=2))["outages_raised"] == 0
