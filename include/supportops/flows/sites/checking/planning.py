"""Plans a run of the site check: its slot, its sites, and the shards that they are checked in."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import find_open, raise_alert, resolve_alert
from supportops.config import snapshots
from supportops.config.configuration import File
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sites.checking.taking_turns import watch_turns
from supportops.sites import store
from supportops.sites.runs.due import from_text, to_text
from supportops.sites.site import FIVE_MINUTES, Fleet, Site, shard_size
from supportops.sites.summaries import store as summaries

log = logging.getLogger(__name__)

NEEDS = (File.SITES,)
# A run that begins later than this after its slot checks nothing: the past cannot be probed.
LATEST_START = 2 * FIVE_MINUTES
# While the machine's clock is behind the log, a run moves the log on by less than the time that
# passes between two, so that the clock catches up.
CATCH_UP_STEP = FIVE_MINUTES / 2
# Two clocks may differ by so much before ours counts as having jumped.
CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: its slot on the log's clock, and its sites in shards.

    `ahead` is how far the log's clock runs ahead of this machine's, after that jumped back.
    """

    slot: datetime
    shards: int
    sites: int
    ahead: timedelta = timedelta(0)
    faults: tuple[str, ...] = ()
    note: str = ""

    def specs(self) -> list[dict[str, Any]]:
        """One small JSON object for each shard's task; none where nothing is to be checked."""
        return [
            {
                "slot": self.slot.isoformat(),
                "ahead_seconds": self.ahead.total_seconds(),
                "shard": number,
                "shards": self.shards,
            }
            for number in range(self.shards)
        ]


def plan(engine: Engine, folder: Path, slot: datetime, now: datetime) -> Plan:
    """Loads the configuration, records that the run began, and cuts its sites into shards.

    A slot long past is not probed. Planning a slot again returns the first plan. Raises
    ConfigurationError where there never was a good configuration.
    """
    planned = _plan(engine, folder, slot, now)
    log.info("planned: %s", planned)
    return planned


def _plan(engine: Engine, folder: Path, slot: datetime, now: datetime) -> Plan:
    configuration, error = load_or_last_good(engine, folder, now, NEEDS)
    faults = tuple(str(fault) for fault in error.faults) if error else ()
    if now - slot > LATEST_START:
        return Plan(slot, 0, 0, faults=faults, note="the slot is past, nothing was checked")
    with writing(engine) as connection:
        advisory_lock(connection, Lock.JUDGE_SITES)
        ahead = _clock_jump(connection, now)
        slot += ahead
        due = _due(connection, configuration.fleet, slot)
        text = to_text(configuration.fleet, due)
        store.begin_run(connection, slot, configuration.digest, now + ahead, len(due), text)
        watch_turns(connection, slot, now)
        summaries.reopen(connection, slot)
        begun = store.run_of(connection, slot)
        assert begun is not None
        fleet = snapshots.get(connection, begun.configuration).fleet
    sites = from_text(fleet, begun.due)
    shards = -(-len(sites) // shard_size(len(sites), fleet.policy.shard))
    return Plan(slot, shards, len(sites), ahead, faults)


def _due(connection: Connection, fleet: Fleet, slot: datetime) -> Sequence[Site]:
    """The sites whose interval has passed since a run last checked them. A run that was planned
    and checked nothing does not count: what it missed is made good by the next."""
    seldom = [site.name for site in fleet.sites if site.interval > FIVE_MINUTES]
    oldest = slot - fleet.longest_interval()
    return fleet.due(slot, store.last_asked(connection, seldom, oldest, slot))


def _clock_jump(connection: Connection, now: datetime) -> timedelta:
    """How far to run ahead of the machine's clock so that the log never runs backwards."""
    last = store.last_run(connection)
    subject = "this machine's clock"
    if last is None:
        return timedelta(0)
    ahead = last.started_at + CATCH_UP_STEP - now
    jumped = last.started_at > now + CLOCK_TOLERANCE
    if not jumped and (ahead <= timedelta(0) or not find_open(connection, Kind.CLOCK, subject)):
        resolve_alert(connection, Kind.CLOCK, subject, now)
        return timedelta(0)
    alert = operations_alert(
        Kind.CLOCK,
        subject,
        "the clock jumped back; checks go on behind the last recorded one",
        now,
        facts={"age_seconds": (last.started_at - now).total_seconds()},
    )
    raise_alert(connection, alert, now)
    return ahead
