"""The active configuration: the one in the folder, with the last good version of a faulty file,
and with the maintenance that people announced."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.rota.calendar_store import stored_calendars
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import Configuration, File
from supportops.config.documents import with_announced
from supportops.config.loader import Checked, check
from supportops.config.snapshots import newest, save
from supportops.config.yaml_source import ConfigurationError
from supportops.customers import Customers
from supportops.db.engine import reading, writing
from supportops.sites.announced.store import not_over

SUBJECT = "configuration"
# Without any of these there is nothing to go by, not even for those who would be alerted.
_BASIC = (File.SITES, File.ALERTS, File.SERVICE_LEVELS)


def load_or_last_good(
    engine: Engine, folder: Path, now: datetime, needs: Iterable[str] = ()
) -> tuple[Configuration, ConfigurationError | None]:
    """What to work by, and what is wrong with the folder if it is not that alone.

    It is stored as the active configuration. A faulty file raises an alert, and its last good
    version stays in force; where there never was one, what needs the file stops and the rest
    works. `needs`: the files that the caller cannot do without. Raises ConfigurationError
    with the faults of those that there is no usable version of, after all that.
    """
    with reading(engine) as connection:
        calendars = stored_calendars(connection)
    checked = check(folder, calendars=calendars)
    if checked.faults:
        with reading(engine) as connection:
            last = newest(connection)
        checked = check(folder, last.document if last else None, calendars)
    with reading(engine) as connection:
        windows = not_over(connection, now)
    configuration = with_announced(checked.configuration, windows)
    with writing(engine) as connection:
        if any(configuration.has(name) for name in _BASIC):
            save(connection, configuration, now)
        if checked.faults:
            raise_alert(connection, _alert(checked, now), now)
        else:
            resolve_alert(connection, Kind.CONFIGURATION, SUBJECT, now)
    configuration.require(*needs)
    return configuration, ConfigurationError(checked.all_faults) if checked.faults else None


def _alert(checked: Checked, now: datetime) -> Alert:
    faults = checked.all_faults
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    lacking = [f"{name}.yaml" for name in checked.faults if not checked.configuration.has(name)]
    state = "the last good one stays in force"
    if lacking:
        state = f"what needs {', '.join(lacking)} stops until it is corrected"
    return operations_alert(
        Kind.CONFIGURATION,
        SUBJECT,
        f"{count} in the configuration; {state}",
        now,
        facts={"errors": [str(fault) for fault in faults[:50]]},
    )


def active_configuration(connection: Connection) -> Configuration:
    """The active configuration. Raises LookupError before the first."""
    configuration = newest(connection)
    if configuration is None:
        raise LookupError("no configuration was activated yet: run a site check first")
    return configuration


def customers_now(connection: Connection) -> Customers:
    """The customers of the active configuration; none before the first."""
    configuration = newest(connection)
    return Customers() if configuration is None else configuration.customers


def outage_tier(configuration: Configuration) -> str | None:
    """The tier of an outage's ticket; None while no usable service_levels.yaml says so."""
    known = configuration.has(File.SERVICE_LEVELS)
    return configuration.tiers.outages if known else None
