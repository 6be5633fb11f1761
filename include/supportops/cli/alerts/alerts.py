"""`supportops alerts` and `alert-dispatch`: open alerts, who has taken them, and their messages."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import Annotated

import typer

from supportops.alerts.alert import Kind, Severity
from supportops.bootstrap import config_folder, open_context
from supportops.cli.alerts import acts, silences
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.operations import public
from supportops.cli.output import FINDINGS, FINE, Json, echo, fields, print_json, warn
from supportops.connections import SetupError

app = typer.Typer()
group = typer.Typer(
    name="alerts", help="What is open, who has taken it, and who is notified.", no_args_is_help=True
)
app.add_typer(group)
app.add_typer(public.app)
group.add_typer(acts.app)
group.add_typer(silences.group)


@group.command("list")
def list_alerts(as_json: Json = False) -> None:
    """Show the alerts that are open."""
    from supportops.alerts.description import reference
    from supportops.alerts.words.ticket import title
    from supportops.flows.alerts import alert_acts, go_live

    with open_context() as context:
        found = alert_acts.list_alerts(context, now())
        unreadable = alert_acts.unreadable_alerts(context)
        held = go_live.note(context)
    if as_json:
        names = ({"title": title(each), "reference": reference(each)} for each in found)
        print_json([fields(alert) | name for alert, name in zip(found, names, strict=True)])
    else:
        from supportops.cli.tables.sites import alert_table

        alert_table(found, now())
    if held:
        warn(held)
    for line in unreadable:
        warn(f"an alert cannot be read by this version: {line}")
    raise typer.Exit(FINDINGS if found or unreadable else FINE)


@group.command("who")
def who(
    kind: Annotated[Kind, typer.Option("--kind", help="The kind of alert.")],
    site: Annotated[str | None, typer.Option(help="The site that it is about.")] = None,
    customer: Annotated[str | None, typer.Option(help="The customer; of a site, its own.")] = None,
    host: Annotated[str | None, typer.Option(help="The server, of a host_outage.")] = None,
    tier: Annotated[str | None, typer.Option(help="The tier of the ticket.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Instead of the usual one.")] = None,
    ticket: Annotated[str | None, typer.Option(help="A ticket's number in the store.")] = None,
    receiver: Annotated[str | None, typer.Option(help="The one that fails (delivery).")] = None,
    at: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="When it is raised; now by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who would be notified of an alert that stays open, when, and why others would not."""
    from supportops.cli.tables.who import who_json, who_lines
    from supportops.flows.alerts import go_live
    from supportops.flows.alerts import who_is_notified as flow

    raised_at = now() if at is None else to_utc(at)
    about = (site, customer, host, tier, severity, ticket, receiver)
    question = flow.Question(kind, raised_at, *about)
    with ExitStack() as stack:
        try:
            context = stack.enter_context(open_context())
            folder, engine = context.config, context.engine
            if held := go_live.note(context):
                warn(held)
        except SetupError:
            folder, engine = config_folder(), None
            warn("no store is named: the files count as they are, not their last good versions")
        course = flow.answer(question, folder, engine)
    if as_json:
        print_json(who_json(course))
    else:
        echo("\n".join(who_lines(course)))
    raise typer.Exit(FINE if course.notified else FINDINGS)


@app.command("alert-dispatch")
def alert_dispatch(as_json: Json = False) -> None:
    """Send the messages that are due and try again those that have failed."""
    from supportops.flows.alerts import alert_dispatch as flow

    with open_context() as context:
        summary = flow.run(context.engine, context.secrets, now, folder=context.config)
    if as_json:
        print_json(summary)
    else:
        echo(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in summary.items()))
    failed = summary.keys() & {"failed", "unknown", "nobody"}
    raise typer.Exit(FINDINGS if failed else FINE)
