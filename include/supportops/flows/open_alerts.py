"""The alerts that are open, and how a person takes one."""

from __future__ import annotations

from datetime import datetime

from supportops.alerts import store
from supportops.alerts.alert import Alert
from supportops.context import Context
from supportops.db.engine import reading, writing


def list_alerts(context: Context) -> list[Alert]:
    """Every open alert, in the order of `alerts.store.list_open`."""
    with reading(context.engine) as connection:
        return store.list_open(connection)


def acknowledge(context: Context, key: str, who: str, now: datetime) -> bool:
    """Records that `who` takes the alert at `now`: its reminders and later steps stop.

    False where no open alert has this key, or somebody has taken it.
    """
    with writing(context.engine) as connection:
        return store.acknowledge(connection, key, who, now)
