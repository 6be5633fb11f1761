"""Days, weeks and months in a zone: where they begin and end, and when their reports are made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.policies import london
from supportops.reports.period import (
    Cadence,
    day,
    earlier,
    month,
    month_before,
    months_before,
    parse,
    report_instant,
    risk_until,
    week,
    week_before,
    with_days_off,
    working_day_before,
)

LONDON = "Europe/London"
HOUR = timedelta(hours=1)
# Their clocks jump over midnight (the first two), fall back to it, or are odd in other ways.
ODD_ZONES = [
    "America/Santiago",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    LONDON,
    "UTC",
]


def works(on: date) -> bool:
    """Monday to Friday, but for Christmas Day and what is taken for Boxing Day."""
    return on.weekday() < 5 and on not in (date(2026, 12, 25), date(2026, 12, 28))


def test_a_week_runs_from_monday_to_sunday_in_its_zone() -> None:
    found = week("2026-W47", LONDON)
    assert (found.cadence, found.label, found.zone) == (Cadence.WEEKLY, "2026-W47", LONDON)
    assert (found.first_day, found.last_day) == (date(2026, 11, 16), date(2026, 11, 22))
    assert found.start == datetime(2026, 11, 16, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 23, tzinfo=UTC)
    assert found.start.tzinfo is UTC


def test_midnight_is_the_zones_own() -> None:
    found = day("2026-07-01", "America/New_York")
    assert found.start == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert (found.first_day, found.last_day) == (date(2026, 7, 1), date(2026, 7, 1))


@pytest.mark.parametrize(
    ("label", "hours"), [("2026-W12", 168), ("2026-W13", 167), ("2026-W43", 169)]
)
def test_weeks_in_which_clocks_change_are_an_hour_shorter_or_longer(label: str, hours: int) -> None:
    found = week(label, LONDON)
    assert found.end - found.start == hours * HOUR


@pytest.mark.parametrize(
    ("label", "zone", "hours"),
    [("2026-09-06", "America/Santiago", 23), ("2026-03-29", "Asia/Beirut", 23)],
)
def test_a_day_whose_midnight_does_not_exist_begins_when_clocks_have_jumped(
    label: str, zone: str, hours: int
) -> None:
    found = day(label, zone)
    assert found.start.astimezone(ZoneInfo(zone)).hour == 1
    assert found.end - found.start == hours * HOUR
    assert found.first_day == found.last_day == date.fromisoformat(label)


@pytest.mark.parametrize(
    ("label", "hours"), [("2026-02", 672), ("2028-02", 696), ("2026-03", 743), ("2026-10", 745)]
)
def test_months_are_as_long_as_their_days_and_the_change_of_clocks_in_them(
    label: str, hours: int
) -> None:
    found = month(label, LONDON)
    assert found.end - found.start == hours * HOUR
    assert (found.first_day.day, found.last_day.month) == (1, found.first_day.month)


@pytest.mark.parametrize(
    ("at", "zone", "label"),
    [
        ("2026-12-01 00:00", LONDON, "2026-11"),
        ("2026-11-30 23:59", LONDON, "2026-10"),
        ("2026-12-01 00:00", "America/New_York", "2026-10"),
        ("2027-01-04 09:00", LONDON, "2026-12"),
    ],
)
def test_the_last_month_is_one_that_is_over_in_its_zone(at: str, zone: str, label: str) -> None:
    assert month_before(london(at), zone) == month(label, zone)


@pytest.mark.parametrize(
    ("label", "made"),
    [
        ("2026-11", "2026-12-01 09:00"),  # a Tuesday
        ("2026-10", "2026-11-02 09:00"),  # the first is a Sunday
        ("2026-03", "2026-04-01 09:00"),
    ],
)
def test_a_month_is_reported_at_nine_on_the_first_working_day_after_it(
    label: str, made: str
) -> None:
    assert report_instant(month(label, LONDON), works) == london(made)


def test_a_holiday_moves_the_report_on_a_month() -> None:
    def opens(on: date) -> bool:
        return works(on) and on not in (date(2027, 1, 1), date(2027, 1, 4))

    assert report_instant(month("2026-12", LONDON), opens) == london("2027-01-05 09:00")


def test_a_year_so_far_has_the_months_before_this_one() -> None:
    found = months_before(month("2026-04", LONDON))
    assert [each.label for each in found] == ["2026-01", "2026-02", "2026-03"]
    assert months_before(month("2026-01", LONDON)) == ()


def test_a_year_may_have_53_weeks() -> None:
    assert week("2026-W53", LONDON).first_day == date(2026, 12, 28)
    assert week("2026-W53", LONDON).end == week("2027-W01", LONDON).start


@given(
    st.dates(date(1971, 1, 1), date(2190, 1, 1)),
    st.sampled_from(ODD_ZONES),
    st.sampled_from(Cadence),
)
def test_periods_lie_end_to_end_and_are_named_by_their_labels(
    on: date, zone: str, cadence: Cadence
) -> None:
    year, number, _ = on.isocalendar()
    label = {
        Cadence.DAILY: on.isoformat(),
        Cadence.WEEKLY: f"{year}-W{number:02}",
        Cadence.MONTHLY: f"{on.year}-{on.month:02}",
    }[cadence]
    found = parse(cadence, label, zone)
    assert found.first_day <= on <= found.last_day
    chain = [*earlier(found, 3, lambda _: True), found]
    assert [parse(cadence, each.label, zone) for each in chain] == chain
    assert all(one.end == two.start for one, two in pairwise(chain))
    assert [each.label for each in chain] == sorted(each.label for each in chain)


BAD = [
    (Cadence.WEEKLY, "2026-W54", "'2026-W54' is no week: expected one such as 2026-W47"),
    (Cadence.WEEKLY, "2025-W53", "'2025-W53' is no week"),
    (Cadence.WEEKLY, "2026-W00", "'2026-W00' is no week"),
    (Cadence.WEEKLY, "2026-47", "'2026-47' is no week"),
    (Cadence.WEEKLY, "2026-11-20", "'2026-11-20' is no week"),
    (Cadence.WEEKLY, "2026-W47\n", r"'2026-W47\n' is no week"),
    (Cadence.WEEKLY, "２０２６-W47", "is no week"),
    (Cadence.WEEKLY, "", "'' is no week"),
    (Cadence.WEEKLY, "0000-W01", "'0000-W01' is no week"),
    (Cadence.WEEKLY, "0001-W01", "0001-W01 is out of reach: expected a year from 1970 to 2200"),
    (Cadence.WEEKLY, "9999-W52", "9999-W52 is out of reach"),
    (Cadence.WEEKLY, "<b>" * 9_999, "'<b><b><b><b><b><b><b…' is no week"),
    (Cadence.DAILY, "2026-02-30", "'2026-02-30' is no day: expected one such as 2026-11-20"),
    (Cadence.DAILY, "2026-W47", "'2026-W47' is no day"),
    (Cadence.DAILY, "20261120", "'20261120' is no day"),
    (Cadence.DAILY, "9999-12-31", "9999-12-31 is out of reach"),
    (Cadence.MONTHLY, "2026-13", "'2026-13' is no month: expected one such as 2026-11"),
    (Cadence.MONTHLY, "2026-11-20", "'2026-11-20' is no month"),
    (Cadence.MONTHLY, "9999-12", "9999-12 is out of reach"),
    (Cadence.MONTHLY, "0001-01", "0001-01 is out of reach"),
]


@pytest.mark.parametrize(("cadence", "label", "message"), BAD)
def test_a_label_that_names_nothing_is_refused_in_one_line(
    cadence: Cadence, label: str, message: str
) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        parse(cadence, label, LONDON)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 100


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Else", "../etc/passwd", "Europe", "a\0b", "z" * 9999]
)
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(
        ValueError, match=r"no time zone .*: expected one such as Europe/London"
    ) as no:
        week("2026-W47", zone)
    assert len(str(no.value)) < 110


def test_a_day_that_its_zone_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match="left out of the calendar in Pacific/Apia"):
        day("2011-12-30", "Pacific/Apia")


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2026-11-23 08:00", "2026-W47"),
        ("2026-11-23 00:00", "2026-W47"),
        ("2026-11-22 23:59", "2026-W46"),
        ("2026-03-30 00:00", "2026-W13"),
        ("2027-01-03 12:00", "2026-W52"),
        ("2027-01-04 00:00", "2026-W53"),
    ],
)
def test_the_last_week_is_one_that_is_over(at: str, label: str) -> None:
    assert week_before(london(at), LONDON) == week(label, LONDON)


def test_which_week_is_over_depends_on_the_zone() -> None:
    at = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert week_before(at, "Asia/Tokyo").label == "2026-W47"
    assert week_before(at, LONDON).label == "2026-W46"


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2026-11-20 07:30", "2026-11-19"),
        ("2026-11-20 23:59", "2026-11-19"),
        ("2026-11-23 07:30", "2026-11-20"),
        ("2026-12-29 07:30", "2026-12-24"),
        ("2026-11-21 12:00", "2026-11-19"),  # Friday's lasts until Monday
        ("2026-12-28 23:59", "2026-12-23"),
    ],
)
def test_the_last_working_day_is_over_and_worked(at: str, label: str) -> None:
    found = working_day_before(london(at), LONDON, works)
    assert found == with_days_off(day(label, LONDON), works)
    assert found.end <= london(at)


def test_a_desk_that_never_works_has_no_working_day() -> None:
    with pytest.raises(ValueError, match="no working day within 400 days of 2026-11-20"):
        working_day_before(london("2026-11-20 07:30"), LONDON, lambda _: False)


def test_earlier_days_are_working_days_and_earlier_weeks_are_all_of_them() -> None:
    days = earlier(day("2026-12-29", LONDON), 3, works)
    assert [each.label for each in days] == ["2026-12-22", "2026-12-23", "2026-12-24"]
    weeks = earlier(week("2027-W01", LONDON), 2, works)
    assert [each.label for each in weeks] == ["2026-W52", "2026-W53"]
    assert earlier(week("2027-W01", LONDON), 0, works) == ()


@pytest.mark.parametrize(
    ("label", "at"),
    [
        ("2026-W47", "2026-11-23 08:00"),
        ("2026-W13", "2026-03-30 08:00"),
        ("2026-W43", "2026-10-26 08:00"),
        ("2026-W52", "2026-12-28 08:00"),  # a bank holiday: the week is reported all the same
    ],
)
def test_a_weeks_report_is_made_on_monday_at_eight(label: str, at: str) -> None:
    assert report_instant(week(label, LONDON), works) == london(at)


@pytest.mark.parametrize(
    ("label", "at"),
    [
        ("2026-11-19", "2026-11-20 07:30"),
        ("2026-11-20", "2026-11-23 07:30"),
        ("2026-12-24", "2026-12-29 07:30"),
        ("2026-03-27", "2026-03-30 07:30"),
    ],
)
def test_a_days_report_is_made_on_the_next_working_day(label: str, at: str) -> None:
    made = report_instant(day(label, LONDON), works)
    assert made == london(at)
    assert made.tzinfo is UTC
    assert working_day_before(made, LONDON, works).label == label


def test_a_working_day_takes_the_days_of_rest_after_it_along() -> None:
    thursday = day("2026-12-24", LONDON)  # four days of rest follow
    whole = with_days_off(thursday, works)
    assert (whole.start, whole.end) == (thursday.start, datetime(2026, 12, 29, tzinfo=UTC))
    assert (whole.label, whole.last_day) == ("2026-12-24", date(2026, 12, 28))
    assert report_instant(whole, works) == report_instant(thursday, works)
    for other in (day("2026-12-22", LONDON), day("2026-12-26", LONDON), week("2026-W52", LONDON)):
        assert with_days_off(other, works) == other


def test_a_day_is_at_risk_until_midnight_and_a_week_until_the_next_is_over() -> None:
    friday = day("2026-11-20", LONDON)
    assert risk_until(friday, london("2026-11-23 07:30")) == london("2026-11-24 00:00")
    before = week("2026-W42", LONDON)  # clocks change in the week after it
    assert risk_until(before, london("2026-10-19 08:00")) == week("2026-W43", LONDON).end
