"""Acts on sites: maintenance from now on, and a check out of turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.sites import maintenance
from supportops.flows.sites.check_now import TooSoonError, check_now
from supportops.rendering.render import local, sentence
from supportops.sites.announced.window import Scope
from supportops.sites.check import WORDS, ProbeResult
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from supportops.web.office_time import instant_of

Name = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
Moment = Annotated[str, Field(max_length=40)]


class Announcement(Body):
    """Maintenance of `name` until an hour: either `minutes` from now, or `until` (and `start`).

    `until` and `start` are on the office's clock, as a form sends them: 2026-11-26T14:30.
    """

    scope: Scope
    name: Name
    reason: Annotated[str, Field(max_length=1000)]
    minutes: Annotated[int, Field(ge=0, le=31 * 24 * 60)] = 0
    until: Moment = ""
    start: Moment = ""


class Number(Body):
    """An announced window, by its number."""

    id: int


class Site(Body):
    """A site, by its name."""

    name: Name


def _announce(acting: Acting, body: Announcement) -> Done:
    with reading(acting.context.engine) as connection:
        zone = active_configuration(connection).displayed().zone
    start = _instant("start", body.start, zone) if body.start else None
    if body.until:
        until = _instant("until", body.until, zone)
    elif body.minutes:
        until = (start or acting.now) + timedelta(minutes=body.minutes)
    else:
        raise Refused("It has no end.", until="say until when")
    try:
        window = maintenance.announce(
            acting.context, body.scope, body.name, until, body.reason, acting.who, acting.now, start
        )
    except maintenance.MaintenanceError as error:
        raise Refused("Nothing was announced.", **{error.field: str(error)}) from error
    return Done(f"{window.name} is in maintenance until {local(window.end, zone)}.")


def _instant(field: str, written: str, zone: str) -> datetime:
    try:
        return instant_of(written, zone)
    except ValueError as error:
        raise Refused("Nothing was announced.", **{field: "not a date with a time"}) from error


def _end(acting: Acting, body: Number) -> Done:
    try:
        window = maintenance.end(acting.context, body.id, acting.who, acting.now)
    except maintenance.MaintenanceError as error:
        raise Refused(sentence(error)) from error
    return Done(f"The maintenance of {window.name} has ended.")


def _check(acting: Acting, body: Site) -> Done:
    try:
        found = check_now(acting.context, body.name, acting.clock())
    except TooSoonError as error:
        raise Refused(str(error)) from error
    said = "; ".join(f"{page or 'front page'}: {_words(result)}" for page, result in found)
    return Done(f"Checked now: {said}. It is not recorded; the next run decides.")


def _words(result: ProbeResult) -> str:
    parts = [WORDS[result.reason]]
    if result.detail and not result.good:
        parts.append(result.detail)
    if result.status:
        parts.append(f"HTTP {result.status}")
    if result.phases.total is not None:
        parts.append(f"{result.phases.total:,.0f} ms")
    return ", ".join(parts)


ACTS = (
    Act("announce_maintenance", Announcement, _announce),
    Act("end_maintenance", Number, _end),
    Act("check_site", Site, _check),
)
