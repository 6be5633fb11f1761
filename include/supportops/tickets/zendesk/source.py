"""Zendesk as a ticket source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from supportops.tickets.source import Stream, TicketRefused
from supportops.tickets.ticket import Status
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.directory import Directory
from supportops.tickets.zendesk.model import OUTAGE_TAGS, SOURCE, ZendeskError, account_of
from supportops.tickets.zendesk.streams import EventStream, TicketStream

_CLOSED_OR_GONE = frozenset({404, 410, 422})


def connect(fields: Mapping[str, Any]) -> ZendeskSource:
    """The source of a connection's fields; see `model.account_of`. Raises ValueError."""
    return ZendeskSource(Client(account_of(fields)))


class ZendeskSource:
    """An account as the contract `TicketSource` asks for it; see there for what methods do."""

    name = SOURCE
    title = "Zendesk"

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def remote_time(self) -> datetime | None:
        """The time by Zendesk's clock when it last answered."""
        return self.client.remote_time

    def streams(self) -> Sequence[Stream]:
        """Tickets, then their events."""
        directory = Directory(self.client)
        tickets = TicketStream(self.client, directory)
        return (tickets, EventStream(self.client, directory, tickets))

    def raise_outage(self, reference: str, subject: str, text: str) -> str:
        """An urgent ticket whose `external_id` is `reference`."""
        return self.client.create_ticket(
            reference, subject, text, "urgent", OUTAGE_TAGS, idempotency_key=reference
        )

    def comment(self, ticket: str, text: str) -> None:
        """An internal comment, made once; none on a ticket that is closed or gone."""
        try:
            self.client.comment(ticket, text)
        except ZendeskError as error:
            if error.status not in _CLOSED_OR_GONE:
                raise

    def solve(self, ticket: str) -> bool:
        """Solves a ticket that nobody has taken, answered or set to another status."""
        return self.client.solve_untouched(ticket)

    @property
    def pages(self) -> str:
        """The agents' interface."""
        return self.client.ticket_pages

    def address(self, ticket: str) -> str:
        """The ticket's page for agents."""
        return self.client.ticket_page(ticket)

    def act(self, ticket: str, text: str, *, public: bool, status: Status | None) -> None:
        """A comment, made once, and the status, in one update."""
        word = None if status is None else status.value
        try:
            self.client.act(ticket, text, public=public, status=word)
        except ZendeskError as error:
            if error.status not in _CLOSED_OR_GONE:
                raise
            raise TicketRefused(str(error)) from error

    def close(self) -> None:
        """Closes the client."""
        self.client.close()
