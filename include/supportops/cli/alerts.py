"""`supportops alerts` and `alert-dispatch`: open alerts, who has taken them, and their messages."""

from __future__ import annotations

from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, fields, print_json, warn
from supportops.rendering.printable import printable_line

app = typer.Typer()
group = typer.Typer(name="alerts", help="What is open, and who has taken it.", no_args_is_help=True)
app.add_typer(group)


@group.command("list")
def list_alerts(as_json: Json = False) -> None:
    """Show the alerts that are open."""
    from supportops.flows import open_alerts

    with open_context() as context:
        found = open_alerts.list_alerts(context)
        unreadable = open_alerts.unreadable_alerts(context)
    if as_json:
        print_json([fields(alert) for alert in found])
    else:
        from supportops.cli.tables.sites import alert_table

        alert_table(found, now())
    for line in unreadable:
        warn(f"an alert cannot be read by this version: {line}")
    raise typer.Exit(FINDINGS if found or unreadable else FINE)


@group.command("ack")
def acknowledge(
    key: Annotated[str, typer.Argument(help="The alert's key, or the #reference of its messages.")],
    who: Annotated[str, typer.Option("--by", help="Who takes it.")],
) -> None:
    """Take an alert: its reminders and later steps stop."""
    from supportops.flows import open_alerts

    with open_context() as context:
        taken = open_alerts.acknowledge(context, key, who, now())
    if not taken:
        fail(f"no open alert {key!r} that nobody has taken; see `supportops alerts list`")
    echo(printable_line(f"{who} has taken {key}"))


@app.command("alert-dispatch")
def alert_dispatch(as_json: Json = False) -> None:
    """Send the messages that are due and try again those that have failed."""
    from supportops.flows import alert_dispatch as flow

    with open_context() as context:
        summary = flow.run(context.engine, context.secrets, now)
    if as_json:
        print_json(summary)
    else:
        echo(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in summary.items()))
    failed = summary.keys() & {"failed", "unknown", "nobody"}
    raise typer.Exit(FINDINGS if failed else FINE)
