"""Stores the parts of former configurations once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from supportops.config.of_store.shared_parts import share, unshared
from supportops.db.schema import configurations
from supportops.flows.operations.pruning.removal import Kind


class FormerConfigurations:
    """Configurations that were last activated before an instant. None of them is removed: runs,
    reports and what was promised refer to them."""

    kind = Kind.CONFIGURATIONS

    def __init__(self, before: datetime) -> None:
        self.before = before

    def rows(self, connection: Connection) -> dict[str, int]:
        """See `Removal`; these are the ones to be stored more closely."""
        return {configurations.name: len(unshared(connection, self.before))}

    def batch(self, connection: Connection, _most: int) -> int | None:
        """See `Removal`: one, which may be large."""
        found = unshared(connection, self.before)
        if not found:
            return None
        share(connection, found[0])
        return 1
