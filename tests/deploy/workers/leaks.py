"""Where Airflow keeps what it was told: its database, its API and the logs, searched for words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from deploy.workers.several_workers import Installation

# Of what an administrator sees of a run: results, rendered fields, logs, who did what.
ROUTES = (
    "dags", "importErrors", "eventLogs?limit=100", "connections", "variables", "plugins", "jobs",
    "dags/~/dagRuns?limit=100", "dags/~/dagRuns/~/taskInstances?limit=100", "assets/events",
)  # fmt: skip


def in_database(connection: Connection, words: Mapping[str, str]) -> Iterator[str]:
    """Each table that holds one of the words, with the name of the word."""
    for table in inspect(connection).get_table_names():
        rows = connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{table}" t')).scalars()
        whole = "\n".join(rows)
        yield from (f"{table}: {name}" for name, word in words.items() if word in whole)


def in_files(folder: Path, words: Mapping[str, str]) -> Iterator[str]:
    """Each file below `folder` that holds one of the words, with the name of the word."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        held = path.read_bytes()
        for name, word in words.items():
            if word.encode() in held:
                yield f"{folder.name}/{path.relative_to(folder)}: {name}"


def _read(here: Installation, route: str) -> Any:
    return here.api._call("GET", f"/{route}")


def leaks(here: Installation, words: Mapping[str, str]) -> list[str]:
    """Every place that holds one of the words: "place: name of the word"."""
    found = []
    engine = create_engine(f"postgresql+psycopg://airflow@/airflow?host={here.socket}")
    with engine.connect() as connection:
        found += in_database(connection, words)
    engine.dispose()
    for part in sorted(here.home.iterdir()):
        if part.name not in ("postgres", "auth"):
            found += in_files(part, words)
    for route in ROUTES:
        answer = json.dumps(_read(here, route))
        found += [f"{route}: {name}" for name, word in words.items() if word in answer]
    return found
