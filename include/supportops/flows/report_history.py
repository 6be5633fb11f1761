"""What earlier reports said: the points of a trend, and which of them are told otherwise today."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import Connection

from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.facts import Facts
from supportops.reports.figures import Point, Restatement
from supportops.reports.figures_json import points_of
from supportops.reports.file import COUNTED
from supportops.reports.measuring import of_audience, tally
from supportops.reports.period import Period
from supportops.reports.response_times import counted
from supportops.reports.restating import restatements

Totals = Mapping[str | None, tuple[int, int]]
"""Due and met by tier, and under None of all tiers together."""


@dataclass(slots=True)
class Past:
    """What is known of earlier periods, audience by audience."""

    issued: dict[tuple[str, str], store.Kept] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Totals] = field(default_factory=dict)

    def load(self, connection: Connection, audience: Audience, periods: Sequence[Period]) -> None:
        """Takes up what was issued to an audience about these periods."""
        wanted = [each.label for each in periods if (audience.name, each.label) not in self.issued]
        found = store.issued_among(connection, periods[0].cadence, audience.name, wanted)
        self.issued.update(((audience.name, kept.period), kept) for kept in found)

    def add(self, audience: Audience, facts: Facts) -> None:
        """Sums up a period of which nothing may have been issued."""
        self.tallies[audience.name, facts.period.label] = tally(of_audience(facts, audience))

    def issued_report(self, audience: Audience, period: Period) -> store.Kept | None:
        return self.issued.get((audience.name, period.label))

    def is_issued(self, audience: Audience, period: Period) -> bool:
        return (audience.name, period.label) in self.issued

    def is_known(self, audience: Audience, period: Period) -> bool:
        return self.is_issued(audience, period) or (audience.name, period.label) in self.tallies

    def points(
        self, audience: Audience, periods: Sequence[Period]
    ) -> dict[str | None, tuple[Point, ...]]:
        """The points of these periods by tier; a tier with nothing due has 0 of 0."""
        found = {period: self._totals(audience, period) for period in periods}
        tiers = {tier for totals in found.values() for tier in totals}
        return {
            tier: tuple(
                Point(period.label, *totals.get(tier, (0, 0)), self.is_issued(audience, period))
                for period, totals in found.items()
            )
            for tier in tiers
        }

    def _totals(self, audience: Audience, period: Period) -> Totals:
        """As issued, else as computed."""
        kept = self.issued_report(audience, period)
        if kept is not None:
            return points_of(kept.figures)
        return self.tallies.get((audience.name, period.label), {})


def told_otherwise(
    connection: Connection,
    kept: store.Kept,
    audience: Audience,
    now: Facts,
    targets: Mapping[str, float],
) -> tuple[Restatement, ...]:
    """What an issued report said and `now`, its period by today's knowledge, does not."""
    found = store.files(connection, kept.id, [COUNTED])
    if not found:
        return ()
    own = of_audience(now, audience)
    today = counted(own.clocks, own.period, own.as_of)
    return restatements(
        kept.period,
        read_counted(found[0].content),
        today,
        own.clocks,
        targets=targets,
        zone=own.period.zone,
    )


def read_counted(content: bytes) -> pd.DataFrame:
    """The frame that `report_files.counted_file` wrote."""
    texts = dict.fromkeys(("source", "number", "metric", "tier", "customer"), "object")
    frame = pd.read_csv(io.BytesIO(content), dtype=texts, keep_default_na=False, na_values={})
    frame["customer"] = frame["customer"].where(frame["customer"] != "", None)
    frame["due_at"] = pd.to_datetime(frame["due_at"], utc=True, format="ISO8601")
    frame["met"] = frame["met"].astype(str).str.lower() == "true"
    return frame
