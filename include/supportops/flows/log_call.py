"""Logs a customer's call: a ticket, and an alert that pages the engineers at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import raise_alert
from supportops.config.configuration import File
from supportops.db.engine import writing
from supportops.flows.active_configuration import load_or_last_good, outage_tier
from supportops.flows.ticketing.outage_tickets import link_tickets, outages_of, ticket_number
from supportops.rendering.render import one_line
from supportops.sites.site import Site
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import OUTAGE, PHONE
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.validation import storable

RULE = "a call to the emergency number"
LONGEST_NAME = 200
LONGEST_TEXT = 4_000
# A telephone number as people write it: digits, separators and an extension.
NUMBER = re.compile(r"[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?(x|ext\.?)\s?[0-9]{1,6})?", re.IGNORECASE)
_HEADLINE = 300


class CallError(ValueError):
    """What is wrong with a call as it was written down, in one line."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the person on the phone wrote it down; create one with `checked`."""

    customer: str
    what: str
    site: str = ""
    number: str = ""

    @classmethod
    def checked(cls, customer: str, what: str, site: str = "", number: str = "") -> Call:
        """The call in storable text. Raises CallError for a missing, long or malformed field."""
        call = cls(one_line(customer), storable(what).strip(), one_line(site), one_line(number))
        if not one_line(call.what):
            raise CallError("what has happened? `what` is empty")
        if not call.customer:
            raise CallError("who called? `customer` is empty")
        for name, written, longest in (
            ("customer", call.customer, LONGEST_NAME),
            ("site", call.site, LONGEST_NAME),
            ("what", call.what, LONGEST_TEXT),
        ):
            if len(written) > longest:
                raise CallError(f"`{name}` has {len(written)} characters, at most {longest} fit")
        if call.number and not NUMBER.fullmatch(call.number):
            raise CallError(
                f"`number` is {call.number[:40]!r}; expected a telephone number such as "
                "+44 20 7946 0958, or nothing where it was withheld"
            )
        return call


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about a call: its customer, its site if that is checked, and its outage."""

    customer: str
    site: Site | None
    outage: str | None = None


def run(
    engine: Engine, folder: Path, call: Call, run_id: str, at: datetime, now: datetime
) -> dict[str, Any]:
    """Creates the ticket of a call logged at `at` and raises its alert, in one transaction.

    The ticket's number is a function of `run_id`, so a rerun adds nothing. Its author is the
    customer, so the first-reply clock runs. A site that is not checked is stored as it was
    written, with a note that nobody watches it. No fault of the configuration stops it: without a
    usable service_levels.yaml the ticket has the default tier, without sites.yaml no site is known.
    """
    configuration, _ = load_or_last_good(engine, folder, now)
    sites = configuration.fleet.sites if configuration.has(File.SITES) else ()
    tier = configuration.tiers.calls if configuration.has(File.SERVICE_LEVELS) else None
    number = ticket_of(run_id)
    at = min(at, now)
    with writing(engine) as connection:
        known = _known(connection, call, sites, at)
        is_new = not events_of(connection, PHONE, number)
        if is_new:
            append_events(connection, _events(call, known, number, tier, at, now), now)
            raise_alert(connection, _alert(call, known, number, tier, at), now)
        link_tickets(connection, now, outage_tier(configuration))
    return {
        "ticket": f"{PHONE}/{number}",
        "new": is_new,
        "site": known.site.name if known.site else call.site or None,
        "site_known": known.site is not None,
        "outage": known.outage,
    }


def ticket_of(run_id: str) -> str:
    """The number of the ticket that a run creates."""
    return hashlib.sha256(run_id.encode("utf-8", "replace")).hexdigest()[:12]


def _known(connection: Connection, call: Call, sites: tuple[Site, ...], at: datetime) -> _Known:
    """Who and what is meant, whatever the case and the rest of an address."""
    site = next((each for each in sites if _means(call.site, each)), None)
    customers = {each.customer.casefold(): each.customer for each in sites}
    customer = customers.get(call.customer.casefold(), call.customer)
    outages = outages_of(connection, site.name, at) if site else []
    outage = f"{OUTAGE}/{ticket_number(outages[-1].key)}" if outages else None
    return _Known(customer, site, outage)


def _means(written: str, site: Site) -> bool:
    name = written.casefold()
    return bool(name) and (name == site.name.casefold() or _bare(name) == _bare(site.url))


def _bare(address: str) -> str:
    """An address without scheme, `www.`, path and the rest, as people give it."""
    bare = re.sub(r"^[a-z]+://", "", address.casefold())
    return re.split(r"[/?#]", bare, maxsplit=1)[0].removeprefix("www.")


def _events(
    call: Call, known: _Known, number: str, tier: str | None, at: datetime, now: datetime
) -> Iterator[Event]:
    def event(kind: EventKind, author: Author, value: str | None = None, **facts: Any) -> Event:
        key = f"{number}/{kind.value}"
        return Event(PHONE, key, number, kind, at, now, author, value, facts)

    caller = f"{known.customer}, {call.number}" if call.number else known.customer
    yield event(
        EventKind.CREATED,
        Author.CUSTOMER,
        subject=one_line(call.what)[:_HEADLINE],
        text=call.what,
        requester=caller,
        channel="voice",
    )
    if tier is not None:
        yield event(EventKind.TIER, Author.AGENT, tier, rule=RULE)
    yield event(EventKind.CUSTOMER, Author.AGENT, known.customer)
    site = known.site.name if known.site else call.site
    if site:
        yield event(EventKind.SITE, Author.AGENT, site)
    if known.site is None:
        yield event(EventKind.NOTE, Author.AUTOMATIC, text=_unknown(call))


def _unknown(call: Call) -> str:
    if call.site:
        return f"No site that we check is called {call.site!r}: nobody watches it for us."
    return "The caller named no site."


def _alert(call: Call, known: _Known, number: str, tier: str | None, opened_at: datetime) -> Alert:
    about = call.site if known.site is None else known.site.name
    who = f"{known.customer}, {call.number}" if call.number else known.customer
    headline = f"call from {who}: {one_line(call.what)}"
    notes = [f"about {about}" if about else "", "" if known.site or not about else "not checked"]
    notes.append(f"we know already: {known.outage}" if known.outage else "")
    return Alert(
        key=f"{Kind.CALL}:{PHONE}:{number}",
        kind=Kind.CALL,
        severity=Severity.CRITICAL,
        subject=f"{PHONE} {number}",
        headline=headline[:_HEADLINE],
        opened_at=opened_at,
        site=known.site.name if known.site else None,
        customer=known.customer,
        host=known.site.host if known.site else None,
        facts={
            "source": PHONE,
            "ticket": number,
            "tier": tier,
            "title": one_line(call.what)[:_HEADLINE],
            "customer": known.customer,
            "caller": call.number or None,
            "site_named": call.site or None,
            "site_known": known.site is not None,
            "outage": known.outage,
            "words": ", ".join(note for note in notes if note) or None,
            "detail": call.what,
        },
    )
