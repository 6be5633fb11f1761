"""Tells that a report was not sent by the time it should have been, and whom it did not reach.

Asked at each dispatch: one look at the reports of the period that was due last, and only where
some are missing another at why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, select

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import MessageState
from supportops.alerts.store import list_open, raise_alert, resolve_alert
from supportops.config.loader import Configuration
from supportops.config.snapshots import get
from supportops.db.schema import configurations, messages, notification_log, reports
from supportops.flows.reporting.selection import working_days
from supportops.reports.audience import Audience, Plan
from supportops.reports.period import (
    LONGEST_CLOSURE,
    Cadence,
    IsWorkingDay,
    Period,
    report_instant,
    week_before,
    working_day_before,
)

_SENT, _REPLACED, _DROPPED = "sent at last", "given up for the next one", "no longer expected"


@dataclass(frozen=True, slots=True)
class Turn:
    """The last time that a report was to be sent: about which period, and `by` when."""

    cadence: Cadence
    period: Period
    made_at: datetime
    by: datetime

    @property
    def key(self) -> str:
        return f"{_prefix(self.cadence)}{self.period.label}"

    @property
    def subject(self) -> str:
        return f"{self.cadence} report of {self.period.label}"


@dataclass(slots=True)
class Missing:
    """What is missing of one turn: audiences by what became of their reports, and recipients."""

    not_made: list[str] = field(default_factory=list)
    not_sent: list[str] = field(default_factory=list)
    not_delivered: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.not_made or self.not_sent or self.not_delivered)

    @property
    def words(self) -> str:
        told = {
            "not made for": self.not_made,
            "made but not sent to": self.not_sent,
            "not delivered to": self.not_delivered,
        }
        return "; ".join(f"{what} {', '.join(who)}" for what, who in told.items() if who)


def watch_reports(connection: Connection, configuration: Configuration, now: datetime) -> None:
    """Raises, brings up to date or resolves the alert on each cadence's last report.

    A report is sent once every audience that was known when it was to be made has an edition that
    every recipient's service took. The alert of an earlier period ends when the next one is late.
    """
    open_alerts = list_open(connection, Kind.REPORT_TROUBLE)
    for cadence in Cadence:
        turn = last_turn(configuration, cadence, now)
        missing = _missing(connection, configuration, turn) if turn else Missing()
        for alert in open_alerts:
            current = turn is not None and alert.key == turn.key
            if alert.key.startswith(_prefix(cadence)) and not (current and missing):
                over = _SENT if current else _REPLACED if turn else _DROPPED
                resolve_alert(connection, alert.kind, alert.subject, now, {"over": over})
        if turn is not None and missing:
            raise_alert(connection, _late(turn, missing, configuration.reports, now), now)


def last_turn(configuration: Configuration, cadence: Cadence, now: datetime) -> Turn | None:
    """The turn whose time to be sent `by` passed last; None where none is ever late.

    On the clocks of the plan: weekly on Mondays, daily on the days that the office opens.
    """
    plan, opens = configuration.reports, working_days(configuration.office)
    late_at = plan.late_at.get(cadence)
    if late_at is None or not plan.of(cadence):
        return None
    zone = ZoneInfo(plan.zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=n) for n in range(LONGEST_CLOSURE)):
        if not (day.weekday() == 0 if cadence is Cadence.WEEKLY else opens(day)):
            continue
        period = _about(cadence, datetime.combine(day, time(12), zone), plan.zone, opens)
        made_at = report_instant(period, opens)
        by = max(datetime.combine(day, late_at, zone).astimezone(UTC), made_at)
        if by <= now:
            return Turn(cadence, period, made_at, by)
    return None


def _about(cadence: Cadence, at: datetime, zone: str, opens: IsWorkingDay) -> Period:
    if cadence is Cadence.WEEKLY:
        return week_before(at, zone)
    return working_day_before(at, zone, opens)


def _missing(connection: Connection, configuration: Configuration, turn: Turn) -> Missing:
    plan, opens = configuration.reports, working_days(configuration.office)
    labels = {
        audience: _about(turn.cadence, turn.made_at, audience.zone, opens).label
        for audience in plan.of(turn.cadence)
    }
    standing = _standing(connection, turn.cadence, labels)
    lacking = [audience for audience in labels if not standing[audience].is_sent]
    if not lacking:
        return Missing()
    known = _known_at(connection, configuration, turn)
    found = Missing()
    for audience in lacking:
        each = standing[audience]
        if audience.name not in known:
            continue
        if not each.made:
            found.not_made.append(audience.name)
        elif each.undelivered is None:
            found.not_sent.append(audience.name)
        else:
            who = _who(connection, each.undelivered)
            found.not_delivered += [name for name in who if name not in found.not_delivered]
    return found


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far one audience's report is. `undelivered`: ids of messages of its newest issued edition
    that nobody took; None before one was issued."""

    made: bool = False
    is_sent: bool = False
    undelivered: tuple[int, ...] | None = None


def _standing(
    connection: Connection, cadence: Cadence, labels: Mapping[Audience, str]
) -> dict[Audience, _Standing]:
    r, m = reports.c, messages.c
    statement = (
        select(r.audience, r.period, r.edition, r.issued_at, m.id, m.state)
        .join_from(reports, messages, m.alert == r.alert, isouter=True)
        .where(r.cadence == cadence.value, r.period.in_(sorted(set(labels.values()))))
        .order_by(r.edition)
    )
    rows = list(connection.execute(statement).mappings())
    return {
        audience: _of([r for r in rows if (r["audience"], r["period"]) == (audience.name, label)])
        for audience, label in labels.items()
    }


def _of(rows: Sequence[RowMapping]) -> _Standing:
    """What the rows of one audience say, a row a message of an edition."""
    issued = sorted({row["edition"] for row in rows if row["issued_at"] is not None})
    undelivered = {
        edition: tuple(
            row["id"]
            for row in rows
            if row["edition"] == edition
            and row["id"] is not None
            and row["state"] != MessageState.HANDED_OVER.value
        )
        for edition in issued
    }
    if not issued:
        return _Standing(made=bool(rows))
    is_sent = any(not left for left in undelivered.values())
    return _Standing(True, is_sent, undelivered[issued[-1]])


def _who(connection: Connection, undelivered: Sequence[int]) -> Iterator[str]:
    """The targets of these messages, each with what became of the last attempt."""
    m, log = messages.c, notification_log.c
    last = select(func.max(log.id)).where(log.message == m.id).correlate(messages)
    detail = select(log.detail).where(log.id == last.scalar_subquery()).scalar_subquery()
    rows = select(m.target, detail.label("detail")).where(m.id.in_(list(undelivered)))
    for target, words in connection.execute(rows.order_by(m.id)):
        yield f"{target} ({words or 'not tried yet'})"


def _known_at(connection: Connection, configuration: Configuration, turn: Turn) -> set[str]:
    """The audiences that were configured when the report was to be made.

    On the day of its installation, or of a new audience, nobody waits for what was due before.
    """
    c = configurations.c
    earlier = select(c.digest).where(c.loaded_at <= turn.made_at)
    digest = connection.execute(earlier.order_by(c.loaded_at.desc()).limit(1)).scalar()
    if digest is None:
        return set()
    then = configuration if digest == configuration.digest else get(connection, digest)
    return {audience.name for audience in then.reports.of(turn.cadence)}


def _late(turn: Turn, missing: Missing, plan: Plan, now: datetime) -> Alert:
    at = f"{turn.by.astimezone(ZoneInfo(plan.zone)):%H:%M}"
    return operations_alert(
        Kind.REPORT_TROUBLE,
        turn.subject,
        f"{turn.subject} has not been sent by {at}: {missing.words}",
        now,
        key=turn.key,
        facts={
            "detail": missing.words,
            "period": turn.period.label,
            "not_made": missing.not_made,
            "not_sent": missing.not_sent,
            "not_delivered": missing.not_delivered,
        },
    )


def _prefix(cadence: Cadence) -> str:
    return f"{Kind.REPORT_TROUBLE}:late:{cadence}:"
