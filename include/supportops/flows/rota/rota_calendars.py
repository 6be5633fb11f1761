"""Reads the calendars of teams into the configuration, and keeps the last good reading.

A calendar is never asked at the moment of an alert. What was read is part of the configuration that
is stored, so what is past stays as it was known then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.rota.calendar_reading import CalendarError
from supportops.alerts.rota.calendar_store import (
    StoredCalendar,
    forget,
    save,
    stored_calendars,
)
from supportops.alerts.store import list_open, raise_alert, resolve_alert
from supportops.config.configuration import Configuration, File
from supportops.config.rota import CalendarSource
from supportops.config.yaml_source import Fault
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.download import MOST_BYTES, DownloadError, download
from supportops.files import open_file
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.rota.rota import read_calendar
from supportops.rendering.render import one_line

NO_CALENDAR = "no team of rota.yaml has a calendar"
MOST_DUTIES = 500
MOST_UNKNOWN = 20
# One that does not answer once may be restarting; what is no calendar is told at once.
FAILURES_BEFORE_ALERT = 2
_SUBJECT = "calendar of "

Fetch = Callable[..., bytes]


class SourceError(RuntimeError):
    """A calendar that could not be fetched, in one line."""


@dataclass(frozen=True, slots=True)
class _Try:
    stored: StoredCalendar
    alarming: bool


def run(context: Context, now: datetime, fetch: Fetch = download) -> dict[str, Any]:
    """Reads every team's calendar. Answers the teams that were read, and why others were not.

    Raises ConfigurationError where there is no usable rota.yaml.
    """
    configuration, _ = load_or_last_good(context.engine, context.config, now)
    if not configuration.has(File.ROTA) and File.ROTA.value in configuration.faults:
        configuration.require(File.ROTA)
    sources = configuration.rota.calendars if configuration.has(File.ROTA) else {}
    with reading(context.engine) as connection:
        before = stored_calendars(connection)
    tries = [
        _read(context, configuration, team, source, before.get(team), now, fetch)
        for team, source in sources.items()
    ]
    with writing(context.engine) as connection:
        forget(connection, before.keys() - sources.keys())
        for each in tries:
            save(connection, each.stored)
        _tell(connection, tries, now)
    if sources or before:
        load_or_last_good(context.engine, context.config, now)
    found = [each.stored for each in tries]
    return {
        "read": [each.team for each in found if each.error is None],
        "failed": {each.team: each.error for each in found if each.error is not None},
        "unknown": {each.team: len(each.unknown) for each in found if each.unknown},
    }


def known(engine: Engine) -> dict[str, StoredCalendar]:
    """What was read so far, by team."""
    with reading(engine) as connection:
        return stored_calendars(connection)


def findings(
    configuration: Configuration, calendars: Mapping[str, StoredCalendar]
) -> Iterator[Fault]:
    """What is wrong with the calendars of the rota, as they were read last."""
    sources = configuration.rota.calendars if configuration.has(File.ROTA) else {}
    for team, source in sources.items():
        found, place = calendars.get(team), f"teams.{team}.calendar"
        if found is None or found.source != source.words:
            yield Fault("rota.yaml", None, place, "not read yet", "`supportops rota read`")
        elif found.error is not None:
            yield Fault("rota.yaml", None, place, found.error, "a calendar (iCalendar)")
        for since, summary in found.unknown if found else ():
            what = f"{summary[:60]!r} at {since[:16]} names nobody"
            yield Fault("rota.yaml", None, place, what, "one person of rota.yaml in each event")


def _read(
    context: Context,
    configuration: Configuration,
    team: str,
    source: CalendarSource,
    before: StoredCalendar | None,
    now: datetime,
    fetch: Fetch,
) -> _Try:
    if before is None or before.source != source.words:
        before = StoredCalendar(team, source.words, now)
    since, until = _window(now, configuration.rota.teams[team].zone)
    try:
        text = _text(context, source, fetch)
        found = read_calendar(configuration, team, text, since, until)
        if len(found.overrides) > MOST_DUTIES:
            raise CalendarError(f"it has more than {MOST_DUTIES} duties")
    except (SourceError, CalendarError) as error:
        failures = before.failures + 1
        failed = replace(before, tried_at=now, failures=failures, error=one_line(str(error))[:300])
        alarming = isinstance(error, CalendarError) or failures >= FAILURES_BEFORE_ALERT
        return _Try(failed, alarming)
    duties = tuple((e.since.isoformat(), e.until.isoformat(), e.person) for e in found.overrides)
    unknown = [(e.since.isoformat(), one_line(e.summary)[:120]) for e in found.unknown]
    done = StoredCalendar(
        team, source.words, now, duties, tuple(unknown[:MOST_UNKNOWN]), until, read_at=now
    )
    return _Try(done, False)


def _window(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the month before to seven months ahead, in whole months: with each reading of the same
    calendar the same, or there would be another configuration each day."""
    there = now.astimezone(zone)
    first = there.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    before = (first - timedelta(days=1)).replace(day=1)
    after = first
    for _ in range(7):
        after = (after + timedelta(days=32)).replace(day=1)
    return before, after


def _text(context: Context, source: CalendarSource, fetch: Fetch) -> str:
    """Raises SourceError, CalendarError."""
    content = _of_file(context, source) if source.file else _of_address(context, source, fetch)
    if len(content) > MOST_BYTES:
        raise CalendarError(f"it is larger than {MOST_BYTES:,} bytes")
    with contextlib.suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig")
    raise CalendarError("it is not UTF-8, so no calendar")


def _of_file(context: Context, source: CalendarSource) -> bytes:
    try:
        with open_file(context.config / source.file) as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{source.file}: {error.strerror or error}") from None


def _of_address(context: Context, source: CalendarSource, fetch: Fetch) -> bytes:
    try:
        address = context.secrets(source.secret)
    except Exception as error:
        raise SourceError(f"{source.secret} cannot be read ({type(error).__name__})") from None
    if not address:
        raise SourceError(f"the connection {source.secret} is not set")
    try:
        return fetch(address, allow_private=source.allow_private)
    except DownloadError as error:
        raise SourceError(str(error)) from None


def _tell(connection: Connection, tries: list[_Try], now: datetime) -> None:
    """Raises an alert for each calendar that could not be read, and ends those of the others."""
    bad = {f"{_SUBJECT}{each.stored.team}": each for each in tries if each.alarming}
    # A try that is not alarming yet leaves an open alert as it is.
    failing = {f"{_SUBJECT}{each.stored.team}" for each in tries if each.stored.error is not None}
    for alert in list_open(connection, Kind.CONFIGURATION):
        if alert.subject.startswith(_SUBJECT) and alert.subject not in failing:
            resolve_alert(connection, Kind.CONFIGURATION, alert.subject, now)
    for subject, each in sorted(bad.items()):
        raise_alert(connection, _alert(subject, each.stored, now), now)


def _alert(subject: str, found: StoredCalendar, now: datetime) -> Any:
    state = "its last good reading counts" if found.read_at else "nothing was read from it yet"
    fault = Fault(
        "rota.yaml",
        None,
        f"teams.{found.team}.calendar",
        found.error or "",
        "a calendar (iCalendar)",
    )
    return operations_alert(
        Kind.CONFIGURATION,
        subject,
        f"{found.source} cannot be read; {state}",
        now,
        facts={"errors": [str(fault)]},
    )
