"""What is old is removed, and what is said about its time stays the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
from sqlalchemy import Engine, Table, func, insert, select, update

from builders import NOON
from flows.sites.availability.logs import MINUTE, SEEN, Log, page_of
from flows.sites.availability.test_summaries import Story, said
from supportops.config.documents import restore
from supportops.config.of_store.retention import Retention
from supportops.config.snapshots import get_document
from supportops.db import schema
from supportops.db.engine import reading, writing
from supportops.flows.operations import housekeeping
from supportops.flows.operations.pruning.removal import Kind
from supportops.flows.sites.site_availability import estimated
from supportops.sites.runs import part_store
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY

DAYS = 24 * 60
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


def count(engine: Engine, table: Table) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def months(log: Log, days: float = 20, every: int = 360) -> None:
    """A site that is checked seldom; it is down for half a day on the second day."""
    log.configured({"name": "shop", "interval": "6h"}, {"name": "blog", "interval": "6h"})
    for minute in range(0, round(days * DAYS), every):
        marks = "xxx" if 1.2 * DAYS < minute < 1.8 * DAYS else "."
        log.run(minute, {"shop": marks, "blog": ".", SEEN: "."})


def prune(log: Log, days: float, kept: int = 14, most: int | None = None) -> list[int]:
    now = NOON + days * DAY
    retention = Retention(checks=kept * DAY)
    done = housekeeping.prune(log.engine, retention, now, pause=lambda _: None)
    removed = [each.rows[Kind.CHECKS] for each in islice(done, most)]
    return [rows for rows in removed if rows]


def first_check(log: Log) -> datetime:
    with reading(log.engine) as connection:
        return connection.execute(select(func.min(schema.check_results.c.slot))).scalar_one()


@pytest.fixture
def log(store: Engine, tmp_path: Path) -> Log:
    return Log(store, tmp_path / "config")


def test_availability_and_reports_stay_the_same(log: Log) -> None:
    months(log)
    list(housekeeping.fold(log.engine))
    periods = [(0, 5 * DAYS, None), (60, 60 * 30, None), (0, 4 * DAYS, 10 * DAYS)]
    before = [said(log, *each) for each in periods]
    whole_page = page_of(log, "shop", 20 * DAYS)
    assert prune(log, 25)[-1] > 100
    assert first_check(log) == (NOON + 11 * DAY).replace(hour=0)
    assert [said(log, *each) for each in periods] == before
    assert page_of(log, "shop", 20 * DAYS) == whole_page
    assert log.of(0, 4 * DAYS).down == timedelta(hours=18)
    (shop, *_), _ = log.report(0, 4 * DAYS, 4 * DAYS + 600)
    assert shop["down_seconds"] == 18 * 3600, "by what became known later, not by nothing"


def test_nothing_is_removed_that_is_not_folded(log: Log) -> None:
    months(log)
    assert prune(log, 60) == []
    list(housekeeping.fold(log.engine))
    prune(log, 60)
    assert first_check(log) < NOON + 12 * DAY, "the next hours are folded by what was before them"
    whole = said(log, 0, 19 * DAYS)
    for minute in range(20 * DAYS, 22 * DAYS, 360):
        log.run(minute, {"shop": ".", "blog": ".", SEEN: "."})
    list(housekeeping.fold(log.engine))
    assert said(log, 0, 19 * DAYS) == whole


@on_sqlite
def test_pruning_that_was_cut_short_goes_on(log: Log) -> None:
    months(log)
    list(housekeeping.fold(log.engine))
    whole = said(log, 0, 19 * DAYS)
    for _ in range(3):
        assert len(prune(log, 25, most=1)) == 1
        assert said(log, 0, 19 * DAYS) == whole
    killed = patch.object(summaries, "note_pruned", side_effect=RuntimeError)
    rows = count(log.engine, schema.check_results)
    with killed, pytest.raises(RuntimeError):
        prune(log, 25)
    assert count(log.engine, schema.check_results) == rows, "all of a batch or nothing"
    prune(log, 25)
    assert prune(log, 25) == []
    assert said(log, 0, 19 * DAYS) == whole


def test_of_two_prunings_at_once_the_one_behind_says_nothing_of_the_other(log: Log) -> None:
    """What says how far checks are gone decides which summaries may be forgotten."""
    months(log)
    list(housekeeping.fold(log.engine))
    retention, now = Retention(checks=14 * DAY), NOON + 25 * DAY
    first, second = (
        housekeeping.prune(log.engine, retention, now, pause=lambda _: None) for _ in range(2)
    )
    for each in (first, second):
        next(each)
    list(first)
    with reading(log.engine) as connection:
        until = summaries.pruned_until(connection)
    next(second, None)
    second.close()
    with reading(log.engine) as connection:
        assert summaries.pruned_until(connection) == until == first_check(log).replace(hour=0)


@on_sqlite
def test_a_shard_of_a_late_run_is_removed_too(log: Log) -> None:
    months(log)
    list(housekeeping.fold(log.engine))
    prune(log, 25)
    with writing(log.engine) as connection:
        part = {"slot": NOON, "judged_order": 9**9, "judged_at": NOON, "pages": [], "controls": []}
        connection.execute(insert(schema.check_parts).values(part))
    prune(log, 25)
    again = housekeeping.old(log.engine, Retention(14 * DAY), NOON + 25 * DAY)
    assert {each.rows for each in again} == {0}


@on_sqlite
def test_a_site_in_question_keeps_its_checks_until_it_is_decided(log: Log) -> None:
    """It answers in a maintenance of ten days, which confirms nothing; then it does."""
    quiet = {
        "from": (NOON + 2 * DAY).isoformat(),
        "to": (NOON + 19 * DAY).isoformat(),
    }
    shop = {"name": "shop", "interval": "6h", "maintenance": {"once": [quiet]}}
    log.configured(shop, {"name": "blog", "interval": "6h"})
    for minute in range(0, 20 * DAYS, 360):
        marks = "xxx" if 1.2 * DAYS < minute < 2.2 * DAYS else "."
        log.run(minute, {"shop": marks, "blog": ".", SEEN: "."})
        if minute == 18 * DAYS:
            list(housekeeping.fold(log.engine))
            prune(log, 24)
            assert first_check(log) < NOON + 3 * DAY
    whole = said(log, 0, 19 * DAYS)
    list(housekeeping.fold(log.engine))
    assert said(log, 0, 19 * DAYS) == whole
    prune(log, 24)
    assert first_check(log) == (NOON + 10 * DAY).replace(hour=0), "what it kept is removed later"
    assert said(log, 0, 19 * DAYS) == whole


@on_sqlite
@pytest.mark.parametrize("seed", range(2))
def test_any_past_is_the_same_without_its_checks(log: Log, seed: int) -> None:
    story = Story(log, Random(seed))
    for number in range(40):
        story.step(15 * number)
    for minute in range(15 * 40, 16 * DAYS, 720):
        log.run(minute, dict.fromkeys(story.sites, "..") | {SEEN: "."})
    list(housekeeping.fold(log.engine))
    periods = [(60 * a, 60 * b) for a, b in ((0, 3), (1, 8), (5, 200), (2, 30))]
    before = [said(log, *each) for each in periods]
    prune(log, 21)
    assert first_check(log) > NOON + 5 * DAY
    assert [said(log, *each) for each in periods] == before


@on_sqlite
def test_within_an_hour_whose_checks_are_gone_times_are_exact_and_checks_estimated(
    log: Log,
) -> None:
    log.runs(*["."] * 30)
    log.configured({"name": "shop", "interval": "6h"})
    for minute in range(360, 20 * DAYS, 360):
        log.run(minute, {"shop": ".", SEEN: "."})
    list(housekeeping.fold(log.engine))
    exact = log.of(20, 100)
    prune(log, 25)
    found = log.of(20, 100)
    assert (found.up, found.checks) == (exact.up, exact.checks) == (80 * MINUTE, 16)
    assert log.of(0, 1).checks + log.of(1, 60).checks == 12


@on_sqlite
def test_within_a_quarter_of_an_hour_checks_are_counted_and_not_estimated(log: Log) -> None:
    """Where the office's zone is 30 or 45 minutes off, each of its days begins within an hour."""
    log.runs(*["." if number % 4 or number < 12 else "" for number in range(30)])
    log.configured({"name": "shop", "interval": "6h"})
    for minute in range(360, 20 * DAYS, 360):
        log.run(minute, {"shop": ".", SEEN: "."})
    list(housekeeping.fold(log.engine))
    periods = [(45, 105), (15, 75), (30, 150), (75, 90)]
    exact = [said(log, *each) for each in periods]
    prune(log, 25)
    assert [said(log, *each) for each in periods] == exact
    quarter, minute = ((NOON + n * MINUTE, NOON + 90 * MINUTE) for n in (45, 46))
    assert estimated(log.engine, *quarter) is None
    assert estimated(log.engine, *minute) is not None
    with writing(log.engine) as connection:
        connection.execute(update(schema.site_days).values(quarters=None))
    assert estimated(log.engine, *quarter) is not None, "an older version counted by the hour"
    assert [said(log, *each) for each in periods] != exact
    assert log.of(45, 105).up == 60 * MINUTE


@on_sqlite
def test_a_pruned_run_cannot_be_replayed_and_says_so(log: Log) -> None:
    months(log)
    list(housekeeping.fold(log.engine))
    prune(log, 25)
    fleet = log.configuration.fleet
    with reading(log.engine) as connection:
        first = next(part_store.judgements(connection))
        with pytest.raises(LookupError, match=r"were removed.*its incidents and the summaries"):
            part_store.judged_run(connection, first, fleet)


@on_sqlite
def test_a_site_that_was_removed_long_ago_has_a_page(log: Log) -> None:
    months(log, 2)
    log.configured("blog")
    for minute in range(2 * DAYS, 30 * DAYS, 720):
        log.run(minute, {"blog": ".", SEEN: "."})
    list(housekeeping.fold(log.engine))
    prune(log, 30)
    assert "no longer configured" in page_of(log, "shop", 200 * DAYS)


def test_what_would_be_removed_is_counted_and_measured(log: Log) -> None:
    months(log)
    list(housekeeping.fold(log.engine))
    now = NOON + 25 * DAY
    found = {each.table: each for each in housekeeping.old(log.engine, Retention(14 * DAY), now)}
    rows = count(log.engine, schema.check_results)
    prune(log, 25)
    assert found["check_results"].rows == rows - count(log.engine, schema.check_results) > 0
    size = found["check_results"].size
    assert size is None or 50 < size / found["check_results"].rows < 5_000
    again = housekeeping.old(log.engine, Retention(14 * DAY), now)
    assert {each.rows for each in again} == {0}


def test_former_configurations_share_their_parts_and_stay_the_same(log: Log) -> None:
    for number in range(6):
        shop = {"name": "shop", "customer": f"Customer {number % 2}"}
        log.configured(shop, *(f"site-{n}" for n in range(20)))
        log.run(5 * number, {"shop": ".", SEEN: "."})
    digests = select(schema.configurations.c.digest).order_by(schema.configurations.c.digest)
    with reading(log.engine) as connection:
        before = {d: get_document(connection, d) for d in connection.execute(digests).scalars()}
    assert len(before) == 3
    list(housekeeping.prune(log.engine, Retention(), NOON + 30 * DAY, pause=lambda _: None))
    stored = select(schema.configurations.c.document)
    with reading(log.engine) as connection:
        assert {d: get_document(connection, d) for d in before} == before
        assert all(restore(document).digest == digest for digest, document in before.items())
        documents = list(connection.execute(stored).scalars())
    assert sum("@parts" in each for each in documents) == len(before) - 1, "all but the active one"
    assert count(log.engine, schema.configuration_parts) < 4 * len(before)
    assert list(housekeeping.prune(log.engine, Retention(), NOON + 30 * DAY)) == []
    assert log.rows(0, 30)


def a_message(engine: Engine, key: str, finished: datetime, settled: datetime | None) -> None:
    """One that was sent, with one attempt."""
    with writing(engine) as connection:
        connection.execute(
            insert(schema.alerts).values(
                key=key,
                kind="outage",
                severity="critical",
                subject=key,
                headline="Site down",
                facts={},
                opened_at=finished,
                last_seen_at=finished,
                resolved_at=settled,
                settled_at=settled,
            )
        )
        added = insert(schema.messages).values(
            alert=key,
            target="mail",
            channel="email",
            phase="firing",
            step=0,
            reminder=0,
            why="a route",
            urgency=1,
            due_at=finished,
            queued_at=finished,
            state="handed_over",
            attempts=1,
            next_attempt_at=finished,
            maybe_sent=False,
            finished_at=finished,
        )
        number = connection.execute(added.returning(schema.messages.c.id)).scalar_one()
        connection.execute(
            insert(schema.notification_log).values(
                message=number,
                attempt=1,
                alert=key,
                target="mail",
                channel="email",
                outcome="handed_over",
                detail="",
                started_at=finished,
                seconds=0.1,
            )
        )


def test_messages_of_alerts_that_are_over_are_removed_and_no_others(store: Engine) -> None:
    """While an alert is open its messages say who has had which: without them all go out again."""
    long_ago, lately = NOON - 500 * DAY, NOON - 20 * DAY
    a_message(store, "over", long_ago, long_ago)
    a_message(store, "open", long_ago, None)
    a_message(store, "over lately", long_ago, lately)
    record = {"source": "desk", "record": "1", "place": "", "reason": "odd", "content": "x"}
    with writing(store) as connection:
        rows = [record | {"recorded_at": long_ago}, record | {"record": "2", "recorded_at": lately}]
        connection.execute(insert(schema.quarantine), rows)
    counted = {each.table: each.rows for each in housekeeping.old(store, Retention(), NOON)}
    assert counted.pop("configurations") == 0
    assert counted == {"messages": 1, "notification_log": 1, "quarantine": 1}
    (*_, done) = housekeeping.prune(store, Retention(), NOON, pause=lambda _: None)
    assert done.rows == {
        Kind.CHECKS: 0,
        Kind.MESSAGES: 2,
        Kind.QUARANTINE: 1,
        Kind.CONFIGURATIONS: 0,
        Kind.RECORDINGS: 0,
    }
    with reading(store) as connection:
        left = set(connection.execute(select(schema.messages.c.alert)).scalars())
    assert left == {"open", "over lately"}
    assert count(store, schema.quarantine) == 1
    assert list(housekeeping.prune(store, Retention(None, None, None), NOON + 9000 * DAY)) == []
