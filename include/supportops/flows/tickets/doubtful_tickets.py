"""Doubtful tickets: the list for a person, and what that person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from supportops.config.loader import check, load_triage
from supportops.config.model import did_you_mean
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.flows.tickets.ticket_import import outages
from supportops.tickets.log.doubtful import DOUBTFUL, doubtful_tiers
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.ticket import DONE, Author, Event, EventKind, fold, from_creation
from supportops.tickets.triage import Decision, explain, situation_of
from supportops.tickets.validation import LONGEST_WORD, clean

DECIDED = "decided by"


@dataclass(frozen=True, slots=True)
class DoubtfulTicket:
    """An open ticket whose tier a person should decide. `may_be`: the other tiers it may be."""

    source: str
    ticket: str
    subject: str
    created_at: datetime
    tier: str
    may_be: tuple[str, ...]
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """What the rules say of a stored ticket, and what its tier is by whom."""

    decision: Decision
    tier: str | None
    by: str | None


def undecided(context: Context, now: datetime) -> list[DoubtfulTicket]:
    """The open tickets that are doubtful, the oldest first."""
    c = tickets.c
    with reading(context.engine) as connection:
        found = doubtful_tiers(connection)
        columns = (c.id, c.source, c.ticket, c.subject, c.created_at)
        rows = select(*columns).where(c.status.not_in([each.value for each in DONE]))
        rows = rows.where(c.ended_at.is_(None)).order_by(c.created_at, c.id)
        return [
            DoubtfulTicket(
                source=row.source,
                ticket=row.ticket,
                subject=row.subject,
                created_at=row.created_at,
                tier=str(found[row.id].value),
                may_be=tuple(map(str, found[row.id].facts[DOUBTFUL])),
                rule=str(found[row.id].facts.get("rule", "")),
                why=str(found[row.id].facts.get("why", "")),
            )
            for row in connection.execute(rows)
            if row.id in found and row.created_at <= now
        ]


def decide(context: Context, name: str, tier: str, by: str, now: datetime) -> dict[str, Any]:
    """Stores that `by` decided at `now` which tier a doubtful ticket has had from its creation.

    A breach of the tier that it had until now is retracted by the next sweep if the decided tier
    does not make it. Raises LookupError where there is no such ticket or tier, or where the ticket
    is not doubtful.
    """
    configuration = check(context.config).configuration
    _check_tier(tier, list(configuration.tiers.named))
    who = clean(by, LONGEST_WORD).strip()
    if not who:
        raise LookupError("who decides? --by is empty")
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        source, number = find_ticket(connection, name)
        events = from_creation(events_of(connection, source, number))
        decision = _decision(events, f"{source}/{number}", tier, who, now)
        append_events(connection, [decision], now)
    return {"ticket": f"{source}/{number}", "tier": tier, "by": who, "at": now}


def _check_tier(tier: str, known: list[str]) -> None:
    if tier not in known:
        hint = did_you_mean(tier, known)
        listed = f"no tier {tier!r}; there are {', '.join(known)}"
        raise LookupError(f"{listed}; {hint}" if hint else listed)


def _decision(events: list[Event], name: str, tier: str, who: str, now: datetime) -> Event:
    """The TIER event of a decision: of the creation's instant, after every other tier there."""
    created = next((each for each in events if each.kind is EventKind.CREATED), None)
    tiers = [each for each in events if each.kind is EventKind.TIER]
    last = tiers[-1] if tiers else None
    if created is None or last is None or not (last.facts.get(DOUBTFUL) or _decided(last)):
        raise LookupError(f"{name} is not doubtful; {_tier_words(last)}")
    at = created.happened_at
    first = 1 + max(each.sequence for each in tiers if each.happened_at == at)
    return Event(
        source=created.source,
        source_event=f"decision/{created.ticket}/{first}",
        ticket=created.ticket,
        kind=EventKind.TIER,
        happened_at=at,
        recorded_at=now,
        author=Author.AGENT,
        value=tier,
        facts={"rule": f"{DECIDED} {who}", "by": who, "decided_at": now.isoformat()},
        sequence=first,
    )


def _tier_words(last: Event | None) -> str:
    if last is None:
        return "it has no tier yet"
    return f"its tier is {last.value} by {last.facts.get('rule') or last.author.value}"


def _decided(event: Event) -> bool:
    return "decided_at" in event.facts


def explain_stored(context: Context, name: str, now: datetime) -> StoredDecision:
    """What the rules say now of a stored ticket, by what triage went by when it came.

    Raises LookupError where there is no such ticket, and ConfigurationError without rules.
    """
    rules = load_triage(context.config)
    with reading(context.engine) as connection:
        events = _events(connection, name)
    situation = situation_of(events, outages(context.engine, now))
    if situation is None:
        raise LookupError(f"the creation of {name!r} is not stored, so triage never judged it")
    tiers = [each for each in from_creation(events) if each.kind is EventKind.TIER]
    by = str(tiers[-1].facts.get("rule") or tiers[-1].author.value) if tiers else None
    return StoredDecision(explain(situation, rules), fold(events).tier, by)


def _events(connection: Connection, name: str) -> tuple[Event, ...]:
    source, number = find_ticket(connection, name)
    return events_of(connection, source, number)
