"""Fills a new store with the past of the demo's sites: runs, days, last checks, and incidents.

Afterwards it is the store of an agency that has checked these sites for weeks and removed the older
checks: it has the runs, summaries of days, the checks of the last days, and the incidents with what
was noted about them. Nobody is notified of any of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Connection, insert, select

from supportops.config.configuration import Configuration
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import check_runs
from supportops.flows.alerts.acting import note_log
from supportops.flows.alerts.acting.note_log import Entry
from supportops.sites import store
from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.domains import store as domains
from supportops.sites.domains.found import Found
from supportops.sites.domains.registration import Registration, RegistryStatus
from supportops.sites.ending import Ending
from supportops.sites.history import SiteHistory, Span
from supportops.sites.incident import (
    Change,
    ChangeKind,
    IncidentKind,
    closed,
    host_incident,
    page_incident,
)
from supportops.sites.site import FIVE_MINUTES, Fleet, Site
from supportops.sites.standing import Attempt, SiteState, Standing
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY, DaySummary, day_of
from supportops.sites.summaries.day import summaries as summaries_of
from supportops.sites.timeline import Flip

WEEKS = 9
"""So many whole weeks before the current one hold the whole calendar month before this one."""
_SINGLE_CHECKS = 2 * DAY
_SETTLED, _CONFIRMED = timedelta(minutes=30), timedelta(seconds=41)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Outage:
    """What was down for how long, and what was seen and noted. `server`: all `sites` on it."""

    sites: Sequence[Site]
    server: str | None
    span: Span
    result: ProbeResult
    cause: str
    done: str


def run(
    context: Context, file: Path, now: datetime, ends: Mapping[str, datetime] | None = None
) -> int | None:
    """Writes what `file` says happened before `now`; returns how many outages that were.

    `ends`: of registrations, by domain, as their registries have said since then.

    None, with nothing written, where sites were checked before.
    """
    with reading(context.engine) as connection:
        if connection.execute(select(check_runs.c.slot).limit(1)).first() is not None:
            return None
    configuration = load(context.config)
    zone = ZoneInfo(configuration.zone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    start = day_of(_at(monday - timedelta(weeks=WEEKS), "00:00", zone))
    single = day_of(now - _SINGLE_CHECKS)
    story = yaml.safe_load(file.read_text(encoding="utf-8"))
    outages = [_outage(configuration.fleet, each, monday, zone) for each in story["outages"]]
    outages = [each for each in outages if each.span.end < single]
    with writing(context.engine) as connection:
        save(connection, configuration, start)
        _runs(connection, configuration, Span(start, now))
        summaries.keep(connection, _days(configuration.fleet, outages, start, single))
        summaries.add_sites(connection, [(s.name, single) for s in configuration.fleet.sites])
        summaries.note_pruned(connection, single)
        for slot, attempts in _checks(configuration.fleet, single, now):
            store.append_results(connection, slot, attempts)
        _domain_checks(connection, ends or {}, Span(start, now - DAY))
        for outage in outages:
            _note(connection, configuration.fleet, outage, story["by"])
    return len(outages)


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _outage(fleet: Fleet, story: Mapping[str, Any], monday: date, zone: ZoneInfo) -> Outage:
    day = monday - timedelta(weeks=story["weeks"]) + timedelta(_WEEKDAYS.index(story["day"]))
    began = _at(day, story["at"], zone)
    server = story.get("server")
    sites = [s for s in fleet.sites if s.name == story.get("site") or (server and s.host == server)]
    reason, status = Reason(story["reason"]), story.get("status")
    result = ProbeResult(sites[0].url, State.DOWN, reason, began, status=status)
    span = Span(began, began + timedelta(minutes=story["minutes"]))
    return Outage(sites, server, span, result, story["cause"], story["done"])


def _runs(connection: Connection, configuration: Configuration, span: Span) -> None:
    """A run every five minutes, the last one at most that long ago."""
    slots, slot = list[datetime](), span.start
    while slot <= span.end - FIVE_MINUTES:
        slots.append(slot)
        slot += FIVE_MINUTES
    rows = [
        {
            "slot": slot,
            "configuration": configuration.digest,
            "started_at": slot,
            "sites": len(configuration.fleet.sites),
            "judged_at": slot + timedelta(seconds=3),
            "judged_order": number,
            "summary": {"blind": False},
        }
        for number, slot in enumerate(slots, start=1)
    ]
    connection.execute(insert(check_runs), rows)


def _days(
    fleet: Fleet, outages: Sequence[Outage], start: datetime, end: datetime
) -> Iterator[DaySummary]:
    """A summary of each site and whole day in [start, end)."""
    for site in fleet.sites:
        history = SiteHistory.always(site, fleet.policy)
        flips = [Flip(start, SiteState.UP)]
        for each in sorted(outages, key=lambda outage: outage.span.start):
            if site in each.sites:
                flips += [Flip(each.span.start, SiteState.DOWN), Flip(each.span.end, SiteState.UP)]
        day = start
        while day < end:
            checks = [day + number * FIVE_MINUTES for number in range(DAY // FIVE_MINUTES)]
            known_at = day + DAY + _SETTLED
            yield from summaries_of(
                site.name, history, flips, checks, Span(day, day + DAY), known_at
            )
            day += DAY


def _checks(
    fleet: Fleet, start: datetime, now: datetime
) -> Iterator[tuple[datetime, list[Attempt]]]:
    """The checks of every page since `start`, all good, some slower than others."""
    slot, number = start, 0
    while slot <= now - FIVE_MINUTES:
        attempts = []
        for place, site in enumerate(fleet.sites):
            for path in ("", *(page.path for page in site.pages)):
                total = 40 + place * 9 + (number * 37 + place * 61) % 23 + len(path)
                seen = ProbeResult(
                    site.url,
                    State.UP,
                    Reason.OK,
                    slot + timedelta(seconds=1),
                    status=200,
                    phases=Phases(0.2, 0.6, None, total - 3.0, float(total)),
                )
                attempts.append(Attempt(site.name, path, 0, seen))
        yield slot, attempts
        slot, number = slot + FIVE_MINUTES, number + 1


def _domain_checks(connection: Connection, ends: Mapping[str, datetime], span: Span) -> None:
    """A check of each domain each week, of its registration alone."""
    at = span.start + timedelta(hours=5)
    while at < span.end:
        for domain, ends_at in ends.items():
            known = Registration(RegistryStatus.KNOWN, ends_at)
            domains.append(connection, Found(domain, at, known))
        at += timedelta(weeks=1)


def _note(connection: Connection, fleet: Fleet, outage: Outage, by: str) -> None:
    """The incident from its beginning to its end, and what was noted an hour later."""
    began, ended = outage.span.start, outage.span.end
    standing = Standing(
        SiteState.DOWN,
        down=True,
        since=began,
        last_good_at=began - FIVE_MINUTES,
        last_bad=outage.result,
    )
    seen_at = began + _CONFIRMED
    site = outage.sites[0]
    if outage.server is None:
        kind = IncidentKind.OUTAGE
        incident = page_incident(kind, site.name, site, "", standing, seen_at)
    else:
        down = {each.name: standing for each in outage.sites}
        known = sum(each.host == outage.server for each in fleet.sites)
        incident = host_incident(outage.server, outage.sites, down, standing, known, seen_at)
    over = closed(incident, ended, ended, Ending.RECOVERED, "answers as expected again")
    store.save_changes(connection, [Change(ChangeKind.OPENED, incident, "confirmed"), over])
    noted_at = ended + timedelta(hours=1)
    entry = Entry(incident.key, outage.cause, None, by, noted_at, outage.done)
    note_log.append(connection, entry)
