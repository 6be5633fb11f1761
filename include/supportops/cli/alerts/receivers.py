"""`supportops receivers`: whether receivers have an address, and a test message to each."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, print_json

app = typer.Typer(
    name="receivers", help="Who messages go to, and whether they arrive.", no_args_is_help=True
)


@app.command("list")
def list_receivers(as_json: Json = False) -> None:
    """Show each receiver: channel, whether its secret is set, and its last message.

    Exit code 1 where a secret is not set or messages do not arrive. No secret is shown.
    """
    from supportops.cli.tables.receivers import receiver_rows, receiver_table
    from supportops.flows.alerts import receivers as flow

    with open_context() as context:
        found = flow.list_receivers(context)
    if as_json:
        print_json(receiver_rows(found))
    else:
        receiver_table(found, now())
    bad = any(each.failing or not each.has_address for each in found)
    raise typer.Exit(FINDINGS if bad else FINE)


@app.command("test")
def send_test(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Receivers; all by default.")
    ] = None,
    who: Annotated[
        str | None, typer.Option("--by", help="Who asks; the login name by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a marked test message and show what became of it, as the notification log has it.

    Exit code 1 where one was not taken. Rate limits do not hold it back, and it uses none up.
    """
    from supportops.cli.tables.receivers import tested_rows, tested_table
    from supportops.flows.alerts import receivers as flow

    with open_context() as context:
        found = flow.send_test(context, names or [], who or getpass.getuser(), now)
    if as_json:
        print_json(tested_rows(found))
    else:
        tested_table(found)
    raise typer.Exit(FINE if all(each.arrived for each in found) else FINDINGS)
