"""A store with something on every page: sites that are up and down, alerts, messages, reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from reports.figure_builders import figures
from supportops.alerts import hold
from supportops.alerts.policy import Target
from supportops.db.engine import writing
from supportops.db.schema import configurations
from supportops.flows.alerts import alert_dispatch
from supportops.flows.reports.reporting.messages import post
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.reports import store as report_store
from supportops.reports.formats.file import PAGE, PDF, File
from supportops.reports.measuring.figures_json import to_json
from supportops.sites.certificates import Chain, ServedCertificate
from supportops.sites.check import Reason
from supportops.sites.log import chains
from supportops.sites.log.chains import SeenChain
from supportops.sites.site import FIVE_MINUTES, Site
from supportops.tickets.log.pages import note_pages
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind
from web.boards import (
    NOON,
    draft,
    live_through,
    site_entry,
    slots_until,
    write_config,
    write_rota,
)
from web.browser.noticing import add_notices

DOWN = "Bluebird Books, the shop of a customer with a long name"
BEGAN = NOON - 3 * FIVE_MINUTES
# It began with the last try of the first run that found it down.
INCIDENT = f"outage:{DOWN}:{(BEGAN + timedelta(seconds=41)).isoformat()}"
WEEK = "2026-W46"
TICKET, CUSTOMER = "4711", "Bluebird"
RECEIVERS = (Target("manager_email", "email", "a"), Target("team_chat", "chat", "b"))
SHEET = File(PAGE, "text/html; charset=utf-8", b"<!doctype html><html lang=en><title>Week</title>")


def seeded(engine: Engine, folder: Path) -> Engine:
    """Fills the empty store behind `engine`; its configuration is written into `folder`."""
    sites = [
        site_entry(DOWN, "Bluebird", host="web-1"),
        *(site_entry(f"Site {n}", "Acme", host="web-1") for n in range(3)),
        site_entry(
            "https://averylongnamewithoutanyspace.of-a-customer.example/that/does/not/break"
        ),
    ]
    write_rota(write_config(folder, sites))
    live_through(engine, folder, slots_until(NOON, 8), _answer)
    with writing(engine) as connection:
        hold.release(connection, "ada", NOON)
        append_events(connection, _tickets(), NOON)
        chains.record(connection, {DOWN: SeenChain("x", _chain(), NOON - timedelta(days=20))})
        note_pages(connection, "zendesk", "https://agency.example/tickets/{ticket}", NOON)
        digest = connection.execute(select(configurations.c.digest)).scalar_one()
        for week in ("2026-W45", WEEK):
            subject, kept = f"SLA week {week}: bug fixes 91 %", to_json(figures())
            report = draft(digest, NOON, week, subject=subject, figures=kept)
            pdf = File(PDF, "application/pdf", b"%PDF-1.7")
            stored = report_store.keep(connection, report, [SHEET, pdf])
            if week == WEEK:
                post(connection, stored, RECEIVERS, NOON)
    add_notices(engine, CUSTOMER, DOWN, INCIDENT, NOON)
    for _ in range(2):
        alert_dispatch.run(engine, lambda name: f"json://{name}", lambda: NOON, send=_send)
    return engine


def _chain() -> Chain:
    names = tuple(f"a-host-with-a-long-name-{n}.of-a-customer.example" for n in range(12))
    day = timedelta(days=1)
    return Chain(
        names[0],
        (
            ServedCertificate(f"CN = {names[0]}", "CN = R3", names, 2, NOON - day, NOON + day),
            ServedCertificate("CN = R3", "CN = Root", (), 0, NOON - 90 * day, NOON - day),
        ),
    )


def _tickets() -> Iterator[Event]:
    """One that was answered and waits again, one that is late, and one whose tier is in doubt."""
    for number, hours in ((TICKET, 3), ("4712", 30), ("4713", 1)):
        at = NOON - timedelta(hours=hours)

        def event(
            kind: EventKind,
            value: str | None = None,
            later: int = 0,
            number: str = number,
            at: datetime = at,
            by: Author = Author.AGENT,
            **facts: Any,
        ) -> Event:
            happened = at + timedelta(minutes=later)
            key = f"{number}/{kind.value}/{later}"
            return Event("zendesk", key, number, kind, happened, happened, by, value, facts)

        subject = f"The cart of {DOWN} and_a_word_that_is_far_too_long_for_any_phone"
        doubt = {"doubtful": ["mission_critical"], "rule": "words"} if number == "4713" else {}
        yield event(EventKind.CREATED, by=Author.CUSTOMER, subject=subject, text="Please\nhelp.")
        yield event(EventKind.TIER, "bug_fix", **doubt)
        yield event(EventKind.CUSTOMER, CUSTOMER)
        yield event(EventKind.SITE, DOWN)
        if number == TICKET:
            yield event(EventKind.COMMENT, later=20, text="We look into it.", by=Author.AGENT)
            yield event(EventKind.COMMENT, later=60, text="And now?", by=Author.CUSTOMER)


def _answer(site: Site, page: str, at: datetime) -> Reason:
    return Reason.REFUSED if site.name == DOWN and at >= BEGAN else Reason.OK


def _send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
    if "chat" in url:
        return Delivery(Outcome.FAILED, "HTTP 500 Internal Server Error", 0.2)
    return Delivery(Outcome.HANDED_OVER, "handed over", 0.2)
