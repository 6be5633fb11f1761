"""The rows that the pages read from the store: bounded, and no query once for each site."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from supportops.db.listed import listed
from supportops.db.schema import (
    check_results,
    check_runs,
    messages,
    notification_log,
    site_days,
    site_status,
)
from supportops.sites.check import Phases, State
from supportops.sites.standing import SiteState, Track
from supportops.sites.summaries.day import DAY
from supportops.web.tiles import FaultyPage, FrontPage

LOG_TAIL = 5000


def front_pages(connection: Connection, only: str | None = None) -> dict[str, FrontPage]:
    """The state of every front page, or of the site `only`, by the site's name."""
    c = site_status.c
    columns = (c.site, c.state, c.reason, c.since, c.checked_at, c.total_ms, c.certificate_expires)
    statement = select(*columns).where(c.page == "", c.track == Track.OUTAGE.value)
    if only is not None:
        statement = statement.where(c.site == only)
    rows = connection.execute(statement).all()
    return {name: FrontPage(SiteState(state), *rest) for name, state, *rest in rows}


# Shown with its underscores as spaces.
FAILS_AT_TIMES = "fails_at_times"


def faulty_pages(connection: Connection, only: str | None = None) -> dict[str, list[FaultyPage]]:
    """The pages whose fault is confirmed, or that fail at times, of all sites or of `only`, by the
    site's name."""
    c = site_status.c
    faulty = (SiteState.DOWN.value, SiteState.DEGRADED.value)
    statement = (
        select(c.site, c.page, c.reason, c.since, c.state)
        .where(c.track == Track.FAULT.value, c.state.in_(faulty))
        .order_by(c.site, c.page)
    )
    if only is not None:
        statement = statement.where(c.site == only)
    rows = connection.execute(statement)
    found: dict[str, list[FaultyPage]] = {}
    for name, page, reason, since, state in rows:
        shown = reason if state == SiteState.DOWN.value else FAILS_AT_TIMES
        found.setdefault(name, []).append(FaultyPage(page, shown, since))
    return found


def run_slots(connection: Connection, start: datetime) -> list[datetime]:
    """The slots of the judged runs since `start`, in order."""
    c = check_runs.c
    statement = select(c.slot).where(c.slot >= start, c.judged_at.is_not(None)).order_by(c.slot)
    return list(connection.execute(statement).scalars().all())


def first_checked(
    connection: Connection, names: Sequence[str], start: datetime
) -> dict[str, datetime]:
    """The first slot since `start` in which each of `names` was checked."""
    c = check_results.c
    asked = listed(connection, names).c.value
    # One look into the index for each site: its results of a day are not read.
    first = select(func.min(c.slot)).where(c.site == asked, c.page == "", c.slot >= start)
    rows = connection.execute(select(asked, first.scalar_subquery()))
    return {name: slot for name, slot in rows if slot is not None}


def last_configurations(connection: Connection, site: str) -> list[str]:
    """The digest of the configuration of a site's last check; where that check was removed, those
    of the last day that it has a summary of, the newest first; none where it never had one."""
    c, d, r = check_results.c, site_days.c, check_runs.c
    checked = select(func.max(c.slot)).where(c.site == site, c.page == "")
    newest = select(r.configuration).order_by(r.slot.desc())
    if (last := connection.execute(checked).scalar()) is not None:
        found = newest.where(r.slot == last)
    elif day := connection.execute(select(func.max(d.day)).where(d.site == site)).scalar():
        found = newest.where(r.slot >= day, r.slot < day + DAY)
    else:
        return []
    return list(dict.fromkeys(connection.execute(found).scalars()))


def good_checks(
    connection: Connection, site: str, start: datetime, end: datetime
) -> list[tuple[datetime, Phases]]:
    """When a site's front page answered as expected in [start, end), and how long it took."""
    c = check_results.c
    times = (c.dns_ms, c.connect_ms, c.tls_ms, c.first_byte_ms, c.total_ms)
    statement = (
        select(c.checked_at, *times)
        .where(c.site == site, c.page == "", c.slot >= start, c.slot < end)
        .where(c.state == State.UP.value)
        .order_by(c.slot, c.attempt)
    )
    return [(at, Phases(*found)) for at, *found in connection.execute(statement)]


def last_results(
    connection: Connection, site: str, since: datetime, most: int
) -> Sequence[RowMapping]:
    """The newest results of a site, all its pages, the newest first."""
    c = check_results.c
    statement = (
        select(
            c.checked_at,
            c.page,
            c.attempt,
            c.state,
            c.reason,
            c.detail,
            c.status,
            c.total_ms,
            c.address,
        )
        .where(c.site == site, c.slot >= since)
        .order_by(c.slot.desc(), c.page, c.attempt.desc())
        .limit(most)
    )
    return connection.execute(statement).mappings().all()


def certificate_of(connection: Connection, site: str) -> datetime | None:
    """When the certificate of a site expires, if it is known."""
    c = site_status.c
    return connection.execute(
        select(c.certificate_expires).where(
            c.site == site, c.page == "", c.track == Track.OUTAGE.value
        )
    ).scalar()


def messages_of(connection: Connection, alert: str, most: int) -> Sequence[RowMapping]:
    """An alert's messages in the order in which they were queued."""
    statement = _messages().where(messages.c.alert == alert).order_by(messages.c.id).limit(most)
    return connection.execute(statement).mappings().all()


def messages_of_all(
    connection: Connection, alerts: Iterable[str], most: int
) -> dict[str, list[RowMapping]]:
    """The messages of some alerts, by the alert, in the order in which they were queued."""
    c = messages.c
    statement = _messages().where(c.alert.in_(list(alerts))).order_by(c.id).limit(most)
    found: dict[str, list[RowMapping]] = {}
    for row in connection.execute(statement).mappings():
        found.setdefault(row["alert"], []).append(row)
    return found


def unfinished_messages(connection: Connection, most: int) -> tuple[Sequence[RowMapping], int]:
    """Messages that are still queued, the next one first, and how many there are."""
    waiting = messages.c.finished_at.is_(None)
    rows = connection.execute(
        _messages().where(waiting).order_by(messages.c.next_attempt_at, messages.c.id).limit(most)
    )
    total = connection.execute(select(func.count()).select_from(messages).where(waiting))
    return rows.mappings().all(), total.scalar_one()


def _messages() -> Any:
    c = messages.c
    return select(
        c.id,
        c.alert,
        c.target,
        c.channel,
        c.phase,
        c.step,
        c.reminder,
        c.why,
        c.state,
        c.attempts,
        c.maybe_sent,
        c.duty,
        c.claimed_at,
        c.queued_at,
        c.next_attempt_at,
        c.finished_at,
    )


def attempts_of(connection: Connection, alert: str, most: int) -> dict[int, list[RowMapping]]:
    """An alert's attempts in the notification log, by message id, in order; at most `most`."""
    c = notification_log.c
    statement = (
        select(c.message, c.attempt, c.outcome, c.detail, c.started_at, c.seconds)
        .where(c.alert == alert)
        .order_by(c.id)
        .limit(most)
    )
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(statement).mappings():
        found.setdefault(row["message"], []).append(row)
    return found


def newest_attempts(connection: Connection, targets: Iterable[str]) -> dict[str, RowMapping]:
    """The newest attempt to each of `targets`, by target, among the last rows of the log."""
    c = notification_log.c
    newest = connection.execute(select(func.max(c.id))).scalar() or 0
    ids = (
        select(func.max(c.id))
        .where(c.id > newest - LOG_TAIL, c.target.in_(list(targets)))
        .group_by(c.target)
    )
    statement = select(c.target, c.channel, c.outcome, c.detail, c.started_at).where(c.id.in_(ids))
    return {row["target"]: row for row in connection.execute(statement).mappings()}
