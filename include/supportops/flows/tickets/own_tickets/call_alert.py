"""The alert of a call, logged or left on the answerphone: it pages the engineers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.acts.log import acknowledge
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import find_open, raise_alert, resolve_alert
from supportops.alerts.words.ticket import PATH, ticket_path
from supportops.config.configuration import Configuration, File
from supportops.flows.tickets.own_tickets.outage_hint import outage_hint
from supportops.flows.tickets.own_tickets.outage_tickets import outages_of, ticket_number
from supportops.names import recognised
from supportops.rendering.render import one_line
from supportops.sites.site import Site
from supportops.tickets.source import MAILBOX, OUTAGE
from supportops.tickets.ticket import Author, Event, EventKind, Ticket, fold

LONGEST_HEADLINE = 300
_HINT = "hint"
_MEANS = {"voice": "voicemail", "email": "e-mail"}


def subject_of(source: str, number: str) -> str:
    """The subject of the alert of the call that is this ticket."""
    return f"{source} {number}"


def key_of(source: str, number: str) -> str:
    """The key of the first alert of the call that is this ticket."""
    return f"{Kind.CALL}:{source}:{number}"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a call's alert says beside its ticket. `text` is in the caller's words.

    `means`: how it came, such as voicemail; `recording` says in words what there is to hear.
    """

    requester: str
    text: str
    number: str | None
    created_at: datetime
    means: str = "call"
    recording: str | None = None

    @classmethod
    def of(cls, events: Sequence[Event]) -> Caller:
        """From a call's events."""
        created = next(event for event in events if event.kind is EventKind.CREATED)
        facts = created.facts
        number = facts.get("number")
        return cls(
            str(facts.get("requester", "")),
            str(facts.get("text") or facts.get("subject", "")),
            str(number) if number else None,
            created.happened_at,
            _means(created),
            str(facts["recording"]) if facts.get("recording") else None,
        )


def pages(configuration: Configuration, tier: str | None) -> bool:
    """Whether a call of this tier cannot wait for the office.

    Without a usable service_levels.yaml nobody knows, and every call pages.
    """
    if tier is None or not configuration.has(File.SERVICE_LEVELS):
        return True
    known = configuration.tiers.named.get(tier)
    return known is None or known.wakes


def site_named(configuration: Configuration, name: str | None) -> Site | None:
    """The checked site of this name."""
    if not name or not configuration.has(File.SITES):
        return None
    sites = configuration.fleet.by_name()
    found = recognised(name, sites)
    return sites[found] if found else None


def outage_at(connection: Connection, site: Site | None, at: datetime) -> str | None:
    """The ticket of the outage that `site` had at `at`."""
    outages = outages_of(connection, site.name, at) if site else []
    return f"{OUTAGE}/{ticket_number(outages[-1].key)}" if outages else None


def hint_of(
    connection: Connection,
    configuration: Configuration,
    ticket: Ticket,
    caller: Caller,
    outage: str | None,
    now: datetime,
) -> str:
    """What the call may be about, where its own site has no known `outage`."""
    if outage is not None:
        return ""
    return outage_hint(
        connection,
        configuration,
        number=caller.number,
        customer=ticket.customer,
        at=caller.created_at,
        now=now,
    )


def hint_note(created: Event, hint: str, *, about: str = "", at: datetime | None = None) -> Event:
    """The note on the ticket that says so; `created`: its first event. `about`: the number of the
    ticket of an outage that was confirmed `at` a later instant, of which there is one note."""
    text = f"{hint[0].upper()}{hint[1:]}. This is a hint, by the number or the name of the caller."
    return Event(
        source=created.source,
        source_event=f"{created.ticket}/{_HINT}{f'/{about}' if about else ''}",
        ticket=created.ticket,
        kind=EventKind.NOTE,
        happened_at=at or created.happened_at,
        recorded_at=at or created.recorded_at,
        author=Author.AUTOMATIC,
        facts={"text": text},
    )


def is_hint(event: Event) -> bool:
    """Whether it is such a note."""
    return event.source_event.startswith(f"{event.ticket}/{_HINT}")


def bring_up_to_date(
    connection: Connection,
    configuration: Configuration,
    events: Sequence[Event],
    by: str,
    now: datetime,
    *,
    moved: bool,
) -> str | None:
    """Raises, changes or ends the alert of a call after its ticket was changed; says what it did.

    `events` are all of the ticket, `moved`: its tier was changed. A ticket that is moved to a tier
    that wakes people pages, as if the call had just come in; one that can wait for the office ends
    its page.
    """
    ticket, subject = fold(events), subject_of(events[0].source, events[0].ticket)
    before = find_open(connection, Kind.CALL, subject)
    if not ticket.open:
        over = f"solved by {by}" if ticket.ended_at is None else "merged or deleted"
        ended = resolve_alert(connection, Kind.CALL, subject, now, {"over": over})
        return "its alert is resolved" if ended else None
    if not pages(configuration, ticket.tier):
        over = f"{by} made it {ticket.tier}, which can wait for the office"
        ended = resolve_alert(connection, Kind.CALL, subject, now, {"over": over})
        return "its alert is resolved: this tier can wait" if ended else None
    if before is None and not moved:
        return None
    site = site_named(configuration, ticket.site)
    opened_at = before.opened_at if before else now
    key = before.key if before else f"{key_of(ticket.source, ticket.ticket)}:{len(events)}"
    outage = outage_at(connection, site, opened_at)
    caller = Caller.of(events)
    hint = hint_of(connection, configuration, ticket, caller, outage, now)
    raise_alert(
        connection, call_alert(key, ticket, caller, site, outage, opened_at, hint=hint), now
    )
    return None if before else "the engineers are paged"


def taken(connection: Connection, call: Event, by: str, now: datetime) -> bool:
    """Acknowledges the open alert of a call whose customer was answered; `call`: an event of it."""
    alert = find_open(connection, Kind.CALL, subject_of(call.source, call.ticket))
    return alert is not None and acknowledge(connection, alert.key, by, now)


def call_alert(
    key: str,
    ticket: Ticket,
    caller: Caller,
    site: Site | None,
    outage: str | None,
    opened_at: datetime,
    *,
    hint: str = "",
) -> Alert:
    """The alert about a call. A site that is not checked is named in words alone; `hint`: what it
    may be about."""
    about = site.name if site else ticket.site or ""
    headline = f"{caller.means} from {caller.requester}: {one_line(caller.text)}"
    notes = [f"about {about}" if about else "", "" if site or not about else "not checked"]
    notes += [f"we know already: {outage}" if outage else "", hint]
    return Alert(
        key=key,
        kind=Kind.CALL,
        severity=Severity.CRITICAL,
        subject=subject_of(ticket.source, ticket.ticket),
        headline=headline[:LONGEST_HEADLINE],
        opened_at=opened_at,
        site=site.name if site else None,
        customer=ticket.customer,
        host=site.host if site else None,
        facts={
            "source": ticket.source,
            "ticket": ticket.ticket,
            "tier": ticket.tier,
            "title": one_line(caller.text)[:LONGEST_HEADLINE],
            "customer": ticket.customer,
            PATH: ticket_path(ticket.source, ticket.ticket),
            "requester": one_line(caller.requester)[:LONGEST_HEADLINE],
            "caller": caller.number,
            "site_named": ticket.site,
            "site_known": site is not None,
            "outage": outage,
            "words": ", ".join(note for note in notes if note) or None,
            "detail": caller.text,
            **({"means": caller.means} if ticket.source == MAILBOX else {}),
            **({"recording": caller.recording} if caller.recording else {}),
        },
    )


def _means(created: Event) -> str:
    if created.source != MAILBOX:
        return "call"
    return _MEANS.get(str(created.facts.get("channel")), "message")
