"""What a status page says, in its reader's language and on the reader's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from babel.lists import format_list

from supportops.rendering.catalogue import Catalogue, catalogue, spoken
from supportops.rendering.due_by import due_by
from supportops.rendering.render import duration, one_line
from supportops.status_pages.page import (
    Day,
    Incident,
    OpenTicket,
    SiteStatus,
    State,
    StatusPage,
)

MOST_NAMED = 6


@dataclass(frozen=True)
class Reader:
    """Whoever reads a page: `language` a BCP 47 tag, `zone` an IANA name."""

    language: str
    zone: str

    @cached_property
    def tag(self) -> str:
        """The language that is written, which is another where there is no catalogue."""
        return spoken(self.language)

    @cached_property
    def words(self) -> Catalogue:
        return catalogue(self.tag)

    @cached_property
    def locale(self) -> Locale:
        return Locale.parse(self.tag, sep="-")

    def moment(self, at: datetime) -> str:
        """ "Thu, 26 Nov 2026, 14:05 GMT"."""
        there = at.astimezone(ZoneInfo(self.zone))
        day = format_skeleton("yMMMEd", there, locale=self.locale)
        time = format_time(there.time(), "short", locale=self.locale)
        return self.words.spaced(f"{day}, {time} {there.tzname()}")

    def day(self, at: date) -> str:
        """ "26 Nov 2026"."""
        return self.words.spaced(str(format_skeleton("yMMMd", at, locale=self.locale)))

    def length(self, length: timedelta) -> str:
        """ "1 h 05 min", rounded down."""
        return duration(length, self.words)

    def share(self, share: float) -> str:
        """ "99.97 %", rounded down so that less than all never reads as all."""
        hundredths = min(int(round(share * 10_000, 4)), 9_999 if share < 1 else 10_000)
        number = self.words.fixed(_decimal(hundredths), 2)
        return self.words.percent(number)

    def worked(self, site: SiteStatus) -> str:
        """ "99.97 % working in 90 days": in so many days it was seen."""
        if site.up_share is None:
            return self.words.gettext("not seen in {days} days", days=len(site.days))
        return self.words.ngettext(
            "{share} working in {number} day",
            "{share} working in {number} days",
            site.days_seen,
            share=self.share(site.up_share),
        )

    def sites(self, names: tuple[str, ...]) -> str:
        """ "a, b and c"; of many the first, and how many more there are."""
        shown = [one_line(name) for name in names[:MOST_NAMED]]
        if more := len(names) - len(shown):
            shown.append(self.words.ngettext("{number} more", "{number} more", more))
        return str(format_list(shown, locale=self.locale))

    def state(self, state: State) -> str:
        """The state of a site, or of a day, in a word or two."""
        gettext = self.words.gettext
        match state:
            case State.DOWN:
                return gettext("Not working")
            case State.DEGRADED:
                return gettext("Fails at times")
            case State.FAULT:
                return gettext("Partly working")
            case State.UNKNOWN:
                return gettext("Not known")
            case State.MAINTENANCE:
                return gettext("Maintenance")
            case State.UP:
                return gettext("Working")

    def verdict(self, page: StatusPage) -> str:
        """The state of all sites in one sentence."""
        total, gettext, ngettext = len(page.sites), self.words.gettext, self.words.ngettext
        if not total:
            return gettext("No site is on this page.")
        if page.checked_at is None:
            return gettext("No check has been made yet.")
        count = page.count(page.state)
        figures = {"count": self.words.count(count), "total": self.words.count(total)}
        if total == 1:
            return f"{self.state(page.state)}."
        match page.state:
            case State.DOWN:
                return ngettext(
                    "{number} of {total} sites is not working.",
                    "{number} of {total} sites are not working.",
                    count,
                    **figures,
                )
            case State.DEGRADED:
                return ngettext(
                    "{number} of {total} sites fails at times.",
                    "{number} of {total} sites fail at times.",
                    count,
                    **figures,
                )
            case State.FAULT:
                return ngettext(
                    "{number} of {total} sites works only in part.",
                    "{number} of {total} sites work only in part.",
                    count,
                    **figures,
                )
            case State.UNKNOWN:
                return gettext("The state of {count} of {total} sites is not known.", **figures)
            case State.MAINTENANCE:
                return gettext(
                    "All sites work, but for {count} of {total} in maintenance.", **figures
                )
            case State.UP:
                return gettext("All sites work.")

    def title(self, incident: Incident) -> str:
        """ "shop.example: Not working"."""
        return self.words.gettext(
            "{sites}: {state}", sites=self.sites(incident.sites), state=self.state(incident.state)
        )

    def span(self, incident: Incident) -> str:
        """From when to when, and how long."""
        since = self.moment(incident.since)
        if incident.until is None:
            return self.words.gettext("since {since}", since=since)
        until = self.moment(incident.until)
        length = self.length(incident.until - incident.since)
        if not incident.good:
            return self.words.gettext(
                "from {since} to {until} ({length}), then no longer checked",
                since=since,
                until=until,
                length=length,
            )
        return self.words.gettext(
            "from {since} to {until} ({length})", since=since, until=until, length=length
        )

    def due(self, ticket: OpenTicket, now: datetime) -> str:
        """ "answer due by Thu 17:00", "waiting for your answer", or that it is open."""
        if ticket.metric is None:
            return self.words.gettext("open")
        zone = ZoneInfo(self.zone)
        return due_by(ticket.metric, ticket.due_at, language=self.tag, zone=zone, now=now)

    def bad_day(self, day: Day) -> str:
        """ "26 Nov 2026: Not working, 12 min"."""
        lengths = {
            State.DOWN: day.down,
            State.DEGRADED: day.degraded,
            State.MAINTENANCE: day.maintenance,
        }
        length = lengths.get(day.state)
        said = self.state(day.state) + (f", {self.length(length)}" if length else "")
        return f"{self.day(day.date)}: {said}"


def _decimal(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)
