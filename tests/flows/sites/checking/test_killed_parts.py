"""A check that is killed inside a judgement of a part: real processes, both databases.

It dies before and after every commit of the run. Whoever completes it finds the same state as one
that nobody disturbed, and opens nothing twice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from builders import NOON, Clock
from flows.sites.checking.judged_parts import parts, replayed, stored
from flows.websites import Checks, Websites, websites
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, incidents, metadata, site_status
from supportops.flows.sites import site_check

BROKEN = {"shop", "blog"}
MOST_COMMITS = 40

# Carries out an order a line, each in a child of its own, and answers with how the child ended. It
# has imported everything, which takes longer than a check.
PROGRAM = """
import gc, json, os, signal, sys, traceback
from datetime import datetime, timedelta
from sqlalchemy import event
from supportops.db.engine import make_engine
from supportops.flows.sites import site_check


def carry_out(order):
    engine = make_engine(order["store"])
    moment, wanted, seen = order["moment"], order["at"], 0
    begun = datetime.fromisoformat(order["spec"]["slot"])
    passed = timedelta(0)

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(engine, "commit")
    def count(connection):
        nonlocal seen
        seen += 1
        if seen == wanted and moment == "before":
            die()

    commit = engine.dialect.do_commit

    def committed(connection):
        commit(connection)
        if seen == wanted and moment == "after":
            die()

    engine.dialect.do_commit = committed

    def pause(seconds):
        nonlocal passed
        passed += timedelta(seconds=seconds)

    site_check.check(engine, order["spec"], lambda: begun + passed, pause=pause)


gc.freeze()
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            carry_out(json.loads(line))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def program() -> Iterator[subprocess.Popen[str]]:
    path = str(Path(site_check.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


def killed_in(
    desk: Checks, program: subprocess.Popen[str], address: str, moment: str, at: int
) -> bool:
    """Whether a check in a process of its own was killed `moment` its commit number `at`."""
    (spec,) = desk.plan()
    assert program.stdin is not None
    assert program.stdout is not None
    order = {"store": address, "spec": spec, "moment": moment, "at": at}
    program.stdin.write(json.dumps(order) + "\n")
    program.stdin.flush()
    ended = os.waitstatus_to_exitcode(int(program.stdout.readline()))
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """What a judgement leaves, without the instants of real checks."""
    found = {}
    with reading(engine) as connection:
        for table, names in (
            (site_status, ("site", "page", "track", "state", "reason", "failures")),
            (incidents, ("kind", "subject", "reason", "site", "closed_at")),
            (alerts, ("kind", "subject", "severity", "site", "resolved_at")),
        ):
            columns = [table.c[name] for name in names if name in table.c]
            found[table.name] = sorted(map(tuple, connection.execute(select(*columns))), key=str)
    return found


def begun(store: Engine, folder: Path, web: Websites) -> Checks:
    """An empty store; all is well in a first run, two sites are broken when the next one comes."""
    with writing(store) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    desk = Checks(store, folder / "config", Clock())
    desk.write(web.entries(), confirm_after=["1s", "1s"])
    web.broken.clear()
    desk.run()
    web.broken |= BROKEN
    desk.clock.move(5)
    return desk


def completed(desk: Checks, opened: list[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """The same run once more, as the scheduler retries its task, and its judgement."""
    (spec,) = desk.plan()
    slot = NOON + timedelta(minutes=5)
    site_check.check(
        desk.engine, spec, desk.clock, pause=desk.clock.pause, on_changes=opened.extend
    )
    site_check.judge(desk.engine, slot, desk.clock())
    return rows(desk.engine)


@pytest.mark.parametrize(
    ("store_address", "moment"),
    [("sqlite", "before"), ("postgresql", "after")],
    indirect=["store_address"],
)
def test_a_check_killed_at_any_commit_of_its_parts_ends_as_one_that_was_not(
    store: Engine,
    store_address: str,
    program: subprocess.Popen[str],
    tmp_path: Path,
    moment: str,
) -> None:
    with websites("shop", "blog", "wiki") as web:
        wanted = completed(begun(store, tmp_path, web), [])
        assert parts(store) >= 1
        assert len(wanted["alerts"]) == len(BROKEN)
        died = died_after_a_part = 0
        for at in range(1, MOST_COMMITS):
            desk = begun(store, tmp_path, web)
            if not killed_in(desk, program, store_address, moment, at):
                break
            died += 1
            known = rows(store)["alerts"]
            died_after_a_part += bool(known)
            again: list[Any] = []
            assert completed(desk, again) == wanted, (moment, at)
            opened = [change.incident.subject for change in again if change.kind == "opened"]
            assert len(opened) == len(set(opened))
            assert {row[1] for row in known}.isdisjoint(opened), "opened twice"
            assert replayed(store) == stored(store)
        else:
            raise AssertionError("a check without an end")
    assert died >= 3
    assert moment == "before" or died_after_a_part >= 1
