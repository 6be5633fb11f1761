"""`supportops push`: how the jobs stand that report to the public endpoint, and their judgement."""

from __future__ import annotations

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, echo, print_json

app = typer.Typer(name="push", help="Jobs that report by a push.", no_args_is_help=True)


@app.command("list")
def list_monitors(as_json: Json = False) -> None:
    """Show every push monitor: its state, its last push, and when the next is expected."""
    from supportops.flows.sites import push_check as flow

    with open_context() as context:
        found = flow.standing_of(context, now())
    if as_json:
        print_json([each.to_json() for each in found])
    elif found:
        from supportops.cli.tables.push import monitor_table

        monitor_table(found)
    else:
        echo("none; they are `monitors` in sites.yaml")
    bad = {"silent", "failed", "degraded"}
    fine = all(each.state not in bad and not each.fault for each in found)
    raise typer.Exit(FINE if fine else FINDINGS)


@app.command("check")
def check(as_json: Json = False) -> None:
    """Judge what was pushed and what was not, as the DAG push_check does."""
    from supportops.flows.sites import push_check as flow

    with open_context() as context:
        summary = flow.judge(context, now())
    if as_json:
        print_json(summary)
    else:
        from supportops.cli.tables.push import judged_lines

        judged_lines(summary)
    raise typer.Exit(FINDINGS if summary["faults"] else FINE)
