"""What the command line shows of tickets; text from outside is made printable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.rendering.printable import printable_line
from supportops.tickets.ticket import Event, Ticket


def ticket_lines(ticket: Ticket) -> None:
    """Prints the ticket's state, a line for each field that is set."""
    console = Console()
    console.print(plain(f"{ticket.source}/{ticket.ticket}  {ticket.subject}"))
    known = {
        "status": ticket.status.value,
        "tier": ticket.tier,
        "priority": ticket.priority,
        "assignee": ticket.assignee,
        "requester": ticket.requester,
        "customer": ticket.customer,
        "site": ticket.site,
        "tags": ", ".join(ticket.tags),
        "created": when(ticket.created_at),
        "known since": when(ticket.known_since),
        "solved": when(ticket.solved_at),
        "ended": when(ticket.ended_at),
        "merged into": ticket.merged_into,
    }
    for name, value in known.items():
        if value:
            console.print(plain(f"  {name:<12}{value}"))


def event_table(events: Sequence[Event]) -> None:
    """Prints a line for each event, in order."""
    table = plain_table("when (UTC)", "what", "by", "value", "words")
    for event in events:
        words = event.facts.get("text") or _reason(event)
        table.add_row(
            when(event.happened_at),
            event.kind.value,
            event.author.value,
            plain(event.value or "-"),
            plain(str(words)[:200]),
        )
    Console().print(table)


def _reason(event: Event) -> str:
    """The rule that gave a tier, and which others it may be, if it is doubtful."""
    rule, others = str(event.facts.get("rule") or ""), event.facts.get("doubtful")
    if not isinstance(others, list) or not others:
        return rule
    return f"{rule}; doubtful, it may be {' or '.join(map(str, others))}"


def plain_table(*names: str) -> Table:
    """A table without lines."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def when(at: datetime | None) -> str:
    """An instant in UTC, empty for none."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""


def plain(text: str) -> Text:
    """A text from outside as one printable line."""
    return Text(printable_line(text))
