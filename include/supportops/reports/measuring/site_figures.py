"""Sites: time up, down and not seen, what is left of the error budget, and each incident.

Frames in (see `facts`), frozen lines out, in the order of customers and sites whatever the order
of rows. Time without a check is neither up nor down.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from supportops.reports.figures import IncidentLine, SiteLine, Uptime
from supportops.reports.measuring.survival import quantile_seconds
from supportops.reports.period import Period

OUTAGE = "outage"
LEAST_SEEN = 0.5
"""As on the board: the part of the time, less announced maintenance, that a share needs."""


def site_lines(
    sites: pd.DataFrame, availability: float | None, of_site: Mapping[str, float]
) -> tuple[SiteLine, ...]:
    """A line a site. Its target is its own in `of_site`, else `availability`.

    The error budget is what the target leaves of the time that was seen, less the time down. It
    is None without a target, and where there is no share.
    """
    return tuple(
        _site_line(row, of_site.get(row["site"], availability))
        for row in _measured(sites).to_dict("records")
    )


def uptimes(sites: pd.DataFrame) -> tuple[Uptime, ...]:
    """A line a customer, and one of all sites last; nothing where there are no sites."""
    measured = _measured(sites)
    if measured.empty:
        return ()
    lines = [_uptime(str(customer), own) for customer, own in measured.groupby("customer")]
    return (*lines, _uptime(None, measured))


def incident_lines(incidents: pd.DataFrame) -> tuple[IncidentLine, ...]:
    """Every incident of every site that it hit, the earliest first."""
    ordered = incidents.sort_values(["started_at", "site", "key"], kind="stable")
    return tuple(_incident_line(row) for row in ordered.to_dict("records"))


def detection_median(incidents: pd.DataFrame, period: Period) -> float | None:
    """Seconds from the first failed check until an outage was confirmed, for those confirmed in
    the period. An outage of a server counts once, however many sites it took down.
    """
    outages = incidents[incidents["kind"] == OUTAGE].groupby("key")
    opened, started = outages["opened_at"].min(), outages["started_at"].min()
    inside = opened[(opened >= period.start) & (opened < period.end)]
    return quantile_seconds((inside - started.loc[inside.index]).dt.total_seconds(), 0.5)


def recovery_median(incidents: pd.DataFrame, period: Period) -> float | None:
    """Seconds down from the first failed check to the first good one, without maintenance and
    unknown time, for outages that ended in the period. An outage of a server ends with the last of
    its sites, and is as long as the site of it that was down longest. One that was all maintenance
    or unknown has no length.
    """
    outages = incidents[incidents["kind"] == OUTAGE]
    lasting = outages.loc[outages["ended_at"].isna(), "key"]
    over = outages[~outages["key"].isin(lasting)].groupby("key")
    ended = over["ended_at"].max()
    inside = ended[(ended >= period.start) & (ended < period.end)]
    lengths = over["seconds"].max().loc[inside.index]
    return quantile_seconds(lengths[lengths > 0], 0.5)


def _measured(sites: pd.DataFrame) -> pd.DataFrame:
    """In order, what was never measured as nothing, with `seen_seconds` and `all_seconds`."""
    spans = [f"{state}_seconds" for state in ("up", "down", "unknown", "maintenance")]
    filled = dict.fromkeys([*spans, "degraded_seconds"], 0.0)
    measured = sites.sort_values(["customer", "site"]).fillna(filled)
    return measured.assign(
        seen_seconds=measured["up_seconds"] + measured["down_seconds"],
        all_seconds=measured[spans].sum(axis=1),
    )


def _site_line(row: Mapping[Hashable, Any], target: float | None) -> SiteLine:
    seen, down = float(row["seen_seconds"]), float(row["down_seconds"])
    degraded = float(row["degraded_seconds"])
    share = _share(float(row["up_seconds"]), seen, float(row["unknown_seconds"]))
    return SiteLine(
        site=row["site"],
        customer=row["customer"],
        up_share=share,
        unknown_share=_unknown(row["unknown_seconds"], row["all_seconds"]),
        down_seconds=down,
        maintenance_seconds=float(row["maintenance_seconds"]),
        checks=int(row["checks"]),
        outages=int(row["outages"]),
        target=target,
        budget_seconds=None if target is None or share is None else (1 - target) * seen - down,
        resolution_seconds=float(row["interval_seconds"]),
        since=_instant(row["since_at"]),
        until=_instant(row["until_at"]),
        degraded_seconds=degraded,
        degraded_share=None if share is None else degraded / seen,
    )


def _uptime(customer: str | None, sites: pd.DataFrame) -> Uptime:
    total = sites[[c for c in sites.columns if c.endswith("_seconds")]].sum()
    seen, degraded = float(total["seen_seconds"]), float(total["degraded_seconds"])
    share = _share(float(total["up_seconds"]), seen, float(total["unknown_seconds"]))
    return Uptime(
        customer=customer,
        sites=len(sites),
        up_share=share,
        unknown_share=_unknown(total["unknown_seconds"], total["all_seconds"]),
        down_seconds=float(total["down_seconds"]),
        checks=int(sites["checks"].sum()),
        outages=int(sites["outages"].sum()),
        degraded_seconds=degraded,
        degraded_share=None if share is None else degraded / seen,
    )


def _share(up: float, seen: float, unknown: float) -> float | None:
    """None where less than LEAST_SEEN of the time was seen: it would be a share of too little."""
    return up / seen if seen and seen >= LEAST_SEEN * (seen + unknown) else None


def _unknown(seconds: float, of: float) -> float:
    """All of it where no time was looked at."""
    return float(seconds / of) if of else 1.0


def _instant(found: Any) -> datetime | None:
    return None if pd.isna(found) else pd.Timestamp(found).to_pydatetime()


def _incident_line(row: Mapping[Hashable, Any]) -> IncidentLine:
    return IncidentLine(
        key=row["key"],
        kind=row["kind"],
        site=row["site"],
        customer=None if pd.isna(row["customer"]) else row["customer"],
        reason=row["reason"],
        started_at=row["started_at"].to_pydatetime(),
        ended_at=_instant(row["ended_at"]),
        seconds=float(row["seconds"]),
        down_seconds=float(row["down_seconds"]),
        detected_after=(row["opened_at"] - row["started_at"]).total_seconds(),
    )
