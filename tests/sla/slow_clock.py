"""The clocks of one ticket, slowly and obviously, event by event.

Nothing is shared with the columnar engine but the calendars' answers for single instants and the
book's match. Used to check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from supportops.sla.policy import (
    Amount,
    Calendar,
    DayReading,
    Metric,
    PolicyBook,
    Promise,
    Target,
)
from supportops.tickets.ticket import Author, Event, EventKind, from_creation

DONE = {"solved", "closed"}
REMOVALS = {EventKind.MERGED: "merged", EventKind.DELETED: "deleted"}


@dataclass(frozen=True)
class Row:
    """The expected row of one clock."""

    metric: str
    instance: int
    tier: str | None
    policy: str | None
    state: str
    started_at: datetime
    deadline: datetime | None
    aim: datetime | None
    ended_at: datetime | None
    breached_at: datetime | None
    open_seconds: float | None
    paused_seconds: float | None
    breached_tier: str | None = None
    breached_policy: str | None = None
    breached_deadline: datetime | None = None
    overdue_seconds: float | None = None
    owed: bool = True  # it is broken, or the promise at its end still names it


@dataclass(frozen=True)
class Breach:
    """When the first promise was broken, and which; `due` by its deadline."""

    at: datetime
    due: datetime
    tier: str | None
    promise: Promise
    target: Target


@dataclass(frozen=True)
class Moment:
    """What holds from an instant on. `gone` is how the ticket was removed, at `gone_at`."""

    at: datetime
    status: str = "new"
    tier: str | None = None
    customer: str | None = None
    tags: str | None = None
    gone: str | None = None
    gone_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A clock before any promise: from `start` until `end`, or still going."""

    metric: Metric
    instance: int
    start: datetime
    end: datetime | None


def slow_clocks(events: Iterable[Event], book: PolicyBook, as_of: datetime) -> list[Row]:
    """Every clock of one ticket as of an instant."""
    events = from_creation(e for e in events if e.happened_at <= as_of)
    if not events:
        return []
    return _Ticket(events, book, as_of).rows()


class _Ticket:
    def __init__(self, events: Sequence[Event], book: PolicyBook, as_of: datetime) -> None:
        self.events, self.book, self.as_of = events, book, as_of
        self.moments = _moments(events)
        self.created = next((e for e in events if e.kind is EventKind.CREATED), None)
        # A log that begins later says nothing of what was owed until then.
        marks = [e for e in events if e.kind is EventKind.KNOWN_SINCE]
        says = next((e for e in marks if e.value is not None), None)
        born = self.created.happened_at if self.created else None
        self.partial = bool(says and says.happened_at == born)
        since = events.index(self.created) if self.created else 0
        begins = next((e for e in marks if e.value is None and events.index(e) > since), None)
        self.created = begins if self.partial else self.created
        # Nobody waits on a ticket that does not exist yet.
        self.counted = list(events[events.index(self.created) + 1 :]) if self.created else []

    def rows(self) -> list[Row]:
        rows = [self.judge(run) for run in [*self.first(), *self.next(), *self.updates()]]
        overdue = next((r.breached_at for r in rows if r and r.metric == Metric.FIRST_REPLY), None)
        rows += [self.judge(run) for run in self.resolution(overdue)]
        return [row for row in rows if row is not None]

    # --- what starts and stops clocks -------------------------------------------------------------

    @property
    def asked(self) -> bool:
        asked = self.created is not None and self.created.author is Author.CUSTOMER
        return asked and not self.partial

    def reply(self) -> Event | None:
        return next((e for e in self.counted if _says(e, Author.AGENT)), None)

    def first(self) -> list[Run]:
        if not self.asked:
            return []
        assert self.created
        reply = self.reply()
        end = reply.happened_at if reply and self.created else None
        solved = next((e.happened_at for e in self.counted if _solves(e)), None)
        if solved and (end is None or solved < end):
            by_solving = Run(Metric.FIRST_REPLY, 1, self.created.happened_at, solved)
            gone_at = self.moments[-1].gone_at
            if not gone_at or solved < gone_at:
                *_, (_, _, promise, _, _) = self.promises(by_solving, solved, gone_at)
                if promise and promise.solved_counts_as_reply:
                    return [by_solving]
        return [Run(Metric.FIRST_REPLY, 1, self.created.happened_at, end)]

    def next(self) -> list[Run]:
        runs: list[Run] = []
        waiting: datetime | None = None
        listening = not self.asked
        for event in self.counted:
            if listening and waiting is None and _says(event, Author.CUSTOMER):
                waiting = event.happened_at
            if _says(event, Author.AGENT) or _solves(event):
                if waiting is not None:
                    runs.append(Run(Metric.NEXT_REPLY, len(runs) + 1, waiting, event.happened_at))
                waiting = None
                listening = listening or _says(event, Author.AGENT)
        if waiting is not None:
            runs.append(Run(Metric.NEXT_REPLY, len(runs) + 1, waiting, None))
        return runs

    def updates(self) -> list[Run]:
        runs: list[Run] = []
        running: datetime | None = None
        replied, done = False, False

        def stop(at: datetime) -> None:
            if running is not None and at > running:
                runs.append(Run(Metric.UPDATE, len(runs) + 1, running, at))

        for event in self.events:
            word = _says(event, Author.AGENT) or event.kind is EventKind.NOTICE
            if word and event in self.counted:
                stop(event.happened_at)
                running, replied = None if done else event.happened_at, True
            elif event.kind is EventKind.STATUS and event.value in DONE:
                stop(event.happened_at)
                running, done = None, True
            elif event.kind is EventKind.STATUS:
                if done and replied:
                    running = event.happened_at
                done = False
        if running is not None:
            runs.append(Run(Metric.UPDATE, len(runs) + 1, running, None))
        return runs

    def resolution(self, overdue: datetime | None) -> list[Run]:
        if self.created is None:
            return []
        reply, solved = self.reply(), next((e for e in self.counted if _solves(e)), None)
        starts = [e.happened_at for e in (reply, solved) if e] + ([overdue] if overdue else [])
        if not self.asked:
            starts = [self.created.happened_at]
        if not starts:
            return []
        end, start = self.solved_since(), min(starts)
        if self.partial and end and end <= start:
            return []
        return [Run(Metric.RESOLUTION, 1, start, max(start, end) if end else None)]

    def solved_since(self) -> datetime | None:
        since, gone_at = None, self.moments[-1].gone_at
        for moment in reversed([m for m in self.moments if not gone_at or m.at <= gone_at]):
            if moment.status not in DONE:
                break
            since = moment.at
        return since

    # --- what was promised ------------------------------------------------------------------------

    def moment(self, at: datetime) -> Moment:
        return [m for m in self.moments if m.at <= at][-1]

    def status_at(self, at: datetime) -> str:
        return self.moment(at).status

    def judge(self, run: Run) -> Row | None:
        gone_at = self.moments[-1].gone_at
        if gone_at and run.start >= gone_at:
            return None
        state, until = "fulfilled", run.end
        if gone_at and (until is None or until >= gone_at):
            state, until = self.moments[-1].gone or "", gone_at
        elif until is None:
            state = "running"
        now = until or self.as_of
        held = self.promises(run, now, gone_at)
        if not any(target for _, _, _, target, _ in held):
            return None
        _, _, promise, target, moment = held[-1]
        breach = self.breach(run, held, now, still=until is None)
        row = Row(
            metric=run.metric,
            instance=run.instance,
            tier=moment.tier or self.book.default_tier,
            policy=promise.name if promise else None,
            state=state,
            started_at=run.start,
            deadline=None,
            aim=None,
            ended_at=until,
            breached_at=breach.at if breach else None,
            open_seconds=None,
            paused_seconds=None,
        )
        solved = self.solved_since()
        hopeless = row.breached_at or not (target and target.deadline)
        if until is None and solved and hopeless:
            until = now = max(run.start, solved, row.breached_at or run.start)
            row = replace(row, state="unanswered", ended_at=until)
        if breach:
            row = self.broken(row, breach, now)
        named = promise.target(run.metric) if promise else None
        row = replace(row, owed=bool(named or breach))
        if promise is None:
            return row
        target = target or Target(run.metric)
        calendar, pauses = self.book.calendars[promise.calendar], _pauses(target)
        spent = self.open_time(run.start, now, calendar, pauses)
        if until is None and self.status_at(now) in pauses:
            row = replace(row, state="paused")
        due = [
            amount and self.due(run.start, now, amount, promise, pauses, until is None)
            for amount in (target.deadline, target.aim)
        ]
        return replace(
            row,
            deadline=due[0],
            aim=due[1],
            open_seconds=spent,
            paused_seconds=calendar.hours.elapsed(run.start, now) - spent,
        )

    def broken(self, row: Row, breach: Breach, now: datetime) -> Row:
        """The row with the promise that was broken, and how long it was overdue by now."""
        calendar = self.book.calendars[breach.promise.calendar]
        return replace(
            row,
            breached_tier=breach.tier or self.book.default_tier,
            breached_policy=breach.promise.name,
            breached_deadline=breach.due,
            overdue_seconds=self.open_time(breach.at, now, calendar, _pauses(breach.target)),
        )

    def promises(
        self, run: Run, now: datetime, gone_at: datetime | None
    ) -> list[tuple[datetime, datetime, Promise | None, Target | None, Moment]]:
        """(since, before, promise, target, moment) for each moment of the clock; not when gone."""
        held = []
        moments = [*self.moments, None]
        for held_before, (moment, following) in zip(
            [self.moments[0], *self.moments], pairwise(moments), strict=False
        ):
            assert moment
            since = max(moment.at, run.start)
            before = min(following.at, now) if following else now
            if moment.at > now or (following and following.at <= run.start):
                continue
            if gone_at and moment.at >= gone_at:
                continue
            # What comes with the reply or the solution is not what it is judged by.
            if run.end == now and run.start < moment.at == now and not held_before.gone:
                continue
            match = self.book.match(run.start, moment.tier, moment.customer, moment.tags)
            target = match.promise.target(run.metric) if match.promise else None
            if moment.gone and moment.at < now and following and following.at <= now:
                target = None
            held.append((since, before, match.promise, target, moment))
        return held

    def breach(
        self,
        run: Run,
        held: list[tuple[datetime, datetime, Promise | None, Target | None, Moment]],
        now: datetime,
        *,
        still: bool,
    ) -> Breach | None:
        for n, (since, before, promise, target, moment) in enumerate(held):
            if promise is None or target is None or target.deadline is None or moment.gone:
                continue
            due = self.due(run.start, now, target.deadline, promise, _pauses(target), still)
            if due is None:
                continue
            at = max(due, since)
            if at < before or (still and n == len(held) - 1 and at == before):
                return Breach(at, due, moment.tier, promise, target)
        return None

    # --- the arithmetic ---------------------------------------------------------------------------

    def pieces(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime, str]]:
        """The time between, cut where the status may change."""
        cuts = sorted({start, end, *(m.at for m in self.moments if start < m.at < end)})
        return [(a, b, self.status_at(a)) for a, b in pairwise(cuts)]

    def open_time(
        self, start: datetime, end: datetime, calendar: Calendar, pauses: set[str]
    ) -> float:
        return sum(
            calendar.hours.elapsed(a, b)
            for a, b, status in self.pieces(start, end)
            if status not in pauses
        )

    def due(
        self,
        start: datetime,
        now: datetime,
        amount: Amount,
        promise: Promise,
        pauses: set[str],
        still: bool,
    ) -> datetime | None:
        calendar = self.book.calendars[promise.calendar]
        named = None
        left: float = amount.seconds or amount.working_days * calendar.working_day
        if amount.working_days and promise.reading is not DayReading.BUSINESS_HOURS:
            named = _working_day(start, amount.working_days, promise.reading, calendar)
            left = max(calendar.hours.elapsed(start, named), 0)
        landed = self.land(start, now, left, calendar, pauses, still)
        return max(landed, named) if landed and named else landed

    def land(
        self,
        start: datetime,
        now: datetime,
        left: float,
        calendar: Calendar,
        pauses: set[str],
        still: bool,
    ) -> datetime | None:
        hours = calendar.hours
        if left == 0:
            return hours.deadline(start, 0)
        for a, b, status in self.pieces(start, now):
            if status in pauses:
                continue
            if hours.elapsed(a, b) >= left:
                return hours.deadline(a, left)
            left -= hours.elapsed(a, b)
        if still and self.status_at(now) in pauses:
            return None
        return hours.deadline(now, left)


def _pauses(target: Target) -> set[str]:
    return set(target.pauses) | (DONE if target.metric is Metric.RESOLUTION else set())


def _says(event: Event, author: Author) -> bool:
    return event.kind is EventKind.COMMENT and event.author is author


def _solves(event: Event) -> bool:
    return event.kind is EventKind.STATUS and event.value in DONE


def _moments(events: Sequence[Event]) -> list[Moment]:
    moments = [Moment(events[0].happened_at)]
    for event in events:
        now = replace(moments[-1], at=event.happened_at)
        if event.kind is EventKind.STATUS:
            now = replace(now, status=str(event.value))
        elif event.kind in (EventKind.TIER, EventKind.CUSTOMER, EventKind.TAGS):
            now = replace(now, **{event.kind.value: event.value})
        elif event.kind in REMOVALS:
            before = next((m for m in reversed(moments) if m.at < event.happened_at), now)
            if before.gone:  # a restoring that is undone within its instant is none
                now = replace(now, gone=before.gone, gone_at=before.gone_at)
            elif now.gone is None or now.gone_at == event.happened_at:
                now = replace(now, gone=REMOVALS[event.kind], gone_at=event.happened_at)
        elif event.kind is EventKind.RESTORED:
            now = replace(now, gone=None, gone_at=None)
        if now.at == moments[-1].at:
            moments.pop()
        moments.append(now)
    return moments


def _working_day(start: datetime, number: int, reading: DayReading, calendar: Calendar) -> datetime:
    zone, hours = calendar.hours.zone, calendar.hours
    local = start.astimezone(zone)
    day = local.date()
    while number:
        day += timedelta(days=1)
        opens = datetime.combine(day, time(), zone).astimezone(UTC)
        closes = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        number -= hours.elapsed(opens, closes) > 0
    same = datetime.combine(day, local.time(), zone).astimezone(UTC)
    if reading is DayReading.SAME_TIME and hours.is_open(same):
        return same
    return hours.deadline(opens, hours.elapsed(opens, closes))
