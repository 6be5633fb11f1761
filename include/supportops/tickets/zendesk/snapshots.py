"""Reads Zendesk's ticket export: that a ticket exists, whose it is, and that it was deleted.

A row is the ticket as it stands now, sent again whenever anything changed, even where only
`generated_timestamp` did. So only what stays true is read from it: who raised the ticket, and
when. What happened since is in the ticket's events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from supportops.tickets.log.quarantine import Rejected, reject
from supportops.tickets.source import Batch
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.validation import LONGEST_WORD, clean
from supportops.tickets.zendesk.model import SOURCE, Account, Names
from supportops.tickets.zendesk.records import (
    DELETED,
    BadRecordError,
    automatic,
    channel,
    instant,
    number,
    optional_number,
    record,
    status,
    tags,
)

PLACE = "incremental/tickets"
MERGED_TAG = "closed_by_merge"


def read(
    rows: Iterable[Any],
    account: Account,
    names: Names,
    deleted: Mapping[str, datetime],
    now: datetime,
) -> Batch:
    """What a page of tickets means, `rows` in the order of the export.

    `names` covers `people_in` and `organizations_in`; `deleted` has when a ticket was deleted, by
    its id; `now` is when the events are recorded.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            events += _Row(row, account, names, now).events(deleted)
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
        self.requester = optional_number(self.row.get("requester_id"))
        self.site = site_of(self.row.get("custom_fields"), account)
        self.predates = self.created.timestamp() < account.start
        self.deleted = self.row.get("status") == DELETED
        self.status = None if self.deleted else status(self.row.get("status"))

    def events(self, deleted: Mapping[str, datetime]) -> list[Event]:
        """The row's events; `deleted` as in `read`."""
        found = [self._creation(), *self._belongings()]
        if self.predates:
            found += self._baseline()
        at = deleted.get(self.ticket)
        if self.deleted and at is None:
            found.append(self._dated(EventKind.DELETED))
        elif not self.deleted and at is not None and self.updated > at:
            found.append(self._dated(EventKind.RESTORED))
        return found

    def _creation(self) -> Event:
        submitter = optional_number(self.row.get("submitter_id")) or self.requester
        machine = automatic(self.row.get("via"))
        author = Author.AUTOMATIC if machine else self.names.author(submitter, self.requester)
        # A ticket whose submitter Zendesk no longer knows was a customer's: its clocks must run.
        unknown = not machine and submitter not in self.names.roles
        facts = {
            "subject": clean(self.row.get("subject") or self.row.get("raw_subject"), LONGEST_WORD),
            "text": clean(self.row.get("description")),
            "requester": self.names.people.get(self.requester or "", self.requester or ""),
            "requester_id": self.requester,
            "channel": channel(self.row.get("via")),
            "external_id": clean(self.row.get("external_id"), LONGEST_WORD) or None,
        }
        author = Author.CUSTOMER if unknown else author
        return self._event("created", EventKind.CREATED, self.created, None, author, facts)

    def _belongings(self) -> list[Event]:
        organization = optional_number(self.row.get("organization_id"))
        found = []
        if organization is not None:
            customer = self.names.organizations.get(organization, organization)
            found.append(self._event("customer", EventKind.CUSTOMER, self.created, customer))
        if self.site is not None:
            found.append(self._event("site", EventKind.SITE, self.created, self.site))
        return found

    def _baseline(self) -> list[Event]:
        """The state of a ticket older than the account's start: its early events are not read."""
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
        author: Author = Author.AUTOMATIC,
        facts: Mapping[str, Any] | None = None,
    ) -> Event:
        name = f"ticket/{self.ticket}/{key}"
        return Event(SOURCE, name, self.ticket, kind, at, self.now, author, value, facts or {})


def _ids(rows: Iterable[Any], names: tuple[str, ...]) -> set[str]:
    found = (
        optional_number(row.get(name)) for row in rows if isinstance(row, Mapping) for name in names
    )
    return {one for one in found if one is not None and not one.startswith("-")}


def _name(row: Any) -> str:
    found = optional_number(row.get("id")) if isinstance(row, Mapping) else None
    return f"ticket/{found}" if found else "ticket/?"
