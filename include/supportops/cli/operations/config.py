"""`supportops config`: checks the configuration that operators edit, and describes its files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from supportops.bootstrap import config_folder, has_store, open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, USAGE, Json, echo, fail, fields, print_json
from supportops.connections import SetupError
from supportops.db.engine import StoreAddressError
from supportops.db.migrate import SchemaError
from supportops.rendering.printable import printable_line

app = typer.Typer(
    name="config", help="The configuration that operators edit.", no_args_is_help=True
)


@app.command("check")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Another folder to check.")] = None,
    as_json: Json = False,
) -> None:
    """Check every file of the configuration; all faults and findings are reported at once.

    A fault stops what needs its file (exit 2). A finding stops nothing, but is hardly what you
    mean, such as an alert that no route sends to anybody (exit 1). Where there is a store, it is
    also a finding that the past would be judged otherwise than by the active configuration.
    """
    from supportops.config.loader import check as check_folder
    from supportops.flows.rota import rota
    from supportops.flows.sla import changed_promises

    where = folder or config_folder()
    checked = check_folder(where)
    faults = checked.all_faults
    at, configuration = now(), checked.configuration
    findings = [*checked.findings, *rota.findings(configuration, at)]
    with suppress(SetupError, StoreAddressError, SchemaError, OperationalError):
        if has_store():  # a folder is also checked where there is none
            with open_context() as context:
                findings += changed_promises.findings(context.engine, configuration, at)
    exit_code = USAGE if faults else FINDINGS if findings else 0
    if as_json:
        found = [("fault", each) for each in faults] + [("finding", each) for each in findings]
        print_json([{"level": level, **fields(each)} for level, each in found])
        raise typer.Exit(exit_code)
    for finding in findings:
        echo(printable_line(f"finding: {finding}"))
    if faults:
        fail(*(str(fault) for fault in faults))
    counts = {
        "site": len(configuration.fleet.sites),
        "route": len(configuration.alerts.routes),
        "audience": len(configuration.reports.audiences),
        "import mapping": len(configuration.mapping_names()),
    }
    counted = (f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    answer = "fine" if not findings else "usable"
    echo(f"{where}: {answer}, {', '.join(counted)}")
    raise typer.Exit(exit_code)


@app.command("schema")
def schema(
    name: Annotated[
        str,
        typer.Argument(
            help="sites, alerts, service_levels, reports, triage, rota, customers, mailbox, "
            "tutorials or imports"
        ),
    ],
) -> None:
    """Print the JSON Schema of one file, for editors that complete YAML."""
    from supportops.config.configuration import IMPORTS
    from supportops.config.documents import MODELS
    from supportops.config.loader import json_schema

    names = [*MODELS, IMPORTS]
    if name not in names:
        fail(f"no file {name!r}; expected one of {', '.join(names)}")
    print_json(json_schema(name))
