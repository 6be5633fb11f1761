"""`supportops domains`: registrations, records and mail of the sites' domains."""

from __future__ import annotations

from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, echo, print_json

app = typer.Typer(name="domains", help="The domains of the sites.", no_args_is_help=True)


@app.command("check")
def check(
    domains: Annotated[
        list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="All, if none is named.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were checked in the last 12 hours.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look up registrations, records and mail of the domains, and raise what must be raised."""
    from supportops.flows.sites import domain_check as flow

    with open_context() as context:
        summary = flow.run(context, now, again=again, only=domains or ())
    if as_json:
        print_json(summary)
    else:
        from supportops.cli.tables.domains import checked_lines

        checked_lines(summary)
    missed = summary["faults"] or summary["unknown"] or summary["not_checked"]
    raise typer.Exit(FINDINGS if missed else FINE)


@app.command("list")
def list_domains(as_json: Json = False) -> None:
    """Show what is known of each domain: the end of its registration, its mail records."""
    from supportops.flows.sites import show_domains as flow

    with open_context() as context:
        found = flow.domains(context)
    if as_json:
        print_json([each.to_json() for each in found])
    elif found:
        from supportops.cli.tables.domains import domain_table

        domain_table(found, now())
    else:
        echo("none; sites.yaml switches it on with `domains: {}`")
    raise typer.Exit(FINE)
