"""What earlier reports said: the points of a trend, and which of them are told otherwise today."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from supportops.config.loader import Configuration
from supportops.flows.reporting.standing import standing
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.facts import Facts
from supportops.reports.figures import Because, Kept, Point, Restatement
from supportops.reports.formats.file import COUNTED
from supportops.reports.measuring.figures_json import looked_back_upon, points_of, restatements_of
from supportops.reports.measuring.measuring import of_audience, tally
from supportops.reports.measuring.response_times import counted
from supportops.reports.measuring.restating import gone, restatements
from supportops.reports.period import Period

Totals = Mapping[str | None, tuple[int, int]]
"""Due and met by tier, and under None of all tiers together."""


@dataclass(slots=True)
class Past:
    """What is known of earlier periods, audience by audience."""

    issued: dict[tuple[str, str], store.Kept] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Totals] = field(default_factory=dict)

    def load(self, connection: Connection, audience: Audience, periods: Sequence[Period]) -> None:
        """Takes up what was issued to an audience about these periods.

        What was told under its name of another customer, of other tiers or on another zone's clock
        is no report of its own.
        """
        wanted = {
            each.label: each for each in periods if (audience.name, each.label) not in self.issued
        }
        found = store.issued_among(connection, periods[0].cadence, audience.name, list(wanted))
        self.issued.update(
            ((audience.name, kept.period), replace(kept, figures=looked_back_upon(kept.figures)))
            for kept in found
            if _is_own(kept, audience, wanted[kept.period])
        )

    def add(self, audience: Audience, facts: Facts) -> None:
        """Sums up a period of which nothing may have been issued."""
        self.tallies[audience.name, facts.period.label] = tally(of_audience(facts, audience))

    def issued_report(self, audience: Audience, period: Period) -> store.Kept | None:
        return self.issued.get((audience.name, period.label))

    def is_issued(self, audience: Audience, period: Period) -> bool:
        return (audience.name, period.label) in self.issued

    def is_known(self, audience: Audience, period: Period) -> bool:
        return self.is_issued(audience, period) or (audience.name, period.label) in self.tallies

    def told(
        self, audience: Audience, period: Period, before: Period
    ) -> dict[str | None, Restatement]:
        """By tier, what the reports on later periods than this, `before` another one, told last
        of its issued report.
        """
        base = self.issued[audience.name, period.label]
        later = [
            kept
            for (name, label), kept in self.issued.items()
            if name == audience.name
            and period.label < label < before.label
            and _issued_at(kept) >= _issued_at(base)
        ]
        return {
            each.tier: each
            for kept in sorted(later, key=lambda kept: kept.starts_at)
            for each in restatements_of(kept.figures)
            if each.label == period.label
        }

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
    configuration: Configuration,
) -> tuple[Restatement, ...]:
    """What an issued report said and `now`, its period by today's knowledge, does not."""
    found = store.files(connection, kept.id, [COUNTED])
    if not found:
        return ()
    own = of_audience(now, audience)
    then, today = read_counted(found[0].content), counted(own.clocks, own.period, own.as_of)
    book, left = configuration.promises, gone(then, today)
    clocks = standing(connection, book, left, own.as_of) if book and left else own.clocks
    return restatements(
        kept.period,
        then,
        today,
        clocks,
        targets=configuration.reports.targets,
        zone=own.period.zone,
        customer=audience.customer,
    )


def news(
    found: Sequence[Restatement], told: Mapping[str | None, Restatement]
) -> tuple[Restatement, ...]:
    """Of what reads otherwise today what was not `told` before, by tier, and what was told and
    reads as issued again.
    """
    changed = {each.tier for each in found}
    fresh = [each for each in found if each.tier not in told or not _says(each, told[each.tier])]
    back = [
        replace(each, now=each.issued, because=tuple(map(_as_issued, each.because)))
        for each in told.values()
        if each.tier not in changed and _counts(each.now) != _counts(each.issued)
    ]
    return tuple(sorted([*fresh, *back], key=lambda each: (each.tier is None, each.tier or "")))


def _says(one: Restatement, other: Restatement) -> bool:
    return _counts(one.now) == _counts(other.now)


def _counts(kept: Kept) -> tuple[int, int]:
    return kept.due, kept.met


def _as_issued(because: Because) -> Because:
    return replace(because, why="counts as issued again")


def _is_own(kept: store.Kept, audience: Audience, period: Period) -> bool:
    return (
        kept.customer == audience.customer
        and set(kept.figures.get("tiers", ())) == set(audience.tiers)
        and kept.starts_at == period.start
    )


def _issued_at(kept: store.Kept) -> datetime:
    return kept.issued_at or kept.made_at


def read_counted(content: bytes) -> pd.DataFrame:
    """The frame that `report_files.counted_file` wrote."""
    texts = dict.fromkeys(("source", "number", "metric", "tier", "customer"), "object")
    frame = pd.read_csv(io.BytesIO(content), dtype=texts, keep_default_na=False, na_values={})
    frame["customer"] = frame["customer"].where(frame["customer"] != "", None)
    frame["due_at"] = pd.to_datetime(frame["due_at"], utc=True, format="ISO8601")
    frame["met"] = frame["met"].astype(str).str.lower() == "true"
    return frame
