"""What is said to and heard from Zendesk: the account, its people, and pages of its exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supportops.tickets.ticket import Author

SOURCE = "zendesk"
Record = Mapping[str, Any]


class ZendeskError(RuntimeError):
    """Zendesk did not do what was asked. The message is one line and holds no secret."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UnsureError(ZendeskError):
    """Nobody knows whether a write arrived: the answer was lost, or was a server's error."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where Zendesk is and how we log in: `address` is `https://NAME.zendesk.com`.

    With a `login` (`EMAIL/token`) the `token` is an API token, without one an OAuth token.
    `start` is the epoch second from which tickets are fetched the first time (0: all of them),
    `site_field` the id of the ticket field that names a site. `proxy` and `ca_bundle` are for
    companies whose way out needs them: nothing is taken from the environment.
    """

    address: str
    login: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    start: int = 0
    site_field: str | None = None
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A page of the cursor export. `cursor` resumes after it; None only where none was given."""

    tickets: tuple[Any, ...]
    cursor: str | None
    last: bool


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of the time-based export. `end` (epoch seconds) is where the next one starts."""

    events: tuple[Any, ...]
    end: int | None
    last: bool

    def following(self, start: int) -> int | None:
        """Where the page after this one starts; None where it would be this one again.

        A page that one second fills (a bulk update) takes all of that second, so the next one
        starts a second later.
        """
        if self.end is not None and self.end > start:
            return self.end
        stamps = {one.get("timestamp") for one in self.events if isinstance(one, Mapping)}
        return start + 1 if stamps == {start} else None


@dataclass(frozen=True, slots=True)
class Names:
    """What Zendesk's numbers stand for: people by id with role and name, organizations by id."""

    roles: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    organizations: Mapping[str, str] = field(default_factory=dict)

    def author(self, person: str | None, requester: str | None) -> Author:
        """Whose act it is. An agent on a ticket of their own is the customer, as in Zendesk.

        A person of whom Zendesk knows no role any more stops no clock.
        """
        if person is None or person.startswith("-"):
            return Author.AUTOMATIC
        if person == requester:
            return Author.CUSTOMER
        match self.roles.get(person):
            case "agent" | "admin":
                return Author.AGENT
            case "end-user":
                return Author.CUSTOMER
            case _:
                return Author.AUTOMATIC
