"""Maintenance from now on: people announce a window, end it, and see which there are."""

from __future__ import annotations

from datetime import datetime, timedelta

from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.storable import storable
from supportops.flows.active_configuration import active_configuration, load_or_last_good
from supportops.names import recognised, suggestion
from supportops.rendering.render import one_line
from supportops.sites.announced import store
from supportops.sites.announced.window import AnnouncedWindow, Scope

LONGEST = timedelta(days=31)
FURTHEST = timedelta(days=366)
LONGEST_REASON = 500
# A window "from now" that is sent a moment later still begins now.
_TOLERANCE = timedelta(minutes=1)


class MaintenanceError(ValueError):
    """Why no window can be announced, in one line; `field`: what of it is wrong."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def announce(
    context: Context,
    scope: Scope,
    name: str,
    until: datetime,
    reason: str,
    by: str,
    now: datetime,
    start: datetime | None = None,
) -> AnnouncedWindow:
    """Announces maintenance of a site, a server or a customer, from `start` (else `now`) on.

    It counts from the next run of checks on; the past stays as it was. Raises MaintenanceError.
    """
    start = now if start is None else start
    if now - _TOLERANCE <= start < now:
        start = now
    reason, by = storable(one_line(reason)), storable(one_line(by))
    _refuse(start, until, reason, by, now)
    load_or_last_good(context.engine, context.config, now)
    with writing(context.engine) as connection:
        active = active_configuration(connection)
        known = _named(active, scope)
        called = active.customers.named(name) if scope is Scope.CUSTOMER else name
        meant = recognised(called, known)
        if meant is None:
            hint = suggestion(name, known)
            raise MaintenanceError("name", f"no {scope} is called so{f'; {hint}' if hint else ''}")
        window = store.add(connection, scope, meant, start, until, reason, by, now)
    load_or_last_good(context.engine, context.config, now)
    return window


def end(context: Context, window: int, by: str, now: datetime) -> AnnouncedWindow:
    """Ends a window at `now`, or calls it off before it begins.

    Raises LookupError where there is none with this number, MaintenanceError where it is over.
    """
    with writing(context.engine) as connection:
        found = store.find(connection, window)
        if found is None:
            raise LookupError(f"no announced maintenance has the number {window}")
        if not store.end(connection, window, storable(one_line(by)), now):
            raise MaintenanceError("id", "it is over already")
    load_or_last_good(context.engine, context.config, now)
    return found


def not_over(context: Context, now: datetime) -> list[AnnouncedWindow]:
    """The windows that are open or to come, the first to start first."""
    with reading(context.engine) as connection:
        return store.not_over(connection, now)


def _refuse(start: datetime, until: datetime, reason: str, by: str, now: datetime) -> None:
    if not by:
        raise MaintenanceError("by", "who announces it?")
    if not reason:
        raise MaintenanceError("reason", "say what is done: people see it in place of an alarm")
    if len(reason) > LONGEST_REASON:
        raise MaintenanceError("reason", f"at most {LONGEST_REASON} characters fit")
    if start < now:
        raise MaintenanceError("start", "it begins in the past, which no announcement changes")
    if start > now + FURTHEST:
        raise MaintenanceError("start", "more than a year ahead")
    if until <= start:
        raise MaintenanceError("until", "it ends before it begins")
    if until - start > LONGEST:
        raise MaintenanceError("until", f"longer than {LONGEST.days} days")


def _named(configuration: Configuration, scope: Scope) -> list[str]:
    sites = configuration.fleet.sites if configuration.has(File.SITES) else ()
    match scope:
        case Scope.SITE:
            return [site.name for site in sites]
        case Scope.SERVER:
            return sorted({site.host for site in sites if site.host})
        case Scope.CUSTOMER:
            return sorted({site.customer for site in sites})
