"""Rows of sites, incidents and alerts, said shortly: each test says only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.frames import MONDAY, Instant, at, frame
from supportops.reports.facts import ALERT_COLUMNS, INCIDENT_COLUMNS, SITE_COLUMNS

HOUR, DAY = 3600.0, 86400.0


def site(name: str = "shop", up: float = 7 * DAY, **fields: Any) -> dict[str, Any]:
    """A site that was `up` for seconds; `degraded`, a part of it, `down` and the others, too."""
    spans = {
        f"{state}_seconds": float(fields.pop(state, 0.0))
        for state in ("degraded", "down", "unknown", "maintenance")
    }
    rest = {"customer": "Acme", "interval_seconds": 300.0, "checks": 2016, "outages": 0}
    rest |= {"since_at": None, "until_at": None}
    return {"site": name, "up_seconds": up} | spans | rest | fields


def incident(
    started: Instant = "2026-11-18 12:00",
    opened: Instant = None,
    ended: Instant = None,
    **fields: Any,
) -> dict[str, Any]:
    """An outage of the shop, confirmed when it was `opened`: at once unless said otherwise.

    The shop was down all the time, until Monday where it has not ended, unless `seconds` says so.
    """
    begun = at(started)
    assert begun is not None
    seconds = fields.pop("seconds", ((at(ended) or MONDAY) - begun).total_seconds())
    spans = {"seconds": seconds, "down_seconds": fields.pop("down_seconds", seconds)}
    rest = {"kind": "outage", "site": "shop", "customer": "Acme", "reason": "timeout"} | fields
    instants = {"started_at": begun, "opened_at": at(opened) or begun, "ended_at": at(ended)}
    return {"key": f"{rest['kind']}:{rest['site']}:{begun}"} | rest | spans | instants


def alert(
    caused: Instant = "2026-11-18 12:00", handed_over: Instant = None, **fields: Any
) -> dict[str, Any]:
    """An e-mail about an outage that nobody got, unless it was `handed_over`."""
    rest = {"kind": "outage", "severity": "critical", "site": "shop", "customer": "Acme"}
    instants = {"caused_at": at(caused), "handed_over_at": at(handed_over)}
    return rest | {"channel": "email", "failures": 0} | instants | fields


def sites(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return frame(SITE_COLUMNS, rows)


def incidents(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return frame(INCIDENT_COLUMNS, rows)


def alerts(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return frame(ALERT_COLUMNS, rows)
