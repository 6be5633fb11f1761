"""`supportops sla-sweep`: the hourly sweep from a shell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

app = typer.Typer()
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@app.command("sla-sweep")
def sla_sweep(
    at: Annotated[
        datetime | None, typer.Option("--at", formats=FORMATS, help="As of this instant (UTC).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Judge all open tickets' clocks, and raise the warnings and breaches that have come.

    As of a past that later sweeps have judged, or a time to come, it only says what stands.
    """
    from supportops import cli
    from supportops.bootstrap import open_workplace
    from supportops.flows import sla_sweep as flow

    now = cli.now()
    with cli._told(), open_workplace() as place:
        summary = flow.hourly(place, at.replace(tzinfo=UTC) if at else now, now)
    if as_json:
        cli._print_json(summary)
    else:
        typer.echo("\n".join(_lines(summary)))
    if summary["faults"]:
        cli._fail("the configuration is wrong; judged by the last good one", *summary["faults"])
    raise typer.Exit(cli.FINDINGS if summary["poisoned"] else cli.FINE)


def _lines(summary: dict[str, Any]) -> list[str]:
    counted = ("tickets", "clocks", "raised", "untold", "resolved", "retracted")
    lines = [", ".join(f"{name}: {summary[name]}" for name in counted)]
    standing = summary["standing"].items()
    lines += [f"{kind.replace('_', ' ')}: {count} in force" for kind, count in sorted(standing)]
    lines += [f"cannot judge {one['ticket']}: {one['error']}" for one in summary["poisoned"]]
    return lines + ([summary["note"]] if summary["note"] else [])
