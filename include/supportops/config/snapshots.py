"""The stored configurations: every one that was ever active, under its digest."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection, select, update

from supportops.config.configuration import Configuration, File
from supportops.config.documents import ANNOUNCED, restore
from supportops.config.of_store.shared_parts import whole
from supportops.customers import Customer
from supportops.db.schema import configurations, logos
from supportops.db.statements import insert_missing, insert_new
from supportops.sites.site import Fleet, Site

# The parts of a document that decide what a fleet is.
_OF_FLEETS = ("version", File.SITES, File.SERVICE_LEVELS, File.CUSTOMERS, ANNOUNCED)
# The last one restored: a digest always means the same, and a run reads it many times.
_restored: dict[str, Configuration] = {}


def save(connection: Connection, configuration: Configuration, now: datetime) -> bool:
    """Stores `configuration` as the active one; returns whether it was new.

    `loaded_at` is when it was last activated: one that comes back after another is the newest
    again.
    """
    last = _newest(connection)
    if last is not None and last[0] == configuration.digest:
        return False
    if last is not None:
        # Newer than the last one also on a machine whose clock jumped back.
        now = max(now, last[1] + timedelta(microseconds=1))
    if insert(connection, configuration, now):
        return True
    connection.execute(
        update(configurations)
        .where(configurations.c.digest == configuration.digest)
        .values(loaded_at=now)
    )
    return False


def insert(connection: Connection, configuration: Configuration, now: datetime) -> bool:
    """Stores `configuration` unless it is stored already; returns whether it was new.

    The active configuration stays the active one, unless this is the first. The logos of customers
    are stored beside it.
    """
    pictures = [{"digest": d, "content": c} for d, c in configuration.pictures.items()]
    insert_missing(connection, logos, pictures)
    row = {
        "digest": configuration.digest,
        "loaded_at": now,
        "document": dict(configuration.document),
    }
    return bool(insert_new(connection, configurations, [row]))


def newest_digest(connection: Connection) -> str | None:
    """The digest of the active configuration; None before the first."""
    found = _newest(connection)
    return None if found is None else found[0]


def _newest(connection: Connection) -> tuple[str, datetime] | None:
    c = configurations.c
    statement = select(c.digest, c.loaded_at).order_by(c.loaded_at.desc(), c.digest).limit(1)
    found = connection.execute(statement).first()
    return None if found is None else (found[0], found[1])


def last_versions(connection: Connection, most: int) -> list[tuple[str, datetime]]:
    """The digests that were activated last and when, the active one first."""
    c = configurations.c
    statement = select(c.digest, c.loaded_at).order_by(c.loaded_at.desc(), c.digest).limit(most)
    return [(row.digest, row.loaded_at) for row in connection.execute(statement)]


def newest(connection: Connection) -> Configuration | None:
    """The active configuration, or None before the first."""
    digest = newest_digest(connection)
    return None if digest is None else get(connection, digest)


def get(connection: Connection, digest: str) -> Configuration:
    """The configuration with this digest. Raises LookupError where none is stored."""
    stored = _restored.get(digest)
    if stored is None:
        stored = restore(get_document(connection, digest))
        _restored.clear()
        _restored[digest] = stored
    return stored


def get_document(connection: Connection, digest: str) -> dict[str, Any]:
    """The stored document with this digest. Raises LookupError where none is stored."""
    statement = select(configurations.c.document).where(configurations.c.digest == digest)
    document: dict[str, Any] | None = connection.execute(statement).scalar()
    if document is None:
        raise LookupError(f"no configuration {digest[:12]} in the store")
    return whole(connection, document)


def logo(connection: Connection, customer: Customer) -> bytes | None:
    """The content of the customer's logo as it was in the customer's configuration; None where
    there is no logo."""
    if customer.logo is None:
        return None
    statement = select(logos.c.content).where(logos.c.digest == customer.logo.digest)
    content: bytes | None = connection.execute(statement).scalar()
    return content


class _PastFleets:
    """The fleets of stored configurations, each restored once.

    Most changes of a configuration are of other files or of one site, so configurations with the
    same sites share a fleet, and fleets the sites that are the same in both.
    """

    MOST = 200

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_digest: OrderedDict[str, Fleet] = OrderedDict()
        self._by_content: OrderedDict[str, Fleet] = OrderedDict()
        self._sites: dict[Site, Site] = {}

    def __call__(self, connection: Connection, digest: str) -> Fleet:
        with self._lock:
            found = self._by_digest.get(digest)
            if found is None:
                found = self._fleet(get_document(connection, digest))
                _remember(self._by_digest, digest, found, self.MOST)
            return found

    def _fleet(self, document: Mapping[str, Any]) -> Fleet:
        decides = [document.get(name) for name in _OF_FLEETS]
        content = json.dumps(decides, sort_keys=True)
        found = self._by_content.get(content)
        if found is None:
            if len(self._by_content) >= self.MOST:
                self._sites.clear()
            fleet = restore(document).displayed().fleet
            shared = tuple(self._sites.setdefault(site, site) for site in fleet.sites)
            found = Fleet(shared, fleet.policy)
            _remember(self._by_content, content, found, self.MOST)
        return found


def _remember(found: OrderedDict[str, Fleet], key: str, fleet: Fleet, most: int) -> None:
    found[key] = fleet
    if len(found) > most:
        found.popitem(last=False)


fleet_of = _PastFleets()


class LastConfiguration:
    """The active configuration as pages show it, restored once for each digest, not for each page.

    Raises LookupError before the first one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: Configuration | None = None

    def __call__(self, connection: Connection) -> Configuration:
        digest = newest_digest(connection)
        if digest is None:
            raise LookupError("no configuration was activated yet: run a site check first")
        with self._lock:
            if self._last is None or self._last.digest != digest:
                self._last = get(connection, digest).displayed()
            return self._last

    def fleet_of(self, connection: Connection, digest: str) -> Fleet:
        """The fleet of any stored configuration. Raises LookupError where none is stored."""
        return fleet_of(connection, digest)
