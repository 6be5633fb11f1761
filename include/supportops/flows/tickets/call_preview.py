"""What a call would become, before it is logged: nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from supportops.config.configuration import Configuration
from supportops.customers import Customers
from supportops.db.schema import tickets
from supportops.flows.tickets.log_call import Call, CallError, Known, Names, known_of
from supportops.flows.tickets.own_tickets.call_alert import outage_at, pages, site_named
from supportops.flows.tickets.own_tickets.outage_hint import outage_hint
from supportops.names import near
from supportops.rendering.render import one_line
from supportops.tickets.validation import storable

MOST_TICKETS = 8


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """An open ticket of the customer, or about the site."""

    source: str
    ticket: str
    subject: str
    tier: str | None
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A call as far as it is written down.

    faults: by field, what is wrong with it. customer, site: in the spelling of the configuration,
    `near_customers` and `near_sites` what they may be where they are not known. outage: the ticket
    of the outage that the site has. tier: None while nothing says it; `pages`: whether it wakes
    people. tickets: open ones of the customer or about the site, the newest first. number_of: the
    customers who have the caller's number by customers.yaml; a hint, since several may share it.
    hint: the outage that the call may be about, in words.
    """

    faults: dict[str, str]
    customer: str
    customer_known: bool
    near_customers: Sequence[str]
    site: str
    site_known: bool
    near_sites: Sequence[str]
    outage: str | None
    tier: str | None
    rule: str
    pages: bool
    tickets: Sequence[OpenTicket]
    number_of: Sequence[str]
    hint: str


def preview(
    connection: Connection, configuration: Configuration, call: Call, at: datetime
) -> Preview:
    """What `log_call.run` would make of `call` at `at`, whose fields may be missing or wrong."""
    call = _as_stored(call)
    faults = _faults(call)
    if {"tier", "site", "customer", "what"} & set(faults):
        call = replace(call, **dict.fromkeys(faults, ""))
    names = Names.of(configuration)
    known = _known(connection, configuration, call, at, faults)
    site = known.site or site_named(configuration, call.site)
    outage = outage_at(connection, site, at)
    decides = bool(call.what or call.tier)
    return Preview(
        faults=faults,
        customer=known.customer,
        customer_known=names.is_customer(known.customer),
        near_customers=() if names.is_customer(call.customer) else names.like(call.customer),
        site=site.name if site else call.site,
        site_known=site is not None,
        near_sites=() if site or not call.site else near(call.site, names.sites),
        outage=outage,
        tier=known.tier if decides else None,
        rule=known.rule if decides else "",
        pages=decides and pages(configuration, known.tier),
        tickets=_open_tickets(
            connection, configuration.customers, known.customer, site.name if site else call.site
        ),
        number_of=[each.name for each in configuration.customers.by_phone(call.number)],
        hint=""
        if outage
        else outage_hint(
            connection,
            configuration,
            number=call.number,
            customer=known.customer,
            at=at,
            now=at,
        ),
    )


def _as_stored(call: Call) -> Call:
    return replace(
        call,
        customer=one_line(call.customer),
        what=storable(call.what).strip(),
        site=one_line(call.site),
        number=one_line(call.number),
        tier=one_line(call.tier),
    )


def _faults(call: Call) -> dict[str, str]:
    """What is wrong with the fields that are filled in."""
    try:
        Call.checked(call.customer or "?", call.what or "?", call.site, call.number, call.tier)
    except CallError as error:
        return {error.field: str(error)}
    return {}


def _known(
    connection: Connection,
    configuration: Configuration,
    call: Call,
    at: datetime,
    faults: dict[str, str],
) -> Known:
    try:
        return known_of(connection, configuration, call, at)
    except CallError as error:
        faults[error.field] = str(error)
        return known_of(connection, configuration, replace(call, tier=""), at)


def _open_tickets(
    connection: Connection, customers: Customers, customer: str, site: str
) -> Sequence[OpenTicket]:
    c = tickets.c
    about: list[ColumnElement[bool]] = [c.site == site] if site else []
    if customer:
        stored = connection.execute(select(c.customer).where(c.open).distinct()).scalars()
        about.append(c.customer.in_(customers.spellings(customer, stored)))
    if not about:
        return []
    condition = about[0] if len(about) == 1 else about[0] | about[1]
    statement = select(c.source, c.ticket, c.subject, c.tier, c.assignee).where(c.open, condition)
    newest = statement.order_by(c.created_at.desc(), c.id.desc()).limit(MOST_TICKETS)
    return [OpenTicket(*row) for row in connection.execute(newest)]
