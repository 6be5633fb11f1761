"""Domains as a table, and what a check of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from supportops.cli.tables.sites import _plain, _table
from supportops.flows.sites.show_domains import DomainState


def domain_table(found: Sequence[DomainState], now: datetime) -> None:
    """One line a domain, by name."""
    table = _table("domain", "registration ends", "in days", "mail", "last checked")
    for each in found:
        ends = each.ends
        table.add_row(
            _plain(each.domain),
            f"{ends:%Y-%m-%d}" if ends else _plain(each.status.replace("_", " ")),
            str((ends - now).days) if ends else "-",
            _plain("; ".join(each.mail_faults) or ("fine" if each.mail else "-")),
            f"{each.checked_at:%Y-%m-%d %H:%MZ}" if each.checked_at else "never",
        )
    Console().print(table)


def checked_lines(summary: Mapping[str, Any]) -> None:
    """How many domains were checked, and a line for each incident that changed."""
    console = Console()
    unknown = f", {summary['unknown']} of them unknown" if summary["unknown"] else ""
    left = f", {summary['not_checked']} left for the next time" if summary["not_checked"] else ""
    console.print(f"{summary['checked']} of {summary['domains']} domains checked{unknown}{left}")
    for change in summary["changes"]:
        console.print(_plain(f"  {change['change']} {change['key']}: {change['why']}"))
