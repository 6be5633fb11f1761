"""The configuration in force, restored once for each digest: pages ask for it all day long."""

from __future__ import annotations

from threading import Lock

from sqlalchemy import Connection

from supportops.config.loader import Configuration
from supportops.config.snapshots import get, newest_digest


class Remembered:
    """Answers the configuration taken up last. Raises LookupError before the first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: Configuration | None = None

    def __call__(self, connection: Connection) -> Configuration:
        digest = newest_digest(connection)
        if digest is None:
            raise LookupError("no configuration was taken up yet: run a site check first")
        with self._lock:
            if self._kept is None or self._kept.digest != digest:
                self._kept = get(connection, digest)
            return self._kept
