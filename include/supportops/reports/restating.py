"""What an issued report would say differently today, and which tickets changed it.

An issued report stays as it is; the next one tells what has become of it. Promises are compared
one by one: the issued report's, and those that count in the same period by today's knowledge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from supportops.reports.figures import Because, Kept, Restatement
from supportops.reports.proportion import kept

TICKET = ["source", "number"]
KEY = [*TICKET, "metric", "instance"]
"""What names a promise, today as when it was issued."""
REMOVED = ("merged", "deleted")


def restatements(
    label: str,
    issued: pd.DataFrame,
    now: pd.DataFrame,
    clocks_now: pd.DataFrame,
    *,
    targets: Mapping[str, float] | None = None,
    zone: str = "UTC",
) -> tuple[Restatement, ...]:
    """The groups whose due or met changed since the report of the period `label`: tiers by name,
    then all together (tier None). The same rows in another order give the same answer.

    `issued`, `now`: columns as `response_times.counted` gives them. `clocks_now`: CLOCK_COLUMNS of
    the same tickets today, merged and deleted ones too. `targets`: the share to keep by tier. Dates
    in reasons are of `zone`.
    """
    before, today = _promises(issued), _promises(now)
    both = before.merge(today, on=KEY, how="outer", suffixes=("_then", "_now"))
    same = (both["tier_then"] == both["tier_now"]) & (both["met_then"] == both["met_now"])
    changed = both[~same]
    tiers = {*changed["tier_then"].dropna(), *changed["tier_now"].dropna()}
    because = _reasons(changed, _Standing.of(clocks_now, changed, ZoneInfo(zone)))
    found = []
    for tier in (*sorted(tiers), None):
        target = (targets or {}).get(tier or "")
        then, told = _kept(before, tier, target), _kept(today, tier, target)
        if (then.due, then.met) != (told.due, told.met):
            found.append(Restatement(label, tier, then, told, _of_tier(because, tier)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why one promise changed, and the tiers whose figures it changed."""

    ticket: tuple[str, str]
    tiers: frozenset[str]
    all_together: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the clocks of promises that are gone from the period stand today."""

    clocks: Mapping[Hashable, Any]
    removed: Mapping[Hashable, str]
    zone: ZoneInfo

    @classmethod
    def of(cls, clocks: pd.DataFrame, changed: pd.DataFrame, zone: ZoneInfo) -> _Standing:
        gone = changed.loc[changed["tier_now"].isna(), TICKET].drop_duplicates()
        own = clocks.astype(dict.fromkeys(TICKET, object)).merge(gone, on=TICKET)
        due = own["breached_at"].fillna(own["deadline"]).where(own["target_seconds"].notna())
        keyed = own.assign(due_at=due).set_index(KEY)[["state", "due_at"]]
        removed = own[own["state"].isin(REMOVED)]
        tickets = zip(removed["source"], removed["number"], strict=True)
        return cls(
            dict(zip(keyed.index, keyed.itertuples(index=False), strict=True)),
            dict(zip(tickets, removed["state"], strict=True)),
            zone,
        )

    def why_gone(self, key: tuple[Any, ...]) -> str:
        """Why a promise that was counted in the period is not any more."""
        # A merge leaves no clock of what would have begun after it; the ticket's others tell.
        if key[:2] in self.removed:
            return self.removed[key[:2]]
        clock = self.clocks.get(key)
        if clock is None:
            return "no such promise fell due then"
        if not pd.isna(clock.due_at):
            return f"is due on {clock.due_at.astimezone(self.zone):%Y-%m-%d} now"
        return "is paused now" if clock.state == "paused" else "no such promise fell due then"


def _reasons(changed: pd.DataFrame, standing: _Standing) -> list[_Reason]:
    found = []
    rows: Iterable[Any] = changed.sort_values(KEY).itertuples(index=False)
    for row in rows:
        then, now = _known(row.tier_then), _known(row.tier_now)
        found.append(
            _Reason(
                ticket=(row.source, row.number),
                tiers=frozenset(tier for tier in (then, now) if tier is not None),
                all_together=bool(row.met_then != row.met_now),
                why=_why(row, then, now, standing),
            )
        )
    return found


def _why(row: Any, then: str | None, now: str | None, standing: _Standing) -> str:
    if then is None:
        return "was not known then"
    if now is None:
        return standing.why_gone((row.source, row.number, row.metric, row.instance))
    moved = [f"now {now}, then {then}"] if now != then else []
    if row.met_then != row.met_now:
        moved.append("was in time after all" if row.met_now else "was late after all")
    return "; ".join(moved)


def _of_tier(reasons: list[_Reason], tier: str | None) -> tuple[Because, ...]:
    """One a ticket; several reasons joined where its promises changed differently."""
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for reason in reasons:
        if reason.all_together if tier is None else tier in reason.tiers:
            found[reason.ticket][reason.why] = None
    ordered = sorted(found, key=lambda each: (each[0], len(each[1]), each[1]))
    return tuple(Because(*ticket, "; ".join(found[ticket])) for ticket in ordered)


def _kept(promises: pd.DataFrame, tier: str | None, target: float | None) -> Kept:
    own = promises if tier is None else promises[promises["tier"] == tier]
    return kept(len(own), int(own["met"].sum()), target)


def _promises(counted: pd.DataFrame) -> pd.DataFrame:
    """What is compared, of one type each: what was kept as a file has lost its types."""
    texts = dict.fromkeys((*TICKET, "metric", "tier"), object)
    return counted[[*KEY, "tier", "met"]].astype(texts | {"instance": "int64", "met": "float64"})


def _known(tier: Any) -> str | None:
    return None if pd.isna(tier) else str(tier)
