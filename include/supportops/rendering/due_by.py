"""“Answer due by Thu 17:00”: when a customer hears from us, in the customer's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_day_names

from supportops.rendering.catalogue import catalogue

# A weekday alone is one of the next six days.
_BY_WEEKDAY = timedelta(days=6)


def due_by(
    metric: str,
    deadline: datetime | None,
    *,
    language: str,
    zone: ZoneInfo,
    now: datetime,
) -> str:
    """For an open clock of `metric`, as Zendesk calls it; `deadline` aware, None while it waits for
    the customer.

    A deadline that has passed is said to have been: it is no excuse, and no new promise.
    """
    words = catalogue(language)
    if deadline is None:
        return words.gettext("waiting for your answer")
    when = moment(deadline, language=language, zone=zone, now=now)
    late = deadline < now
    match metric:
        case "first_reply_time" | "next_reply_time":
            if late:
                return words.gettext("answer was due by {when}", when=when)
            return words.gettext("answer due by {when}", when=when)
        case "update_time":
            if late:
                return words.gettext("progress update was due by {when}", when=when)
            return words.gettext("progress update due by {when}", when=when)
        case _:
            if late:
                return words.gettext("solution was due by {when}", when=when)
            return words.gettext("solution due by {when}", when=when)


def moment(at: datetime, *, language: str, zone: ZoneInfo, now: datetime) -> str:
    """ "Thu 17:00", "Thu 3 Dec 17:00", "Thu 7 Jan 2027 09:00" on the zone's clock: with the date
    where the weekday alone is not of the next six days, with the year where it is another. In an
    hour that comes twice, the offset is said."""
    words = catalogue(language)
    there, today = at.astimezone(zone), now.astimezone(zone)
    clock = words.spaced(str(format_time(there, "short", tzinfo=zone, locale=words.locale)))
    if there.replace(fold=1 - there.fold).utcoffset() != there.utcoffset():
        clock += f" (UTC{there.isoformat()[-6:]})"
    weekday = get_day_names("abbreviated", "stand-alone", locale=words.locale)[there.weekday()]
    if timedelta() <= there.date() - today.date() <= _BY_WEEKDAY:
        return f"{weekday} {clock}"
    if there.year == today.year:
        day = format_skeleton("MMMd", there, tzinfo=zone, locale=words.locale)
    else:
        day = format_date(there.date(), "medium", locale=words.locale)
    return f"{weekday} {words.spaced(str(day))} {clock}"
