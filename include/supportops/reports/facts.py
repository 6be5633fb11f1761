"""What a report is made from: frames of clocks, tickets, sites, incidents and alerts.

Data alone, gathered in flows/reports/reporting. Instants are aware UTC datetimes (pandas
`datetime64[us, UTC]`, NaT where there is none), durations seconds (NaN where there is none), texts
None where there is none. Whatever order rows come in, the report is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.customers import UNLISTED, Customers
from supportops.names import folded
from supportops.reports.period import Period

# One row a clock that fell due in the period, started in it, or was open at `as_of`. The first
# columns name the ticket and whom it belongs to as of `as_of`; the others are the clock engine's:
# `open_seconds` is the promise's time without pauses, `calendar_seconds` the customer's.
CLOCK_COLUMNS = (
    "ticket",  # int64, the store's id
    "source",
    "number",  # by which its people know it
    "subject",  # as the requester wrote it: hostile
    "customer",
    "site",
    "assignee",
    "tier",
    "metric",  # first_reply_time, next_reply_time, update_time, resolution_time
    "instance",  # from 1
    "policy",  # "version/promise", None where none holds
    # running, paused, fulfilled, merged, deleted; unanswered: overdue or without a deadline on a
    # ticket that was solved without a reply
    "state",
    "started_at",
    "deadline",  # NaT without a target, and while a pause keeps it from being known
    "aim",
    "fulfilled_at",
    "ended_at",
    "breached_at",
    "target_seconds",
    "open_seconds",
    "paused_seconds",
    "left_seconds",
    "calendar_seconds",
)
# One row a ticket that was created, solved, reopened, reassigned, merged or deleted in the period,
# or was open at `as_of`.
TICKET_COLUMNS = (
    "ticket",
    "source",
    "number",
    "subject",
    "customer",
    "site",
    "assignee",
    "tier",
    "status",  # as of `as_of`
    "created_at",
    "open",  # bool, as of `as_of`
    "solved",  # int, how often it was solved in the period
    "reopened",  # int, how often reopened in it
    "reassigned",  # int, how often it went from one assignee to another in it
    "left_out",  # None, or why no figure counts it: merged, deleted
    # From the creation to the last solution, or to `as_of` where it is open, and the time in it in
    # which a customer waited; NaN where the log does not tell.
    "full_resolution_business_seconds",
    "full_resolution_calendar_seconds",
    "requester_wait_business_seconds",
    "requester_wait_calendar_seconds",
)
SITE_COLUMNS = (
    "site",
    "customer",
    "interval_seconds",
    "up_seconds",
    "degraded_seconds",  # the part of the time up in which many requests failed
    "down_seconds",
    "unknown_seconds",
    "maintenance_seconds",
    "checks",  # int
    "outages",  # int, those that touch the period
    "since_at",  # when the site was added, NaT where that was before the period
    "until_at",  # when it was removed, NaT where it was there at its end
)
# One row an incident and a site that it hit, if it overlaps the period.
INCIDENT_COLUMNS = (
    "key",
    "kind",  # outage, fault, certificate; outage also where its server was down
    "site",
    "customer",
    "reason",
    "started_at",  # the first failed check
    "opened_at",  # when it was confirmed
    "ended_at",  # the first good check, NaT while it lasts
    "seconds",  # of an outage the time down, without maintenance and unknown; else all of it
    "down_seconds",  # how much of an outage's time down lies in the period
)
# One row a message to one receiver's target about something that began in the period.
ALERT_COLUMNS = (
    "kind",
    "severity",
    "site",
    "customer",
    "channel",  # email, sms, chat
    "caused_at",  # incident's start, breach, else the alert's; of a later message when that was due
    "handed_over_at",  # NaT where nothing was
    "failures",  # int, attempts that came to nothing
)
# One row a thing that ends and has to be renewed, as of `as_of`; only in a report on a month.
AHEAD_COLUMNS = (
    "kind",  # certificate, domain
    "site",
    "customer",
    "name",  # what ends: the site's host, or the domain
    "ends_at",  # NaT of a domain of which nobody knows it
)
_ALL_COLUMNS = (
    *(CLOCK_COLUMNS, TICKET_COLUMNS, SITE_COLUMNS, INCIDENT_COLUMNS, ALERT_COLUMNS),
    AHEAD_COLUMNS,
)


INSTANTS = frozenset(
    name
    for columns in _ALL_COLUMNS
    for name in columns
    if name.endswith("_at") or name in ("deadline", "aim")
)
COUNTS = frozenset(
    {"ticket", "instance", "solved", "reopened", "reassigned", "checks", "outages", "failures"}
)
FLAGS = frozenset({"open"})


_OF_CUSTOMERS = ("clocks", "tickets", "sites", "incidents", "alerts", "ahead")


@dataclass(frozen=True, slots=True)
class Noted:
    """What people noted about an incident or a ticket; empty where nothing is. Hostile texts."""

    cause: str = ""
    note: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class TutorialLine:
    """A tutorial, and of how many tickets it was the best match."""

    title: str
    address: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Tutorials:
    """Of how many tickets of customers a tutorial would have answered the question: `matched` of
    the `asked` that were looked at. `lines`: the most useful first."""

    asked: int
    matched: int
    lines: tuple[TutorialLine, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Everything about one period as of one instant.

    `data_until`: when the tickets were last synced from their sources, None where they never were.
    `risk_until`: what falls due before it, and is not yet broken, is at risk. `policies`: names of
    the versions of promises in force in the period. `unjudged`: tickets that no clock could be
    computed for, with why. `incident_notes`: by the keys of `incidents`;
    `ticket_notes`: by source and number. Both are those of today, whenever `as_of` is.
    """

    period: Period
    as_of: datetime
    risk_until: datetime
    clocks: pd.DataFrame
    tickets: pd.DataFrame
    sites: pd.DataFrame
    incidents: pd.DataFrame
    alerts: pd.DataFrame
    ahead: pd.DataFrame = field(default_factory=lambda: frame_of([], AHEAD_COLUMNS))
    data_until: datetime | None = None
    policies: tuple[str, ...] = ()
    unjudged: Mapping[str, str] = field(default_factory=dict)
    incident_notes: Mapping[str, Noted] = field(default_factory=dict)
    ticket_notes: Mapping[tuple[str, str], Noted] = field(default_factory=dict)
    tutorials: Tutorials | None = None  # of a month, where tutorials are configured
    # The rows of each customer by its folded name, found once for all of their reports.
    _rows: dict[str, dict[str, NDArray[np.intp]]] = field(
        init=False, repr=False, default_factory=dict
    )

    def with_customers(self, known: Iterable[str], customers: Customers = UNLISTED) -> Self:
        """The same with each customer under one name in one spelling: that of `customers`, else of
        `known`, else the first by text."""
        frames: dict[str, Any] = {name: getattr(self, name) for name in _OF_CUSTOMERS}
        written = {c for f in (self.clocks, self.tickets) for c in f["customer"].unique() if c}
        spelling = {customers.key(c): customers.named(c) for c in sorted(written, reverse=True)}
        spelling |= {customers.key(c): customers.named(c) for c in known}
        one = {c: spelling[customers.key(c)] for c in written}
        if customers.listed:  # what our own checks found has the names that sites.yaml had then
            others = {c for f in frames.values() for c in f["customer"].unique()} - {*one}
            one |= {c: customers.named(c) for c in others if isinstance(c, str)}
        else:
            frames = {name: frames[name] for name in ("clocks", "tickets")}
        if all(name == c for c, name in one.items()):
            return self
        frames = {name: spelled(frame, one) for name, frame in frames.items()}
        return replace(self, **frames)

    def of_customer(self, customer: str) -> Self:
        """The rows of one customer alone, without a word about anybody else.

        Names are compared as `folded`, as in promises and in routes of alerts.
        """
        if not self._rows:
            self._rows.update(
                {name: _rows_by_customer(getattr(self, name)) for name in _OF_CUSTOMERS}
            )
        mine = folded(customer)
        own: dict[str, Any] = {
            name: getattr(self, name).iloc[self._rows[name].get(mine, _NO_ROWS)]
            for name in _OF_CUSTOMERS
        }
        return replace(self, unjudged={}, tutorials=None, **own)

    def of_tiers(self, tiers: tuple[str, ...]) -> Self:
        """Clocks and tickets of these tiers alone; all of them where none is named."""
        if not tiers:
            return self
        return replace(
            self,
            clocks=self.clocks[self.clocks["tier"].isin(tiers)],
            tickets=self.tickets[self.tickets["tier"].isin(tiers)],
        )


def spelled(frame: pd.DataFrame, one: Mapping[str, str]) -> pd.DataFrame:
    """The frame with other names of customers, by those that it has."""
    names = [one.get(c, c) for c in frame["customer"].tolist()]
    return frame.assign(customer=pd.Series(names, index=frame.index, dtype=object))


_NO_ROWS = np.array([], dtype=np.intp)


def _rows_by_customer(frame: pd.DataFrame) -> dict[str, NDArray[np.intp]]:
    """The places of the rows of each customer, by its folded name, in their order."""
    code, names = pd.factorize(frame["customer"])
    group = {name: number for number, name in enumerate(dict.fromkeys(map(folded, names)))}
    of_name = np.array([*(group[folded(name)] for name in names), -1], dtype=np.intp)
    found = of_name[code]
    order = np.argsort(found, kind="stable")
    ends = np.searchsorted(found[order], np.arange(len(group) + 1))
    return {name: order[ends[n] : ends[n + 1]] for name, n in group.items()}


def frame_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows by column names as a frame of these columns, with the types of `typed`."""
    made = {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    return typed(pd.DataFrame(made), columns)


def typed(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """These columns in their order: instants datetime64[us, UTC], seconds float64, counts int64,
    flags bool, texts object with None where there is none.
    """
    return pd.DataFrame({name: _column(frame[name]) for name in columns})


def _column(values: pd.Series[Any]) -> pd.Series[Any]:
    name = str(values.name)
    if name in INSTANTS:
        return pd.to_datetime(values, utc=True).dt.as_unit("us")
    if name.endswith("seconds"):
        return values.astype(np.float64)
    if name in COUNTS:
        return values.astype(np.int64)
    if name in FLAGS:
        return values.astype(np.bool_)
    texts = values.astype(object)
    return texts.where(texts.notna(), None)
