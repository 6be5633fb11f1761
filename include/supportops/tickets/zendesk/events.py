"""Reads Zendesk's ticket events: each change of each ticket, at the second it happened.

A record is one update of a ticket, with a child for each thing that it changed: `Create` and
`Change` carry a field and its value, `Comment` its text (only with the sideload). Zendesk adds
new types without notice, so an unknown one becomes a note with its raw type, which no clock reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from supportops.tickets.log.quarantine import Rejected, reject
from supportops.tickets.source import Batch
from supportops.tickets.ticket import MAX_SEQUENCE, Author, Event, EventKind
from supportops.tickets.validation import LONGEST_WORD, clean
from supportops.tickets.zendesk.acting import Acting
from supportops.tickets.zendesk.creation import Creation
from supportops.tickets.zendesk.model import OUTAGE_TAGS, SOURCE, Account, Names
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
from supportops.tickets.zendesk.snapshots import MERGED_TAG
from supportops.tickets.zendesk.updates import by_name, objects

PLACE = "incremental/ticket_events"
# The comment that a merge adds to the ticket that it closes.
_MERGED_INTO = re.compile(r"merged into (?:request|ticket) #?([0-9]{1,20})", re.IGNORECASE)
_CHILDREN = 1_024  # more than an update changes at once
_FIELDS = ("status", "priority", "assignee_id", "organization_id", "tags")
# What only agents change; a status other than open, which a customer's answer sets as well.
_AGENTS_FIELDS = frozenset({"priority", "assignee_id", "group_id", "requester_id"})
# What a creation's own event tells.
_CREATION = frozenset({"subject", "requester_id", "organization_id", "custom_ticket_fields"})
_AGENTS_STATUSES = frozenset({"pending", "hold", "solved"})


def read(
    audits: Iterable[Any],
    account: Account,
    names: Names,
    requesters: Mapping[str, str],
    now: datetime,
) -> Batch:
    """As `read_acting`, where no more is known of people than `requesters`, by the ticket's id."""
    return read_acting(audits, account, Acting.of(names, requesters), now)


def read_acting(audits: Iterable[Any], account: Account, acting: Acting, now: datetime) -> Batch:
    """What a page of ticket events means; a child that cannot be read is rejected alone.

    The names in `acting` cover `people_in` and `organizations_in`; it learns from the page who was
    whose requester and who acted as an agent. `now` is when the events are recorded.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    readable: list[_Audit] = []
    for raw in audits:
        try:
            readable.append(_Audit(raw, account, acting, now))
        except BadRecordError as error:
            rejected.append(reject(_name(raw), PLACE, str(error), raw))
    for audit in sorted(readable, key=lambda each: (each.at, int(each.id))):
        audit.learn()
        if audit.creates:
            events += audit.creation()
        for place, child in enumerate(audit.children):
            try:
                events += audit.placed(audit.read(child, place), place)
            except BadRecordError as error:
                name = f"event/{audit.id}/{place}"
                rejected.append(reject(name, PLACE, str(error), child))
    return Batch(tuple(events), tuple(rejected))


class _Audit:
    """One update of a ticket: its own fields are checked first, then its children one by one."""

    def __init__(self, raw: Any, account: Account, acting: Acting, now: datetime) -> None:
        fields = record(raw, "the ticket event")
        self.id = number(fields, "id")
        self.ticket = number(fields, "ticket_id")
        self.via = fields.get("via")
        stamp = fields.get("created_at")
        self.at = instant(fields.get("timestamp") if stamp is None else stamp, "created_at")
        children = fields.get("child_events")
        if not isinstance(children, list):
            raise BadRecordError("child_events is no list")
        self.children: list[Any] = children
        self.account = account
        self.acting = acting
        self.names = acting.names
        self.now = now
        self.updater = optional_number(fields.get("updater_id"))
        self.automatic = automatic(self.via)
        self.creates = any(child.get("event_type") == "Create" for child in objects(children))
        self.ours = self.ticket in acting.ours or (self.creates and self._tagged_as_ours())

    def learn(self) -> None:
        """Tells `acting` who the requester is from now on, and who acted as an agent."""
        if self.creates and not self.ours:
            self.acting.ask(self.ticket, self._first_requester())
        for fields in self._changed():
            created = fields.get("event_type") == "Create"
            if "requester_id" in fields and not created:
                self.acting.ask(self.ticket, optional_number(fields["requester_id"]))
            if assignee := optional_number(fields.get("assignee_id")):
                self.acting.acts_as_agent(assignee, self.at)
        for person in self._agents():
            if not self.acting.is_requester(self.ticket, person):
                self.acting.acts_as_agent(person, self.at)

    def _agents(self) -> Iterator[str | None]:
        """Who did here what only agents can do on tickets that are not their own."""
        for fields in self._changed():
            if automatic(fields.get("via") or self.via):
                continue
            if fields.get("event_type") == "Comment":
                # Mail of somebody who is no party to a ticket becomes an internal comment too.
                mailed = channel(fields.get("via") or self.via) in ("mail", "email")
                if fields.get("public") is False and not mailed:
                    yield optional_number(fields.get("author_id")) or self.updater
            elif fields.get("event_type") == "Change":
                status_set = fields.get("status")
                by_agent = isinstance(status_set, str) and status_set in _AGENTS_STATUSES
                if by_agent or not _AGENTS_FIELDS.isdisjoint(fields):
                    yield self.updater
        if self.creates and not self.automatic and self.acting.requesters.get(self.ticket):
            yield self.updater

    def _changed(self) -> Iterator[Mapping[str, Any]]:
        return (by_name(child) for child in objects(self.children))

    def _first_requester(self) -> str | None:
        """The requester that the ticket was created with: the customer who created it, if no
        child says so."""
        for fields in self._changed():
            if fields.get("event_type") == "Create" and "requester_id" in fields:
                return optional_number(fields["requester_id"])
        role = self.names.author(self.updater, None)
        known = self.updater in self.acting.agents or role is Author.AGENT
        return None if known or self.automatic else self.updater

    def _tagged_as_ours(self) -> bool:
        words = next((tags(f["tags"]) for f in self._changed() if "tags" in f), None)
        return set(OUTAGE_TAGS) <= set((words or "").split(","))

    def creation(self) -> list[Event]:
        """The events of the ticket's creation, as `snapshots` reads them from its row."""
        created: dict[str, Any] = {}
        sites: list[str | None] = []
        text: object = None
        custom: dict[str, str] = {}
        for fields in self._changed():
            if fields.get("event_type") == "Create":
                created |= fields
                sites += _custom_fields(fields, self.account)
                listed = fields.get("custom_ticket_fields")
                custom |= own_fields({**fields, **(listed if isinstance(listed, Mapping) else {})})
            elif fields.get("event_type") in ("Comment", "VoiceComment"):
                text = text or fields.get("plain_body") or fields.get("body")
        creation = Creation(
            ticket=self.ticket,
            at=self.at,
            submitter=self.updater,
            requester=self.acting.requesters.get(self.ticket),
            subject=created.get("subject"),
            text=text,
            channel=channel(self.via),
            automatic=self.automatic,
            organization=optional_number(created.get("organization_id")),
            site=next(iter(sites), None),
            ours=self.ours,
            fields=custom,
        )
        return creation.events(self.names, self.now)

    def placed(self, events: Iterable[Event], place: int) -> list[Event]:
        """The events of the child at `place` with their sequence: audits' ids ascend.

        A merge has none, since the ticket export tells of the same one.
        """
        audit = min(int(self.id), MAX_SEQUENCE // _CHILDREN - 1)
        sequence = audit * _CHILDREN + min(place + 1, _CHILDREN - 1)
        return [
            each if each.kind is EventKind.MERGED else replace(each, sequence=sequence)
            for each in events
        ]

    def read(self, child: Any, place: int) -> list[Event]:
        """The events of the child at `place`. Raises BadRecordError."""
        fields = record(child, "the child event")
        name = optional_number(fields.get("id"))
        key = f"event/{name}" if name else f"event/{self.id}/{place}"
        match fields.get("event_type"):
            case "Comment" | "VoiceComment":
                return self._comment(key, fields)
            case "Create" | "Change":
                return self._changes(key, fields)
            case kind:
                return [self._note(key, fields, clean(kind, LONGEST_WORD))]

    def _comment(self, key: str, fields: Mapping[str, Any]) -> list[Event]:
        public = fields.get("public", fields.get("comment_public"))
        if not isinstance(public, bool):
            raise BadRecordError("a comment that is neither public nor private")
        if self.creates:
            # The text that the ticket was created with is the creation's own, not a reply.
            return []
        person = optional_number(fields.get("author_id")) or self.updater
        text = clean(fields.get("plain_body") or fields.get("body"))
        kind = EventKind.COMMENT if public else EventKind.NOTE
        author = self._author(fields, person)
        facts = {"text": text, "author_id": person} | self._by(author, person)
        return [self._event(key, kind, None, author, facts)]

    def _changes(self, key: str, raw: Mapping[str, Any]) -> list[Event]:
        fields = by_name(raw)
        author = self._author(raw, self.updater)
        created = raw.get("event_type") == "Create"
        found: list[Event] = []
        for name in _FIELDS:
            if name in fields and not (created and name == "organization_id"):
                found += self._change(key, name, fields, author)
        for entry in () if created else _custom_fields(fields, self.account):
            found.append(self._event(f"{key}/site", EventKind.SITE, entry, author))
        if found or (created and not _CREATION.isdisjoint(fields)):
            return found
        note = self._note(key, raw, clean(raw.get("event_type"), LONGEST_WORD))
        if "requester_id" not in fields:
            return [note]
        requester = optional_number(fields["requester_id"])
        return [replace(note, facts={**note.facts, "requester_id": requester})]

    def _change(
        self, key: str, name: str, fields: Mapping[str, Any], author: Author
    ) -> list[Event]:
        value = fields[name]
        match name:
            case "status":
                return self._status(key, value, fields.get("previous_value"), author)
            case "tags":
                return self._tags(key, fields, author)
            case "priority":
                word = clean(value, LONGEST_WORD) or None
                return [self._event(f"{key}/priority", EventKind.PRIORITY, word, author)]
            case "assignee_id":
                who = self._named(value, self.names.people)
                return [self._event(f"{key}/assignee", EventKind.ASSIGNEE, who, author)]
            case _:
                whose = self._named(value, self.names.organizations)
                return [self._event(f"{key}/customer", EventKind.CUSTOMER, whose, author)]

    def _status(self, key: str, value: Any, before: Any, author: Author) -> list[Event]:
        if value == DELETED:
            return [self._event(f"{key}/deleted", EventKind.DELETED, None, author)]
        word, who = status(value).value, self._by(author, self.updater)
        found = [self._event(f"{key}/status", EventKind.STATUS, word, author, who)]
        if before == DELETED:
            found.append(self._event(f"{key}/restored", EventKind.RESTORED, None, author))
        return found

    def _tags(self, key: str, fields: Mapping[str, Any], author: Author) -> list[Event]:
        words = tags(fields["tags"])
        if words is None:
            raise BadRecordError("tags is no list of words")
        found = [self._event(f"{key}/tags", EventKind.TAGS, words, author)]
        before = (tags(fields.get("previous_value")) or "").split(",")
        if MERGED_TAG in words.split(",") and MERGED_TAG not in before:
            merged = self._event("", EventKind.MERGED, self._merged_into(), author)
            found.append(merged)
        return found

    def _merged_into(self) -> str | None:
        """The ticket that this one was merged into, as the comment of the same update names it."""
        for child in self.children:
            if isinstance(child, Mapping) and child.get("event_type") == "Comment":
                found = _MERGED_INTO.search(clean(child.get("plain_body") or child.get("body")))
                if found:
                    return found[1]
        return None

    def _note(self, key: str, fields: Mapping[str, Any], kind: str) -> Event:
        raw = {
            clean(name, LONGEST_WORD): clean(value, LONGEST_WORD)
            for name, value in list(fields.items())[:30]
            if name not in ("html_body", "attachments")
        }
        author = self._author(fields, self.updater)
        return self._event(key, EventKind.NOTE, None, author, {"type": kind, "raw": raw})

    def _author(self, fields: Mapping[str, Any], person: str | None) -> Author:
        # A trigger's changes are in the update that set it off, each with its own `via`.
        if automatic(fields.get("via") or self.via):
            return Author.AUTOMATIC
        return self.acting.author(self.ticket, person, self.at)

    def _by(self, author: Author, person: str | None) -> dict[str, str]:
        """The name of who acted, as a fact, where it is known."""
        name = None if author is Author.AUTOMATIC else self.names.people.get(person or "")
        return {"by": name} if name else {}

    def _named(self, value: Any, names: Mapping[str, str]) -> str | None:
        found = optional_number(value)
        return None if found is None else names.get(found, found)

    def _event(
        self,
        key: str,
        kind: EventKind,
        value: str | None,
        author: Author,
        facts: Mapping[str, Any] | None = None,
    ) -> Event:
        # A ticket is merged at most once, so both exports give this event the same key.
        name = key or f"ticket/{self.ticket}/merged"
        return Event(SOURCE, name, self.ticket, kind, self.at, self.now, author, value, facts or {})


def _custom_fields(fields: Mapping[str, Any], account: Account) -> list[str | None]:
    if account.site_field is not None and fields.get("field_name") == account.site_field:
        return [clean(fields.get("value"), LONGEST_WORD) or None]
    custom = fields.get("custom_ticket_fields")
    if account.site_field is None or not isinstance(custom, Mapping):
        return []
    if account.site_field not in custom:
        return []
    return [clean(custom[account.site_field], LONGEST_WORD) or None]


def _name(raw: Any) -> str:
    found = optional_number(raw.get("id")) if isinstance(raw, Mapping) else None
    return f"event/{found}" if found else "event/?"
