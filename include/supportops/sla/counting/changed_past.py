"""What of the promises and calendars of one time judges it otherwise in another policy book."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.policy import Calendar, PolicyBook, PolicyVersion, Promise

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def changed_past(before: PolicyBook, after: PolicyBook, until: datetime) -> tuple[str, ...]:
    """What `after` changes of what `before` says about the time until an aware instant, in words.

    For example "policy published", "calendar office". A policy that begins later changes nothing,
    nor do escalations, titles and further names of customers: no clock is judged by them.
    """
    return tuple(_changes(before, after, until))


def _changes(before: PolicyBook, after: PolicyBook, until: datetime) -> Iterator[str]:
    then = {each.name: each for each in before.versions if each.valid_from < until}
    now = {each.name: each for each in after.versions if each.valid_from < until}
    calendars: dict[str, datetime] = {}
    for name in sorted({*then, *now}, key=list({**then, **now}).index):
        old, new = then.get(name), now.get(name)
        if old is None or new is None or _judges(old) != _judges(new):
            yield f"policy {name}"
        if old is not None:
            for promise in old.promises:
                calendars.setdefault(promise.calendar, old.valid_from)
    for name, since in calendars.items():
        found = after.calendars.get(name)
        if found is not None and _differ(before.calendars[name], found, since, until):
            yield f"calendar {name}"
    if before.default_tier != after.default_tier:
        yield "default_tier"


def _judges(version: PolicyVersion) -> tuple[object, ...]:
    return (version.valid_from, *map(_of_promise, version.promises))


def _of_promise(promise: Promise) -> tuple[object, ...]:
    return (
        promise.tier,
        promise.calendar,
        promise.targets,
        promise.reading,
        promise.customers,
        promise.tags,
        promise.solved_counts_as_reply,
    )


def _differ(one: Calendar, other: Calendar, since: datetime, until: datetime) -> bool:
    """Whether the two are not open at the same times, or call another amount a working day."""
    if one is other:
        return False
    if one.working_day != other.working_day or one.hours.zone.key != other.hours.zone.key:
        return True
    first = max(since, one.hours.first, other.hours.first)
    last = min(until, one.hours.until - _SECOND, other.hours.until - _SECOND)
    if last <= first:
        return False
    begin, end = ((each - _EPOCH) // _SECOND for each in (first, last))
    edges = np.concatenate((_edges(one.hours, begin, end), _edges(other.hours, begin, end)))
    start = np.full(len(edges), begin, dtype=np.int64)
    passed = one.hours.elapsed(start, edges), other.hours.elapsed(start, edges)
    return not np.array_equal(*passed)


def _edges(
    hours: BusinessHours, begin: int, end: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where it opens and closes in between, and the end itself, in UTC epoch seconds."""
    edges = np.append(hours.edges(), end)
    return edges[(edges >= begin) & (edges <= end)]
