"""The small agency that tests of reports are about: its tiers, customers, sites, days and weeks."""

from __future__ import annotations

from datetime import UTC, datetime

from supportops.reports.period import Cadence, day, month, week

HOUR, DAY = 3600.0, 86400.0
TIERS = ("user_support", "bug_fix", "mission_critical")
TARGETS = {"user_support": 0.9, "bug_fix": 0.95, "mission_critical": 0.99}
BOOKS, CINDER, DELFT = CUSTOMERS = ("Bramley Books", "Cinder & Sons Ltd", "Delft Pottery")
SITES = {BOOKS: ("books",), CINDER: ("cinder-press", "cinder-shop"), DELFT: ("delft",)}
ASSIGNEES = ("Ana Ruiz", "Joe O'Neill", None)
SUBJECTS = ("Cannot upload an image", "Checkout answers 500", "Site is down", "Video will not play")

WEEK = week("2026-W47", "Europe/London")
FRIDAY = day("2026-11-20", "Europe/London")
NOVEMBER = month("2026-11", "Europe/London")
PERIODS = {Cadence.WEEKLY: WEEK, Cadence.DAILY: FRIDAY, Cadence.MONTHLY: NOVEMBER}
AS_OF = {
    Cadence.WEEKLY: datetime(2026, 11, 23, 8, tzinfo=UTC),
    Cadence.DAILY: datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
    Cadence.MONTHLY: datetime(2026, 12, 1, 9, tzinfo=UTC),
}
RISK_UNTIL = {
    Cadence.WEEKLY: datetime(2026, 11, 30, tzinfo=UTC),
    Cadence.DAILY: datetime(2026, 11, 24, tzinfo=UTC),
    Cadence.MONTHLY: datetime(2027, 1, 1, tzinfo=UTC),
}
