"""A caller's number or name hints at an outage of their sites: in the page and on the ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from flows.tickets.mailing.mails import CALLER, drop, installation, voicemail
from flows.tickets.mailing.test_reading import NIGHT, read
from supportops.alerts.acts.log import acknowledge
from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.store import list_open
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.flows.tickets import log_call, ticket_acts
from supportops.flows.tickets.log_call import Call
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import EventKind

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
MINUTE = timedelta(minutes=1)
SITES = [
    {"name": "acme-shop", "customer": "Acme", "url": "https://shop.acme.example/"},
    {"name": "acme-blog", "customer": "Acme", "url": "https://blog.acme.example/"},
    {"name": "borealis", "customer": "Borealis", "url": "https://borealis.example/"},
]
SHARED = "020 7946 0111"
_CALL = {"customer": "Somebody", "what": "It is all gone", "tier": "mission_critical"}
CUSTOMERS = [
    {"name": "Acme Ltd", "aliases": ["Acme"], "phones": [CALLER, SHARED]},
    {"name": "Borealis", "phones": [SHARED]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = installation(tmp_path, sites=SITES)
    customers = {"region": "GB", "customers": CUSTOMERS}
    (folder / "customers.yaml").write_text(yaml.safe_dump(customers))
    return folder


def outage(site: str, customer: str, since: datetime, **fields: Any) -> Incident:
    kind = fields.pop("kind", IncidentKind.OUTAGE)
    facts = {"words": "timed out", "first_failed_at": since.isoformat(), **fields.pop("facts", {})}
    named = {"site": site, "customer": customer} if kind is not IncidentKind.HOST_OUTAGE else {}
    return Incident(kind, site, "timeout", since, since + MINUTE, facts=facts, **named, **fields)


def broken(store: Engine, incident: Incident) -> str:
    """The incident begins, with its alert; how messages refer to that."""
    change(store, ChangeKind.OPENED, incident, incident.opened_at)
    return f"alert #{reference_of(incident.key)}"


def mended(store: Engine, incident: Incident, at: datetime) -> None:
    closed = replace(incident, ended_at=at, closed_at=at)
    change(store, ChangeKind.CLOSED, closed, at)


def change(store: Engine, kind: ChangeKind, incident: Incident, now: datetime) -> None:
    found = Change(kind, incident, "a test")
    with writing(store) as connection:
        save_changes(connection, [found])
        raise_or_resolve(connection, found, now)


def called(store: Engine, folder: Path, run: str = "1", **fields: str) -> dict[str, Any]:
    call = Call.checked(**_CALL | fields)
    return log_call.run(store, folder, call, run, NIGHT, NIGHT)


def page(store: Engine) -> Alert:
    with reading(store) as connection:
        (found,) = list_open(connection, Kind.CALL)
    return found


def notes(store: Engine, alert: Alert) -> list[str]:
    source, number = alert.facts["source"], alert.facts["ticket"]
    with reading(store) as connection:
        events = events_of(connection, source, number)
    return [str(each.facts["text"]) for each in events if each.kind is EventKind.NOTE]


def words(alert: Alert) -> str:
    return str(alert.facts["words"])


def test_a_voicemails_number_hints_at_its_customers_outage(store: Engine, folder: Path) -> None:
    reference = broken(store, outage("acme-shop", "Acme", NIGHT - 48 * MINUTE))
    drop(folder.parent / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    said = f"possibly about the outage of acme-shop since 21:12 ({reference})"
    assert words(page(store)) == said
    (note,) = notes(store, page(store))
    assert note.startswith(f"P{said[1:]}. This is a hint")


def test_whoever_took_the_outage_is_named(store: Engine, folder: Path) -> None:
    incident = outage("acme-shop", "Acme", NIGHT - 48 * MINUTE)
    broken(store, incident)
    with writing(store) as connection:
        acknowledge(connection, incident.key, "anna", NIGHT - 10 * MINUTE)
    drop(folder.parent / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    assert words(page(store)).endswith(", which anna has taken")
    assert ", which anna has taken." in notes(store, page(store))[0]


@on_sqlite
@pytest.mark.parametrize(
    "number", ["020 7946 0958", "+44 (0)20 7946 0958", "0044 20 7946 0958", "(020) 7946-0958 ext 3"]
)
def test_a_logged_calls_number_is_known_in_any_form(
    store: Engine, folder: Path, number: str
) -> None:
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    said = called(store, folder, number=number)["hint"]
    assert "the outage of acme-shop (Acme Ltd) since 21:59" in said
    assert said in words(page(store))
    assert any(said[1:] in each for each in notes(store, page(store)))


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "hinted"),
    [
        ({}, False),
        ({"number": "020 7946 0222"}, False),
        ({"number": "112"}, False),
        ({"customer": "ACME  ltd"}, True),
        ({"customer": "acme", "site": "acme-blog"}, True),
        ({"customer": "acme", "site": "something else"}, True),
        ({"customer": "acme", "site": "acme-shop"}, False),
        ({"customer": "Borealis"}, False),
    ],
)
def test_only_who_may_mean_it_gets_the_hint_and_a_known_outage_needs_none(
    store: Engine, folder: Path, fields: dict[str, str], hinted: bool
) -> None:
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    summary = called(store, folder, **fields)
    assert bool(summary["hint"]) is hinted
    assert ("possibly" in (page(store).facts["words"] or "")) is hinted
    assert bool(summary["outage"]) is (fields.get("site") == "acme-shop")


def test_a_hint_changes_neither_tier_nor_customer_nor_site(store: Engine, folder: Path) -> None:
    before = called(store, folder, "1", customer="Umbrella", number=CALLER)
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    after = called(store, folder, "2", customer="Umbrella", number=CALLER)
    for name in ("tier", "pages", "site", "outage"):
        assert before[name] == after[name]
    with reading(store) as connection:
        customers = {each.customer for each in list_open(connection, Kind.CALL)}
    assert customers == {"Umbrella"}


def test_of_a_shared_number_every_outage_is_named_with_its_customer(
    store: Engine, folder: Path
) -> None:
    one = broken(store, outage("acme-shop", "Acme", NIGHT - 20 * MINUTE))
    two = broken(store, outage("borealis", "Borealis", NIGHT - 10 * MINUTE))
    drop(folder.parent / "box", voicemail(subject=f"New voicemail from {SHARED}"), NIGHT)
    read(store, folder, NIGHT)
    assert words(page(store)) == (
        f"possibly about the outage of acme-shop (Acme Ltd) since 21:40 ({one}), "
        f"or the outage of borealis (Borealis) since 21:50 ({two})"
    )
    assert page(store).customer is None


def test_a_withheld_number_hints_at_nothing(store: Engine, folder: Path) -> None:
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    drop(folder.parent / "box", voicemail(subject="New voicemail from an anonymous caller"), NIGHT)
    read(store, folder, NIGHT)
    assert page(store).facts["words"] is None
    assert notes(store, page(store)) == []


def test_what_was_over_before_the_call_is_no_hint_and_what_ended_since_says_so(
    store: Engine, folder: Path
) -> None:
    incident = outage("acme-shop", "Acme", NIGHT - 30 * MINUTE)
    broken(store, incident)
    mended(store, incident, NIGHT - 10 * MINUTE)
    drop(folder.parent / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    assert page(store).facts["words"] is None
    drop(folder.parent / "box", voicemail(), NIGHT - 20 * MINUTE)
    read(store, folder, NIGHT + MINUTE)
    with reading(store) as connection:
        said = [str(each.facts["words"]) for each in list_open(connection, Kind.CALL)]
    (hint,) = (each for each in said if each != "None")
    assert "the outage of acme-shop from 21:30 to 21:50" in hint
    assert hint.endswith("which is over")


def test_of_a_servers_outage_the_customers_own_sites_that_are_still_down_are_named(
    store: Engine, folder: Path
) -> None:
    since = NIGHT - 20 * MINUTE
    hurt = [
        {"site": "acme-shop", "customer": "Acme", "since": since.isoformat()},
        {
            "site": "acme-blog",
            "customer": "Acme",
            "since": since.isoformat(),
            "until": (NIGHT - 5 * MINUTE).isoformat(),
        },
        {"site": "borealis", "customer": "Borealis", "since": since.isoformat()},
    ]
    facts = {"affected": hurt, "sites": [each["site"] for each in hurt]}
    kind = IncidentKind.HOST_OUTAGE
    reference = broken(store, outage("web-17", "", since, kind=kind, host="web-17", facts=facts))
    assert called(store, folder, customer="Acme")["hint"] == (
        f"possibly about the outage of acme-shop since 21:40 ({reference})"
    )


def test_a_fault_of_a_page_is_called_a_fault_and_hidden_by_an_outage(
    store: Engine, folder: Path
) -> None:
    since = NIGHT - 2 * timedelta(days=1)
    broken(store, outage("acme-shop", "Acme", since, kind=IncidentKind.FAULT, page="/shop"))
    assert (
        "the fault of acme-shop since Sun 5 Apr 2026 22:00 BST"
        in (called(store, folder, "1", customer="Acme")["hint"])
    )
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    assert "fault" not in called(store, folder, "2", customer="Acme")["hint"]


def test_a_change_of_the_ticket_keeps_the_hint_in_its_alert(store: Engine, folder: Path) -> None:
    broken(store, outage("acme-shop", "Acme", NIGHT - MINUTE))
    called(store, folder, customer="Acme")
    before = words(page(store))
    name = f"phone/{page(store).facts['ticket']}"
    ticket_acts.run(
        Context(store, folder, no_secrets),
        name,
        ticket_acts.change("anna", None, {EventKind.SITE: "acme-blog"}),
        NIGHT + MINUTE,
    )
    assert words(page(store)) == f"about acme-blog, {before.split(', ', 1)[-1]}"


def test_names_in_a_hint_are_one_line_and_hostile_words_stay_text(
    store: Engine, folder: Path
) -> None:
    name = "<b>shop\nX</b>"
    incident = outage(name, "Acme", NIGHT - MINUTE)
    broken(store, incident)
    with writing(store) as connection:
        acknowledge(connection, incident.key, "an\nna", NIGHT)
    hint = called(store, folder, customer="Acme")["hint"]
    assert "\n" not in hint
    assert "the outage of <b>shop X</b> since" in hint


def test_of_many_outages_three_are_named(store: Engine, folder: Path) -> None:
    for number in range(5):
        broken(store, outage(f"acme-{number}", "Acme", NIGHT - (10 - number) * MINUTE))
    hint = called(store, folder, customer="Acme")["hint"]
    assert hint.count("the outage of") == 3
    assert hint.endswith(", or 2 more")
