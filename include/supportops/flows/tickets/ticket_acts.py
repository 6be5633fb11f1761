"""Acts of people on tickets: a note, a reply, a solution, other values.

Tickets of our own (calls, outages, messages) are acted on in the store. Others are acted on in
their source where the account allows it; else the answer says where to do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from supportops.config.configuration import Configuration, File
from supportops.config.findings.raised import customers_named
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets as tickets_table
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.tickets.own_tickets.call_alert import bring_up_to_date, taken
from supportops.flows.tickets.own_tickets.own_acts import Act, events_of_act
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.names import recognised, suggestion
from supportops.rendering.render import one_line
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import (
    CALL_SOURCES,
    OWN_SOURCES,
    Desk,
    Linked,
    SourceError,
    TicketSource,
)
from supportops.tickets.ticket import DONE, Event, EventKind, Status, Ticket, fold
from supportops.tickets.triage import BY_AGENT
from supportops.tickets.validation import LONGEST_TEXT, storable

TicketAct = Act
PRIORITIES = ("low", "normal", "high", "urgent")
LONGEST_VALUE = 200


class ActError(ValueError):
    """Why an act cannot be done, in one line.

    `about`: the value that is wrong; `free`: it would be stored if it was to be as written.
    """

    def __init__(self, why: str, about: EventKind | None = None, *, free: bool = False) -> None:
        super().__init__(why)
        self.about, self.free = about, free


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did: `said` in words; `changed`: whether anything is other than before."""

    ticket: str
    changed: bool
    said: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return {"ticket": self.ticket, "changed": self.changed, "did": list(self.said)}


def note(by: str, text: str) -> Act:
    """An internal note."""
    return Act(by, _text(text))


def reply(by: str, text: str) -> Act:
    """What was said to the customer, by telephone or otherwise."""
    return Act(by, _text(text), public=True)


def solve(by: str, text: str = "") -> Act:
    """The end of the work; with a text that the customer was given as well."""
    return Act(by, _text(text) if text.strip() else "", bool(text.strip()), Status.SOLVED)


def reopen(by: str) -> Act:
    """Back to work."""
    return Act(by, status=Status.OPEN)


def change(by: str, status: Status | None, values: Mapping[EventKind, str]) -> Act:
    """Another status that is not an end, and other values. Raises ActError if there is none."""
    if status is None and not values:
        raise ActError("nothing to set: name a status, tier, priority, assignee, site or customer")
    if status in DONE:
        raise ActError(f"a ticket is {status} by `supportops tickets solve`")
    cleaned = {kind: one_line(value) for kind, value in values.items()}
    for kind, value in cleaned.items():
        if not value:
            raise ActError(f"the {kind.value} is empty", kind)
        if len(value) > LONGEST_VALUE:
            raise ActError(f"the {kind.value} has {len(value)} characters, at most 200 fit", kind)
    return Act(by, status=status, values=cleaned)


def current(context: Context, name: str) -> Ticket:
    """The ticket called `name` as it is. Raises LookupError where there is none."""
    with reading(context.engine) as connection:
        source, number = find_ticket(connection, name)
        return fold(events_of(connection, source, number))


def run(
    context: Context,
    name: str,
    act: Act,
    now: datetime,
    sources: Sequence[TicketSource] = (),
    *,
    as_written: bool = False,
) -> Done:
    """Does `act` to the ticket called `name` (NUMBER or SOURCE/NUMBER), in one transaction.

    A solved call has its alert resolved, one that was answered has it acknowledged. Sites,
    customers and tiers must be known; `as_written`: sites and customers need not be. Raises
    LookupError where there is no such ticket, ActError for what cannot be done.
    """
    if not one_line(act.by):
        raise ActError("who acts? `--by` is empty")
    act = replace(act, by=one_line(act.by)[:LONGEST_VALUE])
    with reading(context.engine) as connection:
        source, number = find_ticket(connection, name)
        ticket = fold(events_of(connection, source, number))
    if source not in OWN_SOURCES:
        return _remotely(ticket, act, sources)
    configuration, _ = load_or_last_good(context.engine, context.config, now)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        return _locally(connection, configuration, source, number, act, now, as_written)


def _locally(
    connection: Connection,
    configuration: Configuration,
    source: str,
    number: str,
    act: Act,
    now: datetime,
    as_written: bool,
) -> Done:
    stored = events_of(connection, source, number)
    ticket = fold(stored)
    _refuse(ticket, act)
    act = replace(act, values=_known(connection, configuration, act.values, as_written))
    act = _with_tier(configuration, act)
    events, said = events_of_act(stored, act, now)
    append_events(connection, events, now)
    if source in CALL_SOURCES and events:
        whole = events_of(connection, source, number)
        said += _on_the_alert(connection, configuration, whole, events, act, now)
    return Done(f"{source}/{number}", bool(events), tuple(said))


def _on_the_alert(
    connection: Connection,
    configuration: Configuration,
    whole: Sequence[Event],
    new: Sequence[Event],
    act: Act,
    now: datetime,
) -> list[str]:
    said = []
    kinds = {event.kind for event in new}
    if EventKind.COMMENT in kinds and taken(connection, whole[0], act.by, now):
        said.append("its alert is acknowledged")
    if kinds & {EventKind.STATUS, EventKind.TIER, EventKind.SITE, EventKind.CUSTOMER}:
        moved = any(event.kind is EventKind.TIER for event in new)
        done = bring_up_to_date(connection, configuration, whole, act.by, now, moved=moved)
        said += [done] if done else []
    return said


def _refuse(ticket: Ticket, act: Act) -> None:
    """Raises ActError for a ticket that is somewhere else, or in no state for the act."""
    if ticket.ended_at is not None and ticket.merged_into:
        raise ActError(f"it was merged into {ticket.merged_into}: act on that one")
    if ticket.ended_at is not None:
        raise ActError("it was deleted")
    if act.status in (Status.PENDING, Status.HOLD) and ticket.status in DONE:
        raise ActError(f"it is {ticket.status}: reopen it first")


def _known(
    connection: Connection,
    configuration: Configuration,
    values: Mapping[EventKind, str],
    as_written: bool,
) -> dict[EventKind, str]:
    """The values in the spelling that the configuration has. Raises ActError for one it has not."""
    known = dict(values)
    for kind, value in values.items():
        names = _names(connection, configuration, kind)
        meant = configuration.customers.named(value) if kind is EventKind.CUSTOMER else value
        found = recognised(meant, names) if names is not None else value
        if found is not None:
            known[kind] = found
        elif not as_written or kind in (EventKind.TIER, EventKind.PRIORITY):
            raise _unknown(kind, value, names or [])
    return known


def _names(
    connection: Connection, configuration: Configuration, kind: EventKind
) -> list[str] | None:
    """What a value of this kind may be; None where it may be anything."""
    match kind:
        case EventKind.TIER:
            has = configuration.has(File.SERVICE_LEVELS)
            return list(configuration.tiers.named) if has else []
        case EventKind.PRIORITY:
            return list(PRIORITIES)
        case EventKind.SITE:
            return list(configuration.fleet.by_name()) if configuration.has(File.SITES) else []
        case EventKind.CUSTOMER:
            column = tickets_table.c.customer
            stored = select(column).where(column.is_not(None)).distinct()
            named = customers_named(configuration)
            others = [
                each
                for each in connection.execute(stored).scalars()
                if recognised(each, named) is None
            ]
            return [*named, *others]
        case _:
            return None


def _unknown(kind: EventKind, value: str, names: Sequence[str]) -> ActError:
    hint = suggestion(value, names)
    free = kind in (EventKind.SITE, EventKind.CUSTOMER)
    if not hint and not free:
        hint = f"there are {', '.join(names)}" if names else ""
    line = f"no {kind.value} {value!r} is known"
    return ActError(f"{line}; {hint}" if hint else line, kind, free=free)


def _with_tier(configuration: Configuration, act: Act) -> Act:
    """A priority that a person sets stands for a tier, as in triage; a tier that is set wins."""
    priority = act.values.get(EventKind.PRIORITY)
    if priority is None or EventKind.TIER in act.values or not configuration.has(File.TRIAGE):
        return act
    tier = configuration.triage.priorities.get(priority)
    if tier is None:
        return act
    return replace(
        act,
        values={**act.values, EventKind.TIER: tier},
        rules={EventKind.TIER: f"{BY_AGENT}: {priority}"},
    )


def _remotely(ticket: Ticket, act: Act, sources: Sequence[TicketSource]) -> Done:
    """In the ticket's own source. Raises ActError, with the address, where that cannot be."""
    name = f"{ticket.source}/{ticket.ticket}"
    source = next((each for each in sources if each.name == ticket.source), None)
    pages: object = source
    there = pages.address(ticket.ticket) if isinstance(pages, Linked) else None
    where = f"{source.title if source else ticket.source}" + (f": {there}" if there else "")
    desk: object = source
    if act.values or not isinstance(desk, Desk):
        raise ActError(f"{name} is worked on in {where}")
    try:
        desk.act(ticket.ticket, act.text, public=act.public, status=act.status)
    except SourceError as error:
        raise ActError(f"{error}; do it in {where}") from None
    return Done(name, changed=True, said=(f"done in {where}; the next sync reads it",))


def _text(written: str) -> str:
    text = storable(written).strip()
    if not one_line(text):
        raise ActError("the text is empty")
    if len(text) > LONGEST_TEXT:
        raise ActError(f"the text has {len(text)} characters, at most {LONGEST_TEXT} fit")
    return text
