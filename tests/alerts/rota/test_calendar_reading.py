"""Calendars as programs write them: recurrences, zones, exceptions, and what is none."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from supportops.alerts.rota.calendar_file import calendar
from supportops.alerts.rota.calendar_reading import CalendarError, occurrences
from supportops.alerts.rota.team import Duty

LONDON = ZoneInfo("Europe/London")
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def event(*lines: str, summary: str = "Anna", uid: str = "1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *lines, "END:VEVENT"])


def whole(*events: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""])


def read(*events: str) -> list[str]:
    found = occurrences(whole(*events), SINCE, UNTIL, LONDON)
    return [f"{o.summary} {o.since:%d.%m. %H:%M} - {o.until:%d.%m. %H:%M}" for o in found]


def test_times_are_in_utc_on_their_own_clock_or_on_the_teams() -> None:
    assert read(
        event("DTSTART:20260401T080000Z", "DTEND:20260401T090000Z", uid="1"),
        event("DTSTART;TZID=Europe/Berlin:20260402T080000", "DURATION:PT1H30M", uid="2"),
        event("DTSTART:20260403T080000", "DTEND:20260403T090000", uid="3"),
        event("DTSTART;VALUE=DATE:20260404", uid="4"),
    ) == [
        "Anna 01.04. 08:00 - 01.04. 09:00",
        "Anna 02.04. 06:00 - 02.04. 07:30",
        "Anna 03.04. 07:00 - 03.04. 08:00",
        "Anna 03.04. 23:00 - 04.04. 23:00",
    ]


def test_a_weekly_duty_keeps_its_hour_over_a_change_of_the_clock() -> None:
    weekly = event(
        "DTSTART;TZID=Europe/London:20260309T090000",
        "DTEND;TZID=Europe/London:20260316T090000",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20260407T000000Z",
    )
    assert read(weekly) == [
        "Anna 09.03. 09:00 - 16.03. 09:00",
        "Anna 23.03. 09:00 - 30.03. 08:00",
        "Anna 06.04. 08:00 - 13.04. 08:00",
    ]


def test_exceptions_additions_and_changed_occurrences_count() -> None:
    series = event(
        "DTSTART:20260302T100000Z",
        "DTEND:20260302T110000Z",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE:20260309T100000Z",
        "RDATE:20260304T100000Z",
    )
    moved = event(
        "RECURRENCE-ID:20260316T100000Z",
        "DTSTART:20260317T120000Z",
        "DTEND:20260317T130000Z",
        summary="Ben",
    )
    gone = event("RECURRENCE-ID:20260323T100000Z", "DTSTART:20260323T100000Z", "STATUS:CANCELLED")
    assert read(series, moved, gone) == [
        "Anna 02.03. 10:00 - 02.03. 11:00",
        "Anna 04.03. 10:00 - 04.03. 11:00",
        "Ben 17.03. 12:00 - 17.03. 13:00",
    ]


def test_what_began_before_and_lasts_is_read_and_the_rest_is_not() -> None:
    assert read(
        event("DTSTART:20260227T100000Z", "DTEND:20260302T100000Z", uid="1"),
        event("DTSTART:20260220T100000Z", "DTEND:20260301T000000Z", uid="2"),
        event("DTSTART:20260501T000000Z", "DTEND:20260502T000000Z", uid="3"),
    ) == ["Anna 27.02. 10:00 - 02.03. 10:00"]


def test_folded_lines_escapes_and_parts_within_events_are_understood() -> None:
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT10M\r\nDTSTART:19990101T000000Z\r\nEND:VALARM"
    zone = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:1601\r\nEND:STANDARD\r\n"
    long = event(
        "DTSTART:20260401T080000Z", "DTEND:20260401T090000Z", alarm, summary="An\r\n na\\, B\\; C"
    )
    assert read(f"{zone}END:VTIMEZONE", long) == ["Anna, B; C 01.04. 08:00 - 01.04. 09:00"]


def test_what_is_exported_is_read_as_it_was() -> None:
    duty = Duty(datetime(2026, 3, 9, 9, tzinfo=UTC), datetime(2026, 3, 16, 9, tzinfo=UTC), ("a",))
    text = calendar({"web": [duty]}, {"a": "Änne, the; \\ " + "long " * 30 + "X"}, SINCE)
    [found] = occurrences(text, SINCE, UNTIL, LONDON)
    assert (found.since, found.until) == (duty.since, duty.until)
    assert found.summary == f"Änne, the; \\ {'long ' * 30}X (web)"


FAULTS = {
    "no calendar": ("<html>", "it is no calendar"),
    "empty": ("", "it is no calendar"),
    "cut": (whole(event("DTSTART:20260401T080000Z"))[:60], "ends in the middle"),
    "crossed": ("BEGIN:VCALENDAR\nEND:VEVENT\n", "line 2 ends what did not begin"),
    "no line": ("BEGIN:VCALENDAR\nhello\nEND:VCALENDAR\n", "line 2 is none"),
    "no start": (whole(event()), "'Anna' has no DTSTART"),
    "no time": (whole(event("DTSTART:tomorrow")), "'tomorrow' is no time"),
    "backwards": (
        whole(event("DTSTART:20260401T080000Z", "DTEND:20260401T070000Z")),
        "'Anna' ends before it begins",
    ),
    "zone": (whole(event("DTSTART;TZID=GMT Standard Time:20260401T080000")), "IANA list"),
    "duration": (whole(event("DTSTART:20260401T080000Z", "DURATION:long")), "no duration"),
    "rule": (whole(event("DTSTART:20260401T080000Z", "RRULE:FREQ=NEVER")), "recurrence of 'Anna'"),
    "seconds": (
        whole(event("DTSTART:19700101T080000Z", "RRULE:FREQ=SECONDLY")),
        "more often than a duty",
    ),
    "Easter": (
        whole(event("DTSTART:20200101T080000Z", "RRULE:FREQ=YEARLY;BYEASTER=400")),
        "recurrence of 'Anna'",
    ),
    "a length of millennia": (
        whole(event("DTSTART:20200101T080000Z", "DURATION:P99999999999D")),
        "times of 'Anna' cannot be",
    ),
    "a length that no number is": (
        whole(event("DTSTART:20200101T080000Z", f"DURATION:P{'9' * 5000}D")),
        "times of 'Anna' cannot be",
    ),
    "an end after the last year": (
        whole(event("DTSTART:99991231T235959", "DURATION:PT1H")),
        "times of 'Anna' cannot be",
    ),
    "hours": (
        whole(event("DTSTART:20200101T080000Z", "RRULE:FREQ=HOURLY")),
        "more often than a duty",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_one_sentence(fault: str) -> None:
    text, expected = FAULTS[fault]
    with pytest.raises(CalendarError, match=expected) as error:
        occurrences(text, SINCE, UNTIL, LONDON)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;COUNT=999999999;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;COUNT=99999999999999999999",
        "FREQ=WEEKLY;INTERVAL=99999999999999999999",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=XX",
        "FREQ=DAILY;UNTIL=99991231T235959Z;BYMONTH=2;BYMONTHDAY=30",
    ],
)
@pytest.mark.timeout(20)
def test_a_hostile_recurrence_ends_soon(rule: str) -> None:
    for year in (1900, 2015):
        times = (f"DTSTART:{year}0101T000000Z", f"DTEND:{year}0101T010000Z")
        with suppress(CalendarError):
            assert len(read(event(*times, f"RRULE:{rule}"))) < 100


@pytest.mark.timeout(20)
def test_many_recurrences_without_a_day_end_soon() -> None:
    times = ("DTSTART:20260101T000000Z", "DTEND:20260101T010000Z")
    never = (*times, "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=31")
    assert read(*[event(*never, uid=str(n)) for n in range(5)]) == []
    with pytest.raises(CalendarError, match="recur on no day"):
        read(*[event(*never, uid=str(n)) for n in range(100)])


def test_a_count_ends_a_recurrence_as_its_end_does() -> None:
    times = ("DTSTART:20260327T100000Z", "DTEND:20260327T110000Z")
    three = [f"Anna {day} 10:00 - {day} 11:00" for day in ("27.03.", "03.04.", "10.04.")]
    assert read(event(*times, "RRULE:FREQ=WEEKLY;COUNT=3")) == three
    assert read(event(*times, "RRULE:FREQ=WEEKLY;UNTIL=20260410T100000Z")) == three


def test_a_calendar_of_very_many_events_is_refused() -> None:
    many = [event("DTSTART:20260401T080000Z", uid=str(n)) for n in range(5001)]
    with pytest.raises(CalendarError, match="more than 5000 events"):
        read(*many)
    recurring = [
        event("DTSTART:20260401T080000Z", "RRULE:FREQ=DAILY", uid=str(n)) for n in range(101)
    ]
    with pytest.raises(CalendarError, match="100 that recur"):
        read(*recurring)
