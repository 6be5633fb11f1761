"""How the terminal shows incidents, breaches and their causes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.flows.alerts.incident_notes import Listed
from supportops.rendering.printable import printable_line


def incident_table(found: Iterable[Listed]) -> None:
    """One line an incident or ticket; texts are shown, never read as markup."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("called", "what", "about", "began (UTC)", "ended", "cause and note"):
        table.add_column(name, overflow="fold")
    for each in found:
        ended = f"{each.ended:%Y-%m-%d %H:%M}" if each.ended else "-"
        cells = (each.called, each.what, each.subject, f"{each.began:%Y-%m-%d %H:%M}", ended)
        table.add_row(*map(_plain, (*cells, each.noted.words or "-")))
    Console().print(table if table.row_count else "no incident and no breach in these days")


def _plain(line: str) -> Text:
    return Text(printable_line(line))
