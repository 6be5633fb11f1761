"""`supportops ...`: the same flows from a shell, without Airflow.

Exit codes: 0 fine, 1 findings, 2 usage or configuration.

Each file of a folder beside this one holds its commands in a `typer.Typer` called `app`: with a
name they are a group, without one they stand beside the groups. Commands read the clock from
`cli.instants`, and `output.Commands` handles the errors of all of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.main import get_command

from supportops.bootstrap import STORE_VARIABLE
from supportops.cli import streams
from supportops.cli.alerts import alerts, go_live, incidents, receivers, rota
from supportops.cli.customers import customers, notices, status_pages
from supportops.cli.operations import config, db, demo, doctor, metrics
from supportops.cli.output import FINE, USAGE, Commands, warn
from supportops.cli.reports import report
from supportops.cli.sites import domains, maintenance, push, sites
from supportops.cli.sla import service_levels, sla
from supportops.cli.tickets import log_call, mailbox, ticket_sync, tickets, triage, tutorials
from supportops.local.install.shell import is_demo, shell_settings

app = typer.Typer(
    name="supportops",
    cls=Commands,
    help="Site checks, alerts, service levels and reports. Exit: 0 fine, 1 findings, 2 usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for each in (
    sites,
    maintenance,
    push,
    domains,
    alerts,
    incidents,
    notices,
    go_live,
    doctor,
    metrics,
    receivers,
    log_call,
    ticket_sync,
    mailbox,
    tickets,
    triage,
    tutorials,
    sla,
    service_levels,
    status_pages,
    report,
    rota,
    customers,
    config,
    db,
    demo,
):
    app.add_typer(each.app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command that `arguments` (else those of the process) name, and exits."""
    streams.prepare()
    words = sys.argv[1:] if arguments is None else arguments
    _use_local_installation(quietly=words[:1] == ["demo"])
    try:
        get_command(app).main(arguments, prog_name="supportops")
    except SystemExit as end:
        sys.exit(end.code if streams.finish() else USAGE)
    sys.exit(FINE)


def _use_local_installation(*, quietly: bool) -> None:
    """Where no store is named, works on the one that `make up` or `make demo` made here."""
    environment = os.environ  # noqa: TID251 - an entrance: the environment of this process
    settings = shell_settings(environment)
    environment.update(settings)
    if is_demo(settings) and not quietly:
        warn(f"this is the demo's store; {STORE_VARIABLE} names another")


if __name__ == "__main__":
    main()
