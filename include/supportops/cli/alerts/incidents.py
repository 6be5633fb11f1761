"""`supportops incidents`: why sites were down and promises broken, as people note it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.alerts.options import By, person
from supportops.cli.instants import now
from supportops.cli.output import Json, echo, fail, print_json
from supportops.rendering.printable import printable_line

app = typer.Typer(
    name="incidents",
    help="Causes and notes of outages and broken promises, which reports show.",
    no_args_is_help=True,
)


@app.command("note")
def note(
    key: Annotated[
        str,
        typer.Argument(
            help="The incident's key or #reference, or a ticket: NUMBER, SOURCE/NUMBER."
        ),
    ],
    cause: Annotated[
        str | None, typer.Option(help="Why, in a few words; customers read it in their reports.")
    ] = None,
    done: Annotated[
        str | None, typer.Option(help="What was done about it; customers read it each month.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--note", help="More about it; stays inside the agency.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Note the cause of an outage or of a ticket's breach; the newest counts, all are kept."""
    from supportops.flows.alerts import incident_notes as flow

    with open_context() as context:
        try:
            found = flow.note(context, key, cause, text, person(by), now(), done=done)
        except flow.NoteError as error:
            fail(str(error))
    if as_json:
        print_json(found.to_json())
        return
    echo(printable_line(f"{found.about}: {found.noted.words or 'nothing is noted now'}"))
    if found.alike:
        used = " or ".join(f"“{each}”" for each in found.alike)
        echo(printable_line(f"a new cause; used before: {used}"))


@app.command("list")
def list_incidents(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far back.")] = 14,
    as_json: Json = False,
) -> None:
    """Show recent outages, faults and broken promises with their causes, the newest first."""
    from supportops.flows.alerts import incident_notes as flow

    with open_context() as context:
        found = flow.listing(context, now() - timedelta(days=days))
    if as_json:
        print_json([each.to_json() for each in found])
    else:
        from supportops.cli.tables.incidents import incident_table

        incident_table(found)


@app.command("causes")
def causes(as_json: Json = False) -> None:
    """Show the causes that were given before, the most frequent first."""
    from supportops.flows.alerts import incident_notes as flow

    with open_context() as context:
        found = flow.used_causes(context)
    if as_json:
        print_json([{"cause": cause, "times": count} for cause, count in found])
    else:
        echo("\n".join(printable_line(f"{n:>4}  {c}") for c, n in found) or "none yet")
