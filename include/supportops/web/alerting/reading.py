"""The list of alerts from the store: only the page that is shown is read whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from supportops.alerts import store
from supportops.alerts.acts.reference import keys_meant
from supportops.alerts.alert import WIDER_OUTAGES, Alert, Kind, Severity
from supportops.customers import Customers
from supportops.db.schema import UNDELIVERED, alerts, messages, notification_log
from supportops.web.alerting.filters import ABOUT, KINDS, About, Filters, State

# A reference or a text is looked for among so many alerts that are over.
MOST_SEARCHED = 20_000
_c = alerts.c
_SEVERITIES = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of alerts, as they stand at its instant, and how many there are of each choice.

    `unreadable`: the keys of those on the page that this version cannot read."""

    alerts: tuple[Alert, ...]
    unreadable: tuple[str, ...]
    total: int
    by_about: dict[About, int]
    by_state: dict[State, int]


def find(
    connection: Connection,
    customers: Customers,
    filters: Filters,
    viewer: str,
    now: datetime,
    size: int,
) -> Found:
    """The alerts that `filters` fit. Reports are none: they have pages of their own."""
    wanted = _wanted(connection, customers, filters)
    states = _states(viewer, now)
    state = true() if filters.message else states[filters.state]
    about = _about(filters)
    everywhere = and_(*wanted, state)
    counted = connection.execute(
        select(_c.kind, func.count()).where(everywhere).group_by(_c.kind)
    ).all()
    by_about = dict.fromkeys(About, 0)
    for kind, count in counted:
        if kind in ABOUT:
            by_about[ABOUT[Kind(kind)]] += count
    keys = connection.execute(
        select(_c.key)
        .where(everywhere, *about)
        .order_by(*_order(filters))
        .limit(size)
        .offset((filters.page - 1) * size)
    ).scalars()
    ordered = list(keys)
    stored = store.find_all(connection, ordered)
    chosen = [filters.about] if filters.about else list(About)
    return Found(
        alerts=tuple(stored[key].at(now) for key in ordered if key in stored),
        unreadable=tuple(key for key in ordered if key not in stored),
        total=sum(by_about[each] for each in chosen),
        by_about=by_about,
        by_state=_counts(connection, states, [*wanted, *about]),
    )


def _counts(
    connection: Connection,
    states: dict[State, ColumnElement[bool]],
    wanted: list[ColumnElement[bool]],
) -> dict[State, int]:
    """How many of the open alerts that are `wanted` have each state."""
    apart = (State.UNDELIVERED, State.OVER)
    open_ = {name: each for name, each in states.items() if name not in apart}
    sums = [func.sum(case((each, 1), else_=0)) for each in open_.values()]
    row = connection.execute(select(*sums).where(_c.resolved_at.is_(None), *wanted)).one()
    found = {name: int(count or 0) for name, count in zip(open_, row, strict=True)}
    # Its index holds the few messages that failed: not every open alert is looked up in it.
    lost = select(func.count()).select_from(alerts).where(states[State.UNDELIVERED], *wanted)
    found[State.UNDELIVERED] = connection.execute(lost).scalar_one()
    return found


def _order(filters: Filters) -> list[ColumnElement[Any]]:
    if filters.state is State.OVER:
        return [_c.resolved_at.desc(), _c.key]
    places = {kind.value: place for place, kinds in enumerate(KINDS.values()) for kind in kinds}
    return [
        case(places, value=_c.kind),
        case({each.value: place for each, place in _SEVERITIES.items()}, value=_c.severity),
        _c.opened_at.desc(),
        _c.key,
    ]


def _states(viewer: str, now: datetime) -> dict[State, ColumnElement[bool]]:
    is_open = _c.resolved_at.is_(None)
    taken = and_(
        _c.acknowledged_at.is_not(None),
        or_(_c.acknowledged_until.is_(None), _c.acknowledged_until > now),
    )
    undelivered = literal_column(UNDELIVERED, Boolean)
    lost = exists(select(messages.c.id).where(messages.c.alert == _c.key, undelivered))
    return {
        State.OPEN: is_open,
        State.UNACKNOWLEDGED: and_(is_open, ~taken),
        State.ACKNOWLEDGED: and_(is_open, taken),
        State.MINE: and_(is_open, taken, _c.acknowledged_by == viewer),
        State.SNOOZED: and_(is_open, _c.snoozed_until > now),
        State.UNDELIVERED: and_(is_open, lost),
        State.OVER: _c.resolved_at.is_not(None),
    }


def _about(filters: Filters) -> list[ColumnElement[bool]]:
    if filters.about is None:
        return []
    return [_c.kind.in_([kind.value for kind in KINDS[filters.about]])]


def _wanted(
    connection: Connection, customers: Customers, filters: Filters
) -> list[ColumnElement[bool]]:
    """Everything but the state and what it is about."""
    found: list[ColumnElement[bool]] = [_c.kind.in_([kind.value for kind in ABOUT])]
    if filters.kind is not None:
        found.append(_c.kind == filters.kind.value)
    if filters.severity is not None:
        found.append(_c.severity == filters.severity.value)
    if filters.customer:
        found.append(_of_customer(connection, customers, filters.customer))
    if filters.message:
        found.append(_c.key.in_(_told_by(filters.message)))
    if filters.text.strip():
        found.append(_called(connection, filters))
    return found


def _of_customer(
    connection: Connection, customers: Customers, customer: str
) -> ColumnElement[bool]:
    """The customer's own, and causes that hurt one of its sites among others."""
    names = connection.execute(select(_c.customer).distinct()).scalars()
    same = customers.spellings(customer, names)
    wide = [
        alert.key
        for kind in WIDER_OUTAGES
        for alert in store.list_open(connection, kind)
        if any(customers.same(each.customer, customer) for each in alert.affected)
    ]
    return or_(_c.customer.in_(same), _c.key.in_(wide))


def _told_by(message: str) -> Select[tuple[str]]:
    """The alerts that one attempt to send was about; they have its target and instant."""
    first, _, attempt = message.partition("-")
    log, of_first = notification_log, notification_log.alias()
    return (
        select(log.c.alert)
        .join(
            of_first,
            and_(of_first.c.target == log.c.target, of_first.c.started_at == log.c.started_at),
        )
        .where(of_first.c.message == int(first), of_first.c.attempt == int(attempt))
        .where(log.c.bundle == f"{first}/{attempt}")
    )


def _called(connection: Connection, filters: Filters) -> ColumnElement[bool]:
    text = filters.text.strip()
    known: Sequence[str] = ()
    if not text.isascii() or text.strip("#").isalnum():
        over = filters.state is State.OVER
        state = _c.resolved_at.is_not(None) if over else _c.resolved_at.is_(None)
        keys = select(_c.key).where(state)
        if over:
            keys = keys.order_by(_c.resolved_at.desc(), _c.key).limit(MOST_SEARCHED)
        known = keys_meant(text, connection.execute(keys).scalars())
    if known:
        return _c.key.in_(known)
    pattern = f"%{_escaped(text.casefold())}%"
    columns = (_c.subject, _c.headline, _c.site, _c.customer, _c.host)
    return or_(*(func.lower(column).like(pattern, escape="\\") for column in columns))


def _escaped(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text
