"""Two machines that plan checks, with configuration folders that differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from flows.websites import Checks, Websites, websites
from supportops.alerts.alert import Kind
from supportops.alerts.store import find_open
from supportops.db.engine import reading, writing
from supportops.db.schema import check_runs
from supportops.flows.sites.checking.taking_turns import SUBJECT
from supportops.sites.announced import store as announced
from supportops.sites.announced.window import Scope


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites("shop", "extra") as them:
        yield them


@pytest.fixture
def desks(store: Engine, tmp_path: Path, web: Websites) -> tuple[Checks, Checks]:
    """One that has both sites, and one whose files are older; they share the store and the time."""
    new = Checks(store, tmp_path / "new")
    old = Checks(store, tmp_path / "old", new.clock)
    new.write(web.entries())
    old.write(web.entries()[:1])
    return new, old


def alert(desk: Checks) -> tuple[str, list[str]] | None:
    with reading(desk.engine) as connection:
        found = find_open(connection, Kind.CONFIGURATION, SUBJECT)
    return None if found is None else (found.headline, found.facts["files"])


def plans(*desks: Checks) -> None:
    for desk in desks:
        desk.clock.move(5)
        desk.plan()


def test_machines_that_take_turns_are_an_alert_until_they_have_the_same_files(
    desks: tuple[Checks, Checks], web: Websites
) -> None:
    new, old = desks
    plans(new, old, new)
    assert alert(new) is None
    plans(old)
    words = "machines that plan checks have different files: sites.yaml"
    assert alert(new) == (words, ["sites.yaml"])
    old.write(web.entries())
    plans(new, old, new, old)
    assert alert(new) is not None
    plans(*[old] * 9)
    assert alert(new) is None


def test_a_change_that_is_taken_back_is_none(desks: tuple[Checks, Checks], web: Websites) -> None:
    desk, _ = desks
    plans(desk, desk)
    desk.write(web.entries()[:1])
    plans(desk, desk)
    desk.write(web.entries())
    plans(desk, desk)
    assert alert(desk) is None


def test_maintenance_that_is_announced_and_over_is_none(desks: tuple[Checks, Checks]) -> None:
    desk, _ = desks
    for _ in range(4):
        plans(desk)
        now = desk.clock()
        with writing(desk.engine) as connection:
            until = now + timedelta(minutes=6)
            announced.add(connection, Scope.SITE, "shop", now, until, "a move", "ada", now)
        plans(desk)
        desk.clock.move(3)
    assert len(digests(desk)) > 2
    assert alert(desk) is None


def digests(desk: Checks) -> set[str]:
    with reading(desk.engine) as connection:
        return set(connection.execute(select(check_runs.c.configuration)).scalars())
