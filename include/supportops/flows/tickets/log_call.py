"""Logs a customer's call: a ticket, and an alert that pages the engineers if it cannot wait."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.store import find, raise_alert
from supportops.config.configuration import Configuration, File
from supportops.config.findings.raised import customers_named
from supportops.customers import UNLISTED, Customers
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good, outage_tier
from supportops.flows.tickets.own_tickets.call_alert import (
    Caller,
    call_alert,
    hint_note,
    hint_of,
    key_of,
    outage_at,
    pages,
    site_named,
)
from supportops.flows.tickets.own_tickets.outage_tickets import link_tickets
from supportops.names import near, recognised, suggestion
from supportops.rendering.render import one_line
from supportops.sites.site import Site
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import PHONE
from supportops.tickets.ticket import Author, Event, EventKind, fold
from supportops.tickets.triage import Situation, explain
from supportops.tickets.validation import storable

RULE = "a call to the emergency number"
CHOSEN = "chosen by whoever took the call"
LONGEST_NAME = 200
LONGEST_TEXT = 4_000
# A telephone number as people write it: digits, separators and an extension.
NUMBER = re.compile(r"[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?(x|ext\.?)\s?[0-9]{1,6})?", re.IGNORECASE)
_HEADLINE = 300


class CallError(ValueError):
    """What is wrong with a call as it was written down, in one line; `field`: where."""

    def __init__(self, why: str, field: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the person on the phone, `by`, wrote it down; create one with `checked`."""

    customer: str
    what: str
    site: str = ""
    number: str = ""
    tier: str = ""
    by: str = ""

    @classmethod
    def checked(
        cls,
        customer: str,
        what: str,
        site: str = "",
        number: str = "",
        tier: str = "",
        by: str = "",
    ) -> Call:
        """The call in storable text. Raises CallError for a missing, long or malformed field."""
        said = storable(what).strip()
        words = (one_line(each) for each in (site, number, tier, by))
        call = cls(one_line(customer), said, *words)
        if not one_line(call.what):
            raise CallError("what has happened? `what` is empty", "what")
        if not call.customer:
            raise CallError("who called? `customer` is empty", "customer")
        for name, written, longest in (
            ("customer", call.customer, LONGEST_NAME),
            ("site", call.site, LONGEST_NAME),
            ("what", call.what, LONGEST_TEXT),
            ("tier", call.tier, LONGEST_NAME),
        ):
            if len(written) > longest:
                why = f"`{name}` has {len(written)} characters, at most {longest} fit"
                raise CallError(why, name)
        if call.number and not NUMBER.fullmatch(call.number):
            raise CallError(
                f"`number` is {call.number[:40]!r}; expected a telephone number such as "
                "+44 20 7946 0958, or nothing where it was withheld",
                "number",
            )
        return call


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a call: its customer, its site if that is checked, and its tier."""

    customer: str
    site: Site | None
    tier: str | None
    rule: str


def run(
    engine: Engine, folder: Path, call: Call, run_id: str, at: datetime, now: datetime
) -> dict[str, Any]:
    """Creates the ticket of a call logged at `at`, in one transaction with its alert if it pages.

    Its tier is the one that was chosen, else that of its words by triage.yaml; it pages where that
    tier wakes people. The ticket's number is a function of `run_id`, so a rerun adds nothing. Its
    author is the customer, so the first-reply clock runs. A site that is not checked is stored as
    it was written, with a note that nobody watches it. No fault of the configuration stops it:
    without a usable triage.yaml the ticket has the tier of calls, without service_levels.yaml the
    default tier, without sites.yaml no site is known. Raises CallError for a tier that is none.
    """
    configuration, _ = load_or_last_good(engine, folder, now)
    names = Names.of(configuration)
    number = ticket_of(run_id)
    at = min(at, now)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        stored = events_of(connection, PHONE, number)
        if not stored:
            _create(connection, configuration, call, number, at, now)
        link_tickets(connection, now, outage_tier(configuration))
        events = events_of(connection, PHONE, number)
        ticket = fold(events)
        site = site_named(configuration, ticket.site)
        outage = outage_at(connection, site, at)
        alert = find(connection, key_of(PHONE, number))
        hint = hint_of(connection, configuration, ticket, Caller.of(events), outage, now)
    return {
        "ticket": f"{PHONE}/{number}",
        "new": not stored,
        "tier": ticket.tier,
        "pages": alert is not None,
        "site": ticket.site,
        "site_known": site is not None,
        "outage": outage,
        "hint": hint,
        "near": [] if site or not call.site else near(call.site, names.sites),
        "near_customers": [] if names.is_customer(call.customer) else names.like(call.customer),
    }


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the configuration has."""

    sites: tuple[str, ...]
    customers: tuple[str, ...]
    listed: Customers = UNLISTED

    @classmethod
    def of(cls, configuration: Configuration) -> Names:
        """Those of files that can be used."""
        sites = configuration.fleet.sites if configuration.has(File.SITES) else ()
        named = tuple(customers_named(configuration))
        return cls(tuple(s.name for s in sites), named, configuration.customers)

    def is_customer(self, written: str) -> bool:
        """Whether it is a customer's name or alias, however it is spelled."""
        return recognised(self.listed.named(written), self.customers) is not None

    def like(self, written: str) -> list[str]:
        """The names of customers that are written nearly so, each once."""
        names = near(written, self.listed.also_called(self.customers))
        return list(dict.fromkeys(map(self.listed.named, names)))


def _create(
    connection: Connection,
    configuration: Configuration,
    call: Call,
    number: str,
    at: datetime,
    now: datetime,
) -> None:
    known = known_of(connection, configuration, call, at)
    events = list(_events(call, known, number, at, now))
    outage, caller = outage_at(connection, known.site, at), Caller.of(events)
    hint = hint_of(connection, configuration, fold(events), caller, outage, now)
    if hint:
        events.append(hint_note(events[0], hint))
    append_events(connection, events, now)
    if pages(configuration, known.tier):
        key = key_of(PHONE, number)
        alert = call_alert(key, fold(events), caller, known.site, outage, at, hint=hint)
        raise_alert(connection, alert, now)


def ticket_of(run_id: str) -> str:
    """The number of the ticket that a run creates."""
    return hashlib.sha256(run_id.encode("utf-8", "replace")).hexdigest()[:12]


def known_of(
    connection: Connection, configuration: Configuration, call: Call, at: datetime
) -> Known:
    """Who and what is meant, whatever the case and the rest of an address, and how urgent it is."""
    sites = configuration.fleet.sites if configuration.has(File.SITES) else ()
    named = site_named(configuration, call.site)
    site = named or next((each for each in sites if _means(call.site, each)), None)
    called = configuration.customers.named(call.customer)
    customer = recognised(called, customers_named(configuration)) or called
    outage = outage_at(connection, site, at) is not None
    return Known(customer, site, *_tier(configuration, call, outage=outage))


def _tier(configuration: Configuration, call: Call, *, outage: bool) -> tuple[str | None, str]:
    """The call's tier and why it has that one."""
    levels = configuration.has(File.SERVICE_LEVELS)
    if call.tier:
        known = list(configuration.tiers.named) if levels else []
        tier = recognised(call.tier, known) if levels else call.tier
        if tier is None:
            hint = suggestion(call.tier, known) or f"there are {', '.join(known)}"
            raise CallError(f"no tier {call.tier!r} in service_levels.yaml; {hint}", "tier")
        return tier, CHOSEN
    if not configuration.has(File.TRIAGE):
        return (configuration.tiers.calls if levels else None), RULE
    situation = Situation(subject=one_line(call.what)[:_HEADLINE], text=call.what, outage=outage)
    decision = explain(situation, configuration.triage)
    return decision.tier, decision.rule


def _means(written: str, site: Site) -> bool:
    name = written.casefold()
    return bool(name) and (name == site.name.casefold() or _bare(name) == _bare(site.url))


def _bare(address: str) -> str:
    """An address without scheme, `www.`, path and the rest, as people give it."""
    bare = re.sub(r"^[a-z]+://", "", address.casefold())
    return re.split(r"[/?#]", bare, maxsplit=1)[0].removeprefix("www.")


def _events(call: Call, known: Known, number: str, at: datetime, now: datetime) -> Iterator[Event]:
    def event(kind: EventKind, author: Author, value: str | None = None, **facts: Any) -> Event:
        key = f"{number}/{kind.value}"
        if call.by and author is Author.AGENT:
            facts["by"] = call.by[:LONGEST_NAME]
        return Event(PHONE, key, number, kind, at, now, author, value, facts)

    caller = f"{known.customer}, {call.number}" if call.number else known.customer
    yield event(
        EventKind.CREATED,
        Author.CUSTOMER,
        subject=one_line(call.what)[:_HEADLINE],
        text=call.what,
        requester=caller,
        channel="voice",
        number=call.number,
    )
    if known.tier is not None:
        yield event(EventKind.TIER, Author.AGENT, known.tier, rule=known.rule)
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
