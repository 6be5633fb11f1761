"""What is promised, when, and how the agency is reached, in a customer's words and language.

Everything is said of the very objects that judge the clocks: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_day_names, get_timezone_location

from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.sla.policy import Amount, Calendar, DayReading, Metric, PolicyBook, Promise, Target
from supportops.sla.published.contact import Contact, OutOfHours
from supportops.sla.published.hours import (
    WHOLE_DAY,
    Spans,
    always_open,
    special_days,
    usual_week,
)

DAYS_AHEAD = 365


@dataclass(frozen=True, slots=True)
class TierPart:
    """A tier: what it is called, whose it is where that is not everybody's, and its promises."""

    title: str
    condition: str
    promises: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoursPart:
    """Opening hours: a row for each weekday, and the dates that differ."""

    title: str
    week: tuple[tuple[str, str], ...]
    special: tuple[tuple[str, str], ...]
    zone: str


@dataclass(frozen=True, slots=True)
class LevelsPage:
    """The whole page, as texts that may be hostile."""

    language: str
    title: str
    whose: str
    since: str
    tiers: tuple[TierPart, ...]
    hours: tuple[HoursPart, ...]
    reach: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """`titles`: what tiers are called, in the order of the page. `wakes`: those whose tickets
    reach somebody at night. `outages`: that of an outage. `customer`: whose page it is; "" for
    everybody's, which has nothing that was promised to some customers alone."""

    titles: Mapping[str, str]
    wakes: frozenset[str]
    language: str
    now: datetime
    outages: str = ""
    customer: str = ""


def levels_page(book: PolicyBook, office: Calendar, contact: Contact, asked: Asked) -> LevelsPage:
    """The page as of `now`, of the version in force then, or of the first before any is."""
    words = catalogue(asked.language)
    today = asked.now.astimezone(office.hours.zone).date()
    version = book.version_at(asked.now) or book.versions[0]
    promises = [each for tier in asked.titles for each in _shown(version.promises, tier, asked)]
    coming = [each for each in book.versions if each.valid_from > asked.now][:1]
    zone = office.hours.zone
    since = words.gettext(
        "In force since {date}.", date=_date(version.valid_from.astimezone(zone), words)
    )
    for each in coming:
        when = _date(each.valid_from.astimezone(zone), words)
        since += " " + words.gettext("Others come into force on {date}.", date=when)
    used = {each.calendar: book.calendars[each.calendar] for each in promises}
    others = [
        calendar
        for name, calendar in sorted(used.items())
        if name != office.name and not always_open(calendar.hours, today)
    ]
    return LevelsPage(
        language=words.language,
        title=words.gettext("Our service levels"),
        whose=asked.customer,
        since=since,
        tiers=tuple(
            _tier(each, book.calendars[each.calendar], office, today, asked, words)
            for each in promises
        ),
        hours=tuple(_hours(each, office, today, words) for each in (office, *others)),
        reach=tuple(_reach(contact, bool(asked.wakes), words)),
        labels={
            "special": words.gettext("Other days"),
            "reach": words.gettext("How to reach us"),
            "for": words.gettext("For {customer}", customer=asked.customer),
        },
    )


def _shown(promises: Sequence[Promise], tier: str, asked: Asked) -> Iterator[Promise]:
    """Those of a tier that count for this reader: up to the first that fits every ticket, since
    none after it counts."""
    for each in promises:
        if each.tier != tier:
            continue
        mine = not each.customers or (
            asked.customer != "" and each.fits(tier, asked.customer, each.tags)
        )
        if mine and any(target.deadline for target in each.targets):
            yield each
        if mine and not each.tags:
            return


def _tier(
    promise: Promise,
    calendar: Calendar,
    office: Calendar,
    today: date,
    asked: Asked,
    words: Catalogue,
) -> TierPart:
    lines = [line for target in promise.targets for line in _promised(target, words)]
    if always_open(calendar.hours, today):
        notes = [words.gettext("Counted day and night.")]
    elif calendar.name == office.name:
        notes = [words.gettext("Counted in our office hours.")]
    else:
        notes = [words.gettext("Counted in the hours “{calendar}”.", calendar=calendar.name)]
    notes += _working_day(promise, calendar, words)
    if promise.tier in asked.wakes:
        notes.append(words.gettext("We respond outside our office hours, too."))
    if promise.tier == asked.outages:
        notes.append(words.gettext("An outage of your site is one, also if we find it first."))
    condition = ""
    if promise.tags:
        tags = ", ".join(sorted(promise.tags))
        condition = words.gettext("For requests marked {tags}", tags=tags)
    title = asked.titles.get(promise.tier) or promise.tier.replace("_", " ")
    return TierPart(title, condition, tuple(lines), tuple(notes))


def _working_day(promise: Promise, calendar: Calendar, words: Catalogue) -> Iterator[str]:
    """What a working day is in a promise that names some."""
    amounts = [each for target in promise.targets for each in (target.deadline, target.aim)]
    if not any(each.working_days for each in amounts if each):
        return
    match promise.reading:
        case DayReading.BUSINESS_HOURS:
            length = _amount(Amount(seconds=calendar.working_day), words)
            yield words.gettext("A working day is {length} of these hours.", length=length)
        case DayReading.SAME_TIME:
            yield words.gettext("Working days end at the time of day at which you wrote.")
        case DayReading.END_OF_DAY:
            yield words.gettext("Working days end when the office closes.")


def _promised(target: Target, words: Catalogue) -> Iterator[str]:
    if target.deadline is None:
        return
    amount = _amount(target.deadline, words)
    match target.metric:
        case Metric.FIRST_REPLY:
            line = words.gettext("First answer within {amount}", amount=amount)
        case Metric.NEXT_REPLY:
            line = words.gettext("Each further answer within {amount}", amount=amount)
        case Metric.UPDATE:
            line = words.gettext(
                "A progress update no later than {amount} after the last", amount=amount
            )
        case _:
            line = words.gettext("Solution within {amount}", amount=amount)
    if target.aim is not None:
        aim = _amount(target.aim, words)
        line = words.gettext("{promise}; we aim at {aim}", promise=line, aim=aim)
    if "pending" in target.pauses:
        line = words.gettext("{promise}, not counting while we wait for you", promise=line)
    yield line


def _amount(amount: Amount, words: Catalogue) -> str:
    if amount.working_days:
        return words.ngettext("{number} working day", "{number} working days", amount.working_days)
    for size in (3600, 60):
        if amount.seconds % size == 0:
            number = amount.seconds // size
            if size == 3600:
                return words.ngettext("{number} hour", "{number} hours", number)
            return words.ngettext("{number} minute", "{number} minutes", number)
    return words.ngettext("{number} second", "{number} seconds", amount.seconds)


def _hours(calendar: Calendar, office: Calendar, today: date, words: Catalogue) -> HoursPart:
    week = [_spans(spans, words) for spans in usual_week(calendar.hours, today)]
    names = get_day_names("wide", "stand-alone", locale=words.locale)
    special = special_days(calendar.hours, calendar.closed, today, DAYS_AHEAD)
    title = words.gettext("Office hours")
    if calendar.name != office.name:
        title = words.gettext("The hours “{calendar}”", calendar=calendar.name)
    return HoursPart(
        title,
        tuple((names[number].capitalize(), spans) for number, spans in enumerate(week)),
        tuple(
            (
                _date(each.day, words),
                _spans(each.spans, words) + (f" ({each.why})" if _says_more(each.why) else ""),
            )
            for each in special
        ),
        words.gettext("Times are those of {zone}.", zone=_place(calendar.hours.zone, words)),
    )


def _place(zone: ZoneInfo, words: Catalogue) -> str:
    """ "London", "Londres" of Europe/London; UTC is itself."""
    if "/" not in zone.key or zone.key.startswith("Etc/"):
        return zone.key
    return str(get_timezone_location(zone, locale=words.locale, return_city=True))


def _says_more(why: str) -> bool:
    return why not in ("", "closed")


def _spans(spans: Spans, words: Catalogue) -> str:
    if not spans:
        return words.pgettext("office", "closed")
    if spans == WHOLE_DAY:
        return words.gettext("day and night")
    return ", ".join(f"{_time(a, words)}–{_time(b, words, end=True)}" for a, b in spans)


def _time(at: time, words: Catalogue, *, end: bool = False) -> str:
    if end and at == time():
        return "24:00"
    return str(format_time(at, "short", locale=words.locale))


def _date(day: date, words: Catalogue) -> str:
    return str(format_date(day, "full", locale=words.locale))


def _reach(contact: Contact, wakes: bool, words: Catalogue) -> Iterator[tuple[str, str]]:
    """What is written in front of an address, and the address; or a sentence, and ""."""
    for label, value in (
        (words.gettext("Telephone"), contact.phone),
        (words.gettext("E-mail"), contact.email),
        (words.gettext("Form"), contact.form),
    ):
        if value:
            yield label, value
    if contact.out_of_hours is OutOfHours.EMERGENCY_NUMBER and contact.emergency:
        yield words.gettext("Outside our office hours, for emergencies"), contact.emergency
    elif contact.out_of_hours is OutOfHours.ANSWERPHONE:
        sentence = words.gettext(
            "Outside our office hours an answerphone takes your message and passes it on to us."
        )
        if wakes:
            sentence = words.gettext(
                "Outside our office hours an answerphone takes your message. It reaches the "
                "engineer on duty at once."
            )
        yield sentence, ""
