"""Silences: made, looked over, ended early, and what one would match before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import store
from supportops.alerts.alert import Affected, Alert, Kind
from supportops.alerts.routing.matcher import How
from supportops.alerts.silencing import log
from supportops.alerts.silencing.silence import (
    LONGEST,
    Label,
    Matcher,
    Silence,
    SilenceState,
    aliased,
    checked,
    covered,
    known_by,
    sites_of,
)
from supportops.config.configuration import Configuration, File
from supportops.config.findings.raised import customers_named
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.storable import storable
from supportops.flows.active_configuration import active_configuration, customers_now
from supportops.names import recognised, suggestion
from supportops.rendering.render import one_line
from supportops.sites.site import Fleet, Site

LONGEST_REASON = 1000
MOST_LISTED = 500


class SilenceError(ValueError):
    """Why a silence cannot be made or ended, in one line."""


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence to be made. All of `matchers` have to match, at least one."""

    matchers: Sequence[Matcher]
    starts_at: datetime
    ends_at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Matched:
    """An open alert that a silence is about: as far as `sites` of it, which are `all_sites` or some
    of them."""

    alert: Alert
    sites: tuple[Affected, ...]
    all_sites: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What matchers are about now: open alerts, and the sites of the configuration. `unknown`: a
    line for each name that is nowhere in it."""

    alerts: tuple[Matched, ...]
    sites: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A silence, how it stands, and the open alerts that it is about."""

    silence: Silence
    state: SilenceState
    expires_soon: bool
    alerts: tuple[Matched, ...]


def add(context: Context, new: NewSilence, now: datetime) -> Silence:
    """Stores a silence. Raises SilenceError or MatcherError where it cannot be used."""
    silence = _silence(new, now)
    with writing(context.engine) as connection:
        return log.add(connection, silence)


def expire(context: Context, number: int, by: str, now: datetime) -> Silence:
    """Ends a silence at `now`: what it silenced and is still open is sent by the next dispatch.

    Raises SilenceError where there is none, or it is over.
    """
    with writing(context.engine) as connection:
        return _expired(connection, number, _line(by, "who ends it"), now)


def change(context: Context, number: int, new: NewSilence, now: datetime) -> Silence:
    """Another version of a silence: ends the one and makes the other, in one transaction, so that
    what both are about stays silent. Raises what `expire` and `add` do."""
    silence = replace(_silence(new, now), replaces=number)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DISPATCH_ALERTS)
        _expired(connection, number, silence.created_by, now)
        return log.add(connection, silence)


def listed(context: Context, now: datetime, *, expired: bool = False) -> list[Listed]:
    """The silences that are in force or to come, those that end first before the others; with
    `expired` also those that are over, the newest first."""
    with reading(context.engine) as connection:
        return listing(connection, now, expired=expired)


def listing(connection: Connection, now: datetime, *, expired: bool = False) -> list[Listed]:
    """What `listed` answers."""
    found = [each for each in log.ending_after(connection, now) if now < each.until]
    found.sort(key=lambda each: (each.until, each.id))
    if expired:
        newest = log.newest(connection, MOST_LISTED)
        found += [each for each in newest if each.until <= now]
    found = aliased(found, customers_now(connection))
    alerts = store.list_open(connection) if found else []
    return [
        Listed(each, each.state(now), each.expires_soon(now), _matched(each.matchers, alerts, now))
        for each in found
    ]


def preview(context: Context, matchers: Sequence[Matcher], now: datetime) -> Preview:
    """What a silence with these matchers would be about now. Raises MatcherError."""
    with reading(context.engine) as connection:
        return previewed(connection, matchers, now)


def previewed(connection: Connection, matchers: Sequence[Matcher], now: datetime) -> Preview:
    """What `preview` answers. Raises MatcherError."""
    usable = checked(matchers)
    alerts = store.list_open(connection)
    try:
        configuration = active_configuration(connection)
    except LookupError:
        return Preview(_matched(usable, alerts, now), (), ())
    usable = known_by(usable, configuration.customers)
    fleet = configuration.fleet if configuration.has(File.SITES) else Fleet(())
    return Preview(
        alerts=_matched(usable, alerts, now),
        sites=tuple(site.name for site in fleet.sites if _is_about(usable, site)),
        unknown=tuple(_unknown(usable, configuration, fleet)),
    )


def _matched(
    matchers: Sequence[Matcher], alerts: Sequence[Alert], now: datetime
) -> tuple[Matched, ...]:
    found = ((each.at(now), covered(matchers, each)) for each in alerts)
    return tuple(
        Matched(alert, sites, len(sites) == len(sites_of(alert)))
        for alert, sites in found
        if sites and alert.kind is not Kind.REPORT
    )


def _is_about(matchers: Sequence[Matcher], site: Site) -> bool:
    """Whether site, customer and server of a site are what the matchers name; of others than these
    nothing is said."""
    values = {Label.SITE: site.name, Label.CUSTOMER: site.customer, Label.HOST: site.host}
    about = [each for each in matchers if each.label in values]
    return bool(about) and all(
        each.is_for_customer(site.customer)
        if each.label is Label.CUSTOMER
        else each.pattern.matches(values[each.label])
        for each in about
    )


def _unknown(matchers: Sequence[Matcher], configuration: Configuration, fleet: Fleet) -> list[str]:
    known = {
        Label.SITE: [site.name for site in fleet.sites],
        Label.CUSTOMER: list(customers_named(configuration)),
        Label.HOST: sorted({site.host for site in fleet.sites if site.host}),
    }
    lines = []
    for matcher in matchers:
        names = known.get(matcher.label)
        if names is None or matcher.pattern.how is not How.EQUAL:
            continue
        for value in matcher.pattern.values:
            is_alias = matcher.label is Label.CUSTOMER and configuration.customers.knows(value)
            if not is_alias and recognised(value, names) is None:
                hint = suggestion(value, names)
                line = f"no {matcher.label} {value!r} in the configuration"
                lines.append(f"{line}; {hint}" if hint else line)
    return lines


def _silence(new: NewSilence, now: datetime) -> Silence:
    matchers, starts_at = checked(new.matchers), max(new.starts_at, now)
    if new.ends_at <= starts_at:
        raise SilenceError("it would end before it begins")
    if new.ends_at - starts_at > LONGEST:
        raise SilenceError(f"it would last more than {LONGEST.days} days")
    reason, by = _line(new.reason, "why"), _line(new.by, "who makes it")
    if len(reason) > LONGEST_REASON:
        raise SilenceError(f"the reason has {len(reason)} characters, at most {LONGEST_REASON} fit")
    return Silence(0, matchers, starts_at, new.ends_at, reason, by, now)


def _expired(connection: Connection, number: int, by: str, now: datetime) -> Silence:
    found = log.find(connection, number)
    if found is None:
        raise SilenceError(f"no silence {number}; see `supportops alerts silence list`")
    if not log.expire(connection, number, by, now):
        raise SilenceError(f"silence {number} is over since {found.until:%Y-%m-%d %H:%M} UTC")
    return replace(found, expired_by=by, expired_at=now)


def _line(written: str, what: str) -> str:
    line: str = one_line(str(storable(written)))
    if not line:
        raise SilenceError(f"{what} is missing")
    return line
