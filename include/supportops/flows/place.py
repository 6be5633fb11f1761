"""Where a flow works: what most of them need of `supportops.bootstrap.Workplace`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine


class Place(Protocol):
    """The store, and the configuration folder."""

    @property
    def engine(self) -> Engine: ...
    @property
    def config(self) -> Path: ...
