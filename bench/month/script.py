"""What happens in the month: who is down when, and what is written in each ticket. The truth that
everything is compared with; it knows nothing of the program."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from bench.month.hours import ZONE, after, office

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIVE_MINUTES = 5 * MINUTE
SITES_OF_A_HOST = 10
SITES_OF_A_CUSTOMER = 5
TIERS = ("user_support", "bug_fix", "mission_critical")
# Nobody writes on the clocks of the office in these hours: what happened is in the store before a
# report is made of it, since the help desk shows it a minute later and the sync comes every five.
QUIET = (time(7, 5), time(9, 1))


class Act(StrEnum):
    """What is done to a ticket."""

    REPLY = "reply"
    ASK = "ask"
    WAIT = "wait"  # for the customer
    SOLVE = "solve"


@dataclass(frozen=True, slots=True)
class Step:
    """An act at a whole second."""

    at: datetime
    act: Act


@dataclass(frozen=True, slots=True)
class Story:
    """One ticket of the help desk, from its creation by its customer on."""

    number: int
    tier: str
    customer: str
    created_at: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Outage:
    """These sites do not answer in [start, end); `host`: because all of their server does not."""

    name: str
    sites: tuple[str, ...]
    start: datetime
    end: datetime
    host: str | None = None
    taken_after: timedelta | None = None  # somebody acknowledges it so long after its confirmation


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A call that the answerphone took, and when an engineer has called back."""

    number: int
    at: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A job that pushes each night at `minute` of the day (UTC), but not on `missed`."""

    name: str
    minute: int
    missed: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Crash:
    """Our machine loses its power at `at`, in the middle of everything, and is back at `until`."""

    at: datetime
    until: datetime


@dataclass(frozen=True)
class Script:
    """The whole month. `real`: while the sites are really asked."""

    start: datetime
    end: datetime
    every: timedelta
    sites: dict[str, tuple[str, str]]  # customer and host by name
    outages: tuple[Outage, ...]
    blips: tuple[Outage, ...]
    crash: Crash | None
    stories: tuple[Story, ...]
    voicemails: tuple[Voicemail, ...]
    jobs: tuple[Job, ...]
    real: tuple[datetime, datetime] | None = None
    by_site: dict[str, list[Outage]] = field(default_factory=dict, repr=False)

    @property
    def customers(self) -> list[str]:
        """Their names, each once."""
        return list(dict.fromkeys(customer for customer, _ in self.sites.values()))

    def is_down(self, site: str, at: datetime) -> bool:
        """Whether a site fails a check at an instant."""
        if not self.by_site:
            for each in (*self.outages, *self.blips):
                for name in each.sites:
                    self.by_site.setdefault(name, []).append(each)
            self.by_site.setdefault("", [])
        return any(each.start <= at < each.end for each in self.by_site.get(site, ()))

    def is_busy(self, at: datetime) -> bool:
        """Whether minutes matter: around outages, and until what followed from them is done."""
        after_it = self.every + FIVE_MINUTES
        return any(e.start - FIVE_MINUTES <= at < e.end + after_it for e in self.outages)


def month(
    *,
    days: float,
    sites: int = 200,
    tickets: int = 100,
    every: int = 5,
    real_minutes: int = 120,
    seed: int = 13,
) -> Script:
    """October 2026 on the clocks of London, from the evening before until `days` have passed:
    32.5 of them end after the report on the month."""
    start = datetime(2026, 9, 30, 22, tzinfo=UTC)
    end = start + timedelta(days=days)
    names = _sites(sites)
    hosts = list(dict.fromkeys(host for _, host in names.values()))
    by_host = {h: tuple(n for n, (_, host) in names.items() if host == h) for h in hosts}
    outages = (
        Outage("a shop", ("site-007",), _at(6, 13, 7), _at(6, 13, 52), taken_after=10 * MINUTE),
        Outage(hosts[2], by_host[hosts[2]], _at(14, 13, 27), _at(14, 15, 2), hosts[2], 45 * MINUTE),
        Outage("at night", ("site-042",), _at(25, 0, 27), _at(25, 2, 12)),
    )
    blips = (Outage("a hiccup", ("site-011",), _at(8, 9, 0), _at(8, 9, 0) + MINUTE / 8),)
    real = _at(6, 12, 30)
    return _script(
        random.Random(seed), start, end, timedelta(minutes=every), names, outages, blips,
        Crash(_at(14, 13, 30), _at(14, 14, 3)), tickets,
        (real, real + timedelta(minutes=real_minutes)) if real_minutes else None,
    )  # fmt: skip


def weekend(*, sites: int = 5, tickets: int = 8, every: int = 30, seed: int = 13) -> Script:
    """The change of the clock, from the Saturday before it until the reports of the Monday: one
    outage of a server with a crash in it, and one outage over the change."""
    names = _sites(sites)
    host = tuple(names)[:3]
    first = next(iter(names.values()))[1]
    outages = (
        Outage(first, host, _at(24, 13, 57), _at(24, 14, 47), first, 10 * MINUTE),
        Outage("at night", (tuple(names)[4],), _at(25, 0, 27), _at(25, 1, 12)),
    )
    return _script(
        random.Random(seed), _at(24, 13, 0), _at(26, 8, 10), every * MINUTE, names, outages, (),
        Crash(_at(24, 14, 0), _at(24, 14, 33)), tickets, None,
    )  # fmt: skip


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def _sites(count: int) -> dict[str, tuple[str, str]]:
    few = count < SITES_OF_A_HOST
    return {
        f"site-{n:03}": (
            f"Customer {n // (3 if few else SITES_OF_A_CUSTOMER):02}",
            f"web-{n // (3 if few else SITES_OF_A_HOST):02}",
        )
        for n in range(count)
    }


def _script(
    chance: random.Random,
    start: datetime,
    end: datetime,
    every: timedelta,
    sites: dict[str, tuple[str, str]],
    outages: tuple[Outage, ...],
    blips: tuple[Outage, ...],
    crash: Crash | None,
    tickets: int,
    real: tuple[datetime, datetime] | None,
) -> Script:
    within = tuple(each for each in outages if each.end + 2 * HOUR < end)
    customers = list(dict.fromkeys(customer for customer, _ in sites.values()))
    days = (end - start) / DAY
    stories = tuple(_stories(chance, start, end, round(tickets * days), customers))
    calls = tuple(_voicemails(chance, start, end))
    missed = tuple(e.start.replace(hour=3, minute=0) for e in within[-1:])
    jobs = (Job("Nightly backup", 180, missed), Job("Nightly import", 215))
    crash = crash if crash is not None and crash.until + 2 * HOUR < end else None
    return Script(start, end, every, sites, within, blips, crash, stories, calls, jobs, real)


def _stories(
    chance: random.Random, start: datetime, end: datetime, count: int, customers: list[str]
) -> Iterator[Story]:
    span = (end - start).total_seconds()
    created = sorted(_written(start + timedelta(seconds=int(chance.random() * span)))
                     for _ in range(count))  # fmt: skip
    for number, at in enumerate(created):
        tier = chance.choices(TIERS, (60, 37, 3))[0]
        steps = tuple(each for each in _steps(chance, tier, at) if each.at < end)
        yield Story(number, tier, chance.choice(customers), at, steps)


def _written(at: datetime) -> datetime:
    """An instant at which people write: not in the hours before a report."""
    local = at.astimezone(ZONE).time()
    return at + 2 * HOUR if QUIET[0] <= local < QUIET[1] else at


def _steps(chance: random.Random, tier: str, created: datetime) -> Iterator[Step]:
    if tier == "mission_critical":
        yield from _urgent(chance, created)
        return
    day = 8 * 3600
    within = {"user_support": 3 * day, "bug_fix": day}[tier]
    at = _worked(created, _effort(chance, within))
    yield Step(at, Act.REPLY)
    if tier == "bug_fix":
        yield from _mended(chance, at)
        return
    if chance.random() < 0.4:
        asked = _written(at + timedelta(seconds=chance.randint(600, 30 * 3600)))
        at = _worked(asked, _effort(chance, within))
        yield Step(asked, Act.ASK)
        yield Step(at, Act.REPLY)
    yield Step(at + timedelta(seconds=chance.randint(60, 1500)), Act.SOLVE)


def _mended(chance: random.Random, at: datetime) -> Iterator[Step]:
    """Progress each day or half a day, sometimes a question to the customer, then the end."""
    left = chance.randint(1800, 15 * 3600) if chance.random() > 0.06 else 20 * 3600
    if chance.random() < 0.2:
        waits = at + timedelta(seconds=90)
        asked = _written(waits + timedelta(seconds=chance.randint(3600, 50 * 3600)))
        at = _worked(asked, chance.randint(600, 5 * 3600))
        yield Step(waits, Act.WAIT)
        yield Step(asked, Act.ASK)
        yield Step(at, Act.REPLY)
    while left > 7 * 3600:
        gap = chance.randint(4 * 3600, 7 * 3600) if chance.random() > 0.03 else 10 * 3600
        at, left = _worked(at, gap), left - gap
        yield Step(at, Act.REPLY)
    yield Step(_worked(at, max(left, 300)), Act.SOLVE)


def _urgent(chance: random.Random, created: datetime) -> Iterator[Step]:
    late = chance.random() < 0.12
    at = _written(
        created + timedelta(seconds=chance.randint(*((1000, 3000) if late else (150, 780))))
    )
    yield Step(at, Act.REPLY)
    yield Step(_written(at + timedelta(seconds=chance.randint(900, 3300))), Act.SOLVE)


def _effort(chance: random.Random, within: int) -> int:
    """Open seconds until somebody answers, mostly within the promise."""
    if chance.random() < 0.05:
        return int(within * chance.uniform(1.02, 1.6))
    return int(min(within * 0.95, chance.expovariate(1 / (within * 0.3)) + 120))


def _worked(since: datetime, seconds: int) -> datetime:
    """When so much open time has passed, at a whole second within the office's hours."""
    return after(office(since), since, seconds)


def _voicemails(chance: random.Random, start: datetime, end: datetime) -> Iterator[Voicemail]:
    """One each other evening, a few minutes after the office closed."""
    at, number = start.replace(hour=18, minute=0) + DAY, 0
    while at + 2 * HOUR < end:
        left = at + timedelta(seconds=chance.randint(0, 5000))
        yield Voicemail(number, left, left + timedelta(seconds=chance.randint(420, 840)))
        number, at = number + 1, at + 2 * DAY
