"""Push monitors as a table, and what a judgement of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from supportops.cli.tables.sites import _plain, _table
from supportops.flows.sites.push_check import Monitored


def monitor_table(found: Sequence[Monitored]) -> None:
    """One line a monitor, in the order of the file."""
    table = _table("monitor", "of", "schedule", "state", "last push", "next expected", "note")
    for each in found:
        standing = each.standing
        table.add_row(
            _plain(each.monitor.name),
            _plain(each.monitor.site or each.monitor.server or ""),
            _plain(str(each.monitor.schedule)),
            each.state,
            _instant(standing.pushed_at if standing else None),
            _instant(each.expected_at),
            _plain(each.fault or (standing.message if standing else "")),
        )
    Console().print(table)


def judged_lines(summary: Mapping[str, Any]) -> None:
    """How many monitors stand how, and a line for each incident that changed."""
    states = ", ".join(f"{count} {state}" for state, count in sorted(summary["states"].items()))
    console = Console()
    number = summary["monitors"]
    what = "1 monitor" if number == 1 else f"{number} monitors"
    console.print(f"{what}{': ' if states else ''}{states}")
    for change in summary["changes"]:
        console.print(_plain(f"  {change['change']} {change['key']}: {change['why']}"))


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}" if at else "-"
