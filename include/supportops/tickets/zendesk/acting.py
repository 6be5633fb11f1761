"""Who acted, and in which role: by what the log of changes says at that time.

Zendesk says which role a person has today, and not which one they had. So whoever has acted as only
agents can is an agent from then on, whatever became of them: they were given a ticket, wrote an
internal comment, raised a ticket for somebody else, or set what customers cannot set. Whoever is
the requester at that time is the customer. Only for the others does today's role decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from supportops.tickets.ticket import Author
from supportops.tickets.zendesk.model import Names


@dataclass(slots=True)
class Acting:
    """What is known of people while changes are read in their order.

    `requesters` has the requester of each ticket by now, by ids; `agents` the epoch second since
    which a person is known to be an agent; `ours` the tickets that this program raised for
    outages, whose requester is our own login and no customer.
    """

    names: Names
    requesters: dict[str, str | None] = field(default_factory=dict)
    agents: dict[str, int] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        names: Names,
        requesters: Mapping[str, str],
        agents: Mapping[str, int] | None = None,
        ours: frozenset[str] = frozenset(),
    ) -> Acting:
        """From what earlier pages said; nothing that is given is changed."""
        return cls(names, dict(requesters), dict(agents or {}), ours)

    def ask(self, ticket: str, person: str | None) -> None:
        """`person` is the ticket's requester from now on."""
        self.requesters[ticket] = person

    def acts_as_agent(self, person: str | None, at: datetime) -> None:
        """`person` did at `at` what only agents can do."""
        if person is not None and not person.startswith("-"):
            second = int(at.timestamp())
            self.agents[person] = min(second, self.agents.get(person, second))

    def is_requester(self, ticket: str, person: str | None) -> bool:
        """Whether the ticket is this person's own."""
        return person is not None and self.requesters.get(ticket) == person

    def author(self, ticket: str, person: str | None, at: datetime) -> Author:
        """The role in which `person` acted on a ticket at `at`."""
        since = self.agents.get(person or "")
        known = since is not None and since <= at.timestamp()
        if known and not self.is_requester(ticket, person):
            return Author.AGENT
        return self.names.author(person, self.requesters.get(ticket))
