"""The ticket sources there are. A source is used where a connection of its name is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from supportops.tickets.source import TicketSource
from supportops.tickets.zendesk.source import connect as connect_zendesk

Connect = Callable[[Mapping[str, Any]], TicketSource]
"""From a connection's `host`, `login`, `password` and `extra`; raises ValueError, in one line
without a secret."""

SOURCES: Mapping[str, Connect] = {"zendesk": connect_zendesk}
