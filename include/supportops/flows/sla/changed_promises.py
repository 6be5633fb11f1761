"""What a configuration changes of the past: promises and calendars that tickets were judged by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Engine

from supportops.config.configuration import Configuration, File
from supportops.config.snapshots import newest
from supportops.config.yaml_source import Fault
from supportops.db.engine import reading
from supportops.sla.counting.changed_past import changed_past

_FILE = "service_levels.yaml"


def findings(engine: Engine, configuration: Configuration, now: datetime) -> Iterator[Fault]:
    """A finding for each policy and calendar by which `configuration` judges the time until `now`
    otherwise than the active one; none before there is an active one.

    Clocks, explanations and reports of any past hour go by the configured policies, each for its
    own time. So whoever edits one in place changes what was due then.
    """
    with reading(engine) as connection:
        active = newest(connection)
    if active is None or not all(each.has(File.SERVICE_LEVELS) for each in (active, configuration)):
        return
    before, after = active.promises, configuration.promises
    if before is None or after is None:
        return
    for name in changed_past(before, after, now):
        yield Fault(
            _FILE,
            None,
            name,
            "another one than the active configuration has of the time until now",
            "the past as it was promised",
            "a new promise or calendar is a policy with a new date",
        )
