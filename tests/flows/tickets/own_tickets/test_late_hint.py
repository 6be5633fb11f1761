"""A call that comes before the outage is confirmed gets the hint when it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.customers.publishing.agency import Agency
from flows.tickets.mailing.mails import CALLER, drop, voicemail
from flows.tickets.mailing.test_reading import NIGHT, read
from flows.tickets.own_tickets.test_outage_hint import (
    MINUTE,
    called,
    change,
    mended,
    notes,
    outage,
    page,
    words,
)
from flows.tickets.own_tickets.test_outage_hint import folder as folder
from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.tickets import log_call
from supportops.flows.tickets.log_call import Call
from supportops.flows.tickets.own_tickets.late_hints import hint_calls
from supportops.sites.check import Reason
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
SOON = NIGHT + 2 * MINUTE


def confirmed(
    store: Engine, folder: Path, incident: Incident, kind: ChangeKind = ChangeKind.OPENED
) -> int:
    """Two minutes after the call an outage is confirmed, or is more than it was."""
    configuration, _ = load_or_last_good(store, folder, SOON)
    change(store, kind, incident, SOON)
    with writing(store) as connection:
        return hint_calls(connection, configuration, [Change(kind, incident, "a test")], SOON)


def test_a_voicemail_before_the_confirmation_is_hinted_at_the_outage(
    store: Engine, folder: Path
) -> None:
    drop(folder.parent / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    before = page(store)
    assert before.facts["words"] is None
    incident = outage("acme-shop", "Acme", NIGHT + MINUTE)
    assert confirmed(store, folder, incident) == 1
    said = (
        f"possibly about the outage of acme-shop since 22:01 (alert #{reference_of(incident.key)})"
    )
    assert words(page(store)) == said
    (note,) = notes(store, page(store))
    assert note.startswith(f"P{said[1:]}. This is a hint")
    assert (page(store).key, page(store).opened_at) == (before.key, before.opened_at)
    assert confirmed(store, folder, incident) == 0, "once"


@on_sqlite
def test_a_call_about_the_site_itself_is_known_to_be_about_it(store: Engine, folder: Path) -> None:
    called(store, folder, customer="Acme", site="acme-shop")
    assert confirmed(store, folder, outage("acme-shop", "Acme", NIGHT + MINUTE)) == 1
    assert "we know already: outage/" in words(page(store))


@on_sqlite
def test_calls_of_others_and_those_of_long_before_get_no_hint(store: Engine, folder: Path) -> None:
    called(store, folder, customer="Borealis")
    assert confirmed(store, folder, outage("acme-shop", "Acme", NIGHT + MINUTE)) == 0
    assert confirmed(store, folder, outage("borealis", "Borealis", NIGHT + 60 * MINUTE)) == 0
    assert page(store).facts["words"] is None


@on_sqlite
def test_what_an_outage_becomes_is_no_second_hint(store: Engine, folder: Path) -> None:
    called(store, folder, number=CALLER)
    first = outage("acme-shop", "Acme", NIGHT + MINUTE)
    assert confirmed(store, folder, first) == 1
    mended(store, first, SOON)
    hurt = [
        {"site": name, "customer": "Acme", "since": NIGHT.isoformat()}
        for name in ("acme-shop", "acme-blog")
    ]
    facts = {"affected": hurt, "sites": ["acme-shop", "acme-blog"], "follows": [first.key]}
    kind = IncidentKind.HOST_OUTAGE
    server = outage("web-17", "", NIGHT, kind=kind, host="web-17", facts=facts)
    assert confirmed(store, folder, server) == 0
    assert confirmed(store, folder, replace(server), ChangeKind.UPDATED) == 0
    assert sum("a hint" in each for each in notes(store, page(store))) == 1


@on_sqlite
def test_a_judgement_hints_by_itself(store: Engine, tmp_path: Path) -> None:
    agency = Agency(store, tmp_path)
    agency.check()
    call = Call.checked("Kestrel", "Nothing works", tier="mission_critical")
    at = agency.now + MINUTE / 3
    log_call.run(store, agency.config, call, "1", at, at)
    agency.down["kestrel.example"] = Reason.TIMEOUT
    agency.later()
    with reading(store) as connection:
        (alert,) = list_open(connection, Kind.CALL)
    assert "possibly about the outage of kestrel.example since" in words(alert)
