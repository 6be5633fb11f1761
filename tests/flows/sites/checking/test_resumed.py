"""A check that goes on where a killed one ended: no later, and without losing what was found."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select

from builders import NOON, Clock
from flows.websites import Checks, Websites, websites
from sites.servers import server
from supportops.db.engine import make_engine, reading
from supportops.db.schema import check_results
from supportops.flows.sites import site_check
from supportops.flows.sites.checking import judgement
from supportops.sites.incident import Change

DOWN = ("outage", "shop", True)


class Killed(Exception):
    """In the place of SIGKILL: what is stored by then is all that there is."""


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites("shop", "blog") as running:
        running.broken.add("shop")
        yield running


@pytest.fixture
def desk(store: Engine, tmp_path, web: Websites) -> Checks:
    desk = Checks(store, tmp_path)
    desk.write(web.entries())
    return desk


def killed_in_pause(desk: Checks, number: int) -> dict[str, object]:
    """The spec of a shard whose task was killed in its pause of that number, from 0."""
    (spec,) = desk.plan()
    seen: list[float] = []

    def pause(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) > number:
            raise Killed
        desk.clock.pause(seconds)

    with pytest.raises(Killed):
        site_check.check(desk.engine, spec, desk.clock, pause=pause)
    return spec


@pytest.mark.parametrize(
    ("killed", "idle", "pauses", "seconds"),
    [
        # In the pause of 10 s: checked at once, and again after the shortest pause.
        (1, 45, [0, 10], 55),
        # Back before its end: what is left of the pause, and the next one in full.
        (1, 4, [6, 30], 40),
        # So much later that the second pause is half made up for.
        (1, 25, [0, 15], 40),
        # In the pause of 30 s.
        (2, 12, [18], 40),
        (2, 50, [0], 60),
    ],
)
def test_an_outage_is_confirmed_as_soon_as_if_nobody_had_been_killed(
    desk: Checks, killed: int, idle: int, pauses: list[float], seconds: int
) -> None:
    spec = killed_in_pause(desk, killed)
    desk.clock.move(idle / 60)
    desk.clock.pauses.clear()
    summary = desk.check(spec)
    assert desk.clock.pauses == pauses
    assert (desk.clock() - NOON).total_seconds() == seconds
    assert [change["what"] for change in summary["changes"]] == ["opened"]
    assert desk.alerts() == [DOWN]


def test_a_blip_is_none_the_worse_for_a_kill(desk: Checks, web: Websites) -> None:
    spec = killed_in_pause(desk, 1)
    web.broken.clear()
    desk.clock.move(1)
    desk.check(spec)
    assert [row[2:] for row in desk.results() if row[0] == "shop"] == [(0, "status"), (1, "ok")]
    assert desk.alerts() == []


def test_what_was_confirmed_before_a_kill_is_judged_at_once(
    desk: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(judgement, "_judge_ready", fails)
        (spec,) = desk.plan()
        desk.check(spec)
    assert desk.alerts() == []
    shown: list[Sequence[Change]] = []
    site_check.check(desk.engine, spec, desk.clock, pause=desk.clock.pause, on_changes=shown.append)
    assert desk.alerts() == [DOWN]
    assert [len(changes) for changes in shown] == [1]


def test_a_dispatch_that_a_kill_kept_from_being_asked_for_is_asked_for(desk: Checks) -> None:
    (spec,) = desk.plan()
    shown: list[Sequence[Change]] = []
    for expected in ([1], [1, 0]):
        site_check.check(
            desk.engine, spec, desk.clock, pause=desk.clock.pause, on_changes=shown.append
        )
        assert [len(changes) for changes in shown] == expected
    assert desk.alerts() == [DOWN]


def test_a_failed_check_is_stored_while_another_site_hangs(desk: Checks, web: Websites) -> None:
    def hang(_connection: object, running) -> None:
        running.closing.wait(20)

    with server(hang) as hanging:
        desk.write([*web.entries(), {"name": "slow", "url": hanging.url()}], deadline="4s")
        desk.clock.now = datetime.now(UTC)
        (spec,) = desk.plan()

        def first_round() -> None:
            with pytest.raises(Killed):
                site_check.check(desk.engine, spec, lambda: datetime.now(UTC), pause=first_pause)

        rounds: list[float] = []

        def first_pause(seconds: float) -> None:
            rounds.append(seconds)
            if len(rounds) > 1:
                raise Killed

        check = threading.Thread(target=first_round)
        check.start()
        began = time.monotonic()
        failed = select(func.count()).select_from(check_results)
        failed = failed.where(check_results.c.site == "shop")
        while time.monotonic() - began < 3:
            with reading(desk.engine) as connection:
                if connection.execute(failed).scalar():
                    break
            time.sleep(0.1)
        else:
            pytest.fail("the failed check was not stored before the other one ended")
        check.join()


def test_two_tasks_of_one_shard_at_once_are_one_check(desk: Checks, store_address: str) -> None:
    """As when a machine stood still for half a minute, and its task was given to another."""
    (spec,) = desk.plan()
    together = threading.Barrier(2)
    found: list[int] = []

    def check() -> None:
        engine, clock = make_engine(store_address), Clock()
        together.wait(10)
        summary = site_check.check(engine, spec, clock, pause=clock.pause)
        found.append(len(summary["changes"]))
        engine.dispose()

    threads = [threading.Thread(target=check) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [0, 1]
    assert [row[2] for row in desk.results() if row[0] == "shop"] == [0, 1, 2]
    assert desk.incidents() == desk.alerts() == [DOWN]
