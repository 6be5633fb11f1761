"""Looks up the names and roles behind Zendesk's ids, each of them once in a sync."""

from __future__ import annotations

from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Names


class Directory:
    """The people and organizations looked up so far."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._people: dict[str, tuple[str, str]] = {}
        self._organizations: dict[str, str] = {}
        self._fields: dict[str, str] | None = None
        # Ids that were requested, also those that Zendesk does not know.
        self._requested_people: set[str] = set()
        self._requested_organizations: set[str] = set()

    def names(self, people: set[str], organizations: set[str], *, fields: bool = False) -> Names:
        """What is known of these ids and of all before them; `fields`: the titles of the account's
        own ticket fields too. Raises ZendeskError."""
        fresh = people - self._requested_people
        self._people |= self._client.people(fresh) if fresh else {}
        self._requested_people |= fresh
        unseen = organizations - self._requested_organizations
        self._organizations |= self._client.organizations(unseen) if unseen else {}
        self._requested_organizations |= unseen
        if fields and self._fields is None:
            self._fields = self._client.field_titles()
        return Names(
            roles={key: role for key, (role, _) in self._people.items()},
            people={key: name for key, (_, name) in self._people.items() if name},
            organizations=self._organizations,
            fields=self._fields or {},
        )
