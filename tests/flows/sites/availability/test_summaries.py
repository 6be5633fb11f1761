"""What is folded into summaries says the same as the checks, byte for byte, for whole hours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Engine, func, select

from builders import NOON
from flows.sites.availability.logs import MINUTE, SEEN, Log, page_of
from supportops.config.snapshots import fleet_of
from supportops.db import schema
from supportops.db.engine import reading
from supportops.flows.sites import site_check
from supportops.flows.sites.site_availability import of_period
from supportops.sites.log.days import SiteDay, site_days
from supportops.sites.summaries import fold as folding
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY
from supportops.sites.summaries.fold import fold

HOUR = 60
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
QUARTER = {"interval": "15m"}
ANSWERS = ["."] * 24 + ["xxx", "xxx", "x", "x", "..", "..", ".x.", "s", "i", "", "5.", "x.."]


@contextmanager
def by_checks_alone() -> Iterator[None]:
    with patch.object(summaries, "folded_until", return_value={}):
        yield


def said(log: Log, start: float, end: float, as_of: float | None = None) -> str:
    if as_of is not None:
        found: Any = log.report(start, end, as_of)
        found[1].sort(key=lambda row: (row["key"], row["site"]))
    else:
        found = [row.to_json() for row in log.rows(start, end)]
    return json.dumps(found, default=str, indent=1)


def same(log: Log, start: float, end: float, as_of: float | None = None) -> None:
    folded = said(log, start, end, as_of)
    with by_checks_alone():
        assert folded == said(log, start, end, as_of), (start, end, as_of)


class Story:
    """A random past: answers, blindness, late judgements, and edits of the configuration."""

    def __init__(self, log: Log, chance: Random) -> None:
        self.log, self.chance = log, chance
        self.sites: dict[str, dict[str, Any]] = {
            name: {"name": name, "host": "web-1" if name != "wiki" else "web-2", **QUARTER}
            for name in ("shop", "blog", "wiki", "forum")
        }
        for name, site in self.sites.items():
            site["url"] = f"https://{name}.example/"
        self.waiting: list[float] = []
        self.configure()

    def configure(self) -> None:
        self.log.configured(*self.sites.values())

    def edit(self, minute: float) -> None:
        name = self.chance.choice(sorted(self.sites))
        site = self.sites[name]
        match self.chance.randrange(7):
            case 0:
                self.sites.pop(name)
                new = f"{name}-{minute:.0f}"
                self.sites[new] = site | {"name": new}
            case 1:
                site["customer"] = self.chance.choice(["Acme", "Bolt", "Zen"])
            case 2 | 3:
                first = NOON + (minute + self.chance.randrange(-60, 240)) * MINUTE
                last = first + self.chance.randrange(10, 400) * MINUTE
                window = {"from": first.isoformat(), "to": last.isoformat()}
                site["maintenance"] = {"once": [window]}
            case 4:
                site["interval"] = self.chance.choice(["15m", "30m", "1h"])
            case 5:
                site.pop("maintenance", None)
            case 6 if len(self.sites) > 2:
                self.sites.pop(name)
        self.configure()

    def step(self, minute: float) -> None:
        if self.chance.random() < 0.08:
            self.edit(minute)
        if self.chance.random() < 0.03:
            return  # Nothing runs.
        blind = self.chance.random() < 0.04
        answers: dict[Any, str] = {SEEN: "xxx" if blind else "."}
        storm = self.chance.random() < 0.08
        for name in self.sites:
            answers[name] = "xxx" if blind or storm else self.chance.choice(ANSWERS)
        self.log.record(minute, {name: marks for name, marks in answers.items() if marks})
        self.waiting.append(minute)
        if self.chance.random() < 0.12:
            return
        self.chance.shuffle(self.waiting)
        for each in self.waiting:
            site_check.judge(self.log.engine, NOON + each * MINUTE, NOON + (minute + 3) * MINUTE)
        self.waiting = []

    def fold(self, most: int | None = None) -> None:
        list(islice(fold(self.log.engine, fleet_of), most))


@pytest.mark.parametrize("seed", range(2))
def test_any_past(store: Engine, tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    story = Story(Log(store, tmp_path / "config"), chance)
    for number in range(70):
        story.step(15 * number)
        if chance.random() < 0.1:
            story.fold(chance.choice([1, 2, None]))
    story.fold()
    with reading(store) as connection:
        assert (
            connection.execute(select(func.count()).select_from(schema.site_days)).scalar_one() > 4
        )
    for _ in range(12):
        start = HOUR * chance.randrange(0, 19)
        end = start + HOUR * chance.randrange(1, 20)
        same(story.log, start, end)
        same(story.log, start, end, end + chance.choice([0, 20, 60, 600]))


def test_folding_that_was_cut_short_goes_on(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config", ("shop", "blog"))
    for minute in range(0, 400, 10):
        log.run(minute, {"shop": "xxx" if 100 < minute < 200 else ".", "blog": ".", SEEN: "."})
    for at in range(20):
        list(islice(fold(log.engine, fleet_of), 1))
        same(log, 0, 360)
        if at == 3:  # killed in the middle of a batch
            with patch.object(summaries, "move", side_effect=RuntimeError), suppress(RuntimeError):
                list(fold(log.engine, fleet_of))
    with reading(store) as connection:
        assert set(summaries.folded_until(connection).values()) == {NOON + 360 * MINUTE}


@on_sqlite
def test_a_site_in_question_waits_alone(store: Engine, tmp_path: Path) -> None:
    """It answers since 13:10 in maintenance, which confirms nothing yet."""
    log = Log(store, tmp_path / "config")
    quiet = {"from": (NOON + 65 * MINUTE).isoformat(), "to": (NOON + 295 * MINUTE).isoformat()}
    log.configured({"name": "shop", "maintenance": {"once": [quiet]}}, "blog")
    for minute in range(0, 280, 10):
        log.run(minute, {"shop": "xxx" if 30 < minute < 70 else ".", "blog": ".", SEEN: "."})
    list(fold(store, fleet_of))
    with reading(store) as connection:
        found = summaries.folded_until(connection)
    assert found == {"shop": NOON + 60 * MINUTE, "blog": NOON + 240 * MINUTE}
    for minute in range(280, 400, 10):
        log.run(minute, {"shop": "..", "blog": ".", SEEN: "."})
    same(log, 0, 360)
    list(fold(store, fleet_of))
    same(log, 0, 360)
    assert log.of(0, 360).down == 25 * MINUTE, "from 12:40 until the maintenance"


@on_sqlite
def test_a_recovery_that_reaches_back_says_nothing_of_time_without_checks(
    store: Engine, tmp_path: Path
) -> None:
    """It begins with the first good check, and hours later a check that we could not make does not
    take that back."""
    log = Log(store, tmp_path / "config")
    log.configured({"name": "shop", "interval": "15m"})
    marks = {0: "xxx", 15: ".", 480: "i", 495: ".", 510: ".", 525: "."}
    for minute, answers in marks.items():
        log.run(minute, {"shop": answers, SEEN: "."})
    found = log.of(0, 9 * HOUR)
    assert (found.down, found.up) == (timedelta(minutes=15), timedelta(minutes=15 + 45 + 15))
    assert found.unknown == timedelta(hours=9) - found.known
    assert found.up_share is None, "hardly any of it was seen"


@on_sqlite
def test_a_site_that_no_check_of_a_week_decides_stays_down(store: Engine, tmp_path: Path) -> None:
    """Checks that are far apart confirm nothing: its outage is what says how it stands."""
    log = Log(store, tmp_path / "config")
    log.configured({"name": "shop", "interval": "15m"})
    day = 24 * HOUR
    log.run(0, {"shop": "xxx", SEEN: "."})
    for minute in range(6 * HOUR, 11 * day, 6 * HOUR):
        log.run(minute, {"shop": ".", SEEN: "."})
        if minute % day == 0:
            list(fold(store, fleet_of))
    log.run(11 * day, {"shop": "..", SEEN: "."})
    for minute in range(12 * day, 14 * day, 6 * HOUR):
        log.run(minute, {"shop": ".", SEEN: "."})
    list(fold(store, fleet_of))
    assert log.of(8 * day, 10 * day).up == timedelta(0)
    same(log, 7 * day, 12 * day)
    same(log, 9 * day, 10 * day, 14 * day)


def test_a_run_that_is_judged_after_its_hour_was_folded_has_it_folded_again(
    store: Engine, tmp_path: Path
) -> None:
    log = Log(store, tmp_path / "config")
    log.runs(*["."] * 30)
    list(fold(store, fleet_of))
    log.configured({"name": "shop", "customer": "Bolt"})
    log.run(32, {"shop": ".", SEEN: "."})
    with reading(store) as connection:
        assert set(summaries.folded_until(connection).values()) == {NOON.replace(hour=0)}
    same(log, 0, 120)
    list(fold(store, fleet_of))
    same(log, 0, 120)
    assert {row.site.customer for row in log.rows(0, 120)} == {"Acme", "Bolt"}


@on_sqlite
def test_minutes_within_an_hour_that_is_folded(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config")
    log.runs(".", "xxx", *["x"] * 3, "..", *["."] * 30)
    list(fold(store, fleet_of))
    for start, end in [(0, 7), (7, 22), (3, 61), (59, 121), (58, 59)]:
        same(log, start, end)


@on_sqlite
def test_the_page_of_a_site_is_the_same(store: Engine, tmp_path: Path) -> None:
    """Its periods end now and begin in the middle of an hour."""
    log = Log(store, tmp_path / "config")
    for minute in range(0, 60 * 60, 30):
        log.configured({"name": "shop", "interval": "30m"})
        log.run(minute, {"shop": "xxx" if 300 < minute < 400 else ".", SEEN: "."})
    list(fold(store, fleet_of))
    folded = page_of(log, "shop", 60 * 60 - 13)
    with by_checks_alone():
        assert folded == page_of(log, "shop", 60 * 60 - 13)
    assert "90 days" in folded


@on_sqlite
def test_the_days_of_sites_from_summaries_and_from_checks(store: Engine, tmp_path: Path) -> None:
    story = Story(Log(store, tmp_path / "config"), Random(7))
    for number in range(200):
        story.step(15 * number)
    start, end = NOON.replace(hour=0), NOON + 115 * 15 * MINUTE

    def days(as_of: float | None = None) -> dict[str, list[SiteDay]]:
        at = None if as_of is None else NOON + as_of * MINUTE
        with reading(store) as connection:
            found = site_days(connection, fleet_of, start, end, as_of=at)
        return {name: sorted(of, key=lambda d: (d.day, d.customer)) for name, of in found.items()}

    list(fold(store, fleet_of))
    for as_of in (None, 1200, 5000):
        folded = days(as_of)
        with by_checks_alone():
            assert folded == days(as_of)
    assert max(len(of) for of in folded.values()) >= 2
    assert sum(day.checks for of in folded.values() for day in of) == sum(
        row.availability.checks for row in of_period(store, start, end)
    )


def test_a_batch_that_a_judgement_overtakes_is_not_kept(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config")
    log.runs(*["."] * 30)
    read = folding._Reader.read

    def slowly(reader: Any, *arguments: Any) -> None:
        read(reader, *arguments)
        log.configured({"name": "shop", "customer": "Bolt"})
        log.run(32, {"shop": ".", SEEN: "."})

    with patch.object(folding._Reader, "read", slowly):
        assert [batch.moved for batch in fold(store, fleet_of)] == [0]
    with reading(store) as connection:
        assert summaries.days(connection, NOON - DAY, NOON + DAY) == []
    list(fold(store, fleet_of))
    same(log, 0, 120)
    assert {row.site.customer for row in log.rows(0, 120)} == {"Acme", "Bolt"}
