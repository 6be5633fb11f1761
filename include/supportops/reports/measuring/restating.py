"""What an issued report would say differently today, and which tickets changed it.

An issued report stays as it is; the next one restates what has changed. Promises are compared one
by one: the issued report's, and those that count in the same period as known today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from supportops.names import folded
from supportops.reports.figures import Attainment, Restatement, TicketReason
from supportops.reports.measuring.proportion import attainment

TICKET = ["source", "number"]
KEY = [*TICKET, "metric", "instance"]
"""What names a promise, today as when it was issued."""
REMOVED = ("merged", "deleted")
CURRENT_COLUMNS = (
    *KEY,
    "tier",
    "customer",
    "state",
    "deadline",
    "breached_at",
    "target_seconds",
    "reopened_at",
)
"""What explains why a promise is gone from its period: of CLOCK_COLUMNS, and when the ticket was
last reopened."""


def restatements(
    label: str,
    issued: pd.DataFrame,
    now: pd.DataFrame,
    clocks_now: pd.DataFrame,
    *,
    targets: Mapping[str, float] | None = None,
    zone: str = "UTC",
    since: datetime | None = None,
    customer: str | None = None,
) -> tuple[Restatement, ...]:
    """The groups whose due or met changed since the report of the period `label`: tiers by name,
    then all together (tier None). The same rows in another order give the same answer.

    `issued`, `now`: columns as `response_times.counted` gives them. `clocks_now`: CURRENT_COLUMNS
    of the tickets that are `gone`, merged and deleted ones too. `targets`: the share to keep by
    tier. Dates in reasons are of `zone`. `since`: as of when the report was issued; a ticket that
    was reopened later is named as reopened. `customer`: whose report it is, if it is about one
    alone; of tickets that are somebody else's now nothing more is stated.
    """
    before, today = _promises(issued), _promises(now)
    both = before.merge(today, on=KEY, how="outer", suffixes=("_then", "_now"))
    same = (both["tier_then"] == both["tier_now"]) & (both["met_then"] == both["met_now"])
    changed = both[~same]
    tiers = {*changed["tier_then"].dropna(), *changed["tier_now"].dropna()}
    current = _Current.of(clocks_now, gone(issued, now), ZoneInfo(zone), since, customer)
    because = _reasons(changed, current)
    found = []
    for tier in (*sorted(tiers), None):
        target = (targets or {}).get(tier or "")
        then, now_ = _attained(before, tier, target), _attained(today, tier, target)
        if (then.due, then.met) != (now_.due, now_.met):
            found.append(Restatement(label, tier, then, now_, _of_tier(because, tier)))
    return tuple(found)


def gone(issued: pd.DataFrame, now: pd.DataFrame) -> set[tuple[str, str]]:
    """The tickets, by source and number, that have promises in `issued` which `now` lacks."""
    then, today = (set(zip(*(each[name] for name in KEY), strict=True)) for each in (issued, now))
    return {(source, number) for source, number, *_ in then - today}


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why one promise changed, and the tiers whose figures it changed."""

    ticket: tuple[str, str]
    tiers: frozenset[str]
    all_together: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Current:
    """Today's clocks of promises that are gone from the period."""

    clocks: Mapping[Hashable, Any]
    removed: Mapping[Hashable, str]
    zone: ZoneInfo
    since: datetime | None

    @classmethod
    def of(
        cls,
        clocks: pd.DataFrame,
        gone: Collection[tuple[str, str]],
        zone: ZoneInfo,
        since: datetime | None,
        customer: str | None,
    ) -> Self:
        tickets = list(zip(clocks["source"], clocks["number"], strict=True))
        own = clocks[np.array([each in gone for each in tickets], dtype=np.bool_)]
        due = own["breached_at"].fillna(own["deadline"]).where(own["target_seconds"].notna())
        if "reopened_at" not in own:
            own = own.assign(reopened_at=pd.Series(pd.NaT, index=own.index))
        columns = ["tier", "state", "due_at", "reopened_at"]
        keyed = own.assign(due_at=due).set_index(KEY)[columns]
        return cls(
            dict(zip(keyed.index, keyed.itertuples(index=False), strict=True)),
            dict(_removed(own, customer)),
            zone,
            since,
        )

    def why_gone(self, key: tuple[Any, ...], tier: str | None) -> str:
        """Why a promise that was counted in the period, in that tier, is not any more."""
        # A merge leaves no clock of what would have begun after it; the ticket's others say why.
        if key[:2] in self.removed:
            return self.removed[key[:2]]
        clock = self.clocks.get(key)
        if clock is None:
            return "no such promise fell due then"
        reasons = [f"now {clock.tier}, then {tier}"] if clock.tier != tier else []
        back = clock.reopened_at
        if self.since is not None and not pd.isna(back) and back > self.since:
            reasons.append(f"was reopened on {back.astimezone(self.zone):%Y-%m-%d}")
        if not pd.isna(clock.due_at):
            reasons.append(f"is due on {clock.due_at.astimezone(self.zone):%Y-%m-%d} now")
        elif clock.state == "paused":
            reasons.append("is paused now")
        return "; ".join(reasons) or "no such promise fell due then"


def _removed(clocks: pd.DataFrame, customer: str | None) -> Iterator[tuple[Hashable, str]]:
    """What became of tickets that count nowhere, or nowhere in this customer's reports."""
    for row in clocks[[*TICKET, "state", "customer"]].itertuples(index=False):
        if customer is not None and folded(str(row.customer or "")) != folded(customer):
            yield (row.source, row.number), "is not this customer's now"
        elif row.state in REMOVED:
            yield (row.source, row.number), str(row.state)


def _reasons(changed: pd.DataFrame, current: _Current) -> list[_Reason]:
    found = []
    rows: Iterable[Any] = changed.sort_values(KEY).itertuples(index=False)
    for row in rows:
        then, now = _known(row.tier_then), _known(row.tier_now)
        found.append(
            _Reason(
                ticket=(row.source, row.number),
                tiers=frozenset(tier for tier in (then, now) if tier is not None),
                all_together=bool(row.met_then != row.met_now),
                why=_why(row, then, now, current),
            )
        )
    return found


def _why(row: Any, then: str | None, now: str | None, current: _Current) -> str:
    if then is None:
        return "was not known then"
    if now is None:
        return current.why_gone((row.source, row.number, row.metric, row.instance), then)
    moved = [f"now {now}, then {then}"] if now != then else []
    if row.met_then != row.met_now:
        moved.append("was in time after all" if row.met_now else "was late after all")
    return "; ".join(moved)


def _of_tier(reasons: list[_Reason], tier: str | None) -> tuple[TicketReason, ...]:
    """One a ticket; several reasons joined where its promises changed differently."""
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for reason in reasons:
        if reason.all_together if tier is None else tier in reason.tiers:
            found[reason.ticket][reason.why] = None
    ordered = sorted(found, key=lambda each: (each[0], len(each[1]), each[1]))
    return tuple(TicketReason(*ticket, "; ".join(found[ticket])) for ticket in ordered)


def _attained(promises: pd.DataFrame, tier: str | None, target: float | None) -> Attainment:
    own = promises if tier is None else promises[promises["tier"] == tier]
    return attainment(len(own), int(own["met"].sum()), target)


def _promises(counted: pd.DataFrame) -> pd.DataFrame:
    """The compared columns, of one type each: what is read back from a file has lost its types."""
    texts = dict.fromkeys((*TICKET, "metric", "tier"), object)
    return counted[[*KEY, "tier", "met"]].astype(texts | {"instance": "int64", "met": "float64"})


def _known(tier: Any) -> str | None:
    return None if pd.isna(tier) else str(tier)
