"""A ticket as it was created, the same whether its row or the log of its changes says so.

A row shows a ticket as it stands. So it is read only where nothing has changed since the creation;
otherwise the update that created the ticket is, which never changes. Both give the same events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.validation import LONGEST_WORD, clean
from supportops.tickets.zendesk.model import SOURCE, Names
from supportops.tickets.zendesk.records import optional_number

# The export of events has the names that Zendesk's pages show, the export of tickets short ones.
_CHANNELS = {
    "web_form": "web",
    "mail": "email",
    "web_service": "api",
    "phone_call_(inbound)": "voice",
    "phone_call_(outbound)": "voice",
    "phone": "voice",
    "voicemail": "voice",
}


@dataclass(frozen=True, slots=True)
class Creation:
    """Who created a ticket, when, for whom and with which words.

    `submitter`, `requester` and `organization` are Zendesk's ids, `channel` as `records.channel`
    gives it, `fields` has the values of the account's own fields by their ids; `automatic` says
    that a machine created it. `ours`: this program did, for an outage.
    """

    ticket: str
    at: datetime
    submitter: str | None
    requester: str | None
    subject: object
    text: object
    channel: str
    automatic: bool
    organization: str | None = None
    site: str | None = None
    ours: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)

    def events(self, names: Names, now: datetime) -> list[Event]:
        """The creation, and the customer and the site that it came with."""
        requester = None if self.ours else self.requester
        facts: dict[str, Any] = {
            "subject": clean(self.subject, LONGEST_WORD),
            "text": clean(self.text),
            "requester": names.people.get(requester or "", requester or ""),
            "requester_id": requester,
            "channel": _CHANNELS.get(self.channel, self.channel),
        }
        if self.fields:
            facts["fields"] = dict(sorted(names.with_titles(self.fields).items()))
        created = Event(
            SOURCE,
            f"ticket/{self.ticket}/created",
            self.ticket,
            EventKind.CREATED,
            self.at,
            now,
            self._author(names),
            facts=facts,
        )
        found = [created]
        organization = optional_number(self.organization)
        if organization is not None and not self.ours:
            customer = names.organizations.get(organization, organization)
            found.append(self._belonging(EventKind.CUSTOMER, customer, now))
        if self.site is not None and not self.ours:
            found.append(self._belonging(EventKind.SITE, self.site, now))
        return found

    def _author(self, names: Names) -> Author:
        """A ticket raised for somebody else is an agent's: Zendesk lets nobody else do that.

        One whose submitter Zendesk no longer knows was a customer's: its clocks must run.
        """
        if self.automatic or self.ours:
            return Author.AUTOMATIC
        submitter = self.submitter or self.requester
        if self.requester is None and submitter is not None:
            return names.author(submitter, None)
        own = submitter == self.requester or submitter not in names.roles
        return Author.CUSTOMER if own else Author.AGENT

    def _belonging(self, kind: EventKind, value: str, now: datetime) -> Event:
        name = f"ticket/{self.ticket}/{kind.value}"
        return Event(SOURCE, name, self.ticket, kind, self.at, now, Author.AUTOMATIC, value)
