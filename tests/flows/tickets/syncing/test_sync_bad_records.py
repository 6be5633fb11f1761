"""Unknown, malformed or hostile records are stored or quarantined, and never stop a sync."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.tickets.syncing.syncing import events, everything, pass_delay, quarantined, state, sync
from supportops.tickets.ticket import EventKind
from tickets.fake_zendesk import (
    LOGIN,
    START,
    TOKEN,
    FakeZendesk,
    Patch,
)


def test_unknown_types_and_fields_become_notes(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    before = len(zendesk.audits)
    zendesk.audit(ticket, [{"event_type": "TelepathyChange", "mood": "\x00\ud800 fine"}])
    zendesk.audit(ticket, [{"event_type": "Change", "group_id": 4, "previous_value": 3}])
    assert len(zendesk.audits) == before + 2
    pass_delay(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    notes = {e.facts["type"]: e.facts for e in events(store, ticket, EventKind.NOTE)}
    assert notes["TelepathyChange"]["raw"]["mood"] == "\ufffd\ufffd fine"
    assert notes["Change"]["raw"]["group_id"] == "4"
    assert state(store, ticket).status == "new"


BAD_CHILDREN = [
    ("a text", "is no object"),
    ({"event_type": "Comment", "body": "?"}, "neither public nor private"),
    ({"event_type": "Change", "status": "sideways"}, "status is none"),
    ({"event_type": "Change", "status": ["open"]}, "status is none"),
    ({"event_type": "Change", "tags": {"a": 1}}, "tags is no list"),
    ({"event_type": "Change", "tags": [f"tag{n:05}" for n in range(2000)]}, "at most"),
]


@pytest.mark.parametrize(("child", "reason"), BAD_CHILDREN, ids=[r for _, r in BAD_CHILDREN])
def test_one_bad_child_is_quarantined_and_the_rest_is_read(
    store: Engine, zendesk: FakeZendesk, child: Any, reason: str
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.audit(ticket, [child, {"event_type": "Change", "priority": "urgent"}])
    pass_delay(zendesk)
    summary = sync(store, zendesk)
    assert summary["quarantined"] == 1
    assert reason in quarantined(store)[0].reason
    assert state(store, ticket).priority == "urgent"
    assert sync(store, zendesk)["quarantined"] == 0
    assert len(quarantined(store)) == 1


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id is no number"),
    ({"id": True}, "id is no number"),
    ({"created_at": "yesterday"}, "created_at is no time"),
    ({"created_at": "2026-01-05T08:00:00"}, "with a zone"),
    ({"updated_at": "0001-01-01T00:00:00Z"}, "between 2000 and 2200"),
    ({"status": None}, "status is none"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD_ROWS, ids=[r for _, r in BAD_ROWS])
def test_one_bad_row_is_quarantined_and_the_rest_is_read(
    store: Engine, zendesk: FakeZendesk, fields: dict[str, Any], reason: str
) -> None:
    bad, good = zendesk.raise_ticket(), zendesk.raise_ticket()
    zendesk.audits = [audit for audit in zendesk.audits if audit["ticket_id"] != bad]
    fine = dict(zendesk.tickets[bad])
    pass_delay(zendesk)
    rows = [fine | fields, zendesk.tickets[good]]
    zendesk.fail("cursor", Patch({"tickets": rows}))
    assert sync(store, zendesk)["quarantined"] == 1
    assert reason in quarantined(store)[0].reason
    assert state(store, good).subject == f"Help {good}"


@pytest.mark.parametrize("rows", [[None, 7, "text", [], {}], [{"id": 1, "child_events": 3}]])
def test_records_of_the_wrong_type_are_quarantined(
    store: Engine, zendesk: FakeZendesk, rows: list[Any]
) -> None:
    zendesk.fail("ticket_events", Patch({"ticket_events": rows, "end_time": START}))
    summary = sync(store, zendesk)
    assert summary["caught_up"]
    assert summary["quarantined"] >= 1
    assert all(one.source == "zendesk" and one.reason for one in quarantined(store))


def test_hostile_texts_are_stored_as_text(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(subject="\x00<script>alert(1)</script>\ud800", tags=["a,b", "c"])
    zendesk.comment(ticket, "x" * 50_000 + "\x00")
    zendesk.change(ticket, "tags", ["a,b", "c\x00"])
    pass_delay(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    assert state(store, ticket).subject == "\ufffd<script>alert(1)</script>\ufffd"
    assert state(store, ticket).tags.split(",") == ["a_b", "c\ufffd"]
    assert len(events(store, ticket, EventKind.COMMENT)[0].facts["text"]) == 20_000


def test_no_secret_reaches_the_store(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    sync(store, zendesk)
    written = repr(everything(store))
    basic = base64.b64encode(f"{LOGIN}:{TOKEN}".encode()).decode()
    assert not any(secret in written for secret in (TOKEN, LOGIN, basic))
