"""How sites were configured at each instant: the past is judged by what was in force in it.

A configuration is in force from the run of checks that first used it until the next run that used
another. A maintenance window therefore counts only while a configuration that names it is in
force: one that is announced afterwards, or deleted afterwards, changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from supportops.sites.site import CheckPolicy, Fleet, Site

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
LONGEST_LEAD = timedelta(days=7)
"""A site that was neither confirmed up nor down for so long counts as new."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval, aware UTC."""

    start: datetime
    end: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether the instant (aware) lies in the interval."""
        return self.start <= instant < self.end

    def within(self, start: datetime, end: datetime) -> Span | None:
        """The part of it that lies in [start, end); None where there is none."""
        left, right = max(self.start, start), min(self.end, end)
        return Span(left, right) if left < right else None


@dataclass(frozen=True, slots=True)
class Term:
    """In `span` a site was configured as `site`, and judged by `policy`."""

    span: Span
    site: Site
    policy: CheckPolicy

    def quiet(self, start: datetime, end: datetime) -> list[Span]:
        """When it was in announced maintenance, within [start, end) and the term."""
        part = self.span.within(start, end)
        if part is None or not self.site.maintenance:
            return []
        edges = {part.start, part.end}
        for window in self.site.maintenance:
            found = window.edges(part.start, part.end)
            edges.update(edge for edge in found if part.start < edge < part.end)
        cuts = [Span(*pair) for pair in pairwise(sorted(edges))]
        return [cut for cut in cuts if self.site.in_maintenance(cut.start)]


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """The terms of one site, in order of time, not empty. Between two of them, and before and
    after all of them, no configuration in force had a site of its name."""

    terms: tuple[Term, ...]

    @classmethod
    def always(cls, site: Site, policy: CheckPolicy) -> SiteHistory:
        """A site that never was configured otherwise."""
        return cls((Term(Span(FIRST, LAST), site, policy),))

    @property
    def latest(self) -> Site:
        """The site as it was configured last."""
        return self.terms[-1].site

    def at(self, instant: datetime) -> Term | None:
        """The term that the instant (aware) lies in."""
        place = bisect_right(self.terms, instant, key=lambda term: term.span.start) - 1
        if place < 0 or not self.terms[place].span.covers(instant):
            return None
        return self.terms[place]

    def eras(self) -> list[Span]:
        """The times in which the site was configured without a break."""
        found: list[Span] = []
        for term in self.terms:
            if found and found[-1].end == term.span.start:
                found[-1] = Span(found[-1].start, term.span.end)
            else:
                found.append(term.span)
        return found

    def quiet(self, start: datetime, end: datetime) -> list[Span]:
        """When the site was in announced maintenance within [start, end)."""
        return [span for term in self.terms for span in term.quiet(start, end)]

    def between(self, start: datetime, end: datetime) -> SiteHistory | None:
        """The terms that touch [start, end); None where none does."""
        terms = tuple(t for t in self.terms if t.span.within(start, end) is not None)
        return SiteHistory(terms) if terms else None

    def by_customer(self, key: Callable[[str], str] = str) -> list[SiteHistory]:
        """The terms of each customer that it belonged to; the last one first. Names with the same
        `key` are one customer's."""
        whose = [(key(term.site.customer), term) for term in self.terms]
        names = dict.fromkeys(name for name, _ in reversed(whose))
        return [SiteHistory(tuple(t for name, t in whose if name == n)) for n in names]


@dataclass(frozen=True, slots=True)
class FleetHistory:
    """`changes`: fleets, each with the instant from which on it was in force, in order of time."""

    changes: Sequence[tuple[datetime, Fleet]]

    @classmethod
    def always(cls, fleet: Fleet) -> FleetHistory:
        """A fleet that never was configured otherwise."""
        return cls([(FIRST, fleet)])

    def sites(
        self, start: datetime, end: datetime, only: Collection[str] | None = None
    ) -> dict[str, SiteHistory]:
        """Each site, or each of `only`, that was configured at any time in [start, end), with all
        of its terms.

        In the order of the fleet that was in force last; a removed site comes after those.
        """
        edges = [since for since, _ in self.changes] + [LAST]
        fleets = [
            (Span(*pair), [s for s in fleet.sites if only is None or s.name in only], fleet.policy)
            for pair, (_, fleet) in zip(pairwise(edges), self.changes, strict=True)
        ]
        terms: dict[str, list[Term]] = {}
        for span, sites, policy in fleets:
            for site in sites:
                _add(terms.setdefault(site.name, []), Term(span, site, policy))
        order: dict[str, None] = {}
        for span, sites, _ in reversed(fleets):
            if span.within(start, end) is not None:
                order.update(dict.fromkeys(site.name for site in sites))
        return {name: SiteHistory(tuple(terms[name])) for name in order}


def _add(terms: list[Term], term: Term) -> None:
    """Adds a term; one that says the same as the last one and follows it prolongs that."""
    if terms:
        last = terms[-1]
        same = last.site == term.site and last.policy == term.policy
        if same and last.span.end == term.span.start:
            terms[-1] = Term(Span(last.span.start, term.span.end), last.site, last.policy)
            return
    terms.append(term)
