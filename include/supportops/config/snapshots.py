"""Every configuration that was ever in force, kept in the store under its digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from supportops.config.loader import Configuration, restore
from supportops.db.schema import configurations
from supportops.db.statements import insert_new


def save(connection: Connection, configuration: Configuration, now: datetime) -> bool:
    """Keeps `configuration`; answers whether it was new. `loaded_at` is when it was last taken up.

    A configuration that comes back after another was in force counts as the newest again.
    """
    row = {
        "digest": configuration.digest,
        "loaded_at": now,
        "document": dict(configuration.document),
    }
    if insert_new(connection, configurations, [row]):
        return True
    if newest_digest(connection) != configuration.digest:
        connection.execute(
            update(configurations)
            .where(configurations.c.digest == configuration.digest)
            .values(loaded_at=now)
        )
    return False


def newest_digest(connection: Connection) -> str | None:
    statement = select(configurations.c.digest).order_by(configurations.c.loaded_at.desc()).limit(1)
    return connection.execute(statement).scalar()


def newest(connection: Connection) -> Configuration | None:
    """The configuration taken up last, or None before the first."""
    digest = newest_digest(connection)
    return None if digest is None else get(connection, digest)


def get(connection: Connection, digest: str) -> Configuration:
    """The configuration with this digest, as it was. Raises LookupError where it is not kept."""
    statement = select(configurations.c.document).where(configurations.c.digest == digest)
    document = connection.execute(statement).scalar()
    if document is None:
        raise LookupError(f"no configuration {digest[:12]} in the store")
    return restore(document)
