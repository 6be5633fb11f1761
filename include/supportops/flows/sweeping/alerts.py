"""From what stands on tickets to alerts: what to raise, to end, and to take back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from supportops.alerts.alert import LASTING_KINDS, SERVICE_LEVEL_KINDS, Kind, Severity
from supportops.alerts.text import storable
from supportops.db.schema import alerts, tickets
from supportops.db.statements import insert_new
from supportops.flows.sweeping.standing import (
    Claim,
    Standing,
    breach_of,
    clock_in,
    ended,
    facts_of,
    is_old,
    ticket_in,
    tier_of,
)
from supportops.sla.milestones import Milestone
from supportops.sla.policy import Metric
from supportops.tickets.columns import instant

# At a ticket's first sweep, a breach so long ago whose clock has ended is kept and not told.
HORIZON = timedelta(days=2)
WAKING_TIER = "mission_critical"
_PAGE = 500

_AWAITED = {
    Metric.FIRST_REPLY.value: "the first reply",
    Metric.NEXT_REPLY.value: "the next reply",
    Metric.UPDATE.value: "the update on progress",
    Metric.RESOLUTION.value: "the solution",
}
_HEADLINES = {
    Milestone.WARNING: "{} is due soon",
    Milestone.WARNING_BEFORE: "{} is due very soon",
    Milestone.AIM: "{} has missed its aim",
    Milestone.BREACH: "{} is late",
    Milestone.FOLLOW_UP: "{} is late and still missing",
}


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in the store. `base` is its claim's key: one that came back has a number behind."""

    key: str
    base: str
    kind: Kind
    open: bool
    retracted: bool

    @property
    def number(self) -> int:
        return int(self.key[len(self.base) + 1 :] or 1)


@dataclass(slots=True)
class Changes:
    """What is to be done: claims to raise under a key, and facts to end or take back alerts by."""

    raised: dict[str, Claim] = field(default_factory=dict)
    over: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    retracted: dict[str, str] = field(default_factory=dict)
    untold: int = 0

    def counts(self) -> dict[str, int]:
        return {
            "raised": len(self.raised),
            "untold": self.untold,
            "resolved": len(self.over) + len(self.ended),
            "retracted": len(self.retracted),
        }


def told(connection: Connection, names: Iterable[str]) -> dict[str, list[Told]]:
    """The alerts of the tickets of these names (see `name_of`), by ticket's name."""
    c = alerts.c
    wanted = set(names)
    rows = select(c.key, c.kind, c.resolved_at.is_(None), c.facts["retracted"].as_boolean()).where(
        c.kind.in_([kind.value for kind in SERVICE_LEVEL_KINDS])
    )
    found: dict[str, list[Told]] = {}
    for key, kind, is_open, retracted in connection.execute(rows).all():
        name = ticket_in(key)
        if name in wanted:
            base = _base(key)
            one = Told(key, base, Kind(kind), bool(is_open), bool(retracted))
            found.setdefault(name, []).append(one)
    return found


def compare(standing: Standing, before: Iterable[Told]) -> Changes:
    """What changed between the alerts of some tickets and what stands on them now."""
    changes = Changes()
    known: dict[str, Told] = {}
    for one in before:
        if one.base not in known or known[one.base].number < one.number:
            known[one.base] = one
    for base, one in known.items():
        if one.kind in LASTING_KINDS:
            _lasting(changes, standing, base, one)
        elif one.open and base not in standing.claims and clock_in(base) not in standing.resting:
            changes.over.append(one.key)
    for key, claim in standing.claims.items():
        earlier = known.get(key)
        if earlier is None:
            changes.raised[key] = claim
        elif earlier.retracted:
            changes.raised[f"{key}#{earlier.number + 1}"] = claim
    return changes


def _lasting(changes: Changes, standing: Standing, base: str, one: Told) -> None:
    """A breach or its follow-up: ends with its clock, is taken back if it never was."""
    breach = standing.claims.get(breach_of(base))
    if one.retracted:
        return
    if breach is None:
        changes.retracted[one.key] = "by all that is known now, the promise was kept"
        return
    assert standing.clocks is not None
    over = ended(standing.clocks, breach)
    if one.open and over is not None:
        changes.ended[one.key] = over


def write(
    connection: Connection, standing: Standing, changes: Changes, first: set[int], at: datetime
) -> None:
    """Does what `changes` say. `first`: tickets that were never swept before."""
    rows = list(_rows(connection, standing, changes, first, at))
    insert_new(connection, alerts, rows)
    keys = [*changes.over, *changes.ended, *changes.retracted]
    found = dict(_facts(connection, keys))
    _end(connection, [_over(found, key, at, {}) for key in changes.over])
    late = changes.ended.items()
    _end(
        connection,
        [_over(found, k, datetime.fromisoformat(end), {"ended": end}) for k, end in late],
    )
    taken_back = [
        _over(found, key, at, {"retracted": True, "why": why})
        for key, why in changes.retracted.items()
    ]
    _end(connection, taken_back)
    heard = [row["one"] for row in taken_back if not found[row["one"]][1].get("untold")]
    if heard:
        statement = update(alerts).where(alerts.c.key == bindparam("one")).values(settled_at=None)
        connection.execute(statement, [{"one": key} for key in heard])


def _rows(
    connection: Connection, standing: Standing, changes: Changes, first: set[int], at: datetime
) -> Iterator[dict[str, Any]]:
    """The alerts to be inserted. What the first sweep finds too late to tell is settled at once."""
    details = _details(connection, {claim.ticket for claim in changes.raised.values()})
    clocks = standing.clocks
    for key, claim in changes.raised.items():
        assert clocks is not None
        ticket, over = details[claim.ticket], ended(clocks, claim)
        tier = tier_of(clocks, claim)
        facts = {
            "source": ticket["source"],
            "ticket": ticket["ticket"],
            "title": ticket["subject"],
            "tier": tier,
            "customer": ticket["customer"],
            "assignee": ticket["assignee"],
            **facts_of(clocks, claim),
        }
        untold = claim.ticket in first and is_old(clocks, claim, HORIZON)
        changes.untold += untold
        facts |= ({"ended": over} if over else {}) | ({"untold": True} if untold else {})
        opened_at = instant(claim.at)
        resolved_at = max(datetime.fromisoformat(over), opened_at) if over else None
        awaited = _AWAITED[facts["metric"]]
        yield storable(
            {
                "key": key,
                "kind": claim.kind.value,
                "severity": (Severity.CRITICAL if tier == WAKING_TIER else Severity.WARNING).value,
                "subject": _subject(facts, claim),
                "headline": _HEADLINES[claim.milestone].format(awaited),
                "site": ticket["site"],
                "customer": ticket["customer"],
                "host": None,
                "facts": facts,
                "opened_at": opened_at,
                "last_seen_at": at,
                "resolved_at": resolved_at,
                "settled_at": at if untold else None,
            }
        )


def _subject(facts: Mapping[str, Any], claim: Claim) -> str:
    parts = (facts["source"], facts["ticket"], facts["metric"], facts["instance"])
    about = (*parts, claim.milestone.value, instant(claim.anchor).isoformat())
    return " ".join(str(part) for part in about)


def _details(connection: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    c = tickets.c
    columns = (c.id, c.source, c.ticket, c.subject, c.customer, c.assignee, c.site)
    found: dict[int, dict[str, Any]] = {}
    for page in _pages(sorted(ids)):
        rows = connection.execute(select(*columns).where(c.id.in_(page))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found


Kept = tuple[datetime, dict[str, Any], datetime | None]


def _facts(connection: Connection, keys: list[str]) -> Iterator[tuple[str, Kept]]:
    c = alerts.c
    for page in _pages(keys):
        rows = select(c.key, c.opened_at, c.facts, c.resolved_at).where(c.key.in_(page))
        for row in connection.execute(rows):
            yield row.key, (row.opened_at, dict(row.facts), row.resolved_at)


def _over(
    found: Mapping[str, Kept], key: str, end: datetime, facts: Mapping[str, Any]
) -> dict[str, Any]:
    opened_at, kept, resolved_at = found[key]
    return {
        "one": key,
        "end": resolved_at or max(end, opened_at),
        "kept": storable({**kept, **facts}),
    }


def _end(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = update(alerts).where(alerts.c.key == bindparam("one"))
        statement = statement.values(resolved_at=bindparam("end"), facts=bindparam("kept"))
        connection.execute(statement, rows)


def _base(key: str) -> str:
    """A key without the number of a claim that came back; an instant holds no `#`."""
    head, colon, last = key.rpartition(":")
    return f"{head}{colon}{last.partition('#')[0]}"


def _pages(values: list[Any]) -> Iterator[list[Any]]:
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))
