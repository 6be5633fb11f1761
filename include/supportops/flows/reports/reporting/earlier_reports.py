"""Earlier periods: what was issued about them, or else their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from supportops.customers import Customers
from supportops.flows.reports.reporting.keeping import settled_edition
from supportops.flows.reports.reporting.selection import FactsRequest, ReportJob
from supportops.names import folded
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.facts import Facts
from supportops.reports.figures import MonthSums, Point, Restatement
from supportops.reports.measuring.figures_json import (
    for_comparison,
    month_sums_of,
    restatements_of,
    totals_of,
)
from supportops.reports.measuring.measure import Totals, of_audience, totals
from supportops.reports.measuring.month import nothing, sums_by_customer
from supportops.reports.period import Cadence, Period


@dataclass(slots=True)
class EarlierReports:
    """Fills up as batches are made, so that each period is read once for many reports.

    `same`: what was issued about a job's own period, else what was rejected, by the job's name,
    without its figures, which are megabytes. `reports`, `counts` and, of customers' months,
    `months`: by the audience's name and the period's label. `customers`: by whose
    names a report is one of the same customer.
    """

    customers: Customers = field(default_factory=Customers)

    same: dict[tuple[Cadence, str, str], store.StoredReport] = field(default_factory=dict)
    reports: dict[tuple[str, str], store.StoredReport] = field(default_factory=dict)
    counts: dict[tuple[str, str], Totals] = field(default_factory=dict)
    months: dict[tuple[str, str], MonthSums] = field(default_factory=dict)
    _sums: dict[FactsRequest, dict[str, MonthSums]] = field(default_factory=dict)

    def corrects(self, job: ReportJob) -> bool:
        """Whether an edition of the job's report was sent before."""
        return job.name in self.same and self.same[job.name].issued_at is not None

    def load(self, connection: Connection, job: ReportJob) -> None:
        """Reads what was issued about the job's period and about those before it.

        What was issued under the audience's name about another customer, about other tiers or on
        another zone's clock does not count as an earlier report of it.
        """
        same = settled_edition(connection, job)
        if same is not None:
            self.same[job.name] = replace(same, figures={})
        audience = job.audience
        missing = {
            facts.period.label: facts.period
            for facts in job.earlier
            if not self._is_read(audience, facts.period)
        }
        cadence = job.period.cadence
        if not missing:
            return
        # Under its own name last, which takes the place of what another name has.
        for name in reversed(audience.names):
            for each in store.issued_among(connection, cadence, name, list(missing)):
                if self._is_comparable(each, audience, missing[each.period]):
                    self._load_one(audience, each)

    def _load_one(self, audience: Audience, report: store.StoredReport) -> None:
        if audience.brand is not None:
            self._load_month(audience, report)
            return
        known = replace(report, figures=for_comparison(report.figures))
        self.reports[audience.name, report.period] = known

    def _load_month(self, audience: Audience, report: store.StoredReport) -> None:
        found = month_sums_of(report.figures, report.period)
        if found is not None:
            self.months[audience.name, report.period] = found

    def count(self, job: ReportJob, facts: Mapping[FactsRequest, Facts]) -> None:
        """Sums up the periods of a job that were gathered as of their own instants."""
        if job.audience.brand is not None:
            self._count_months(job, facts)
            return
        for each in (*job.earlier, job.facts):
            found = facts.get(replace(each, due_only=False)) or facts.get(
                replace(each, due_only=True)
            )
            if found is not None:
                label = each.period.label
                self.counts[job.audience.name, label] = totals(of_audience(found, job.audience))

    def _count_months(self, job: ReportJob, facts: Mapping[FactsRequest, Facts]) -> None:
        """Sums of months that were not issued; all zero where a year began before the log did."""
        for each in job.earlier:
            if each in facts and not self.is_known(job.audience, each.period):
                if each not in self._sums:
                    self._sums[each] = sums_by_customer(facts[each])
                found = self._sums[each].get(folded(job.audience.customer or ""))
                label = each.period.label
                self.months[job.audience.name, label] = found or nothing(label)

    def year(self, job: ReportJob) -> tuple[MonthSums, ...]:
        """The months of a customer's year before the job's, from the first of which anything is
        known."""
        found = [self.months[job.audience.name, each.period.label] for each in job.earlier]
        while found and not (found[0].sites or found[0].arrived or found[0].due):
            del found[0]
        return tuple(found)

    def issued(self, audience: Audience, period: Period) -> store.StoredReport | None:
        """The newest issued report about a period; its figures are `for_comparison` alone."""
        return self.reports.get((audience.name, period.label))

    def _is_read(self, audience: Audience, period: Period) -> bool:
        key = audience.name, period.label
        return key in self.reports or key in self.months

    def is_known(self, audience: Audience, period: Period) -> bool:
        """Whether a period was issued or counted."""
        return self._is_read(audience, period) or (audience.name, period.label) in self.counts

    def restated(
        self, audience: Audience, period: Period, before: Period
    ) -> dict[str | None, Restatement]:
        """What the reports on later periods, up to `before`, restated last of the one issued about
        `period`, by tier; None is all tiers together.
        """
        base = self.reports[audience.name, period.label]
        later = [
            report
            for (name, label), report in self.reports.items()
            if name == audience.name
            and period.label < label < before.label
            and _issued_at(report) >= _issued_at(base)
        ]
        return {
            each.tier: each
            for report in sorted(later, key=lambda report: report.starts_at)
            for each in restatements_of(report.figures)
            if each.label == period.label
        }

    def points(self, job: ReportJob) -> dict[str | None, tuple[Point, ...]]:
        """The earlier periods of a job's trend by tier; a tier with nothing due has 0 of 0."""
        found = {facts.period: self._totals(job.audience, facts.period) for facts in job.earlier}
        tiers = {tier for of_period in found.values() for tier in of_period}
        return {
            tier: tuple(
                Point(
                    period.label,
                    *of_period.get(tier, (0, 0)),
                    issued=self.issued(job.audience, period) is not None,
                )
                for period, of_period in found.items()
            )
            for tier in tiers
        }

    def _totals(self, audience: Audience, period: Period) -> Totals:
        """As issued, else as computed."""
        report = self.issued(audience, period)
        if report is not None:
            return totals_of(report.figures)
        return self.counts.get((audience.name, period.label), {})

    def _is_comparable(
        self, report: store.StoredReport, audience: Audience, period: Period
    ) -> bool:
        return (
            self.customers.same(report.customer, audience.customer)
            and set(report.figures.get("tiers", ())) == set(audience.tiers)
            and report.starts_at == period.start
        )


def _issued_at(report: store.StoredReport) -> datetime:
    return report.issued_at or report.made_at
