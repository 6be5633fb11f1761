"""The alerts that are open, and how a person takes one."""

from __future__ import annotations

from datetime import datetime

from supportops.alerts import store
from supportops.alerts.alert import Alert
from supportops.alerts.description import reference
from supportops.context import Context
from supportops.db.engine import reading, writing


def list_alerts(context: Context) -> list[Alert]:
    """Every open alert, in the order of `alerts.store.list_open`."""
    with reading(context.engine) as connection:
        return store.list_open(connection)


def acknowledge(context: Context, key: str, who: str, now: datetime) -> bool:
    """Records that `who` takes the alert at `now`: its reminders and later steps stop.

    `key` may also be the reference that messages show, with its # or without. False where no open
    alert has it, or two have, or somebody has taken it.
    """
    with writing(context.engine) as connection:
        if store.acknowledge(connection, key, who, now):
            return True
        known = {alert.key: reference(alert) for alert in store.list_open(connection)}
        meant = [known_as for known_as, mark in known.items() if mark == key.removeprefix("#")]
        return len(meant) == 1 and store.acknowledge(connection, meant[0], who, now)


def unreadable_alerts(context: Context) -> list[str]:
    """A line for each open alert that this version cannot read."""
    with reading(context.engine) as connection:
        stored = store.read_open(connection)
    return [f"{each.key}: {each.why}" for each in stored.unreadable]
