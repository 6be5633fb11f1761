"""When a certificate is warned about, and when another counts as its successor. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from supportops.sites.site import Site

# A site that has shown two certificates in turn must show the better one for so long.
_CALM = timedelta(hours=1)
_CALM_CHECKS = 8
_LONGEST_CALM = timedelta(days=1)


def step_reached(left: timedelta, days: Sequence[int]) -> int | None:
    """The last of the steps (`days` before the end) that is passed; None: none is."""
    return min((step for step in days if left < timedelta(days=step)), default=None)


def is_successor(better_since: datetime, at: datetime, *, alternates: bool, site: Site) -> bool:
    """Whether the certificate seen since `better_since`, and again at `at`, replaces the one that
    was warned about.

    Two checks in a row, as for every recovery. Where both certificates were seen in turn, servers
    behind one name have different ones, and chance must be ruled out: an hour, or eight checks.
    """
    if not alternates:
        return at > better_since
    return at - better_since >= max(_CALM, min(_CALM_CHECKS * site.interval, _LONGEST_CALM))


def end_in_words(left: timedelta) -> str:
    """How soon a certificate ends, for people."""
    return f"the certificate ends in {left.days} days"
