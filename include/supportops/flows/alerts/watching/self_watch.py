"""Raises an alert when the site checks stop, and ends those on DAG files that load again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import (
    list_open,
    not_seen_since,
    note_present,
    raise_alert,
    resolve_alert,
)
from supportops.db import activity
from supportops.sites.incident import affected
from supportops.sites.present import PresentState
from supportops.sites.site import STALE_AFTER, Site
from supportops.sites.store import first_start, last_run

SUBJECT = "site check"
_FOUND_BY_CHECKS = (Kind.OUTAGE, Kind.HOST_OUTAGE, Kind.FAULT)
# An import error recurs at each parse; a file without one for so long loads again.
IMPORT_ERROR_GONE = timedelta(minutes=15)


def watch_checks(connection: Connection, now: datetime, sites: Iterable[Site] = ()) -> None:
    """Raises or resolves the alert on the age of the last check; ends old import errors.

    `sites`: those that are to be checked, whose customers the alert concerns.

    Where no check was ever completed, the age counts from the first configuration that was taken
    up, so that an installation that never checks raises the alert too.
    """
    since = _last_sign_of_checks(connection, now)
    if since is None or now - since <= STALE_AFTER:
        resolve_alert(connection, Kind.CHECK_STALE, SUBJECT, now)
    else:
        raise_alert(connection, _stale(now - since, now, sites), now)
        _note_unseen(connection)
    for gone in not_seen_since(connection, Kind.IMPORT_ERROR, now - IMPORT_ERROR_GONE):
        resolve_alert(connection, Kind.IMPORT_ERROR, gone.subject, now)


def _note_unseen(connection: Connection) -> None:
    """What checks found is not known to be so any more; the next judgement knows again."""
    found = (
        alert
        for kind in _FOUND_BY_CHECKS
        for alert in list_open(connection, kind)
        if alert.covered_by is None
    )
    unseen = {"state": PresentState.UNSEEN.value}
    note_present(connection, {(alert.kind.value, alert.subject): unseen for alert in found})


def _last_sign_of_checks(connection: Connection, now: datetime) -> datetime | None:
    run = last_run(connection, judged=True)
    since = first_start(connection) if run is None else run.judged_at
    if since is None or since <= now + activity.CLOCK_TOLERANCE:
        return since
    # It is from an hour that the clock has left again: until checks run it is as old as this.
    activity.set_back(connection, now)
    activity.expect(connection, activity.Flow.SITE_CHECK, now)
    return activity.last_worked(connection, activity.Flow.SITE_CHECK)


def _stale(age: timedelta, now: datetime, sites: Iterable[Site]) -> Alert:
    return operations_alert(
        Kind.CHECK_STALE,
        SUBJECT,
        "no site was checked for more than two intervals",
        now,
        severity=Severity.CRITICAL,
        facts={
            "age_seconds": age.total_seconds(),
            "affected": affected((site, None) for site in sites),
        },
    )
