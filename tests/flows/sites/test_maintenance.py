from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from supportops.config.snapshots import newest
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.flows.sites import maintenance
from supportops.flows.sites.maintenance import MaintenanceError
from supportops.flows.sites.site_availability import of_period
from supportops.sites.announced.window import Scope
from supportops.sites.check import Reason
from supportops.sites.site import FIVE_MINUTES, Site
from supportops.sites.store import list_incidents
from web.boards import NOON, live_through, site_entry, slots_until, write_config

SPAN = timedelta(minutes=20)


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Context:
    sites = [
        site_entry("shop", "Acme", host="web-1"),
        site_entry("blog", "Acme"),
        site_entry("wiki", "Kestrel Hire", host="web-1"),
    ]
    return Context(store, write_config(tmp_path / "config", sites), no_secrets)


def failing(since: datetime, *names: str) -> Callable[[Site, str, datetime], Reason]:
    def answer(site: Site, page: str, at: datetime) -> Reason:
        return Reason.REFUSED if site.name in names and at >= since else Reason.OK

    return answer


def live(desk: Context, start: datetime, end: datetime, *down: str) -> None:
    count = (end - start) // FIVE_MINUTES
    live_through(desk.engine, desk.config, slots_until(end, count), failing(start, *down))


def outages(desk: Context) -> list[str]:
    with reading(desk.engine) as connection:
        return [each.subject for each in list_incidents(connection, NOON - SPAN, NOON + 9 * SPAN)]


def announce(desk: Context, now: datetime, scope: Scope = Scope.SITE, name: str = "shop") -> int:
    return maintenance.announce(desk, scope, name, NOON + SPAN, "new disk", "ada", now).id


def test_nobody_is_alarmed_about_a_site_in_a_window_announced_before(desk: Context) -> None:
    live(desk, NOON - SPAN, NOON)
    announce(desk, NOON)
    live(desk, NOON, NOON + SPAN, "shop", "blog")
    assert outages(desk) == ["blog"]


def test_after_its_end_a_site_that_still_fails_is_down(desk: Context) -> None:
    live(desk, NOON - SPAN, NOON)
    number = announce(desk, NOON)
    live(desk, NOON, NOON + SPAN / 2, "shop")
    assert outages(desk) == []
    maintenance.end(desk, number, "ada", NOON + SPAN / 2)
    live(desk, NOON + SPAN / 2, NOON + SPAN, "shop")
    assert outages(desk) == ["shop"]


@pytest.mark.parametrize(
    ("scope", "name", "expected"),
    [
        (Scope.SERVER, "WEB-1", {"shop", "wiki"}),
        (Scope.CUSTOMER, "acme", {"shop", "blog"}),
        (Scope.CUSTOMER, "kestrel  hire", {"wiki"}),
    ],
)
def test_a_server_or_a_customer_stands_for_all_its_sites(
    desk: Context, scope: Scope, name: str, expected: set[str]
) -> None:
    announce(desk, NOON, scope, name)
    with reading(desk.engine) as connection:
        configuration = newest(connection)
    assert configuration is not None
    quiet = {s.name for s in configuration.fleet.sites if s.in_maintenance(NOON + SPAN / 2)}
    assert quiet == expected


def test_the_past_reads_the_same_after_a_window_is_announced_and_ended(desk: Context) -> None:
    live(desk, NOON - SPAN, NOON, "shop")
    before = of_period(desk.engine, NOON - SPAN, NOON)
    number = announce(desk, NOON)
    live(desk, NOON, NOON + SPAN, "shop")
    maintenance.end(desk, number, "ada", NOON + SPAN / 2)
    assert of_period(desk.engine, NOON - SPAN, NOON) == before
    during = {
        each.site.name: each.availability for each in of_period(desk.engine, NOON, NOON + SPAN)
    }
    assert during["shop"].maintenance == SPAN
    assert during["blog"].maintenance == timedelta(0)


def test_the_files_alone_count_again_when_every_window_is_over(desk: Context) -> None:
    live(desk, NOON - FIVE_MINUTES, NOON)
    with reading(desk.engine) as connection:
        before = newest(connection)
    announce(desk, NOON)
    with reading(desk.engine) as connection:
        during = newest(connection)
    live(desk, NOON + SPAN, NOON + 2 * SPAN)
    with reading(desk.engine) as connection:
        after = newest(connection)
    assert before is not None
    assert during is not None
    assert after is not None
    assert after.digest == before.digest != during.digest


def test_windows_to_come_are_listed_and_can_be_called_off(desk: Context) -> None:
    start = NOON + 24 * SPAN
    window = maintenance.announce(
        desk, Scope.SITE, "blog", start + SPAN, "a move", "ada", NOON, start
    )
    assert maintenance.not_over(desk, NOON) == [window]
    assert maintenance.end(desk, window.id, "ben", NOON + SPAN) == window
    assert maintenance.not_over(desk, NOON + SPAN) == []
    with pytest.raises(MaintenanceError, match="it is over already"):
        maintenance.end(desk, window.id, "ben", NOON + SPAN)
    with pytest.raises(LookupError, match="number 77"):
        maintenance.end(desk, 77, "ben", NOON)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": "shpo"}, "name", "no site is called so; did you mean shop"),
        ({"name": ""}, "name", "no site is called so"),
        ({"until": NOON}, "until", "ends before it begins"),
        ({"until": NOON + timedelta(days=40)}, "until", "longer than 31 days"),
        ({"start": NOON - SPAN}, "start", "in the past"),
        ({"start": NOON + timedelta(days=400)}, "start", "a year ahead"),
        ({"reason": " \x00 \u202e"}, "reason", "say what is done"),
        ({"reason": "x" * 501}, "reason", "at most 500"),
        ({"by": ""}, "by", "who"),
    ],
)
def test_what_cannot_be_announced_is_refused_with_its_field(
    desk: Context, changed: dict[str, object], field: str, words: str
) -> None:
    usual = {"name": "shop", "until": NOON + SPAN, "reason": "a disk", "by": "ada", "start": None}
    with pytest.raises(MaintenanceError, match=words) as found:
        maintenance.announce(desk, Scope.SITE, now=NOON, **(usual | changed))  # type: ignore[arg-type]
    assert found.value.field == field
    assert maintenance.not_over(desk, NOON) == []
