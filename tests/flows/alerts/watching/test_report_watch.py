"""A report that is late, or missed a recipient, raises one alert, which ends once it is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dispatching import Desk
from flows.reports.reporting.posting import issue, keep, readers
from inboxes import Mailbox
from sla.policies import london
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.db.engine import writing
from supportops.flows.active_configuration import active_configuration
from supportops.flows.alerts.watching.due_report import last_due
from supportops.flows.alerts.watching.report_watch import watch_reports
from supportops.reports.period import Cadence

ON_ONE_STORE = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
NOBODY = "mailto://127.0.0.1:1?from=a@example.com&to=b@example.com"
LATE = {"weekly": "09:00", "daily": "08:30"}
DAILY = {"name": "team", "title": "Team", "receivers": ["acme_email"], "reports": ["daily"]}
WEEKLY = {"name": "managers", "title": "Managers", "receivers": ["manager"], "reports": ["weekly"]}
EARLIER = "2026-11-02 10:00"


@pytest.fixture
def desk(store: Engine, mail: Mailbox) -> Desk:
    names = ("boss", "owner", "team", "acme")
    desk = Desk(store, {f"apprise_{n}_email": mail.url(f"{n}@example.com") for n in names})
    return at(desk, EARLIER)


def at(desk: Desk, local: str) -> Desk:
    """Turns the clock to a time in London."""
    desk.clock.now = london(local)
    return desk


def installed(desk: Desk, *audiences: dict[str, Any], when: str = EARLIER, **more: Any) -> None:
    at(desk, when)
    desk.activate(readers(audiences=audiences or [WEEKLY], late=LATE, **more))


def watched(desk: Desk, local: str) -> list[str]:
    """The headlines of what is amiss then."""
    at(desk, local)
    with writing(desk.store) as connection:
        watch_reports(connection, active_configuration(connection), desk.clock.now)
    return [alert.headline for alert in desk.open_alerts(Kind.REPORT_TROUBLE)]


def late(desk: Desk) -> Alert:
    (found,) = desk.open_alerts(Kind.REPORT_TROUBLE)
    return found


def test_a_week_without_a_report_raises_an_alert_at_nine_and_not_before(desk: Desk) -> None:
    installed(desk)
    issue(desk, period="2026-W46")
    desk.dispatch()
    assert watched(desk, "2026-11-23 08:59") == []
    assert watched(desk, "2026-11-23 09:00") == [
        "weekly report of 2026-W47 has not been sent by 09:00: not made for managers"
    ]
    assert late(desk).severity is Severity.WARNING
    assert late(desk).facts["not_made"] == ["managers"]


@ON_ONE_STORE
def test_the_alert_is_raised_once_however_often_the_reports_are_checked(desk: Desk) -> None:
    installed(desk)
    for minute in range(0, 60, 5):
        assert len(watched(desk, f"2026-11-23 09:{minute:02}")) == 1
    assert late(desk).opened_at == london("2026-11-23 09:00")


def test_the_operators_are_notified_of_it_and_of_its_end(desk: Desk, mail: Mailbox) -> None:
    installed(desk)
    at(desk, "2026-11-23 09:00")
    desk.check(readers(audiences=[WEEKLY], late=LATE))
    desk.dispatch()
    (email,) = mail.mails
    assert email.recipients == ("team@example.com",)
    assert email.subject.startswith("REPORT TROUBLE: weekly report of 2026-W47 - has not been sent")
    assert "not made for managers" in email.part("plain")
    issue(at(desk, "2026-11-23 10:05"))
    at(desk, "2026-11-23 10:06").dispatch()
    at(desk, "2026-11-23 10:10").dispatch()
    assert mail.mails[-1].subject == (
        "RESOLVED: weekly report of 2026-W47 - sent at last after 1 h 10 min"
    )
    assert len(mail.mails) == 4
    assert desk.open_alerts(Kind.REPORT_TROUBLE) == []


@ON_ONE_STORE
def test_a_report_that_came_in_time_is_no_trouble(desk: Desk) -> None:
    installed(desk)
    issue(at(desk, "2026-11-23 08:00"))
    desk.dispatch()
    assert watched(desk, "2026-11-23 09:00") == []
    assert watched(desk, "2026-11-29 23:59") == []


@ON_ONE_STORE
def test_a_draft_is_not_sent(desk: Desk) -> None:
    installed(desk)
    keep(at(desk, "2026-11-23 08:00"))
    assert watched(desk, "2026-11-23 09:00") == [
        "weekly report of 2026-W47 has not been sent by 09:00: made but not sent to managers"
    ]


def test_whoever_it_did_not_reach_is_named_with_the_reason(desk: Desk, mail: Mailbox) -> None:
    installed(desk)
    issue(at(desk, "2026-11-23 08:00"))
    assert watched(desk, "2026-11-23 09:00") == [
        "weekly report of 2026-W47 has not been sent by 09:00: "
        "not delivered to boss_email (not tried yet), owner_email (not tried yet)"
    ]
    good = desk.secrets
    desk.secrets = {**good, "apprise_boss_email": NOBODY}
    desk.dispatch()
    assert watched(desk, "2026-11-23 09:05") == [
        "weekly report of 2026-W47 has not been sent by 09:00: "
        "not delivered to boss_email (connection refused)"
    ]
    desk.secrets = good
    at(desk, "2026-11-23 10:00").dispatch()
    assert watched(desk, "2026-11-23 10:05") == []


def test_every_audience_counts_and_a_correction_on_its_way_does_not(desk: Desk) -> None:
    acme = WEEKLY | {"name": "acme", "receivers": ["acme_email"]}
    installed(desk, WEEKLY, acme)
    issue(at(desk, "2026-11-23 08:00"))
    desk.dispatch()
    assert watched(desk, "2026-11-23 09:00") == [
        "weekly report of 2026-W47 has not been sent by 09:00: not made for acme"
    ]
    issue(desk, "acme")
    desk.dispatch()
    issue(desk, "acme")
    assert watched(desk, "2026-11-23 09:05") == []


@ON_ONE_STORE
def test_a_week_that_never_was_reported_on_makes_room_for_the_next(desk: Desk) -> None:
    installed(desk)
    watched(desk, "2026-11-23 09:00")
    assert watched(desk, "2026-11-30 08:59") != []
    assert watched(desk, "2026-11-30 09:00") == [
        "weekly report of 2026-W48 has not been sent by 09:00: not made for managers"
    ]
    over = {alert.key: alert.facts.get("over") for alert in desk.unsettled()}
    assert over == {
        "report_trouble:late:weekly:2026-W47": "given up for the next one",
        "report_trouble:late:weekly:2026-W48": None,
    }


@ON_ONE_STORE
def test_nobody_waits_on_the_day_of_installation_or_of_a_new_audience(desk: Desk) -> None:
    installed(desk, when="2026-11-23 08:30")
    assert watched(desk, "2026-11-23 09:00") == []
    installed(desk, WEEKLY, WEEKLY | {"name": "new"}, when="2026-11-30 08:30")
    assert watched(desk, "2026-11-30 09:00") == [
        "weekly report of 2026-W48 has not been sent by 09:00: not made for managers"
    ]
    assert "not made for managers, new" in watched(desk, "2026-12-07 09:00")[0]


@ON_ONE_STORE
@pytest.mark.parametrize(
    ("monday", "week", "nine"),
    [
        ("2026-03-30", "2026-W13", datetime(2026, 3, 30, 8, tzinfo=UTC)),
        ("2026-10-26", "2026-W43", datetime(2026, 10, 26, 9, tzinfo=UTC)),
    ],
)
def test_nine_is_nine_on_londons_clock_after_the_clocks_changed(
    desk: Desk, monday: str, week: str, nine: datetime
) -> None:
    installed(desk, when="2026-01-05 10:00")
    assert week not in "".join(watched(desk, f"{monday} 08:59"))
    assert week in watched(desk, f"{monday} 09:00")[0]
    assert late(desk).opened_at == nine


@ON_ONE_STORE
def test_the_daily_report_is_due_on_working_days_about_the_one_before(desk: Desk) -> None:
    """Friday's is due on Monday; on the weekend nothing is."""
    installed(desk, DAILY)
    issue(at(desk, "2026-11-20 07:30"), "team", "2026-11-19")
    desk.dispatch()
    assert watched(desk, "2026-11-20 08:30") == []
    assert watched(desk, "2026-11-22 23:59") == []
    assert watched(desk, "2026-11-23 08:29") == []
    assert watched(desk, "2026-11-23 08:30") == [
        "daily report of 2026-11-20 has not been sent by 08:30: not made for team"
    ]


@ON_ONE_STORE
def test_a_bank_holiday_delays_the_daily_report_and_not_the_weekly_one(desk: Desk) -> None:
    """31 August 2026 is England's summer bank holiday, a Monday."""
    at(desk, "2026-08-03 10:00")
    office = {"timezone": "Europe/London", "region": "GB/ENG"}
    office |= {"hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
    levels = {"calendars": {"office": office}}
    desk.activate(readers(audiences=[WEEKLY, DAILY], late=LATE, levels=levels))
    issue(at(desk, "2026-08-28 07:30"), "team", "2026-08-27")
    desk.dispatch()
    assert watched(desk, "2026-08-31 12:00") == [
        "weekly report of 2026-W35 has not been sent by 09:00: not made for managers"
    ]
    assert len(watched(desk, "2026-09-01 08:29")) == 1
    assert watched(desk, "2026-09-01 08:30")[1] == (
        "daily report of 2026-08-28 has not been sent by 08:30: not made for team"
    )


@ON_ONE_STORE
def test_a_cadence_without_a_time_is_never_late(desk: Desk) -> None:
    installed(desk)
    assert watched(desk, "2026-11-23 09:00") != []
    desk.activate(readers(audiences=[WEEKLY], late={"daily": "08:30"}))
    assert watched(desk, "2026-11-23 12:00") == []
    assert [alert.facts["over"] for alert in desk.unsettled()] == ["no longer expected"]


def test_a_trouble_of_another_kind_stays(desk: Desk) -> None:
    installed(desk)
    other = Alert(
        key="report_trouble:weekly report for managers:2026",
        kind=Kind.REPORT_TROUBLE,
        severity=Severity.WARNING,
        subject="weekly report for managers",
        headline="weekly report for managers: the PDF could not be made",
        opened_at=desk.clock.now,
    )
    desk.raise_(other)
    issue(at(desk, "2026-11-23 08:00"))
    desk.dispatch()
    assert watched(desk, "2026-11-23 09:00") == [other.headline]


@ON_ONE_STORE
def test_readers_in_other_zones_are_judged_by_the_week_that_was_over_for_them(
    desk: Desk,
) -> None:
    """At 08:00 in London it is Sunday 22:00 in Honolulu: their last week is the one before."""
    there = WEEKLY | {"timezone": "Pacific/Honolulu"}
    installed(desk, there)
    issue(at(desk, "2026-11-23 08:00"), period="2026-W46")
    desk.dispatch()
    assert watched(desk, "2026-11-23 09:00") == []


@ON_ONE_STORE
def test_no_report_is_late_before_it_is_made(desk: Desk) -> None:
    installed(desk)
    desk.activate(readers(audiences=[WEEKLY], late={"weekly": "06:00"}))
    with writing(desk.store) as connection:
        due = last_due(active_configuration(connection), Cadence.WEEKLY, london("2026-11-25 12:00"))
    assert due is not None
    assert due.by == london("2026-11-23 08:00")


def test_a_look_that_finds_all_well_costs_three_questions(desk: Desk) -> None:
    installed(desk)
    issue(at(desk, "2026-11-23 08:00"))
    desk.dispatch()
    assert watched(desk, "2026-11-23 12:00") == []
    asked: list[str] = []
    with writing(desk.store) as connection:
        configuration = active_configuration(connection)
        event.listen(connection, "before_cursor_execute", lambda *a: asked.append(a[2]))
        watch_reports(connection, configuration, desk.clock.now)
    assert len(asked) == 3, "open alerts, whether the installation is live, reports"
