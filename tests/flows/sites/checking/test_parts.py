"""What was confirmed is judged while the rest of the run is still being checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from flows.sites.checking.judged_parts import parts, replayed, stored
from flows.websites import Checks, websites
from sites.servers import closed_port, hangs, server
from supportops.db.engine import make_engine, reading
from supportops.db.schema import site_status
from supportops.flows.sites import site_check
from supportops.sites.incident import Change
from supportops.sites.probe import transfer_pool
from supportops.sites.runs import part_store
from supportops.sites.runs import parts as run_parts
from supportops.sites.runs.parts import longest_wait
from supportops.sites.site import CheckPolicy

# What is decided is the same on both databases, whose statements others try.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

SPEED = 5
RUN_ENDED = ("run", "ended")
AS_SHIPPED = longest_wait(CheckPolicy())


@dataclass
class FastClock:
    """A clock that runs five times as fast as the wall clock: five of its seconds take one."""

    begun: float = field(default_factory=monotonic)

    def __call__(self) -> datetime:
        return NOON + SPEED * timedelta(seconds=monotonic() - self.begun)

    def pause(self, seconds: float) -> None:
        sleep(seconds / SPEED)

    def seconds(self) -> float:
        return (self() - NOON).total_seconds()


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Checks:
    return Checks(store, tmp_path / "config")


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The shipped options on the fast clock; what counts real seconds is five times as fast."""
    monkeypatch.setattr(transfer_pool, "PATIENCE", transfer_pool.PATIENCE / SPEED)
    monkeypatch.setattr(run_parts, "longest_wait", lambda _: AS_SHIPPED)
    return {"deadline": "2s", "confirm_after": ["10s", "30s"], "rate": 200}


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def told_at(desk: Checks, specs: Sequence[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """When each incident was opened, in seconds of the run, with all shards at once.

    RUN_ENDED is when the last shard had ended.
    """
    clock, found = FastClock(), dict[tuple[str, str], float]()

    def note(changes: Sequence[Change]) -> None:
        for change in changes:
            found.setdefault((change.incident.kind.value, change.incident.subject), clock.seconds())

    shards = [
        threading.Thread(
            target=site_check.check,
            args=(desk.engine, spec, clock),
            kwargs={"pause": clock.pause, "on_changes": note},
        )
        for spec in specs
    ]
    for shard in shards:
        shard.start()
    for shard in shards:
        shard.join()
    found[RUN_ENDED] = clock.seconds()
    return found


def hanging(count: int, url: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": f"stuck {n:03}", "url": f"{url}{n}"} | fields for n in range(count)]


@pytest.mark.parametrize("shard", [500, 40], ids=["one shard", "three shards"])
def test_an_outage_is_announced_while_the_checks_of_a_server_that_hangs_go_on(
    desk: Checks, servers: ExitStack, fast: dict[str, Any], shard: int
) -> None:
    stuck = servers.enter_context(server(hangs))
    refused = {"name": "shop", "url": f"http://127.0.0.1:{closed_port()}/"}
    silent = {"name": "wiki", "url": servers.enter_context(server(hangs)).url()}
    sites = [*hanging(100, stuck.url(), host="web-1"), refused, silent]
    desk.write(sites, shard=shard, **fast)
    found = told_at(desk, desk.plan())
    # How many seconds it takes is measured by bench/hanging_server.py.
    ended = found.pop(RUN_ENDED)
    assert set(found) == {("host_outage", "web-1"), ("outage", "shop"), ("outage", "wiki")}
    assert found["outage", "shop"] < found["host_outage", "web-1"]
    assert max(found.values()) < ended


def at_pause(desk: Checks, wanted: float, action: Callable[[], None]) -> Callable[[float], None]:
    """A pause that does something when it is asked to wait for so many seconds."""

    def pause(seconds: float) -> None:
        if seconds == wanted:
            action()
        desk.clock.pause(seconds)

    return pause


def test_a_run_in_parts_is_replayed_to_the_same_state(desk: Checks) -> None:
    """The shop is confirmed while the blog, which fails later, is still being checked."""
    with websites("shop", "blog", "wiki") as web:
        desk.write(web.entries())
        desk.run()
        web.broken |= {"shop", "blog"}
        desk.run(after=5)
        web.broken = {"wiki"}
        desk.run(after=5)
        desk.run(after=5)
    assert parts(desk.engine) >= 3
    assert replayed(desk.engine) == stored(desk.engine)


def test_what_is_confirmed_first_is_told_first(desk: Checks) -> None:
    with websites("shop", "blog") as web:
        desk.write(web.entries(), confirm_after=["10s"])
        web.broken.add("shop")
        spec = desk.plan()[0]
        site_check.check(desk.engine, spec, desk.clock, pause=desk.clock.pause)
        assert desk.alerts() == [("outage", "shop", True)]
        before = stored(desk.engine)
        assert site_check.judge(desk.engine, NOON, desk.clock())["changes"] == []
    assert desk.alerts() == [("outage", "shop", True)]
    assert before.open == stored(desk.engine).open


def test_a_part_that_fails_is_made_good_by_the_judgement_at_the_end(
    desk: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with websites("shop") as web:
        desk.write(web.entries())
        web.broken.add("shop")
        spec = desk.plan()[0]
        with monkeypatch.context() as patch:
            patch.setattr(part_store, "append", _fails)
            site_check.check(desk.engine, spec, desk.clock, pause=desk.clock.pause)
        assert desk.alerts() == desk.incidents() == []
        site_check.judge(desk.engine, NOON, desk.clock())
    assert desk.alerts() == [("outage", "shop", True)]
    assert replayed(desk.engine) == stored(desk.engine)


def _fails(*_: Any) -> None:
    raise RuntimeError("the disk is full")


def test_a_page_that_was_judged_takes_no_more_results(desk: Checks, store_address: str) -> None:
    """As from a second process that began the same shard."""
    with websites("shop") as web:
        desk.write(web.entries())
        web.broken.add("shop")
        spec = desk.plan()[0]
        other = make_engine(store_address)

        def meanwhile() -> None:
            site_check.check(other, spec, desk.clock, pause=desk.clock.pause)

        pause = at_pause(desk, 30, meanwhile)
        site_check.check(desk.engine, spec, desk.clock, pause=pause)
        other.dispose()
    assert [row[2] for row in desk.results()] == [0, 1, 2]
    assert desk.alerts() == [("outage", "shop", True)]
    site_check.judge(desk.engine, NOON, desk.clock())
    assert replayed(desk.engine) == stored(desk.engine)


def test_a_server_that_fails_in_two_ways_is_one_alert(
    desk: Checks, servers: ExitStack, fast: dict[str, Any]
) -> None:
    """Its quick failures wait for those that hang, which take 30 s longer to be confirmed."""
    stuck = servers.enter_context(server(hangs))
    quick = f"http://127.0.0.1:{closed_port()}/"
    sites = [{"name": "quick", "url": quick, "host": "web-1"}]
    desk.write([*sites, *hanging(3, stuck.url(), host="web-1")], **fast)
    found = told_at(desk, desk.plan())
    assert set(found) == {("host_outage", "web-1"), RUN_ENDED}


def test_a_server_that_is_back_is_not_told_as_single_outages(desk: Checks) -> None:
    """Its sites are in two shards; the first is done long before the second begins."""
    with websites("a", "b", "c", "d") as web:
        entries = [entry | {"host": "web-1"} for entry in web.entries()]
        desk.write(entries, shard=2)
        web.broken |= set("abcd")
        desk.run()
        web.broken.clear()
        desk.run(after=5)
    assert desk.alerts() == [("host_outage", "web-1", False)]
    assert replayed(desk.engine) == stored(desk.engine)


def test_a_lost_connection_is_told_as_that_in_the_first_part(desk: Checks) -> None:
    port = closed_port()
    sites = [{"name": name, "url": f"http://127.0.0.1:{closed_port()}/"} for name in "abcd"]
    desk.write(sites, shard=2, vantage=[f"http://127.0.0.1:{port}/"])
    desk.run()
    assert desk.alerts() == [("blind", "our connection", True)]
    with reading(desk.engine) as connection:
        assert set(connection.execute(select(site_status.c.state)).scalars()) == {"unknown"}
    assert replayed(desk.engine) == stored(desk.engine)
