"""`supportops maintenance`: announce maintenance of a site, a server or a customer, and end it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINE, Json, echo, fail, fields, print_json
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.sites.announced.window import AnnouncedWindow

app = typer.Typer(
    name="maintenance",
    help="Maintenance from now on, beside that of sites.yaml.",
    no_args_is_help=True,
)


@app.command("add")
def add(
    until: Annotated[datetime, typer.Option(formats=FORMATS, help="When it ends (UTC).")],
    reason: Annotated[str, typer.Option(help="What is done; people see it.")],
    by: Annotated[str, typer.Option("--by", help="Who announces it.")],
    site: Annotated[str | None, typer.Option(help="A site of sites.yaml.")] = None,
    server: Annotated[str | None, typer.Option(help="All sites of a server.")] = None,
    customer: Annotated[str | None, typer.Option(help="All sites of a customer.")] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="UTC; now by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Announce maintenance: from the next run of checks on nobody is alarmed about its sites."""
    from supportops.flows.sites import maintenance as flow
    from supportops.sites.announced.window import Scope

    named = {Scope.SITE: site, Scope.SERVER: server, Scope.CUSTOMER: customer}
    given = [(scope, name) for scope, name in named.items() if name is not None]
    if len(given) != 1:
        fail("name one of --site, --server and --customer")
    [(scope, name)] = given
    begins = None if start is None else to_utc(start)
    with open_context() as context:
        try:
            window = flow.announce(context, scope, name, to_utc(until), reason, by, now(), begins)
        except flow.MaintenanceError as error:
            fail(str(error))
    if as_json:
        print_json(window.to_json())
    else:
        echo(printable_line(_line(window)))
    raise typer.Exit(FINE)


@app.command("list")
def list_windows(as_json: Json = False) -> None:
    """Show the announced maintenance that is open or to come."""
    from supportops.flows.sites import maintenance as flow

    with open_context() as context:
        found = flow.not_over(context, now())
    if as_json:
        print_json([fields(window) for window in found])
    elif found:
        echo("\n".join(printable_line(_line(window)) for window in found))
    else:
        echo("none; weekly and planned windows are in sites.yaml")
    raise typer.Exit(FINE)


@app.command("end")
def end(
    number: Annotated[
        int, typer.Argument(min=1, max=2**63 - 1, help="Its number, as `list` shows it.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who ends it.")],
) -> None:
    """End a window now, or call it off before it begins."""
    from supportops.flows.sites import maintenance as flow

    with open_context() as context:
        try:
            window = flow.end(context, number, by, now())
        except flow.MaintenanceError as error:
            fail(str(error))
    echo(printable_line(f"{window.scope} {window.name}: ended"))
    raise typer.Exit(FINE)


def _line(window: AnnouncedWindow) -> str:
    period = f"{window.start:%Y-%m-%dT%H:%MZ} to {window.end:%Y-%m-%dT%H:%MZ}"
    return f"{window.id}: {window.scope} {window.name}, {period}: {window.reason} ({window.by})"
