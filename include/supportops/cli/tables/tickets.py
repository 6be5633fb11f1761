"""What the command line shows of tickets and of triage; text from outside is made printable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.rendering.printable import printable_line
from supportops.tickets.ticket import Event, Ticket
from supportops.tickets.triage import Decision


def ticket_lines(ticket: Ticket) -> None:
    """Prints the ticket's state, a line for each field that is set."""
    console = Console()
    console.print(_plain(f"{ticket.source}/{ticket.ticket}  {ticket.subject}"))
    known = {
        "status": ticket.status.value,
        "tier": ticket.tier,
        "priority": ticket.priority,
        "assignee": ticket.assignee,
        "requester": ticket.requester,
        "customer": ticket.customer,
        "site": ticket.site,
        "tags": ", ".join(ticket.tags),
        "created": _when(ticket.created_at),
        "solved": _when(ticket.solved_at),
        "ended": _when(ticket.ended_at),
        "merged into": ticket.merged_into,
    }
    for name, value in known.items():
        if value:
            console.print(_plain(f"  {name:<12}{value}"))


def event_table(events: Sequence[Event]) -> None:
    """Prints a line for each event, in order."""
    table = _table("when (UTC)", "what", "by", "value", "words")
    for event in events:
        words = event.facts.get("text") or event.facts.get("rule") or ""
        table.add_row(
            _when(event.happened_at),
            event.kind.value,
            event.author.value,
            _plain(event.value or "-"),
            _plain(str(words)[:200]),
        )
    Console().print(table)


def decision_table(decision: Decision) -> None:
    """Prints the tier with its rule, then every rule and what it found."""
    console = Console()
    console.print(_plain(f"{decision.tier}: {decision.rule}"))
    table = _table("rule", "tier", "matched", "why")
    for finding in decision.findings:
        matched = Text("yes", style="green") if finding.matched else Text("no")
        table.add_row(_plain(finding.rule), _plain(finding.tier), matched, _plain(finding.why))
    console.print(table)


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""


def _plain(text: str) -> Text:
    return Text(printable_line(text))
