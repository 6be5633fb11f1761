"""How the terminal shows to a person: tables, with every foreign text made harmless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.alerts.alert import Alert
from supportops.alerts.description import reference
from supportops.alerts.words.ticket import doubt, title
from supportops.flows.sites.site_availability import SiteAvailability
from supportops.rendering.printable import printable_line
from supportops.rendering.render import duration
from supportops.sites.availability import Availability
from supportops.sites.check import WORDS, ProbeResult

_STYLES = {"up": "green", "down": "bold red", "unknown": "yellow"}


def probe_table(results: Sequence[ProbeResult]) -> None:
    """One line an address: state, reason, status, time, and when its certificate ends."""
    table = _table("address", "state", "reason", "status", "ms", "certificate ends")
    for result in results:
        total = result.phases.total
        expires = result.certificate_expires
        table.add_row(
            _plain(result.url),
            Text(result.state.value, style=_STYLES[result.state.value]),
            _plain(WORDS[result.reason] + (f": {result.detail}" if result.detail else "")),
            str(result.status or "-"),
            f"{total:.0f}" if total is not None else "-",
            f"{expires:%Y-%m-%d}" if expires else "-",
        )
    Console().print(table)


def site_check_lines(summary: Mapping[str, Any]) -> None:
    """What the check did, and a line for each incident that it opened or closed."""
    console = Console()
    checked, failing = summary["pages"], summary["failing"]
    console.print(f"{checked} pages of {summary['sites']} sites checked, {failing} failing")
    for change in summary["changes"]:
        line = f"{change['what']} {change['kind']} {change['subject']}: {change['reason']}"
        console.print(_plain(f"  {line} ({change['why']})"))


def alert_table(alerts: Sequence[Alert], now: datetime) -> None:
    """Open alerts, the oldest first."""
    table = _table("kind", "about", "what", "open for", "taken by", "reference")
    for alert in alerts:
        table.add_row(
            alert.kind.value.replace("_", " "),
            _plain(title(alert)),
            _plain(" - ".join(filter(None, (alert.headline, doubt(alert))))),
            duration(max(now - alert.opened_at, timedelta(0))),
            _plain(alert.acknowledged_by or "-"),
            f"#{reference(alert)}",
        )
    Console().print(table if table.row_count else "no alert is open")


def availability_table(found: Sequence[SiteAvailability]) -> None:
    """One line a site; a share is shown with no more digits than five-minute checks can know.

    None is shown where less than half of the time outside maintenance was seen.
    """
    columns = ["site", "up", "degraded", "down", "unknown", "maintenance", "checks", "outages"]
    dated = any(row.availability.since or row.availability.until for row in found)
    table = _table(*columns, *(["configured (UTC)"] if dated else []))
    for row in found:
        parts = row.availability
        share, known = parts.up_share, parts.known
        table.add_row(
            _plain(row.site.name),
            f"{100 * share:.2f} %" if share is not None else "too little" if known else "no data",
            duration(parts.degraded)
            + (f" ({100 * bad:.2f} %)" if (bad := parts.degraded_share) else ""),
            duration(parts.down),
            duration(parts.unknown),
            duration(parts.maintenance),
            str(parts.checks),
            str(parts.outages),
            *([_configured(parts)] if dated else []),
        )
    Console().print(table)


def _configured(parts: Availability) -> str:
    edges = (("since", parts.since), ("until", parts.until))
    return ", ".join(f"{word} {at:%Y-%m-%d %H:%M}" for word, at in edges if at)


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _plain(text: str) -> Text:
    """Foreign text is shown, never read as markup or as control characters."""
    return Text(printable_line(text))
