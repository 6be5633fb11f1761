"""A ticket's clocks in sentences for a person who knows the promise and not this program.

All times are on one clock, the office's, and name their zone; on a day on which that clock is
changed they have their offset too, because some readings come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from supportops.sla.clock import State
from supportops.sla.explain import ClockExplanation, Explanation, Segment, calendar_of
from supportops.sla.policy import Calendar, DayReading, Metric, PolicyBook, Promise, Target

METRIC_TITLES = {
    Metric.FIRST_REPLY: "First reply",
    Metric.NEXT_REPLY: "Next reply",
    Metric.UPDATE: "Progress update",
    Metric.RESOLUTION: "Solution",
}
_PROMISED = {
    Metric.FIRST_REPLY: "a first reply",
    Metric.NEXT_REPLY: "a reply",
    Metric.UPDATE: "progress update",
    Metric.RESOLUTION: "a solution",
}
_DONE = {
    Metric.FIRST_REPLY: "answered",
    Metric.NEXT_REPLY: "answered",
    Metric.UPDATE: "given",
    Metric.RESOLUTION: "solved",
}
_STATUSES = {
    "new": "new",
    "open": "open",
    "pending": "waiting for the customer",
    "hold": "waiting for somebody else",
    "solved": "solved",
    "closed": "solved",
}
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Story:
    """What the log says beside the clocks.

    `people`: who wrote or solved at an instant. `merged_into`: the ticket that it was merged into.
    `gaps`: sentences about what the store does not know. `titles`: what tiers are called.
    """

    zone: ZoneInfo
    people: Mapping[datetime, str] = field(default_factory=dict)
    merged_into: str | None = None
    gaps: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def at(self, instant: datetime) -> str:
        """An instant as text: "Fri 10 Apr 2026 10:00 BST"; seconds where there are any."""
        there = instant.astimezone(self.zone)
        clock = f"{there:%H:%M:%S}".removesuffix(":00")
        offset = f" (UTC{there.isoformat()[-6:]})" if self._is_changed_on(there) else ""
        return f"{there:%a} {there.day} {there:%b %Y} {clock} {there.tzname()}{offset}"

    def by(self, instant: datetime) -> str:
        """ " by anna", where it is known who acted."""
        name = self.people.get(instant)
        return f" by {name}" if name else ""

    def tier(self, name: str) -> str:
        """What a tier is called."""
        return self.titles.get(name) or name.replace("_", " ")

    def _is_changed_on(self, there: datetime) -> bool:
        day = there.date()
        ends = (datetime.combine(day + timedelta(days=n), time(), self.zone) for n in (0, 1))
        return len({each.utcoffset() for each in ends}) > 1


@dataclass(frozen=True, slots=True)
class Section:
    """One clock: a heading, what came of it, whether that is bad, and the details by label."""

    title: str
    verdict: str
    bad: bool
    rows: tuple[tuple[str, str], ...]


def sections(explanation: Explanation, book: PolicyBook, story: Story) -> tuple[Section, ...]:
    """A section for each clock, in the order of the explanation."""
    return tuple(_section(clock, book, story) for clock in explanation.clocks)


def whole_ticket(explanation: Explanation, book: PolicyBook) -> Section | None:
    """How long the whole ticket took, apart from any promise; None where the log does not tell."""
    whole = explanation.whole
    if whole is None or whole.full_resolution_calendar_seconds is None:
        return None
    kind = _kind_of_hours(book.calendars[whole.calendar])
    so_far = "" if whole.solved else " so far"
    times = (
        (
            "Creation to solution",
            whole.full_resolution_business_seconds,
            whole.full_resolution_calendar_seconds,
        ),
        (
            "Requester's wait",
            whole.requester_wait_business_seconds,
            whole.requester_wait_calendar_seconds,
        ),
    )
    rows = tuple(
        (label, f"{_hours(own)} of {kind}; {_hours(felt)} on the calendar{so_far}")
        for label, own, felt in times
        if own is not None and felt is not None
    )
    return Section("The whole ticket", "solved" if whole.solved else "not solved", False, rows)


def _section(clock: ClockExplanation, book: PolicyBook, story: Story) -> Section:
    metric = Metric(clock.metric)
    title = METRIC_TITLES[metric] + (f" ({_ordinal(clock.instance)})" if clock.instance > 1 else "")
    rows = tuple(_rows(clock, metric, book, story))
    verdict, bad = _verdict(clock, metric, story)
    return Section(f"{title}, {story.tier(clock.tier)}", verdict, bad, rows)


def _verdict(clock: ClockExplanation, metric: Metric, story: Story) -> tuple[str, bool]:
    broken = clock.breached_at is not None
    kept = "late" if broken else "in time" if clock.deadline else ""
    if clock.fulfilled_at is not None:
        done = f"{_DONE[metric]} {story.at(clock.fulfilled_at)}{story.by(clock.fulfilled_at)}"
        return f"{done}, {kept}" if kept else done, broken
    if clock.state == State.UNANSWERED:
        return "solved without a reply" + ("; the promise is broken" if broken else ""), broken
    if clock.state in (State.MERGED, State.DELETED):
        what = "merged" if clock.state == State.MERGED else "deleted"
        into = f" into {story.merged_into}" if story.merged_into and what == "merged" else ""
        when = f" {story.at(clock.ended_at)}" if clock.ended_at else ""
        after = "; the promise was broken before" if broken else ""
        return f"ended: the ticket was {what}{into}{when}{after}", broken
    if broken:
        return "late: it is still missing", True
    if clock.state == State.PAUSED:
        why = _STATUSES.get(clock.segments[-1].status, "") if clock.segments else ""
        return f"paused{f', {why}' if why else ''}", False
    return ("still to come, in time" if clock.deadline else "still to come"), False


def _rows(
    clock: ClockExplanation, metric: Metric, book: PolicyBook, story: Story
) -> Iterator[tuple[str, str]]:
    calendar = calendar_of(clock, book)
    yield "Promised", _promised(clock, metric, book, calendar, story)
    yield "Began", story.at(clock.started_at) + _began(metric)
    yield from _promises(clock, book, story)
    for did, parts in groupby(clock.segments, key=_did):
        found = tuple(parts)
        open_time = _hours(sum(part.open_seconds for part in found))
        yield f"{story.at(found[0].since)} to {story.at(found[-1].until)}", f"{did}, {open_time}"
    for day in clock.days:
        dates, _, rest = day.words.partition(": ")
        yield dates, rest
    for label, instant in (("Aim", clock.aim), ("Due", clock.deadline)):
        if instant:
            yield label, story.at(instant)
    if clock.breached_at:
        yield "Broken", story.at(clock.breached_at) + _earlier(clock, book, story)
    if clock.open_seconds is not None:
        spent = f"{_hours(clock.open_seconds)} of {_kind_of_hours(calendar)}"
        yield "Time taken", f"{spent}; {_hours(clock.calendar_seconds)} on the calendar"


def _did(segment: Segment) -> str:
    status = _STATUSES.get(segment.status, segment.status)
    return "counted" if segment.ran else f"paused ({status})"


def _promised(
    clock: ClockExplanation, metric: Metric, book: PolicyBook, calendar: Calendar, story: Story
) -> str:
    promise = _named(clock, book, None)
    if promise is None:
        return "nothing any more"
    target = promise.target(metric)
    if clock.within is None or target is None:
        return "nothing: it is measured and reported"
    aim = f", if possible {target.aim}" if target.aim else ""
    pauses = sorted(_STATUSES.get(each, each) for each in target.pauses)
    paused = f"; time spent {' or '.join(pauses)} does not count" if pauses else ""
    hours = _kind_of_hours(calendar) + _clock_of(calendar, story)
    whom = f" for {' or '.join(sorted(promise.customers))}" if promise.customers else ""
    what = f"{_PROMISED[metric]}{whom} within {clock.within}{aim}"
    by = _by(promise, target)
    return f"{what} of {hours}, by {by}{paused}" if by else f"{what}, counted in {hours}{paused}"


def _by(promise: Promise, target: Target) -> str:
    """The time of day that ends the last of some working days, where not open time decides."""
    amount = target.deadline
    if amount is None or not amount.working_days:
        return ""
    last = "that day" if amount.working_days == 1 else "the last of them"
    match promise.reading:
        case DayReading.BUSINESS_HOURS:
            return ""
        case DayReading.SAME_TIME:
            return f"the time of day at which it began on {last}"
        case DayReading.END_OF_DAY:
            return f"closing on {last}"


def _clock_of(calendar: Calendar, story: Story) -> str:
    """Whose clock the dates below are of, where it is not that of the times."""
    zone = calendar.hours.zone.key
    return "" if zone == story.zone.key else f" and on dates of {zone}"


def _promises(clock: ClockExplanation, book: PolicyBook, story: Story) -> Iterator[tuple[str, str]]:
    """What was promised in turn, where that changed while the clock ran."""
    found: list[tuple[datetime, str]] = []
    for applied in clock.promises:
        promise = _named(clock, book, applied.promise) if applied.promise else None
        words = "nothing" if promise is None else story.tier(promise.tier)
        if promise is not None and promise.customers:
            words += f", for {' or '.join(sorted(promise.customers))}"
        words += f", due {story.at(applied.deadline)}" if applied.deadline else ""
        if not found or found[-1][1] != words:
            found.append((applied.since, words))
    if len(found) > 1:
        for since, words in found:
            yield f"From {story.at(since)}", words


def _earlier(clock: ClockExplanation, book: PolicyBook, story: Story) -> str:
    """Whose promise was broken, where it is not the one that the section is about."""
    if clock.breached_policy in (None, clock.policy):
        return ""
    promise = _named(clock, book, str(clock.breached_policy).partition("/")[2])
    return f", as {story.tier(promise.tier)}" if promise else ""


def _named(clock: ClockExplanation, book: PolicyBook, name: str | None) -> Promise | None:
    """The promise of this name in the policy that counts for the clock; its last one for None."""
    version = book.version_at(clock.started_at)
    if name is None:
        name = clock.policy.partition("/")[2] if clock.policy else ""
    promises = version.promises if version else ()
    return next((each for each in promises if each.name == name), None)


def _began(metric: Metric) -> str:
    match metric:
        case Metric.FIRST_REPLY:
            return ", when the customer wrote"
        case Metric.NEXT_REPLY:
            return ", when the customer wrote again"
        case Metric.UPDATE:
            return ", with the last word to the customer"
        case Metric.RESOLUTION:
            return ", when the first reply was given or due"


def _kind_of_hours(calendar: Calendar) -> str:
    monday = datetime(2026, 6, 1, tzinfo=calendar.hours.zone)
    if calendar.hours.elapsed(monday, monday + _WEEK) == _WEEK.total_seconds():
        return "hours of day and night"
    return f"{calendar.name.replace('_', ' ')} hours"


def _hours(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(p for p in [*parts, f"{rest} s" if rest else ""] if p) or "0 h"


def _ordinal(number: int) -> str:
    tens, ones = divmod(number, 10)
    suffix = "th" if tens % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(ones, "th")
    return f"{number}{suffix}"
