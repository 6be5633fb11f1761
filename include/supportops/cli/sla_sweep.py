"""`supportops sla-sweep`: the hourly sweep from a shell."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, USAGE, Json, print_json, warn

app = typer.Typer()


@app.command("sla-sweep")
def sla_sweep(
    at: Annotated[
        datetime | None, typer.Option("--at", formats=FORMATS, help="As of this instant (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge all open tickets' clocks, and raise the warnings and breaches that have come.

    As of a past that later sweeps have judged, or a time to come, it only reports what it finds.
    """
    from supportops.flows import sla_sweep as flow

    moment = now()
    with open_context() as context:
        summary = flow.hourly(context, to_utc(at) if at else moment, moment)
    if as_json:
        print_json(summary)
    else:
        typer.echo("\n".join(_lines(summary)))
    for fault in summary["faults"]:
        warn(fault)
    if summary["faults"]:
        raise typer.Exit(USAGE)
    raise typer.Exit(FINDINGS if summary["unjudgeable"] else FINE)


def _lines(summary: dict[str, Any]) -> list[str]:
    counted = ("tickets", "clocks", "raised", "untold", "resolved", "retracted")
    lines = [", ".join(f"{name}: {summary[name]}" for name in counted)]
    standing = summary["standing"].items()
    lines += [f"{kind.replace('_', ' ')}: {count} in force" for kind, count in sorted(standing)]
    lines += [f"cannot judge {one['ticket']}: {one['error']}" for one in summary["unjudgeable"]]
    return lines + ([summary["note"]] if summary["note"] else [])
