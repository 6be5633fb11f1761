"""Open time, question by question; a slow walk along the wall clock judges the fast code."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportops.sla.calendar.business_hours import BusinessHours, OutsideRange
from supportops.sla.calendar.open_segments import utc_offsets

Spec = dict[str, Any]

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HOUR = 3600
DAY = 8 * HOUR  # a working day of the office
LONDON = ZoneInfo("Europe/London")
CASES = json.loads((Path(__file__).parents[2] / "data" / "business_time_cases.json").read_text())


def office(**changes: Any) -> Spec:
    hours = {weekday: [["09:00", "17:00"]] for weekday in WEEKDAYS[:5]}
    return {"tz": "Europe/London", "hours": hours, **changes}


def around_the_clock(**changes: Any) -> Spec:
    return office(hours={weekday: [["00:00", "24:00"]] for weekday in WEEKDAYS}, **changes)


@cache
def built(spec: str) -> BusinessHours:
    return BusinessHours.from_spec(json.loads(spec))


def calendar(spec: Spec) -> BusinessHours:
    return built(json.dumps(spec))


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def epochs(*instants: datetime) -> np.ndarray:
    return np.array([int(t.timestamp()) for t in instants], dtype=np.int64)


# --- boundaries -----------------------------------------------------------------------------------


def test_nine_o_clock_is_open_and_five_o_clock_is_closed():
    hours = calendar(office())
    assert not hours.is_open(london("2026-01-05 08:59:59.999999"))
    assert hours.is_open(london("2026-01-05 09:00"))
    assert hours.is_open(london("2026-01-05 16:59:59.999999"))
    assert not hours.is_open(london("2026-01-05 17:00"))


def test_a_deadline_that_uses_the_last_second_is_due_at_closing_not_at_the_next_opening():
    hours = calendar(office())
    assert hours.deadline(london("2026-01-05 09:00"), DAY) == london("2026-01-05 17:00")
    assert hours.deadline(london("2026-01-05 09:00"), DAY + 1) == london("2026-01-06 09:00:01")


def test_three_working_days_from_the_saturday_before_easter_monday_end_on_thursday_at_five():
    hours = calendar(office(holidays=["2026-04-03", "2026-04-06"]))
    assert hours.deadline(london("2026-04-04 11:00"), 3 * DAY) == london("2026-04-09 17:00")


def test_deadlines_and_openings_are_answered_in_utc():
    hours = calendar(office())
    summer = london("2026-07-06 10:00")
    assert hours.deadline(summer, 60).isoformat() == "2026-07-06T09:01:00+00:00"
    assert hours.next_open(summer).isoformat() == "2026-07-06T09:00:00+00:00"


def test_nothing_passes_between_equal_instants_and_time_backwards_is_negative():
    hours = calendar(office())
    friday, monday = london("2026-01-09 16:00"), london("2026-01-12 10:00")
    assert hours.elapsed(friday, friday) == 0
    assert hours.elapsed(friday, monday) == 2 * HOUR
    assert hours.elapsed(monday, friday) == -2 * HOUR
    assert hours.deadline(monday, -2 * HOUR) == friday


def test_a_weekend_holds_no_open_time():
    hours = calendar(office())
    assert hours.elapsed(london("2026-01-09 17:00"), london("2026-01-12 09:00")) == 0


def test_zero_seconds_end_at_once_while_open_and_at_the_closing_before_while_closed():
    hours = calendar(office())
    assert hours.deadline(london("2026-01-05 10:00"), 0) == london("2026-01-05 10:00")
    assert hours.deadline(london("2026-01-10 12:00"), 0) == london("2026-01-09 17:00")
    assert hours.deadline(london("2026-01-12 09:00"), 0) == london("2026-01-09 17:00")


def test_the_next_opening_is_now_while_open_and_monday_morning_on_a_saturday():
    hours = calendar(office())
    inside = london("2026-01-05 10:00:00.25")
    assert hours.next_open(inside) == inside
    assert hours.next_open(london("2026-01-05 09:00")) == london("2026-01-05 09:00")
    assert hours.next_open(london("2026-01-05 08:59:59.5")) == london("2026-01-05 09:00")
    assert hours.next_open(london("2026-01-09 17:00")) == london("2026-01-12 09:00")


def test_a_night_shift_goes_on_through_midnight():
    night = [["00:00", "06:00"], ["22:00", "24:00"]]
    hours = calendar(office(hours=dict.fromkeys(WEEKDAYS, night)))
    assert hours.is_open(london("2026-01-06 00:00"))
    assert hours.elapsed(london("2026-01-05 23:00"), london("2026-01-06 01:00")) == 2 * HOUR
    assert hours.deadline(london("2026-01-05 23:00"), HOUR) == london("2026-01-06 00:00")
    assert hours.deadline(london("2026-01-05 22:00"), 8 * HOUR) == london("2026-01-06 06:00")


def test_intervals_that_touch_are_one_and_their_order_does_not_matter():
    split = office(hours={"mon": [["12:00", "17:00"], ["09:00", "12:00"]]})
    hours = calendar(split)
    assert hours.is_open(london("2026-01-05 12:00"))
    assert hours.elapsed(london("2026-01-05 00:00"), london("2026-01-06 00:00")) == DAY


def test_around_the_clock_every_second_counts():
    hours = calendar(around_the_clock())
    start = datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC)
    assert hours.deadline(start, 15 * 60) == start + timedelta(minutes=15)
    assert hours.elapsed(start, start + timedelta(days=400)) == 400 * 86_400


def test_microseconds_are_neither_lost_nor_invented():
    hours = calendar(office())
    start = london("2026-01-05 16:59:59.999999")
    assert hours.elapsed(start, london("2026-01-06 09:00:00.000001")) == 0.000002
    assert hours.deadline(start, 0.000002) == london("2026-01-06 09:00:00.000001")
    assert hours.deadline(start, 0.000001) == london("2026-01-05 17:00")


# --- the clocks change ----------------------------------------------------------------------------


def test_the_sunday_the_clocks_go_back_has_25_hours_and_the_one_they_go_forward_23():
    hours = calendar(around_the_clock())
    assert hours.elapsed(london("2026-10-25 00:00"), london("2026-10-26 00:00")) == 25 * HOUR
    assert hours.elapsed(london("2026-03-29 00:00"), london("2026-03-30 00:00")) == 23 * HOUR


def test_an_hour_that_the_clocks_skip_is_never_open():
    hours = calendar(office(hours={"sun": [["01:00", "02:00"]]}))
    assert hours.elapsed(london("2026-03-29 00:00"), london("2026-03-30 00:00")) == 0
    assert hours.elapsed(london("2026-04-05 00:00"), london("2026-04-06 00:00")) == HOUR


def test_an_hour_that_the_clocks_repeat_is_open_both_times():
    hours = calendar(office(hours={"sun": [["01:30", "01:45"]]}))
    first, second = (london("2026-10-25 01:30").replace(fold=fold) for fold in (0, 1))
    assert hours.is_open(first)
    assert hours.is_open(second)
    assert not hours.is_open(first + timedelta(minutes=15))
    assert hours.elapsed(first, second) == 15 * 60
    # compared in UTC: Python calls a repeated hour unequal to every instant of another zone
    assert hours.next_open(datetime(2026, 10, 25, 0, 45, tzinfo=UTC)) == second.astimezone(UTC)


def test_office_hours_follow_the_wall_clock_from_friday_to_the_monday_after_the_change():
    hours = calendar(office())
    assert hours.deadline(london("2026-03-27 16:00"), 2 * HOUR) == london("2026-03-30 10:00")
    assert hours.deadline(london("2026-10-23 16:00"), 2 * HOUR) == london("2026-10-26 10:00")


def test_a_day_that_a_country_skips_has_no_open_hours():
    samoa = calendar(around_the_clock(tz="Pacific/Apia"))
    zone = ZoneInfo("Pacific/Apia")
    before, after = (datetime(2011, 12, day, tzinfo=zone) for day in (29, 31))
    assert samoa.elapsed(before, after) == 24 * HOUR


@pytest.mark.parametrize(
    ("zone", "year", "moments"),
    [
        # the shortest stays at one offset that any zone makes from 1970 to 2100
        ("America/Recife", 2000, ["2000-02-27T02:00", "2000-10-08T03:00", "2000-10-15T02:00"]),
        ("Asia/Gaza", 2040, ["2040-09-01T00:00", "2040-10-13T23:00", "2040-10-20T00:00"]),
        ("Australia/Lord_Howe", 2026, ["2026-04-04T15:00", "2026-10-03T15:30"]),
        ("Africa/Monrovia", 1972, ["1972-01-07T00:44:30"]),
        ("Asia/Kathmandu", 2026, []),
    ],
)
def test_no_change_of_a_zones_offset_is_missed(zone: str, year: int, moments: list[str]):
    since, _ = utc_offsets(ZoneInfo(zone), 0, 4_102_444_800)
    found = [datetime.fromtimestamp(int(second), UTC).replace(tzinfo=None) for second in since]
    of_year = [moment for moment in found if moment.year == year]
    if zone == "Asia/Gaza":  # rules for its future are guesses; the pair a week apart is the point
        assert timedelta(days=6) < min(b - a for a, b in pairwise(of_year)) < timedelta(days=7)
    else:
        assert of_year == [datetime.fromisoformat(moment) for moment in moments]


# --- holidays, overrides, breaks ------------------------------------------------------------------


def test_a_holiday_is_closed_by_its_local_date():
    auckland = office(tz="Pacific/Auckland", holidays=["2026-01-06"])
    hours = calendar(auckland)
    zone = ZoneInfo("Pacific/Auckland")
    assert hours.is_open(datetime(2026, 1, 5, 16, 59, tzinfo=zone))
    assert not hours.is_open(datetime(2026, 1, 6, 12, tzinfo=zone))  # still the 5th in UTC
    assert hours.is_open(datetime(2026, 1, 7, 9, tzinfo=zone))


def test_an_override_replaces_the_weekdays_hours():
    hours = calendar(office(overrides={"2026-12-24": [["09:00", "12:00"]], "2026-12-28": []}))
    assert hours.elapsed(london("2026-12-24 00:00"), london("2026-12-25 00:00")) == 3 * HOUR
    assert hours.elapsed(london("2026-12-28 00:00"), london("2026-12-29 00:00")) == 0


def test_an_override_can_open_a_sunday():
    hours = calendar(office(overrides={"2026-12-20": [["10:00", "14:00"]]}))
    assert hours.next_open(london("2026-12-19 12:00")) == london("2026-12-20 10:00")


def test_a_holiday_stays_closed_whatever_an_override_says():
    day = "2026-12-24"
    hours = calendar(office(holidays=[day], overrides={day: [["09:00", "12:00"]]}))
    assert hours.next_open(london("2026-12-23 17:00")) == london("2026-12-25 09:00")


def test_breaks_close_the_office_and_may_overlap_each_other():
    hours = calendar(
        office(
            breaks=[
                {"start": "2026-01-05T10:30:00Z", "end": "2026-01-05T11:00:00Z"},
                {"start": "2026-01-05T10:00:00Z", "end": "2026-01-05T10:45:00Z"},
                {"start": "2026-01-05T11:00:00Z", "end": "2026-01-05T11:15:00+00:00"},
            ]
        )
    )
    assert not hours.is_open(london("2026-01-05 10:00"))
    assert hours.is_open(london("2026-01-05 11:15"))
    assert hours.elapsed(london("2026-01-05 09:00"), london("2026-01-05 17:00")) == 6.75 * HOUR
    assert hours.deadline(london("2026-01-05 09:00"), HOUR) == london("2026-01-05 10:00")


def test_breaks_at_and_beyond_the_ends_of_the_range_do_no_harm():
    spec = around_the_clock(
        breaks=[
            {"start": "2019-12-31T00:00:00Z", "end": "2020-01-01T01:00:00Z"},
            {"start": "2020-01-31T23:00:00Z", "end": "2020-02-02T00:00:00Z"},
            {"start": "2021-01-01T00:00:00Z", "end": "2021-01-02T00:00:00Z"},
        ]
    )
    january = BusinessHours.from_spec(spec, first=date(2020, 1, 1), until=date(2020, 2, 1))
    one, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert january.elapsed(one, last) == (31 * 24 - 2) * HOUR


def test_a_spec_as_yaml_reads_it_is_welcome():
    spec = office(
        holidays=[date(2026, 1, 6)],
        overrides={date(2026, 1, 7): (("10:00", "11:00"),)},
        breaks=None,
    )
    hours = BusinessHours.from_spec(spec)
    assert hours.elapsed(london("2026-01-06 00:00"), london("2026-01-08 00:00")) == HOUR


# --- the shared cases -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_other_peoples_cases_come_out_the_same(case: Spec):
    keys = ("tz", "hours", "holidays", "overrides", "breaks")
    hours = calendar({key: case[key] for key in keys if key in case})
    start = datetime.fromisoformat(case["start"])
    column = epochs(start)
    if case["op"] == "is_open":
        assert hours.is_open(start) == hours.is_open(column)[0] == case["expected"]
    elif case["op"] == "elapsed":
        end = datetime.fromisoformat(case["end"])
        passed = hours.elapsed(column, epochs(end))[0]
        assert hours.elapsed(start, end) == passed == case["expected"]
    else:
        due = datetime.fromisoformat(case.get("expected_left", case["expected"]))
        assert hours.deadline(start, case["seconds"]) == due
        assert hours.deadline(column, case["seconds"])[0] == due.timestamp()


# --- against a slow walk along the wall clock -----------------------------------------------------

MINUTE = timedelta(minutes=1)
TURNING_POINTS = [  # a zone, and a day on or near which its clocks do something
    ("UTC", "2024-02-28"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("America/New_York", "2026-11-01"),
    ("America/Santiago", "2026-09-06"),  # skips midnight
    ("America/St_Johns", "2006-10-29"),  # repeats 00:01, so a date comes back
    ("Australia/Lord_Howe", "2026-04-05"),  # half an hour
    ("Africa/Casablanca", "2026-02-15"),  # Ramadan
    ("Asia/Kathmandu", "2026-01-01"),
    ("Pacific/Apia", "2011-12-30"),  # the day that was left out
    ("America/Recife", "2000-10-11"),  # two changes within a week
]


def walk(spec: Spec, start: datetime, minutes: int) -> list[bool]:
    """Whether each minute after start is open, by looking at the clock on the wall each time."""
    zone = ZoneInfo(spec["tz"])
    breaks = [[datetime.fromisoformat(b[end]) for end in ("start", "end")] for b in spec["breaks"]]
    is_open = []
    for t in (start + n * MINUTE for n in range(minutes)):
        wall = t.astimezone(zone)
        day, _, reads = wall.isoformat(timespec="minutes")[:16].partition("T")
        intervals = spec["overrides"].get(day, spec["hours"].get(WEEKDAYS[wall.weekday()], []))
        is_open.append(
            day not in spec["holidays"]
            and any(opens <= reads < closes for opens, closes in intervals)
            and not any(begin <= t < end for begin, end in breaks)
        )
    return is_open


@st.composite
def intervals(draw: st.DrawFn, least: int = 0) -> list[list[str]]:
    edge = st.one_of(st.integers(0, 48).map(lambda half: half * 30), st.integers(0, 1440))
    edges = sorted(draw(st.lists(edge, min_size=2 * least, max_size=6, unique=True)))
    times = [f"{edge // 60:02}:{edge % 60:02}" for edge in edges]
    return [list(pair) for pair in zip(times[::2], times[1::2], strict=False)]


@st.composite
def specs_at_a_turning_point(draw: st.DrawFn) -> tuple[Spec, date]:
    tz, text = draw(st.sampled_from(TURNING_POINTS))
    turn = date.fromisoformat(text)
    hours = draw(st.dictionaries(st.sampled_from(WEEKDAYS), intervals(), max_size=7))
    some_day = draw(st.sampled_from(WEEKDAYS))
    hours[some_day] = draw(intervals(least=1))
    near = st.integers(-3, 3).map(lambda n: (turn + timedelta(n)).isoformat())
    noon = datetime(turn.year, turn.month, turn.day, 12, tzinfo=UTC)
    instant = st.integers(-5000, 5000).map(lambda n: noon + n * MINUTE)
    pauses = draw(st.lists(st.tuples(instant, st.integers(1, 3000)), max_size=3))
    return {
        "tz": tz,
        "hours": hours,
        "holidays": draw(st.lists(near, max_size=2)),
        "overrides": draw(st.dictionaries(near, intervals(), max_size=2)),
        "breaks": [
            {"start": start.isoformat(), "end": (start + length * MINUTE).isoformat()}
            for start, length in pauses
        ],
    }, turn


@settings(deadline=None, max_examples=100)
@given(specs_at_a_turning_point(), st.data())
def test_every_answer_agrees_with_a_walk_along_the_wall_clock(
    spec_and_turn: tuple[Spec, date], data: st.DataObject
):
    spec, turn = spec_and_turn
    hours = BusinessHours.from_spec(
        spec, first=turn - timedelta(30), until=turn + timedelta(days=30)
    )
    start = datetime(turn.year, turn.month, turn.day, tzinfo=UTC) - timedelta(days=3)
    walked = walk(spec, start, 7 * 1440)
    passed = list(accumulate((60 * is_open for is_open in walked), initial=0))
    seconds = epochs(start) + 60 * np.arange(len(walked))

    assert hours.is_open(seconds).tolist() == walked
    assert hours.elapsed(seconds[:1], seconds).tolist() == passed[:-1]

    at = data.draw(st.integers(0, len(walked) - 1))
    t = start + at * MINUTE
    assert hours.is_open(t) == walked[at]
    assert hours.elapsed(start, t) == passed[at]
    if True in walked[at:]:
        assert hours.next_open(t) == start + walked.index(True, at) * MINUTE
        assert hours.next_open(seconds[at : at + 1])[0] == seconds[walked.index(True, at)]
    if passed[at] < passed[-1]:
        amount = data.draw(st.integers(1, passed[-1] - passed[at]))
        used_up = next(i for i in range(at, len(passed)) if passed[i] >= passed[at] + amount)
        due = start + used_up * MINUTE - timedelta(seconds=passed[used_up] - passed[at] - amount)
        assert hours.deadline(t, amount) == due
        assert hours.deadline(seconds[at : at + 1], amount)[0] == due.timestamp()


# --- properties -----------------------------------------------------------------------------------

BUSY = office(
    hours={day: [["07:15", "12:00"], ["12:30", "17:00"], ["23:00", "24:00"]] for day in WEEKDAYS},
    holidays=["2025-12-25", "2026-04-06"],
    overrides={"2026-12-24": [["09:00", "12:00"]]},
    # more edges in a morning than the tables want to count one by one
    breaks=[
        {"start": f"2026-01-05T09:{m:02}:00Z", "end": f"2026-01-05T09:{m:02}:30Z"}
        for m in range(60)
    ],
)
CALENDARS = st.sampled_from([office(), around_the_clock(), BUSY]).map(calendar)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=420)).map(
    lambda since: datetime(2025, 11, 1, tzinfo=UTC) + since
)
SECONDS = st.integers(1_762_000_000, 1_798_000_000)


@given(CALENDARS, INSTANTS, INSTANTS, INSTANTS)
def test_open_time_adds_up(hours: BusinessHours, a: datetime, b: datetime, c: datetime):
    assert hours.elapsed(a, b) + hours.elapsed(b, c) == pytest.approx(
        hours.elapsed(a, c), abs=1e-6, rel=0
    )
    a, b, c = (t.replace(microsecond=0) for t in (a, b, c))
    assert hours.elapsed(a, b) + hours.elapsed(b, c) == hours.elapsed(a, c)


@given(CALENDARS, INSTANTS, st.integers(-(10**13), 10**13).map(lambda micros: micros / 1e6))
def test_at_the_deadline_exactly_the_promised_time_has_passed(
    hours: BusinessHours, t: datetime, amount: float
):
    assert hours.elapsed(t, hours.deadline(t, amount)) == amount


@given(CALENDARS, INSTANTS, st.integers(0, 10**7))
def test_no_earlier_instant_would_do_as_the_deadline(
    hours: BusinessHours, t: datetime, amount: int
):
    due = hours.deadline(t, amount)
    assert hours.elapsed(t, due - timedelta(microseconds=1)) < amount


@given(CALENDARS, INSTANTS, INSTANTS, st.integers(0, 10**7), st.integers(0, 10**6))
def test_a_later_start_or_a_larger_promise_is_never_due_earlier(
    hours: BusinessHours, a: datetime, b: datetime, amount: int, more: int
):
    early, late = sorted([a, b])
    assert hours.deadline(early, amount) <= hours.deadline(late, amount)
    assert hours.deadline(early, amount) <= hours.deadline(early, amount + more)


@given(CALENDARS, INSTANTS)
def test_the_next_opening_is_open_and_nothing_is_missed_before_it(
    hours: BusinessHours, t: datetime
):
    opening = hours.next_open(t)
    assert hours.is_open(opening)
    assert opening >= t
    assert hours.elapsed(t, opening) == 0


@given(CALENDARS, INSTANTS)
def test_the_next_closing_is_closed_and_all_before_it_is_open(hours: BusinessHours, t: datetime):
    closing = hours.next_close(t)
    last = min(closing, hours.until - timedelta(microseconds=1))
    assert closing >= t
    assert closing == hours.until or not hours.is_open(closing)
    assert hours.elapsed(t, last) == (last - t).total_seconds()


@given(CALENDARS, st.lists(st.tuples(SECONDS, SECONDS, st.integers(-(10**6), 10**7))))
def test_a_column_is_answered_like_its_instants_one_by_one(
    hours: BusinessHours, rows: list[tuple[int, int, int]]
):
    start, end, amount = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    starts, ends = ([datetime.fromtimestamp(s, UTC) for s in column] for column in (start, end))
    assert hours.is_open(start).tolist() == [hours.is_open(t) for t in starts]
    assert hours.next_open(start).tolist() == [hours.next_open(t).timestamp() for t in starts]
    assert hours.elapsed(start, end).tolist() == [
        hours.elapsed(a, b) for a, b in zip(starts, ends, strict=True)
    ]
    assert hours.deadline(start, amount).tolist() == [
        hours.deadline(t, int(n)).timestamp() for t, n in zip(starts, amount, strict=True)
    ]


def test_columns_keep_their_shape_and_broadcast():
    hours = calendar(office())
    monday, friday = epochs(london("2026-01-05 09:00"), london("2026-01-09 09:00"))
    grid = np.array([[monday, friday]], dtype=np.int64)
    assert hours.is_open(grid).tolist() == [[True, True]]
    assert hours.elapsed(grid, grid[:, :1]).tolist() == [[0, -4 * DAY]]
    assert hours.deadline(grid[:, :1], np.array([0, HOUR, DAY])).shape == (1, 3)
    nothing = np.array([], dtype=np.int64)
    for answer in (hours.next_open(nothing), hours.deadline(nothing, 1), hours.elapsed(grid, grid)):
        assert answer.dtype == np.int64
    assert hours.next_open(np.array(monday)) == monday


# --- the edges of what a calendar knows -----------------------------------------------------------


def january(spec: Spec) -> BusinessHours:
    """From Wednesday the 1st to Friday the 31st."""
    return BusinessHours.from_spec(spec, first=date(2020, 1, 1), until=date(2020, 2, 1))


def test_the_range_begins_with_its_first_second_and_ends_before_until():
    hours = january(around_the_clock())
    first, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
    last = until - timedelta(microseconds=1)
    assert (hours.first, hours.until) == (first, until)
    assert hours.is_open(first)
    assert hours.is_open(last)
    assert hours.deadline(first, 0) == first
    assert hours.deadline(first, 31 * 86_400 - 0.000001) == last
    for stray in (first - timedelta(microseconds=1), until):
        with pytest.raises(OutsideRange):
            hours.is_open(stray)
        with pytest.raises(OutsideRange):
            hours.elapsed(epochs(first, stray), epochs(first))


def test_an_answer_outside_the_range_is_refused_too():
    hours = january(office())
    thursday, last = london("2020-01-30 17:00"), london("2020-01-31 17:00")
    assert hours.deadline(thursday, DAY) == last
    for question in (
        lambda: hours.deadline(thursday, DAY + 0.000001),
        lambda: hours.deadline(epochs(thursday), DAY + 1),
        lambda: hours.deadline(london("2020-01-01 09:00"), -1),
        lambda: hours.deadline(epochs(london("2020-01-01 09:00")), -1),
        # the closing before the first opening was in December
        lambda: hours.deadline(london("2020-01-01 09:00"), 0),
        lambda: hours.deadline(epochs(london("2020-01-01 09:00")), 0),
        lambda: hours.next_open(last),
        lambda: hours.next_open(epochs(thursday, last)),
    ):
        with pytest.raises(OutsideRange):
            question()


def test_a_deadline_at_the_very_end_of_the_range_is_not_known():
    hours = january(around_the_clock())
    start = datetime(2020, 1, 31, 23, tzinfo=UTC)
    for question in (
        lambda: hours.deadline(start, HOUR),
        lambda: hours.deadline(epochs(start), HOUR),
    ):
        with pytest.raises(OutsideRange):
            question()


def test_the_error_names_the_instant_and_how_far_the_calendar_reaches():
    with pytest.raises(
        OutsideRange,
        match=r"2020-02-01 .*from 2020-01-01T00:00:00\+00:00 until 2020-02-01T00:00:00\+00:00",
    ):
        january(office()).is_open(datetime(2020, 2, 1, tzinfo=UTC))
    assert issubclass(OutsideRange, ValueError)


def test_a_calendar_reaches_from_1970_to_2100_by_default():
    hours = calendar(office())
    assert (hours.first.year, hours.until.year) == (1970, 2100)
    assert hours.is_open(datetime(1970, 1, 1, 12, tzinfo=UTC))  # in Britain's all-year summer time
    assert hours.deadline(datetime(2099, 12, 30, tzinfo=UTC), DAY).day == 30


@pytest.mark.parametrize(
    ("first", "until"),
    [
        (date(2020, 1, 1), date(2020, 1, 1)),
        (date(2020, 1, 2), date(2020, 1, 1)),
        (date(1969, 12, 31), date(2020, 1, 1)),
    ],
)
def test_a_range_that_is_empty_or_begins_before_1970_is_refused(first: date, until: date):
    with pytest.raises(ValueError, match="expected 1970-01-01 <= first < until"):
        BusinessHours.from_spec(office(), first=first, until=until)


def test_a_calendar_that_never_opens_within_its_range_is_refused():
    day = "2026-12-24"
    for spec in (
        {"tz": "UTC", "hours": {}, "overrides": {day: [["09:00", "12:00"]]}, "holidays": [day]},
        {"tz": "UTC", "hours": {}, "overrides": {"2150-01-01": [["09:00", "12:00"]]}},
    ):
        with pytest.raises(ValueError, match="never open from 1970-01-01 until 2100-01-01"):
            BusinessHours.from_spec(spec)


def test_a_datetime_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="with its time zone"):
        calendar(office()).is_open(london("2026-01-05 10:00").replace(tzinfo=None))


@pytest.mark.parametrize(
    "t",
    [
        1_767_600_000,
        "2026-01-05T10:00:00Z",
        [1_767_600_000],
        np.array([1.7e9]),
        np.array(["2026-01-05T10:00:00"], dtype="datetime64[s]"),
    ],
)
def test_instants_of_any_other_kind_are_refused(t: Any):
    hours = calendar(office())
    for question in (
        lambda: hours.is_open(t),
        lambda: hours.next_open(t),
        lambda: hours.elapsed(t, t),
        lambda: hours.deadline(t, 60),
    ):
        with pytest.raises(TypeError, match="int64"):
            question()


def test_a_column_of_starts_takes_whole_seconds_only():
    with pytest.raises(TypeError, match="float64"):
        calendar(office()).deadline(epochs(london("2026-01-05 09:00")), 0.5)


def test_a_datetime_and_a_column_are_not_mixed():
    hours = calendar(office())
    t = london("2026-01-05 09:00")
    for question in (
        lambda: hours.deadline(t, np.array([60])),
        lambda: hours.elapsed(t, epochs(t)),
        lambda: hours.elapsed(epochs(t), t),
    ):
        with pytest.raises(TypeError, match="int64"):
            question()


def test_a_single_promise_may_be_a_number_out_of_a_column():
    hours = calendar(office())
    start, due = london("2026-01-05 09:00"), london("2026-01-05 10:00")
    assert hours.deadline(start, np.int64(HOUR)) == due
    assert hours.deadline(start, np.float64(HOUR)) == due


def test_a_calendar_is_frozen():
    hours = calendar(office())
    with pytest.raises(FrozenInstanceError):
        hours.first = hours.until
    assert repr(hours).startswith("BusinessHours(zone=zoneinfo.ZoneInfo(key='Europe/London'), ")


# --- a wrong spec stops the start -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"holiday": []}, "holiday: found [], expected only the keys tz, hours, holidays"),
        ({"tz": None}, "tz: found None, expected the IANA name"),
        ({"tz": "Europe/Londn"}, "tz: found 'Europe/Londn', expected the IANA name"),
        ({"tz": "Europe"}, "tz: found 'Europe', expected the IANA name"),
        ({"tz": "../etc/passwd"}, "tz: found '../etc/passwd', expected the IANA name"),
        ({"hours": None}, "hours: found None, expected intervals by weekday"),
        ({"hours": []}, "hours: found [], expected a mapping"),
        ({"hours": {}}, "hours: found {}, expected an open interval on some day"),
        ({"hours": {"mon": []}}, "hours: found {'mon': []}, expected an open interval"),
        ({"hours": {"monday": []}}, "hours.monday: found 'monday', expected a weekday of mon,"),
        ({"hours": {"mon": "09:00-17:00"}}, "hours.mon: found '09:00-17:00', expected a list"),
        ({"hours": {"mon": ["09:00", "17:00"]}}, "hours.mon[0]: found '09:00', expected a list"),
        ({"hours": {"mon": [["09:00"]]}}, "hours.mon[0]: found ['09:00'], expected a pair"),
        ({"hours": {"mon": [["9:00", "17:00"]]}}, "hours.mon[0][0]: found '9:00', expected a time"),
        ({"hours": {"mon": [["09:00", 1020]]}}, "hours.mon[0][1]: found 1020, expected a time"),
        ({"hours": {"mon": [["09:00", 1020]]}}, "in quotes: YAML takes a bare 17:00 for a number"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, "hours.mon[0][1]: found '24:01'"),
        ({"hours": {"mon": [["09:00", "17:60"]]}}, "hours.mon[0][1]: found '17:60'"),
        (
            {"hours": {"mon": [["17:00", "09:00"]]}},
            "hours.mon[0]: found ['17:00', '09:00'], expected a closing time after the opening",
        ),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "expected a closing time after the opening"),
        (
            {"hours": {"mon": [["12:00", "17:00"], ["09:00", "12:01"]]}},
            "hours.mon: found [['12:00', '17:00'], ['09:00', '12:01']], expected intervals that",
        ),
        ({"holidays": "2026-12-25"}, "holidays: found '2026-12-25', expected a list"),
        ({"holidays": ["2026-02-29"]}, "holidays[0]: found '2026-02-29', expected a date"),
        ({"holidays": ["20261225"]}, "holidays[0]: found '20261225', expected a date"),
        (
            {"holidays": [datetime(2026, 12, 25, tzinfo=UTC)]},
            "holidays[0]: found datetime.datetime(2026, 12, 25, 0, 0, tzinfo=",
        ),
        ({"overrides": ["2026-12-24"]}, "overrides: found ['2026-12-24'], expected a mapping"),
        ({"overrides": {"24 Dec": []}}, "overrides.24 Dec: found '24 Dec', expected a date"),
        (
            {"overrides": {"2026-12-24": [["9", "12:00"]]}},
            "overrides.2026-12-24[0][0]: found '9', expected a time",
        ),
        (
            {"overrides": {"2026-12-24": [], date(2026, 12, 24): []}},
            "overrides.2026-12-24: found datetime.date(2026, 12, 24), expected each date once",
        ),
        ({"breaks": [["a", "b"]]}, "breaks[0]: found ['a', 'b'], expected a mapping"),
        (
            {"breaks": [{"start": "2026-01-05T10:00:00Z"}]},
            "expected a mapping of start and end",
        ),
        (
            {"breaks": [{"start": "2026-01-05T10:00:00", "end": "2026-01-05T11:00:00Z"}]},
            "breaks[0].start: found '2026-01-05T10:00:00', expected a whole second with its UTC",
        ),
        (
            {"breaks": [{"start": "2026-01-05T10:00:00Z", "end": "noon"}]},
            "breaks[0].end: found 'noon', expected a whole second with its UTC offset",
        ),
        (
            {"breaks": [{"start": "2026-01-05T10:00:00.5Z", "end": "2026-01-05T11:00:00Z"}]},
            "breaks[0].start: found '2026-01-05T10:00:00.5Z', expected a whole second",
        ),
        (
            {"breaks": [{"start": "2026-01-05T11:00:00Z", "end": "2026-01-05T11:00:00Z"}]},
            "expected an end after the start",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_place_what_was_found_and_what_was_expected(
    wrong: Spec, message: str
):
    with pytest.raises(ValueError, match="no calendar of business hours") as refused:
        BusinessHours.from_spec(office(**wrong))
    assert message in str(refused.value)


def test_all_mistakes_are_reported_at_once():
    wrong = office(
        tz="Mars/Olympus", hours={"mon": [["9", "17"]], "funday": []}, holidays=["never"]
    )
    with pytest.raises(ValueError, match="no calendar of business hours") as refused:
        BusinessHours.from_spec(wrong)
    places = [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]]
    assert places == ["tz", "hours.funday", "hours.mon[0][0]", "hours.mon[0][1]", "holidays[0]"]


def test_something_that_is_no_mapping_at_all_is_no_calendar():
    with pytest.raises(ValueError, match=r"calendar: found \['09:00'\], expected a mapping"):
        BusinessHours.from_spec(["09:00"])
