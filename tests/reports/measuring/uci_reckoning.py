"""Two weeks of the real log, reckoned from its CSV file, row by row, without the package.

What the shipped mapping says of the file, in other words: each row is the state of an incident
after a change. The incident is created by its customer when it was opened, and has from then on the
priority of its first row. An agent has answered, once and for all, by the first row in another
state than New. Promises are in plain elapsed time.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

TIERS = {"1": "mission_critical", "2": "bug_fix", "3": "bug_fix", "4": "user_support"}
DONE = ("Resolved", "Closed")
WAITING = ("Awaiting User Info",)
UNKNOWN = ("-100", "?")

STOPS: dict[str, tuple[str, ...]] = {
    "first_reply_time": (),
    "update_time": WAITING,
    "resolution_time": (*WAITING, *DONE),
}
"""The states in which a clock stands still."""

Counts = dict[tuple[str, str], tuple[int, int]]
"""Due and met by tier and metric."""

Times = list[tuple[float, float, bool]]
"""From the creation on and of waiting, in seconds, and whether it is solved."""


@dataclass
class Row:
    """The state of an incident from an instant on."""

    at: datetime
    state: str
    tier: str


@dataclass
class Clock:
    """A promise: broken at `broken`, or due at `due` and kept."""

    tier: str
    due: datetime | None
    broken: datetime | None


def incidents(path: Path) -> list[tuple[datetime, list[Row]]]:
    """Each incident's opening and its rows, in the order of their instants and of the file."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            found[line["number"]].append(line)
    return [_incident(rows) for rows in found.values()]


def _incident(lines: list[dict[str, str]]) -> tuple[datetime, list[Row]]:
    """A row changes what differs from the row before it in the file, whatever its instant says."""
    opened = _instant(lines[0]["opened_at"])
    state, tier = "New", TIERS.get(lines[0]["priority"][:1], "user_support")
    changes: list[tuple[datetime, str | None, str | None]] = [(opened, state, tier)]
    for line in lines:
        at = max(opened, _instant(line["sys_updated_at"]))
        new_state = state if line["incident_state"] in UNKNOWN else line["incident_state"]
        new_tier = TIERS.get(line["priority"][:1], tier)
        if (new_state, new_tier) != (state, tier):
            changed = new_state if new_state != state else None
            changes.append((at, changed, new_tier if new_tier != tier else None))
        state, tier = new_state, new_tier
    rows: list[Row] = []
    for at, new, other in sorted(changes, key=lambda each: each[0]):
        before = rows[-1] if rows else Row(at, "New", "user_support")
        rows.append(Row(at, new or before.state, other or before.tier))
    return opened, rows


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def counted(
    path: Path, start: datetime, end: datetime, targets: dict[tuple[str, str], timedelta]
) -> Counts:
    """Due and met between `start` and `end`, as known at `end`. `targets`: by tier and metric."""
    found: Counts = {}
    for opened, every in incidents(path):
        rows = [row for row in every if row.at <= end]
        if opened > end:
            continue
        for metric, clock in _clocks(opened, rows, end, targets):
            falls = clock.broken or clock.due
            if falls is not None and start <= falls < end:
                due, met = found.get((clock.tier, metric), (0, 0))
                found[clock.tier, metric] = (due + 1, met + (clock.broken is None))
    return found


def ticket_times(path: Path, start: datetime, end: datetime) -> dict[str, Times]:
    """By tier as of `end`: how long each incident that was opened between `start` and `end` took
    from its opening to its last solution, and how long its customer waited; with whether it is
    solved. Time counts up to `end` while it is not.
    """
    found: dict[str, Times] = defaultdict(list)
    for opened, every in incidents(path):
        rows = _last_of_each_instant([row for row in every if row.at <= end])
        if not start <= opened < end:
            continue
        solved = _solved_for_good(rows, opened)
        waited = timedelta()
        for place, row in enumerate(rows):
            until = rows[place + 1].at if place + 1 < len(rows) else end
            if row.state not in (*WAITING, *DONE):
                waited += until - row.at
        took = (solved or end) - opened
        found[rows[-1].tier].append((took.total_seconds(), waited.total_seconds(), bool(solved)))
    return found


def _clocks(
    opened: datetime, rows: list[Row], now: datetime, targets: dict[tuple[str, str], timedelta]
) -> Iterator[tuple[str, Clock]]:
    """The first reply, the updates from it on, and the resolution from it or its breach on."""
    replied = next((row.at for row in rows if row.state != "New"), None)
    spans: list[tuple[str, datetime, datetime | None]] = [("first_reply_time", opened, replied)]
    first = _kept_or_broken(*spans[0], rows, now, targets)
    if replied is not None:
        spans += [("update_time", since, until) for since, until in _open_spans(rows, replied)]
    starts = [at for at in (replied, first.broken if first else None) if at is not None]
    if starts:
        spans.append(("resolution_time", min(starts), _solved_for_good(rows, min(starts))))
    for span in spans:
        clock = _kept_or_broken(*span, rows, now, targets)
        if clock is not None:
            yield span[0], clock


def _open_spans(rows: list[Row], replied: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """From the reply, or from a reopening, until the incident was done."""
    since = None
    for row in _last_of_each_instant(rows):
        if row.at < replied:
            continue
        if row.state in DONE:
            if since is not None:
                yield since, row.at
            since = None
        elif since is None:
            since = row.at
    if since is not None:
        yield since, None


def _solved_for_good(rows: list[Row], start: datetime) -> datetime | None:
    since = None
    for row in _last_of_each_instant(rows):
        if row.state not in DONE:
            since = None
        elif since is None:
            since = row.at
    return None if since is None else max(since, start)


def _last_of_each_instant(rows: list[Row]) -> list[Row]:
    last: dict[datetime, Row] = {}
    for row in rows:
        last[row.at] = row
    return [last[at] for at in sorted(last)]


def _kept_or_broken(
    metric: str,
    start: datetime,
    end: datetime | None,
    rows: list[Row],
    now: datetime,
    targets: dict[tuple[str, str], timedelta],
) -> Clock | None:
    """Goes through the incident's states; the promise of each ends where the tier changes."""
    until, pieces, stops = end or now, _last_of_each_instant(rows), STOPS[metric]
    held: Clock | None = None
    for place, row in enumerate(pieces):
        later = [each for each in pieces[place + 1 :] if each.tier != row.tier]
        before = min(later[0].at, until) if later else until
        since = max(row.at, start)
        last = not later or later[0].at >= until
        if row.at > until or (row.at == until and end is not None and until > start):
            break
        if before < since or (place and pieces[place - 1].tier == row.tier and row.at > start):
            continue
        target = targets.get((row.tier, metric))
        if target is None:
            held = Clock(row.tier, None, None)
            continue
        due = _reached(start, target, pieces, until, stops, still=end is None)
        held = Clock(row.tier, due, None)
        if due is None:
            continue
        falls = max(due, since)
        if falls < before or (last and end is None and falls == before):
            return Clock(row.tier, due, falls)
    return held


def _reached(
    start: datetime,
    target: timedelta,
    rows: list[Row],
    until: datetime,
    stops: tuple[str, ...],
    *,
    still: bool,
) -> datetime | None:
    """When so much time has passed since the start outside of the states that stop the clock."""
    left, state = target, rows[0].state
    for place, row in enumerate(rows):
        begin = max(row.at, start)
        end = min(rows[place + 1].at if place + 1 < len(rows) else until, until)
        if row.at <= until:
            state = row.state
        if end <= begin or row.state in stops:
            continue
        if begin + left <= end:
            return begin + left
        left -= end - begin
    return None if still and state in stops else until + left
