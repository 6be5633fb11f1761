"""The configuration in force: the one in the folder, or the last good one while it is wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.loader import Configuration, load
from supportops.config.snapshots import newest, save
from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import writing

SUBJECT = "configuration"


def load_or_last_good(
    engine: Engine, folder: Path, now: datetime
) -> tuple[Configuration, ConfigurationError | None]:
    """What to work by, and what is wrong with the folder if it is not that.

    A good configuration is kept in the store; a faulty one raises an alert and the last good
    one stays in force. Raises ConfigurationError where there never was a good one.
    """
    try:
        configuration = load(folder)
    except ConfigurationError as error:
        return _last_good(engine, error, now), error
    with writing(engine) as connection:
        save(connection, configuration, now)
        resolve_alert(connection, Kind.CONFIGURATION, SUBJECT, now)
    return configuration, None


def _last_good(engine: Engine, error: ConfigurationError, now: datetime) -> Configuration:
    with writing(engine) as connection:
        configuration = newest(connection)
        if configuration is None:
            raise error
        raise_alert(connection, _alert(error, now), now)
        return configuration


def _alert(error: ConfigurationError, now: datetime) -> Alert:
    count = len(error.faults)
    faults = "1 fault" if count == 1 else f"{count} faults"
    return operations_alert(
        Kind.CONFIGURATION,
        SUBJECT,
        f"{faults} in the configuration; the last good one stays in force",
        now,
        facts={"errors": [str(fault) for fault in error.faults[:50]]},
    )


def active_configuration(connection: Connection) -> Configuration:
    """The configuration taken up last. Raises LookupError before the first."""
    configuration = newest(connection)
    if configuration is None:
        raise LookupError("no configuration was taken up yet: run a site check first")
    return configuration
