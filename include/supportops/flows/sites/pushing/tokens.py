"""Monitors of whose pushes none can be taken, because of a secret of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.context import Secrets
from supportops.sites.push.monitor import Monitors
from supportops.sites.push.proof import token_fault

SUBJECT = "tokens of push monitors"


def token_faults(monitors: Monitors, secrets: Secrets) -> dict[str, str]:
    """By token what is wrong with a monitor's secrets, without anything of their values."""
    found, values = dict[str, str](), dict[str, str]()
    for monitor in monitors.all:
        value = secrets(monitor.token)
        if fault := token_fault(value):
            found[monitor.token] = f"the secret {monitor.token} {fault}"
        elif monitor.signature is not None and not secrets(monitor.signature):
            found[monitor.token] = f"the secret {monitor.signature} is not set"
        elif (other := values.setdefault(value or "", monitor.name)) != monitor.name:
            found[monitor.token] = f"the secret {monitor.token} is that of {other} too"
    return found


def watch_tokens(
    connection: Connection, monitors: Monitors, faults: Mapping[str, str], now: datetime
) -> None:
    """Raises the alert on such monitors, or ends it."""
    if not faults:
        resolve_alert(connection, Kind.CONFIGURATION, SUBJECT, now)
        return
    names = monitors.by_token()
    alert = operations_alert(
        Kind.CONFIGURATION,
        SUBJECT,
        f"no push can be taken for {len(faults)} of {len(names)} monitors",
        now,
        facts={"errors": [f"{names[token].name}: {why}" for token, why in faults.items()][:50]},
    )
    raise_alert(connection, alert, now)
