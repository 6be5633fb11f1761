"""How fast mailboxes are read: voicemails, hostile messages, and a reader that is killed.

    python -m bench.mailbox [--messages 1000 --kills 30]

Each measurement reads a mailbox of so many messages into a new store until it is empty, by the flow
that the DAG runs: voicemails with a recording of 10 s (160 kB) from a Maildir and over IMAP with
TLS, on SQLite and on PostgreSQL; then hostile messages, with readers that are killed at random
instants until one gets through. Every message must be one ticket or one row of the quarantine.
Needs Dovecot for IMAP (Debian: dovecot-imapd); without it only the Maildir is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, func, select, text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the messages and the IMAP server are those of the tests

from flows.tickets.mailing.dovecot import PLAIN_PASSWORD, PROGRAM, Dovecot, dovecot  # noqa: E402
from flows.tickets.mailing.hostile import hostile  # noqa: E402
from flows.tickets.mailing.mails import drop, installation, voicemail, wav  # noqa: E402
from supportops.context import Context  # noqa: E402
from supportops.db.engine import make_engine, store_url  # noqa: E402
from supportops.db.migrate import upgrade  # noqa: E402
from supportops.db.schema import mailbox_messages, quarantine, tickets  # noqa: E402
from supportops.flows.tickets import mailbox  # noqa: E402

DATABASE = "supportops_bench_mailbox"
LOGIN = "bench"
LEAST_A_SECOND = 20.0
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Read:
    """What one measurement found; `kept` is tickets, quarantine, and records of messages."""

    name: str
    messages: int
    seconds: float
    kept: tuple[int, int, int]
    kills: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing was lost or doubled."""
        made, aside, recorded = self.kept
        return made + aside == recorded == self.messages


def clock() -> datetime:
    return datetime.now(UTC)


def read_all(address: str, folder: str) -> None:
    """Reads until nothing is left."""
    engine = make_engine(address)
    context = Context(engine, Path(folder), {"mailbox_answerphone": PLAIN_PASSWORD}.get)
    while True:
        found = mailbox.run(context, clock)["mailboxes"]["answerphone"]
        if found["fault"]:
            raise SystemExit(found["fault"])
        if not found["left"]:
            break
    engine.dispose()


def counts(address: str) -> tuple[int, int, int]:
    engine = make_engine(address)
    with engine.connect() as connection:
        found = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tickets, quarantine, mailbox_messages)
        ]
    engine.dispose()
    return found[0], found[1], found[2]


def reader(address: str, folder: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.mailbox", "--reader", address, folder]
    return subprocess.Popen(command, cwd=ROOT)


def killed_again_and_again(address: str, folder: str, kills: int, seed: int) -> int:
    """Starts readers and kills each at a random instant, then lets one finish; how many died."""
    chance, died = random.Random(seed), 0
    for _ in range(kills):
        running = reader(address, folder)
        try:
            running.wait(1.0 + chance.random() * 2.0)
            break
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            died += 1
    last = reader(address, folder)
    if last.wait():
        raise SystemExit("the reader failed")
    return died


@contextmanager
def stores(scratch: Path) -> Iterator[dict[str, str]]:
    with server() as address:
        admin = create_engine(store_url(address), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{DATABASE}"'))
            connection.execute(text(f'CREATE DATABASE "{DATABASE}"'))
        url = store_url(address).set(database=DATABASE).render_as_string(hide_password=False)
        yield {"SQLite": f"sqlite:///{scratch / 'store.db'}", "PostgreSQL": url}
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{DATABASE}" WITH (FORCE)'))
        admin.dispose()


def emptied(address: str) -> str:
    engine = make_engine(address)
    upgrade(engine)
    with engine.begin() as connection:
        for table in ("recordings", "mailbox_messages", "quarantine", "ticket_events", "tickets"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("DELETE FROM alerts"))
    engine.dispose()
    return address


def timed(name: str, count: int, address: str, folder: Path) -> Read:
    started = time.perf_counter()
    read_all(address, str(folder))
    return Read(name, count, time.perf_counter() - started, counts(address))


def measured(count: int, kills: int, seed: int) -> Iterator[Read]:
    messages = [voicemail(audio=wav(SECONDS)) for _ in range(count)]
    with tempfile.TemporaryDirectory() as scratch, stores(Path(scratch)) as addresses:
        local = installation(Path(scratch) / "local")
        for name, address in addresses.items():
            for content in messages:
                drop(local.parent / "box", content, clock())
            yield timed(f"voicemails, Maildir, {name}", count, emptied(address), local)
        if PROGRAM is None:
            return
        with dovecot() as imap:
            remote = installation(Path(scratch) / "remote", imap.entry(LOGIN, timeout="30s"))
            for name, address in addresses.items():
                imap.deliver(LOGIN, *messages)
                yield timed(f"voicemails, IMAP, {name}", count, emptied(address), remote)
            for name, address in addresses.items():
                yield _hostile(imap, remote, name, count, kills, seed, address)


def _hostile(
    imap: Dovecot, folder: Path, name: str, count: int, kills: int, seed: int, address: str
) -> Read:
    imap.deliver(LOGIN, *hostile(count))
    emptied(address)
    started = time.perf_counter()
    died = killed_again_and_again(address, str(folder), kills, seed)
    seconds = time.perf_counter() - started
    if left := imap.held(LOGIN):
        raise SystemExit(f"{left} messages are still in the inbox")
    return Read(f"hostile, killed, IMAP, {name}", count, seconds, counts(address), died)


def show(console: Console, found: list[Read]) -> None:
    table = Table(title=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    for name in ("", "messages", "s", "a second", "tickets", "quarantine", "kills"):
        table.add_column(name, justify="left" if not name else "right")
    for each in found:
        made, aside, _ = each.kept
        values: tuple[Any, ...] = (
            each.name,
            f"{each.messages:,}",
            f"{each.seconds:.1f}",
            f"{each.messages / each.seconds:.0f}",
            *(made, aside, each.kills),
        )
        table.add_row(*map(str, values))
    console.print(table)


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.mailbox", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--reader", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    options = parser.parse_args()
    if options.reader:
        read_all(*options.reader)
        return 0
    console = Console()
    smallest = options.smallest
    count, kills = (12, 1) if smallest else (options.messages, options.kills)
    found = list(measured(count, kills, options.seed))
    show(console, found)
    if PROGRAM is None:
        console.print("Dovecot is not installed: IMAP was not measured")
    slowest = min(each.messages / each.seconds for each in found if not each.kills)
    targets = [
        (f"at least {LEAST_A_SECOND:.0f} voicemails a second", slowest >= LEAST_A_SECOND),
        ("one ticket or one row of the quarantine each", all(each.whole for each in found)),
    ]
    return conclude(console, targets, smallest=smallest)


if __name__ == "__main__":
    raise SystemExit(main())
