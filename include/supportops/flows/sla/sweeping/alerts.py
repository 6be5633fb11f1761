"""The alerts of clocks in the store: those of some tickets are read, raised and ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    select,
    update,
)

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Kind
from supportops.alerts.words.ticket import ADDRESS, PATH, ticket_path
from supportops.config.of_tickets.service_levels import Tiers
from supportops.customers import Customers
from supportops.db.listed import listed
from supportops.db.schema import alerts, tickets
from supportops.db.sound_json import sound_json
from supportops.db.statements import insert_missing
from supportops.db.storable import storable
from supportops.flows.sla.sweeping.comparing import Changes, StoredAlert, base_of
from supportops.flows.sla.sweeping.evaluation import (
    ClockAlert,
    Evaluation,
    clock_facts,
    ending,
    is_old,
    ticket_part,
)
from supportops.sla.milestones import Milestone
from supportops.sla.policy import Metric
from supportops.tickets.columns import instant
from supportops.tickets.log.doubtful import DOUBTFUL, doubtful_tiers
from supportops.tickets.log.pages import page_forms, page_of

# At a ticket's first sweep, a breach so long ago whose clock has ended is stored and not sent.
HORIZON = timedelta(days=2)
_PAGE = 500
_OF_AN_END = frozenset({"ended", "ending", "untold"})
# The alerts of more tickets than this are found sooner by reading those of all.
_MOST_SOUGHT = 5_000
_AWAITED = {
    Metric.FIRST_REPLY.value: "the first reply",
    Metric.NEXT_REPLY.value: "the next reply",
    Metric.UPDATE.value: "the progress update",
    Metric.RESOLUTION.value: "the solution",
}
_HEADLINES = {
    Milestone.WARNING: "{} is due soon",
    Milestone.WARNING_BEFORE: "{} is due very soon",
    Milestone.AIM: "{} has missed its aim",
    Milestone.BREACH: "{} is late",
    Milestone.FOLLOW_UP: "{} is late and still missing",
}


def stored_alerts(connection: Connection, prefixes: Iterable[str]) -> dict[str, list[StoredAlert]]:
    """The stored alerts of some tickets, by the `key_prefix` of the ticket."""
    c = alerts.c
    wanted = sorted(set(prefixes))
    kinds = {kind.value for kind in SERVICE_LEVEL_KINDS}
    rows = select(
        c.key, c.kind, c.resolved_at.is_(None), sound_json(c.facts)["retracted"].as_boolean()
    )
    if len(wanted) <= _MOST_SOUGHT:  # without the kind: SQLite would rather go through its index
        rows = rows.join(each := listed(connection, wanted), _begins_with(connection, each))
    else:
        rows = rows.where(c.kind.in_(sorted(kinds)))
    found: dict[str, list[StoredAlert]] = {prefix: [] for prefix in wanted}
    # A key may begin with two of them: a ticket's number may have colons.
    for key, kind, is_open, retracted in dict.fromkeys(connection.execute(rows).all()):
        own = found.get(ticket_part(key))
        if own is not None and kind in kinds:
            own.append(StoredAlert(key, base_of(key), Kind(kind), bool(is_open), bool(retracted)))
    return {prefix: own for prefix, own in found.items() if own}


def _begins_with(connection: Connection, prefixes: Any) -> ColumnElement[bool]:
    """Whether a key begins with the prefix and a colon. `;` is the sign after it."""
    key, value = alerts.c.key, prefixes.c.value
    if connection.dialect.name == "postgresql":  # by bytes, whatever the database's language
        low, high = func.concat(value, ":"), func.concat(value, ";")
        return and_(key.bool_op("~>=~")(low), key.bool_op("~<~")(high))
    return and_(key >= value.concat(":"), key < value.concat(";"))


def write(
    connection: Connection,
    evaluation: Evaluation,
    changes: Changes,
    tiers: Tiers,
    customers: Customers,
    first: set[int],
    touched: set[int],
    at: datetime,
) -> None:
    """Does what `changes` say. `first`: tickets that were never swept before; `touched`: those to
    which something happened since they were swept, whose open alerts are brought up to date."""
    rows = list(_rows(connection, evaluation, changes, tiers, customers, first, at))
    insert_missing(connection, alerts, rows)
    stale = {key: each for key, each in changes.standing.items() if each.ticket in touched}
    _bring_up_to_date(connection, evaluation, stale | changes.again, customers)
    _open_again(connection, list(changes.again))
    keys = [*changes.over, *changes.ended, *changes.retracted]
    found = dict(_facts(connection, keys))
    _end(connection, [_over(found, key, at, {}) for key in changes.over])
    late = changes.ended.items()
    _end(
        connection, [_over(found, k, datetime.fromisoformat(end["ended"]), end) for k, end in late]
    )
    retracted = [
        _over(found, key, at, {"retracted": True, "why": why})
        for key, why in changes.retracted.items()
    ]
    _end(connection, retracted)
    sent = [row["row"] for row in retracted if not found[row["row"]][1].get("untold")]
    if sent:
        statement = update(alerts).where(alerts.c.key == bindparam("row")).values(settled_at=None)
        connection.execute(statement, [{"row": key} for key in sent])


def _rows(
    connection: Connection,
    evaluation: Evaluation,
    changes: Changes,
    tiers: Tiers,
    customers: Customers,
    first: set[int],
    at: datetime,
) -> Iterator[dict[str, Any]]:
    """The rows to insert. What a first sweep finds too late to be sent is settled at once."""
    raised = {alert.ticket for alert in changes.raised.values()}
    details, doubtful = _details(connection, raised), doubtful_tiers(connection, raised)
    clocks, forms = evaluation.clocks, page_forms(connection) if raised else {}
    if clocks is None:
        return
    present = clock_facts(clocks, list(changes.raised.values()))
    for (key, alert), (tier, of_clock) in zip(changes.raised.items(), present, strict=True):
        ticket, end = details[alert.ticket], ending(clocks, alert)
        customer = ticket["customer"] and customers.named(ticket["customer"])
        facts = _ticket_facts(ticket, customer, tier) | of_clock
        if page := page_of(forms, ticket["source"], ticket["ticket"]):
            facts[ADDRESS] = page
        if alert.ticket in doubtful:
            facts[DOUBTFUL] = doubtful[alert.ticket].facts[DOUBTFUL]
        untold = alert.ticket in first and is_old(clocks, alert, HORIZON)
        changes.untold += untold
        facts |= end | ({"untold": True} if untold else {})
        opened_at = instant(alert.at)
        resolved_at = max(datetime.fromisoformat(end["ended"]), opened_at) if end else None
        awaited = _AWAITED[facts["metric"]]
        yield storable(
            {
                "key": key,
                "kind": alert.kind.value,
                "severity": tiers.severity(tier).value,
                "subject": _subject(facts, alert),
                "headline": _HEADLINES[alert.milestone].format(awaited),
                "site": ticket["site"],
                "customer": customer,
                "host": None,
                "facts": facts,
                "opened_at": opened_at,
                "last_seen_at": at,
                "resolved_at": resolved_at,
                "settled_at": at if untold else None,
            }
        )


def _ticket_facts(ticket: Mapping[str, Any], customer: str | None, tier: str) -> dict[str, Any]:
    return {
        "source": ticket["source"],
        "ticket": ticket["ticket"],
        "title": ticket["subject"],
        "tier": tier,
        "customer": customer,
        "assignee": ticket["assignee"],
        PATH: ticket_path(ticket["source"], ticket["ticket"]),
    }


def _bring_up_to_date(
    connection: Connection,
    evaluation: Evaluation,
    stale: Mapping[str, ClockAlert],
    customers: Customers,
) -> None:
    """Whose ticket it is and who works on it may change while a message waits for the morning; so
    may its site, by which it is silenced, and its clock may be paused, or go on after its end."""
    clocks = evaluation.clocks
    if not stale or clocks is None:
        return
    c, changed = alerts.c, []
    present = dict(zip(stale, clock_facts(clocks, list(stale.values())), strict=True))
    details = _details(connection, {alert.ticket for alert in stale.values()})
    for page in _pages(sorted(stale)):
        rows = select(c.key, c.customer, c.site, c.facts).where(c.key.in_(page))
        for row in connection.execute(rows).all():
            ticket, (tier, of_clock) = details[stale[row.key].ticket], present[row.key]
            customer = ticket["customer"] and customers.named(ticket["customer"])
            before = {name: each for name, each in row.facts.items() if name not in _OF_AN_END}
            facts = {**before, **_ticket_facts(ticket, customer, tier), **of_clock}
            now = storable({"customer": customer, "site": ticket["site"], "facts": facts})
            if now != {"customer": row.customer, "site": row.site, "facts": row.facts}:
                changed.append({"row": row.key} | {f"new_{name}": now[name] for name in now})
    if changed:
        statement = update(alerts).where(c.key == bindparam("row"))
        names = ("customer", "site", "facts")
        statement = statement.values({name: bindparam(f"new_{name}") for name in names})
        connection.execute(statement, changed)


def _open_again(connection: Connection, keys: Sequence[str]) -> None:
    """Whoever was notified before is reminded as the routes say; what was never sent is sent."""
    if keys:
        statement = update(alerts).where(alerts.c.key == bindparam("row"))
        statement = statement.values(resolved_at=None, settled_at=None)
        connection.execute(statement, [{"row": key} for key in keys])


def _subject(facts: Mapping[str, Any], alert: ClockAlert) -> str:
    parts = (facts["source"], facts["ticket"], facts["metric"], facts["instance"])
    about = (*parts, alert.milestone.value, instant(alert.anchor).isoformat())
    return " ".join(str(part) for part in about)


def _details(connection: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    c = tickets.c
    columns = (c.id, c.source, c.ticket, c.subject, c.customer, c.assignee, c.site)
    found: dict[int, dict[str, Any]] = {}
    for page in _pages(sorted(ids)):
        rows = connection.execute(select(*columns).where(c.id.in_(page))).mappings().all()
        found |= {row["id"]: dict(row) for row in rows}
    return found


Stored = tuple[datetime, dict[str, Any], datetime | None]  # opened_at, facts, resolved_at


def _facts(connection: Connection, keys: list[str]) -> Iterator[tuple[str, Stored]]:
    c = alerts.c
    for page in _pages(keys):
        rows = select(c.key, c.opened_at, c.facts, c.resolved_at).where(c.key.in_(page))
        for row in connection.execute(rows).all():
            yield row.key, (row.opened_at, dict(row.facts), row.resolved_at)


def _over(
    found: Mapping[str, Stored], key: str, end: datetime, facts: Mapping[str, Any]
) -> dict[str, Any]:
    opened_at, stored, resolved_at = found[key]
    return {
        "row": key,
        "end": resolved_at or max(end, opened_at),
        "merged": storable({**stored, **facts}),
    }


def _end(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = update(alerts).where(alerts.c.key == bindparam("row"))
        statement = statement.values(resolved_at=bindparam("end"), facts=bindparam("merged"))
        connection.execute(statement, rows)


def _pages(values: list[Any]) -> Iterator[list[Any]]:
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))
