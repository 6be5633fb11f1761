"""What a part of the metrics is read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from supportops.config.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of the store, the configuration in force, and the instant. `per_site`: whether
    each site has metrics of its own."""

    connection: Connection
    configuration: Configuration
    now: datetime
    per_site: bool = False
