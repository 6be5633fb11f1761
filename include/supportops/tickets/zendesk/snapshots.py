"""Reads Zendesk's ticket export: that a ticket exists, whose it is, and that it was deleted.

A row is the ticket as it stands now, sent again whenever anything changed, even where only
`generated_timestamp` did. So a creation is read from it only where nothing has changed since.
What happened is in the ticket's events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.tickets.log.quarantine import Rejected, reject
from supportops.tickets.source import Batch
from supportops.tickets.ticket import Author, Event, EventKind, known_since
from supportops.tickets.validation import LONGEST_WORD, clean
from supportops.tickets.zendesk.creation import Creation
from supportops.tickets.zendesk.model import SOURCE, Account, Names
from supportops.tickets.zendesk.records import (
    DELETED,
    BadRecordError,
    automatic,
    channel,
    instant,
    number,
    optional_number,
    own_fields,
    record,
    status,
    tags,
)

PLACE = "incremental/tickets"
MERGED_TAG = "closed_by_merge"


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of the tickets of a page, by their ids.

    `created`: those whose creation is in the store. `read_until`: the epoch second up to which
    ticket events were read, None before any were. `whole`: those whose history was fetched with
    the page. `ours`: those that this program raised for outages.
    """

    created: frozenset[str] = frozenset()
    read_until: int | None = None
    whole: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()


def read(
    rows: Iterable[Any],
    account: Account,
    names: Names,
    deleted: Mapping[str, datetime],
    now: datetime,
    known: Known | None = None,
) -> Batch:
    """What a page of tickets means, `rows` in the order of the export.

    `names` covers `people_in` and `organizations_in`; `deleted` has when a ticket was deleted, by
    its id; `now` is when the events are recorded. Without `known`, each row is read as a creation.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            events += _Row(row, account, names, now).events(deleted, known)
        except BadRecordError as error:
            rejected.append(reject(_name(row), PLACE, str(error), row))
    return Batch(tuple(events), tuple(rejected))


def people_in(rows: Iterable[Any]) -> set[str]:
    """The ids of the people whose roles and names are needed to read `rows`."""
    return _ids(rows, ("requester_id", "submitter_id", "assignee_id"))


def organizations_in(rows: Iterable[Any]) -> set[str]:
    """The ids of the organizations whose names are needed to read `rows`."""
    return _ids(rows, ("organization_id",))


def ticket_ids(rows: Iterable[Any]) -> set[str]:
    """The ids of the tickets in `rows`."""
    return _ids(rows, ("id",))


def older_than_start(rows: Iterable[Any], account: Account) -> list[str]:
    """The ids of the tickets in `rows` that were created before the account's start, in order.

    Deleted ones are left out, since Zendesk shows their history to nobody.
    """
    found: dict[str, None] = {}
    for row in rows:
        try:
            ticket = number(record(row, "the ticket"), "id")
            created = instant(row.get("created_at"), "created_at")
        except BadRecordError:
            continue
        if created.timestamp() < account.start and row.get("status") != DELETED:
            found[ticket] = None
    return list(found)


def names_fields(rows: Iterable[Any]) -> bool:
    """Whether one of `rows` has a value in a field of the account's own."""
    return any(fields_of(row.get("custom_fields")) for row in rows if isinstance(row, Mapping))


def fields_of(custom_fields: Any) -> dict[str, str]:
    """The values of the account's own fields, by their ids."""
    listed = custom_fields if isinstance(custom_fields, list) else []
    return own_fields(
        {str(each.get("id")): each.get("value") for each in listed if isinstance(each, Mapping)}
    )


def site_of(custom_fields: Any, account: Account) -> str | None:
    """The site named in the ticket's field `account.site_field`; None where there is none."""
    if account.site_field is None or not isinstance(custom_fields, list):
        return None
    for entry in custom_fields:
        if isinstance(entry, Mapping) and str(entry.get("id")) == account.site_field:
            return clean(entry.get("value"), LONGEST_WORD) or None
    return None


class _Row:
    """One row; its fields are checked before any event is made."""

    def __init__(self, row: Any, account: Account, names: Names, now: datetime) -> None:
        self.row = record(row, "the ticket")
        self.names = names
        self.now = now
        self.ticket = number(self.row, "id")
        self.created = instant(self.row.get("created_at"), "created_at")
        self.updated = instant(self.row.get("updated_at"), "updated_at")
        self.site = site_of(self.row.get("custom_fields"), account)
        self.predates = self.created.timestamp() < account.start
        self.deleted = self.row.get("status") == DELETED
        self.status = None if self.deleted else status(self.row.get("status"))

    def events(self, deleted: Mapping[str, datetime], known: Known | None) -> list[Event]:
        """The row's events; `deleted` and `known` as in `read`."""
        found: list[Event] = []
        if self._creates(known):
            found += self._creation(known or Known())
            if self.predates:
                found += [*known_since(found[0], self.updated), *self._baseline()]
        at = deleted.get(self.ticket)
        if self.deleted and at is None:
            found.append(self._dated(EventKind.DELETED))
        elif not self.deleted and at is not None and self.updated > at:
            found.append(self._dated(EventKind.RESTORED))
        return found

    def _creates(self, known: Known | None) -> bool:
        """Whether the row says how the ticket was created.

        What has changed since is read from the update that created it; where that should have come
        already and has not, the row is all there is.
        """
        if known is None:
            return True
        if self.ticket in known.created or self.ticket in known.whole:
            return False
        if self.predates or self.updated == self.created:
            return True
        return known.read_until is not None and self.created.timestamp() <= known.read_until

    def _creation(self, known: Known) -> list[Event]:
        requester = optional_number(self.row.get("requester_id"))
        creation = Creation(
            ticket=self.ticket,
            at=self.created,
            submitter=optional_number(self.row.get("submitter_id")) or requester,
            requester=requester,
            subject=self.row.get("subject") or self.row.get("raw_subject"),
            text=self.row.get("description"),
            channel=channel(self.row.get("via")),
            automatic=automatic(self.row.get("via")),
            organization=optional_number(self.row.get("organization_id")),
            site=self.site,
            ours=self.ticket in known.ours,
            fields=fields_of(self.row.get("custom_fields")),
        )
        return creation.events(self.names, self.now)

    def _baseline(self) -> list[Event]:
        """The state of a ticket older than the account's start, whose history is not to be had.

        It is known from the row's last change on: the state before that is not.
        """
        assignee = optional_number(self.row.get("assignee_id"))
        words = tags(self.row.get("tags"))
        values = {
            EventKind.STATUS: self.status.value if self.status else None,
            EventKind.PRIORITY: clean(self.row.get("priority"), LONGEST_WORD) or None,
            EventKind.ASSIGNEE: self.names.people.get(assignee, assignee) if assignee else None,
            EventKind.TAGS: words or None,
        }
        found = [
            self._event(f"baseline/{kind.value}", kind, self.updated, value)
            for kind, value in values.items()
            if value is not None
        ]
        if words and MERGED_TAG in words.split(","):
            found.append(self._event("merged", EventKind.MERGED, self.updated))
        return found

    def _dated(self, kind: EventKind) -> Event:
        # `updated_at` stays while only generated_timestamp changes: the same row, the same key.
        return self._event(f"{kind.value}/{self.updated.isoformat()}", kind, self.updated)

    def _event(
        self,
        key: str,
        kind: EventKind,
        at: datetime,
        value: str | None = None,
    ) -> Event:
        name = f"ticket/{self.ticket}/{key}"
        return Event(SOURCE, name, self.ticket, kind, at, self.now, Author.AUTOMATIC, value)


def _ids(rows: Iterable[Any], names: tuple[str, ...]) -> set[str]:
    found = (
        optional_number(row.get(name)) for row in rows if isinstance(row, Mapping) for name in names
    )
    return {one for one in found if one is not None and not one.startswith("-")}


def _name(row: Any) -> str:
    found = optional_number(row.get("id")) if isinstance(row, Mapping) else None
    return f"ticket/{found}" if found else "ticket/?"
