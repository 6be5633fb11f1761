"""`supportops ticket-sync`: fetches from the ticket sources what happened, from a shell."""

from __future__ import annotations

from typing import Any

import typer

from supportops.bootstrap import open_context, open_ticket_sources
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, USAGE, Json, echo, print_json, warn
from supportops.rendering.printable import printable_line

app = typer.Typer()


@app.command("ticket-sync")
def ticket_sync(as_json: Json = False) -> None:
    """Fetch what happened to tickets in their sources, such as Zendesk, since the last time."""
    from supportops.flows.tickets import ticket_sync as flow
    from supportops.tickets.source import SourceError

    with open_context() as context, open_ticket_sources() as sources:
        if not sources:
            _show_skipped(flow.NO_SOURCE, as_json)
            return
        try:
            summary = flow.fetch(context, sources, now)
        except SourceError as error:
            warn(str(error))
            raise typer.Exit(USAGE if error.refused else FINDINGS) from None
    _show(summary, as_json)
    raise typer.Exit(FINDINGS if summary["quarantined"] else FINE)


def _show_skipped(line: str, as_json: bool) -> None:
    if as_json:
        print_json({"skipped": line})
    else:
        echo(line)


def _show(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    counts = f"{summary['new_events']} new events from {summary['pages']} pages"
    aside = f", {summary['quarantined']} records set aside" if summary["quarantined"] else ""
    echo(counts + aside + ("" if summary["caught_up"] else "; the rest comes next time"))
    for note in summary["notes"]:
        echo(f"  {printable_line(note)}")
