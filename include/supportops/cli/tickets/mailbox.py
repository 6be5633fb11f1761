"""`supportops mailbox`: reads the mailboxes now, or tries whether they can be read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, print_json
from supportops.rendering.printable import printable_line

app = typer.Typer(
    name="mailbox",
    help="The answerphone's mailbox, and e-mail that asks for help.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[MAILBOX...]", help="Of mailbox.yaml; all if none.")
]


@app.command("read")
def read(names: Names = None, as_json: Json = False) -> None:
    """Read what has come, make tickets of it, and move it. Exit 1 if a mailbox failed."""
    from supportops.flows.tickets import mailbox as flow

    with open_context() as context:
        try:
            summary = flow.run(context, now, names or ())
        except flow.UnknownMailbox as error:
            fail(str(error))
    if as_json:
        print_json(summary)
    else:
        _show_read(summary)
    faults = [each["fault"] for each in summary.get("mailboxes", {}).values()]
    raise typer.Exit(FINDINGS if any(faults) else FINE)


@app.command("check")
def check(names: Names = None, as_json: Json = False) -> None:
    """Log in and count what waits; nothing is read or moved. Exit 1 if a mailbox failed."""
    from supportops.flows.tickets import mailbox as flow

    with open_context() as context:
        try:
            found = flow.check(context, now(), names or ())
        except flow.UnknownMailbox as error:
            fail(str(error))
    if as_json:
        print_json([each.to_json() for each in found])
    elif not found:
        echo(flow.NOT_CONFIGURED)
    for each in () if as_json else found:
        state = each.fault or f"{_messages(each.waiting or 0)} waiting"
        echo(printable_line(f"{each.name} ({each.kind}): {state}; {_last(each.last_read)}"))
    raise typer.Exit(FINDINGS if any(each.fault for each in found) else FINE)


def _show_read(summary: dict[str, Any]) -> None:
    if "skipped" in summary:
        echo(summary["skipped"])
        return
    for name, counts in summary["mailboxes"].items():
        echo(printable_line(f"{name}: {_counts(counts)}"))
        if counts["fault"]:
            echo(printable_line(f"  {counts['fault']}"))
    if summary["transcripts"]:
        echo(f"{summary['transcripts']} transcripts")


def _counts(counts: dict[str, Any]) -> str:
    words = {
        "ticket": "new tickets",
        "joined": "replies on tickets",
        "ignored": "that make no ticket",
        "quarantined": "in quarantine",
        "again": "read before and moved now",
        "left": "left for the next time",
    }
    said = [f"{counts[key]} {text}" for key, text in words.items() if counts[key]]
    paged = f"; {counts['paged']} paged" if counts["paged"] else ""
    return (", ".join(said) or "nothing new") + paged


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _last(at: datetime | None) -> str:
    return f"last read {at:%Y-%m-%d %H:%M} UTC" if at else "never read so far"
