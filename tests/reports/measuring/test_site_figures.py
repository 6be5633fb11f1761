"""Sites: what was up, down and not seen, what is left to be down, and how fast outages ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reports.frames import WEEK
from reports.site_frames import DAY, HOUR, incident, incidents, site, sites
from supportops.reports.measuring.site_figures import (
    detection_median,
    incident_lines,
    recovery_median,
    site_lines,
    uptimes,
)


def test_the_share_is_of_the_time_that_was_seen() -> None:
    # 90 of the 100 hours that were seen; 60 more nobody looked, 8 were announced maintenance.
    frame = sites(site(up=90 * HOUR, down=10 * HOUR, unknown=60 * HOUR, maintenance=8 * HOUR))

    (line,) = site_lines(frame, None, {})

    assert line.up_share == pytest.approx(0.9)
    assert line.unknown_share == pytest.approx(60 / 168)
    assert (line.down_seconds, line.maintenance_seconds) == (10 * HOUR, 8 * HOUR)
    assert (line.target, line.budget_seconds) == (None, None)


def test_the_error_budget_is_what_the_target_leaves_less_the_time_down() -> None:
    # 99.9 % of 1000 hours leaves one hour; 20 minutes of it are gone.
    (line,) = site_lines(sites(site(up=1000 * HOUR - 1200, down=1200.0)), 0.999, {})

    assert line.budget_seconds == pytest.approx(2400.0)


def test_an_error_budget_may_be_overdrawn() -> None:
    (line,) = site_lines(sites(site(up=1000 * HOUR - 9000, down=9000.0)), 0.999, {})

    assert line.budget_seconds == pytest.approx(-5400.0)


def test_time_that_was_not_seen_adds_nothing_to_the_budget() -> None:
    (line,) = site_lines(sites(site(up=100 * HOUR, unknown=90 * HOUR)), 0.99, {})

    assert line.budget_seconds == pytest.approx(1 * HOUR)


def test_a_site_may_have_its_own_target() -> None:
    lines = site_lines(sites(site("blog"), site("shop")), 0.99, {"shop": 0.999})

    assert [(line.site, line.target) for line in lines] == [("blog", 0.99), ("shop", 0.999)]


@pytest.mark.parametrize("state", ["unknown", "maintenance"])
def test_a_site_that_was_never_seen_is_neither_up_nor_down(state: str) -> None:
    (line,) = site_lines(sites(site(up=0.0, checks=0, **{state: 7 * DAY})), 0.999, {})

    assert line.up_share is None
    assert line.budget_seconds is None
    assert line.down_seconds == 0
    assert line.unknown_share == (1.0 if state == "unknown" else 0.0)


def test_a_site_that_nothing_is_known_of_is_unknown() -> None:
    nothing = dict.fromkeys(["up", "down", "unknown", "maintenance"], float("nan"))

    (line,) = site_lines(sites(site(checks=0, **nothing)), 0.999, {})

    assert (line.up_share, line.unknown_share, line.down_seconds) == (None, 1.0, 0.0)


def test_one_check_alone_is_counted_and_gives_no_share_of_a_week() -> None:
    frame = sites(site(up=300.0, unknown=7 * DAY - 300, checks=1))

    (line,) = site_lines(frame, 0.999, {})

    assert (line.up_share, line.checks, line.resolution_seconds) == (None, 1, 300.0)
    assert line.budget_seconds is None
    assert line.unknown_share == pytest.approx(0.9995, abs=1e-4)


@pytest.mark.parametrize(
    ("unknown", "quiet", "share"), [(100, 0, 1.0), (101, 0, None), (100, 500, 1.0)]
)
def test_a_share_needs_half_of_the_time_outside_maintenance(
    unknown: float, quiet: float, share: float | None
) -> None:
    parts = {"up": 100 * HOUR, "unknown": unknown * HOUR, "maintenance": quiet * HOUR}

    (line,) = site_lines(sites(site(**parts)), None, {})
    (_, together) = uptimes(sites(site(**parts)))

    assert (line.up_share, together.up_share) == (share, share)


def test_a_site_that_was_added_or_removed_says_when() -> None:
    since, until = (datetime(2026, 11, day, 9, tzinfo=UTC) for day in (17, 20))

    (line,) = site_lines(sites(site(since_at=since, until_at=until)), None, {})

    assert (line.since, line.until) == (since, until)


def test_degraded_time_is_up_and_given_beside_it() -> None:
    frame = sites(
        site("blog", 100 * HOUR),
        site("shop", 90 * HOUR, degraded=20 * HOUR, down=10 * HOUR, unknown=50 * HOUR),
    )

    blog, shop = site_lines(frame, 0.9, {})
    (_, both) = uptimes(frame)

    assert (blog.degraded_seconds, blog.degraded_share) == (0.0, 0.0)
    assert (shop.up_share, shop.degraded_share) == (pytest.approx(0.9), pytest.approx(0.2))
    assert shop.budget_seconds == pytest.approx(0.0, abs=1e-6)
    assert (both.degraded_seconds, both.degraded_share) == (20 * HOUR, pytest.approx(0.1))


def test_a_degraded_share_needs_as_much_time_as_a_share_up() -> None:
    (line,) = site_lines(sites(site(up=10 * HOUR, degraded=HOUR, unknown=90 * HOUR)), None, {})

    assert (line.degraded_seconds, line.degraded_share) == (HOUR, None)


def test_no_sites_have_no_lines() -> None:
    assert site_lines(sites(), 0.999, {}) == ()
    assert uptimes(sites()) == ()


def test_uptime_together_is_weighted_by_time() -> None:
    # Acme: 100 of 200 hours seen; the site that was seen for 20 hours does not count like the
    # other one. Zen was never seen, and takes away nothing.
    frame = sites(
        site("zen", 0.0, customer="Zen", unknown=100 * HOUR, checks=0),
        site("shop", 100 * HOUR, down=80 * HOUR, outages=2, checks=10),
        site("blog", 0.0, down=20 * HOUR, outages=1, checks=5),
    )

    acme, zen, both = uptimes(frame)

    assert (acme.customer, acme.sites, acme.checks, acme.outages) == ("Acme", 2, 15, 3)
    assert (acme.up_share, acme.unknown_share) == (0.5, 0.0)
    assert (zen.customer, zen.up_share, zen.unknown_share) == ("Zen", None, 1.0)
    assert (both.customer, both.sites, both.up_share) == (None, 3, 0.5)
    assert (both.unknown_share, both.down_seconds) == (pytest.approx(1 / 3), 100 * HOUR)


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [site(f"site{n}", n / 7, down=n / 3, customer=f"c{n % 3}") for n in range(40)]
    there, back = sites(*rows), sites(*reversed(rows))

    assert uptimes(there) == uptimes(back)
    assert site_lines(there, 0.99, {}) == site_lines(back, 0.99, {})


def test_an_incident_lasts_to_its_end_or_to_the_report() -> None:
    frame = incidents(
        incident("2026-11-23 07:00", opened="2026-11-23 07:01"),
        incident("2026-11-18 12:00", opened="2026-11-18 12:06", ended="2026-11-18 12:42"),
    )

    over, lasting = incident_lines(frame)

    assert (over.seconds, over.detected_after) == (42 * 60, 6 * 60)
    assert (lasting.seconds, lasting.ended_at) == (HOUR, None)
    assert lasting.detected_after == 60


def test_an_outage_counts_where_it_was_confirmed_and_where_it_ended() -> None:
    # Confirmed after 2, 4, 9 minutes; the one of the week before took 60, its end was this week's.
    frame = incidents(
        incident("2026-11-15 22:55", opened="2026-11-15 23:55", ended="2026-11-16 00:00"),
        incident("2026-11-16 10:00", opened="2026-11-16 10:02", ended="2026-11-16 10:05"),
        incident("2026-11-17 10:00", opened="2026-11-17 10:04", ended="2026-11-17 10:42"),
        incident("2026-11-22 23:50", opened="2026-11-22 23:59", ended="2026-11-23 00:00"),
    )

    # Over within 65, 5 and 42 minutes; the last one's end is next week's.
    assert detection_median(frame, WEEK) == 4 * 60
    assert recovery_median(frame, WEEK) == 42 * 60


def test_what_is_no_outage_is_in_no_median() -> None:
    frame = incidents(
        incident(kind="certificate", ended="2026-11-18 13:00"),
        incident(kind="fault", ended="2026-11-18 13:00"),
    )

    assert detection_median(frame, WEEK) is None
    assert recovery_median(frame, WEEK) is None


def test_an_outage_of_a_server_counts_once() -> None:
    # Three sites of one server were down for an hour, the last one for two; another for 5 minutes.
    server = [
        incident(key="server", site=name, ended=f"2026-11-18 {hour}:00")
        for name, hour in [("a", 13), ("b", 13), ("c", 14)]
    ]
    alone = incident("2026-11-19 12:00", site="d", ended="2026-11-19 12:05")
    longer = incident("2026-11-20 12:00", site="e", ended="2026-11-20 18:00")

    assert len(incident_lines(incidents(*server, alone))) == 4
    assert recovery_median(incidents(*server, alone, longer), WEEK) == 2 * HOUR


def test_time_that_nobody_saw_is_in_no_median() -> None:
    # Down for ten minutes, with four hours of maintenance in between; the other was never seen.
    quiet = incident(ended="2026-11-18 16:10", seconds=600.0)
    unseen = incident("2026-11-19 12:00", site="d", ended="2026-11-19 12:05", seconds=0.0)

    assert recovery_median(incidents(quiet, unseen), WEEK) == 600


def test_a_server_is_not_back_before_its_last_site() -> None:
    back = incident(key="server", site="a", ended="2026-11-18 13:00")
    down = incident(key="server", site="b")

    assert recovery_median(incidents(back, down), WEEK) is None


def test_no_incidents_have_no_lines_and_no_medians() -> None:
    assert incident_lines(incidents()) == ()
    assert detection_median(incidents(), WEEK) is None
    assert recovery_median(incidents(), WEEK) is None


def test_an_incident_of_nobody_in_particular_has_no_customer() -> None:
    (line,) = incident_lines(incidents(incident(customer=None)))

    assert line.customer is None
