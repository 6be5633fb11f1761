"""Every act of the board by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportops.web.acts import alerts, sites, tickets
from supportops.web.acts.act import Act

_EVERY = (*alerts.ACTS, *sites.ACTS, *tickets.ACTS)
ACTS: Mapping[str, Act[Any]] = {act.name: act for act in _EVERY}
