"""The metrics of the store itself, and of the versions that run."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import Connection, text

import supportops
from supportops.db.migrate import newest
from supportops.web.metrics.sample import Sample
from supportops.web.metrics.snapshot import Snapshot

_BESIDE = ("", "-wal")


def build() -> Sample:
    """Which versions run; `airflow` is empty where there is none."""
    try:
        airflow = version("apache-airflow")
    except PackageNotFoundError:
        airflow = ""
    return Sample("build_info", 1, (supportops.__version__, airflow, platform.python_version()))


def store(snapshot: Snapshot) -> Iterator[Sample]:
    """Its kind, its revision, which is this version's, and its size."""
    yield Sample("store_info", 1, (snapshot.connection.dialect.name, newest()))
    yield Sample("store_size_bytes", _size(snapshot.connection))


def _size(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        found = connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(found.scalar_one())
    file = str(connection.engine.url.database)
    parts = [Path(f"{file}{end}") for end in _BESIDE]
    return sum(part.stat().st_size for part in parts if part.exists())
