"""`supportops go-live`: shows who would be notified of what, and lets alerts go out."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, Json, echo, print_json

app = typer.Typer()


@app.command("go-live")
def go_live(
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    who: Annotated[
        str | None, typer.Option("--by", help="Who goes live; the login name by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who would be notified of what, and let alerts go out from now on.

    A new installation holds its alerts. What it has raised by now is history: each receiver gets
    it as one summary, with the next dispatch.
    """
    from supportops.cli.tables.go_live import preview_json, preview_lines
    from supportops.flows.alerts import go_live as flow

    with open_context() as context:
        at = now()
        found = flow.preview(context, at)
        if not as_json:
            echo("\n".join(preview_lines(found)))
        if found.held_since is None:
            if as_json:
                print_json(preview_json(found, None))
            return
        sure = yes or (not as_json and sys.stdin.isatty() and typer.confirm("Go live?"))
        done = flow.run(context, who or getpass.getuser(), at) if sure else None
    if as_json:
        print_json(preview_json(found, done))
    elif done is None:
        echo("Nothing was changed; `supportops go-live --yes` goes live.")
    else:
        withdrawn = f"; {done.withdrawn} queued reports are not sent" if done.withdrawn else ""
        echo(f"Live: the summaries go out with the next dispatch{withdrawn}.")
    if done is None:
        raise typer.Exit(FINDINGS)
