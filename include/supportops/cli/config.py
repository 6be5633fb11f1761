"""`supportops config`: checks the configuration that operators edit, and describes its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from supportops.bootstrap import config_folder
from supportops.cli.output import USAGE, Json, fail, fields, print_json
from supportops.config.yaml_source import ConfigurationError

app = typer.Typer(
    name="config", help="The configuration that operators edit.", no_args_is_help=True
)


@app.command("check")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Another folder to check.")] = None,
    as_json: Json = False,
) -> None:
    """Check every file of the configuration; all faults are reported at once."""
    from supportops.config.loader import load

    where = folder or config_folder()
    try:
        configuration = load(where)
    except ConfigurationError as error:
        if as_json:
            print_json([fields(fault) for fault in error.faults])
            raise typer.Exit(USAGE) from None
        raise
    if as_json:
        print_json([])
        return
    counts = {
        "site": len(configuration.fleet.sites),
        "route": len(configuration.alerts.routes),
        "audience": len(configuration.reports.audiences),
    }
    counted = (f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    typer.echo(f"{where}: fine, {', '.join(counted)}")


@app.command("schema")
def schema(
    name: Annotated[str, typer.Argument(help="sites, alerts, service_levels or reports")],
) -> None:
    """Print the JSON Schema of one file, for editors that complete YAML."""
    from supportops.config.loader import FILES, json_schema

    if name not in FILES:
        fail(f"no file {name!r}; expected one of {', '.join(FILES)}")
    print_json(json_schema(name))
