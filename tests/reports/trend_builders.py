"""How the small agency kept its promises over 13 weeks, and what it has to say differently now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reports.small_agency import TARGETS
from supportops.reports.figures import By, Point, Restatement, TicketReason, Trend
from supportops.reports.measuring.proportion import attainment
from supportops.reports.measuring.trend import xmr


def trend(name: str | None, counts: Sequence[tuple[int, int]], **changes: Any) -> Trend:
    """Weeks that end with week 47, each as (due, met); all but the last as issued."""
    last = len(counts) - 1
    points = tuple(
        Point(f"2026-W{47 - last + n}", due, met, issued=n != last)
        for n, (due, met) in enumerate(counts)
    )
    mean, low, high, signals = xmr(points)
    by = By.ALL if name is None else By.TIER
    known = {"mean": mean, "low": low, "high": high, "signals": signals}
    return Trend(by, name, points, **{**known, "target": TARGETS.get(name or ""), **changes})


def trends() -> Iterator[Trend]:
    """User support wanders, bug fixes fell in week 44, mission critical is too little to tell."""
    wander = (0.97, 0.95, 0.98, 0.96, 0.94, 0.97, 0.96, 0.98, 0.95, 0.97, 0.96, 0.95)
    support = [(60, round(60 * share)) for share in wander] + [(63, 61)]
    fixes = [(50, 47), (48, 45), (52, 49), (15, 14), (55, 52), (50, 47), (49, 46), (51, 48)]
    fixes += [(53, 50), (50, 29), (47, 44), (52, 49), (66, 59)]
    critical = [(n % 5, n % 5) for n in range(12)] + [(12, 11)]
    yield trend("user_support", support)
    yield trend("bug_fix", fixes)
    yield trend("mission_critical", critical)
    added = zip(support, fixes, critical, strict=True)
    yield trend(None, [(sum(d for d, _ in row), sum(m for _, m in row)) for row in added])


def restatements() -> Iterator[Restatement]:
    """Of the week before: one ticket merged, one late after all."""
    why = (
        TicketReason("zendesk", "4123", "merged"),
        TicketReason("zendesk", "4007", "was late after all"),
    )
    yield Restatement(
        "2026-W46", "bug_fix", attainment(52, 49, 0.95), attainment(51, 47, 0.95), why
    )
    yield Restatement("2026-W46", None, attainment(117, 110), attainment(116, 108), why)
