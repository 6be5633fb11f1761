"""Causes and notes of incidents and broken promises: what people write, and who wrote it when.

An incident is called by its key or by the #reference of its messages, a ticket by NUMBER or
SOURCE/NUMBER. A cause is shown in every report that lists the incident or the breach, so also in a
customer's; what was done is in the monthly reports of customers; a note stays inside the agency.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind
from supportops.alerts.store import find_all
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, incidents
from supportops.db.storable import storable
from supportops.flows.alerts.acting import note_log
from supportops.flows.alerts.acting.note_log import NOTHING, Entry, Noted
from supportops.flows.alerts.alert_acts import AmbiguousReference, UnknownAlert, meant
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.names import near, recognised
from supportops.rendering.render import one_line
from supportops.sites.incident import IncidentKind
from supportops.tickets.source import PHONE

LONGEST_CAUSE, LONGEST_NOTE, LONGEST_NAME = 200, 2_000, 200
LONGEST_DONE = 500
_OF_TICKETS = SERVICE_LEVEL_KINDS | {Kind.CALL}
_OF_INCIDENTS = {Kind(kind.value) for kind in IncidentKind}
_MOST = 500
"""Of what was noted lately about incidents that are over for long."""


class NoteError(ValueError):
    """Why something cannot be noted, in one line."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was noted. `alike`: causes that were given before and look like a new one."""

    about: str
    noted: Noted
    alike: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "about": self.about,
            "cause": self.noted.cause,
            "done": self.noted.done,
            "note": self.noted.note,
            "history": [entry.to_json() for entry in self.noted.entries],
            "alike": list(self.alike),
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """An incident or a broken promise, with what was noted about it. Instants are aware UTC.

    `called`: by what `note` finds it, the shortest name.
    """

    called: str
    about: str
    what: str
    subject: str
    began: datetime
    ended: datetime | None
    noted: Noted

    def to_json(self) -> dict[str, Any]:
        """Plain values; instants as ISO texts in UTC."""
        return {
            "called": self.called,
            "key": self.about,
            "what": self.what,
            "subject": self.subject,
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "cause": self.noted.cause,
            "done": self.noted.done,
            "note": self.noted.note,
            "history": [entry.to_json() for entry in self.noted.entries],
        }


def note(
    context: Context,
    key: str,
    cause: str | None,
    text: str | None,
    who: str,
    now: datetime,
    *,
    done: str | None = None,
) -> Written:
    """Notes the cause of an incident or a breach, what was `done` about it in words for customers,
    and a text for the agency; None leaves what was noted before, an empty text takes it back.

    A cause that was given before but for case and spaces is written as it was then. Raises
    LookupError where nothing or several things are called `key`, NoteError for what does not fit.
    """
    cause, text = _checked("cause", cause, LONGEST_CAUSE), _checked("note", text, LONGEST_NOTE)
    done = _checked("text of what was done", done, LONGEST_DONE)
    by = _checked("name of who writes it", who, LONGEST_NAME)
    if cause is None and text is None and done is None:
        raise NoteError("nothing to note: give a cause, a note, or both")
    if not by:
        raise NoteError("who writes it? The name is empty")
    with writing(context.engine) as connection:
        about = _about(connection, key)
        known = [each for each, _ in note_log.causes(connection)]
        same = recognised(cause, known) if cause else None
        alike = near(cause, known) if cause and same is None else []
        note_log.append(connection, Entry(about, same or cause, text, by, now, done))
        return Written(about, note_log.noted(connection, [about])[about], tuple(alike))


def listing(context: Context, since: datetime) -> list[Listed]:
    """The incidents and broken promises since an instant, and those that something was noted about
    since then, the newest first."""
    with reading(context.engine) as connection:
        found = {each.about: each for each in _listed(connection, since)}
    return sorted(found.values(), key=lambda each: (each.began, each.about), reverse=True)


def used_causes(context: Context) -> list[tuple[str, int]]:
    """Causes that were given before, and how often; the most frequent first."""
    with reading(context.engine) as connection:
        return list(note_log.causes(connection))


def causes(connection: Connection, most: int) -> list[str]:
    """The `most` causes that were given most often before."""
    return [cause for cause, _ in note_log.causes(connection)[:most]]


def of_alert(connection: Connection, alert: Alert) -> Noted:
    """What was noted about the incident or the ticket that an alert is about."""
    about = _about_alert(alert)
    return note_log.noted(connection, [about]).get(about, NOTHING) if about else NOTHING


def _checked(what: str, text: str | None, most: int) -> str | None:
    """One line that every store keeps."""
    if text is None:
        return None
    if len(text) > 4 * most or len(line := one_line(storable(text))) > most:
        raise NoteError(f"the {what} has {len(text):,} characters, at most {most:,} fit")
    return line


def _about(connection: Connection, key: str) -> str:
    """What is called `key`: a key counts before a ticket's number, that before a reference."""
    key = storable(key)
    if connection.execute(select(incidents.c.key).where(incidents.c.key == key)).first():
        return key
    if not key.startswith("#"):
        with suppress(NoTicket):
            return note_log.about_ticket(*_ticket(connection, key))
    try:
        return _required(meant(connection, key), key)
    except UnknownAlert:
        raise LookupError(
            f"no incident or ticket is called {key[:100]!r}; see `supportops incidents list`"
        ) from None
    except AmbiguousReference as error:
        raise NoteError(str(error)) from None


class NoTicket(LookupError):
    """No ticket has this name."""


def _ticket(connection: Connection, key: str) -> tuple[str, str]:
    """Raises NoTicket, and LookupError where several tickets are called so."""
    try:
        return find_ticket(connection, key)
    except LookupError as error:
        raise (error if str(error).startswith("several") else NoTicket(str(error))) from None


def _required(alert: Alert, key: str) -> str:
    about = _about_alert(alert)
    if about is None:
        raise LookupError(f"{key!r} is about this installation, not about a site or a ticket")
    return about


def _about_alert(alert: Alert) -> str | None:
    """An incident's alert has its key; others are about a ticket, or about neither."""
    if alert.kind in _OF_TICKETS:
        number = alert.facts.get("ticket")
        source = alert.facts.get("source", PHONE)
        return note_log.about_ticket(str(source), str(number)) if number else None
    return alert.key if alert.kind in _OF_INCIDENTS else None


def _listed(connection: Connection, since: datetime) -> Iterator[Listed]:
    noted_lately = note_log.noted_since(connection, since)
    recent, i = list(_breaches(connection, since)), incidents.c
    lately = [each for each in noted_lately if note_log.ticket_of(each) is None]
    rows = connection.execute(
        select(i.key, i.kind, i.subject, i.site, i.started_at, i.ended_at)
        .where((i.started_at >= since) | i.ended_at.is_(None) | i.key.in_(lately[:_MOST]))
        .order_by(i.key)
    ).all()
    tickets: dict[str, datetime | None]
    tickets = {note_log.about_ticket(source, number): at for source, number, at in recent}
    for each in noted_lately:
        if note_log.ticket_of(each) is not None:
            tickets.setdefault(each, None)
    about = note_log.noted(connection, [*(row.key for row in rows), *tickets])
    for row in rows:
        what = row.kind.replace("_", " ")
        called, subject = f"#{reference_of(row.key)}", row.site or row.subject
        noted = about.get(row.key, NOTHING)
        yield Listed(called, row.key, what, subject, row.started_at, row.ended_at, noted)
    for name, at in tickets.items():
        noted, called = about.get(name, NOTHING), note_log.ticket_of(name) or name
        began = at or noted.entries[0].at
        yield Listed(called, name, "breach" if at else "ticket", called, began, None, noted)


def _breaches(connection: Connection, since: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Source, number and first breach of the tickets whose promises were broken since then."""
    a, found = alerts.c, dict[tuple[str, str], datetime]()
    statement = (
        select(a.key).where(a.kind == Kind.SLA_BREACH.value, a.opened_at >= since).order_by(a.key)
    )
    for alert in find_all(connection, connection.execute(statement).scalars()).values():
        number = alert.facts.get("ticket")
        if number and not alert.retracted:
            name = str(alert.facts.get("source", "")), str(number)
            found[name] = min(alert.opened_at, found.get(name, alert.opened_at))
    for (source, number), at in sorted(found.items()):
        yield source, number, at
