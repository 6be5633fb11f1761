"""Which tutorials would have answered the tickets of a period, for the managers' report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from supportops.config.configuration import Configuration
from supportops.reports.facts import TutorialLine, Tutorials


def tutorial_facts(
    connection: Connection, configuration: Configuration, start: datetime, end: datetime
) -> Tutorials | None:
    """Of the tickets raised in [start, end); None where no tutorials are configured."""
    if not configuration.tutorials.tutorials:
        return None
    from supportops.flows.tickets.tutorials import (
        sparing,  # loads the search, which few installations use
    )

    found = sparing(connection, configuration, start, end)
    lines = tuple(
        TutorialLine(each.tutorial.title, each.tutorial.address, each.tickets)
        for each in found.lines
    )
    return Tutorials(found.asked, found.matched, lines)
