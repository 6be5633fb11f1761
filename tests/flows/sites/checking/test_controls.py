"""Every check of a control address counts, whichever shard made it, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.websites import Checks, Websites, websites
from sites.servers import closed_port
from supportops.db.engine import reading
from supportops.flows.sites import site_check
from supportops.sites import store as sites_store
from supportops.sites.incident import VANTAGE

NAMES = "abcd"


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Checks:
    return Checks(store, tmp_path / "config")


def numbers(desk: Checks) -> list[int]:
    """Of the recorded checks of the control address."""
    return [number for site, _, number, _ in desk.results() if site == VANTAGE]


def at_once(desk: Checks, web: Websites) -> None:
    """Each site is a shard; all shards begin before any has a result."""
    desk.write(
        [each for each in web.entries() if each["name"] != "control"],
        shard=1,
        vantage=[web.servers["control"].url()],
        confirm_after=["1s", "1s"],
    )
    specs = desk.plan()
    assert len(specs) == len(NAMES)
    together = threading.Barrier(len(specs))

    def check(spec: dict[str, object]) -> None:
        def pause(seconds: float) -> None:
            if not waited.get(threading.get_ident()):
                waited[threading.get_ident()] = True
                together.wait(30)
            desk.clock.pause(seconds)

        site_check.check(desk.engine, spec, desk.clock, pause=pause)

    waited: dict[int, bool] = {}
    threads = [threading.Thread(target=check, args=(spec,)) for spec in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_check_of_a_control_address_is_lost_among_shards_at_once(desk: Checks) -> None:
    with websites(*NAMES, "control") as web:
        web.broken |= set(NAMES)
        at_once(desk, web)
        made = web.requests()["control"]
    assert made > len(NAMES)
    assert numbers(desk) == list(range(made))


def test_the_last_check_of_a_control_address_decides_whichever_shard_made_it(desk: Checks) -> None:
    """The first shard still reaches it, the second does not: our connection went in between."""
    with websites("control") as web:
        gone = [{"name": name, "url": f"http://127.0.0.1:{closed_port()}/"} for name in NAMES]
        desk.write(gone, shard=2, vantage=[web.servers["control"].url()])
        first, second = desk.plan()
        desk.check(first)
        url = web.servers["control"].url()
    desk.check(second)
    site_check.judge(desk.engine, NOON, desk.clock())
    with reading(desk.engine) as connection:
        attempts = sites_store.attempts(connection, NOON, [VANTAGE])
    assert {each.page for each in attempts} == {url}
    assert not attempts[-1].result.good
    assert ("blind", "our connection", True) in desk.alerts()
