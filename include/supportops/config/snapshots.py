"""Every configuration that was ever in force, kept in the store under its digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, func, select, update

from supportops.config.configuration import Configuration, restore
from supportops.db.schema import configurations
from supportops.db.statements import insert_new

# The last one restored. What stands under a digest never changes, and a run asks many times.
_restored: dict[str, Configuration] = {}


def save(connection: Connection, configuration: Configuration, now: datetime) -> bool:
    """Keeps `configuration`; answers whether it was new. `loaded_at` is when it was last taken up.

    A configuration that comes back after another was in force counts as the newest again.
    """
    last = _newest(connection)
    if last is not None and last[0] == configuration.digest:
        return False
    if last is not None:
        # Newer than the last one also on a machine whose clock jumped back.
        now = max(now, last[1] + timedelta(microseconds=1))
    if remember(connection, configuration, now):
        return True
    connection.execute(
        update(configurations)
        .where(configurations.c.digest == configuration.digest)
        .values(loaded_at=now)
    )
    return False


def remember(connection: Connection, configuration: Configuration, now: datetime) -> bool:
    """Keeps `configuration` if it never was, and answers whether that is so.

    One that is kept stays as it is: what is in force meanwhile stays in force.
    """
    row = {
        "digest": configuration.digest,
        "loaded_at": now,
        "document": dict(configuration.document),
    }
    return bool(insert_new(connection, configurations, [row]))


def newest_digest(connection: Connection) -> str | None:
    found = _newest(connection)
    return None if found is None else found[0]


def _newest(connection: Connection) -> tuple[str, datetime] | None:
    c = configurations.c
    statement = select(c.digest, c.loaded_at).order_by(c.loaded_at.desc()).limit(1)
    found = connection.execute(statement).first()
    return None if found is None else (found[0], found[1])


def first_taken_up(connection: Connection) -> datetime | None:
    """When the first of them was; None before."""
    first: datetime | None = connection.execute(
        select(func.min(configurations.c.loaded_at))
    ).scalar()
    return first


def newest(connection: Connection) -> Configuration | None:
    """The configuration taken up last, or None before the first."""
    digest = newest_digest(connection)
    return None if digest is None else get(connection, digest)


def get(connection: Connection, digest: str) -> Configuration:
    """The configuration with this digest, as it was. Raises LookupError where it is not kept."""
    kept = _restored.get(digest)
    if kept is None:
        statement = select(configurations.c.document).where(configurations.c.digest == digest)
        document = connection.execute(statement).scalar()
        if document is None:
            raise LookupError(f"no configuration {digest[:12]} in the store")
        kept = restore(document)
        _restored.clear()
        _restored[digest] = kept
    return kept


class LastConfiguration:
    """The configuration in force as pages show it, restored once for each digest: they ask all day.

    Raises LookupError before the first one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: Configuration | None = None

    def __call__(self, connection: Connection) -> Configuration:
        digest = newest_digest(connection)
        if digest is None:
            raise LookupError("no configuration was taken up yet: run a site check first")
        with self._lock:
            if self._last is None or self._last.digest != digest:
                self._last = get(connection, digest).displayed()
            return self._last
