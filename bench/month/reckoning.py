"""How each promise of the script was kept, reckoned clock by clock from what people wrote.

By the shipped service levels, in other words than the program's: a first reply is due so long after
the creation, each further question is answered in as much, of a bug the customer has news each
working day and a fix within two. Time that waits for the customer counts neither for news nor fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.month.hours import after, always, office, seconds_between
from bench.month.script import Act, Story

WORKING_DAY = 8 * 3600
# Seconds of open time by tier and metric.
PROMISED = {
    "user_support": {"first_reply_time": 3 * WORKING_DAY, "next_reply_time": 3 * WORKING_DAY},
    "bug_fix": {
        "first_reply_time": WORKING_DAY,
        "next_reply_time": WORKING_DAY,
        "update_time": WORKING_DAY,
        "resolution_time": 2 * WORKING_DAY,
    },
    "mission_critical": {
        "first_reply_time": 15 * 60,
        "next_reply_time": 30 * 60,
        "update_time": 60 * 60,
    },
}


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise. `due`: by when, None while it waits for the customer; `end`: when it was met or
    ended, None while it runs."""

    story: Story
    metric: str
    instance: int
    start: datetime
    end: datetime | None
    due: datetime | None
    as_of: datetime

    @property
    def is_broken(self) -> bool:
        """Whether it was not met in time; what runs still is broken once it is due."""
        return self.due is not None and self.due < (self.end or self.as_of)


def clocks(story: Story, as_of: datetime) -> Iterator[Clock]:
    """Every clock of a ticket that has a promise, by what happened until `as_of`."""
    if story.created_at > as_of:
        return
    steps = [each for each in story.steps if each.at <= as_of]
    replies = [each.at for each in steps if each.act is Act.REPLY]
    solved = next((each.at for each in steps if each.act is Act.SOLVE), None)
    waits = _waits(story)
    first = replies[0] if replies else None
    made = [("first_reply_time", 1, story.created_at, first)]
    asked = [each.at for each in steps if each.act is Act.ASK]
    ends = sorted([*replies, *([solved] if solved else [])])
    for number, at in enumerate(asked, 1):
        made.append(("next_reply_time", number, at, next((e for e in ends if e > at), None)))
    going = [at for at in replies if solved is None or at < solved]
    for number, at in enumerate(going, 1):
        made.append(("update_time", number, at, next((e for e in ends if e > at), None)))
    begun = _begun(story, first, as_of)
    if begun is not None:
        made.append(("resolution_time", 1, begun, solved))
    for metric, number, start, end in made:
        seconds = PROMISED[story.tier].get(metric)
        if seconds is None:
            continue
        pauses = waits if metric in ("update_time", "resolution_time") else []
        due = _due(story.tier, start, seconds, pauses, end, as_of)
        yield Clock(story, metric, number, start, end, due, as_of)


def _begun(story: Story, first: datetime | None, as_of: datetime) -> datetime | None:
    """The fix is due from the first reply on, or from when that was due."""
    late = after(_open(story.tier, story.created_at), story.created_at,
                 PROMISED[story.tier]["first_reply_time"])  # fmt: skip
    starts = [each for each in (first, late) if each is not None and each <= as_of]
    return min(starts, default=None)


def _waits(story: Story) -> list[tuple[datetime, datetime | None]]:
    """From when until when the ticket waits for its customer."""
    found: list[tuple[datetime, datetime | None]] = []
    for each in story.steps:
        if each.act is Act.WAIT:
            after_it = [s.at for s in story.steps if s.at > each.at and s.act is not Act.WAIT]
            found.append((each.at, min(after_it, default=None)))
    return found


def _due(
    tier: str,
    start: datetime,
    seconds: float,
    waits: list[tuple[datetime, datetime | None]],
    end: datetime | None,
    as_of: datetime,
) -> datetime | None:
    """When the open time is used up, without the time that waits for the customer."""
    at, last = start, end or as_of
    for begins, ends in waits:
        if begins >= last or (ends is not None and ends <= at):
            continue
        before = seconds_between(_open(tier, at), at, max(at, begins))
        if before >= seconds:
            break
        seconds -= before
        if ends is None or ends > last:
            return None if end is None else after(_open(tier, last), last, seconds)
        at = ends
    return after(_open(tier, at), at, seconds)


def _open(tier: str, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    return always(at) if tier == "mission_critical" else office(at)


@dataclass(slots=True)
class Kept:
    """How many promises fell due, and how many were met."""

    due: int = 0
    met: int = 0


def attainment(
    stories: tuple[Story, ...], start: datetime, end: datetime, as_of: datetime
) -> dict[tuple[str, str], Kept]:
    """Of the promises that fell due in [start, end), by tier and metric."""
    found: dict[tuple[str, str], Kept] = {}
    for story in stories:
        if story.created_at >= end:
            continue
        for clock in clocks(story, as_of):
            if clock.due is None or not start <= clock.due < min(end, as_of + _STEP):
                continue
            kept = found.setdefault((story.tier, clock.metric), Kept())
            kept.due += 1
            kept.met += not clock.is_broken
    return found


_STEP = timedelta(microseconds=1)
