"""How long whole tickets took, from their creation on: tickets in, lines out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from supportops.reports.figures import By, TicketTimes
from supportops.reports.measuring.grouping import grouped
from supportops.reports.measuring.response_times import times_of_groups
from supportops.reports.period import Period

MEASURED = ("full_resolution", "requester_wait")


def ticket_times(tickets: pd.DataFrame, period: Period, as_of: datetime) -> tuple[TicketTimes, ...]:
    """A line for each tier with tickets that were created in the period and by `as_of`, and one
    over all of them where there are several.

    `tickets`: TICKET_COLUMNS, as of `as_of`. Those that are open count with their time so far;
    merged and deleted ones, and times that the log does not tell, do not.
    """
    created = tickets["created_at"]
    arrived = (created >= period.start) & (created < period.end) & (created <= as_of)
    counted = tickets[arrived & tickets["left_out"].isna()]
    tiers = _lines(counted, By.TIER)
    return (*tiers, *(_lines(counted, By.ALL) if len(tiers) > 1 else ()))


def _lines(tickets: pd.DataFrame, by: By) -> tuple[TicketTimes, ...]:
    groups = grouped(tickets, by)
    finished = ~tickets["open"].to_numpy(np.bool_)
    columns = []
    for name in MEASURED:
        for clock in ("business", "calendar"):
            seconds = tickets[f"{name}_{clock}_seconds"].to_numpy(np.float64)
            known = ~np.isnan(seconds)
            code = groups.code[known]
            columns.append(times_of_groups(seconds[known], finished[known], code, len(groups)))
    lines = zip(groups.names, *columns, strict=True)
    return tuple(TicketTimes(by, name, *times) for name, *times in lines)
