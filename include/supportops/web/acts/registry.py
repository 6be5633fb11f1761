"""Every act of the board by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportops.web.acts import (
    alerts,
    calls,
    installation,
    notices,
    receivers,
    reports,
    silences,
    sites,
    tickets,
    what_if,
)
from supportops.web.acts.act import Act

_EVERY: tuple[Act[Any], ...] = (
    *(*alerts.ACTS, *notices.ACTS, *receivers.ACTS, *silences.ACTS, *sites.ACTS),
    *(*tickets.ACTS, *calls.ACTS, *what_if.ACTS, *reports.ACTS),
    *installation.ACTS,
)
ACTS: Mapping[str, Act[Any]] = {act.name: act for act in _EVERY}
