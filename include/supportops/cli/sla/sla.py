"""`supportops explain`, `clocks`, `replay` and `sla-sweep`: the service levels from a shell."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, USAGE, Json, echo, fail, print_json, warn
from supportops.rendering.formulas import never_formula
from supportops.rendering.printable import printable_json, printable_line

app = typer.Typer()
At = Annotated[datetime | None, typer.Option(formats=FORMATS, help="As of then (UTC); else now.")]


class Shape(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("explain")
def explain(
    ticket: Annotated[str, typer.Argument(help="The ticket's number, or SOURCE/NUMBER.")],
    at: At = None,
    source: Annotated[str | None, typer.Option(help="Where the ticket is from.")] = None,
    as_html: Annotated[bool, typer.Option("--html", help="A page fit for an e-mail.")] = False,
    as_json: Json = False,
) -> None:
    """Explain a ticket's clocks: when each ran, what was promised, why it is due when it is."""
    from supportops.flows.sla import explain_ticket as flow

    if as_html and as_json:
        fail("either --html or --json")
    with open_context() as context:
        found = flow.run(context, ticket, source, _at(at))
    if as_json:
        print_json(found.to_json())
        return
    from supportops.cli.tables.sla import explained, explained_html

    if as_html:
        echo(explained_html(found))
    else:
        explained(found)


@app.command("clocks")
def clocks(
    at: At = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    as_json: Json = False,
    open_only: Annotated[bool, typer.Option("--open", help="Those still open alone.")] = False,
    tier: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
) -> None:
    """List every clock of every ticket, a row each. Exit 1 if a ticket cannot be judged."""
    from supportops.flows.sla import list_clocks as flow

    if as_csv and as_json:
        fail("either --csv or --json")
    shape = Shape.CSV if as_csv else Shape.JSON if as_json else Shape.TABLE
    with open_context() as context:
        with flow.listing(context, _at(at), open_only=open_only, tiers=tier or []) as found:
            _write(found.rows, flow.COLUMNS, shape)
            unjudged = found.unjudged()
    _end([(each.source, each.ticket, each.why) for each in unjudged])


@app.command("replay")
def replay(
    start: Annotated[datetime, typer.Option("--from", formats=FORMATS, help="UTC.")],
    end: Annotated[datetime, typer.Option("--to", formats=FORMATS, help="UTC, exclusive.")],
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="Another service_levels.yaml to judge by; may be repeated."),
    ] = None,
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="By what had reached the store each hour.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what every sweep of a past period raised, and how its promises were kept.

    With other policies, how they would have been kept, side by side. Sends nothing.
    """
    from supportops.flows.sla import replay as flow
    from supportops.flows.sla.replayed import Period

    period = Period(to_utc(start), to_utc(end), now())
    if period.end <= period.start:
        fail(f"--to must be after --from; found {period.start} to {period.end}")
    with open_context() as context:
        found = flow.run(context, period, policy or [], as_recorded=as_recorded)
    if as_json:
        print_json(found.to_json())
    else:
        from supportops.cli.tables.sla import replayed

        replayed(found)
    _end([(each.source, each.ticket, each.why) for each in found.unjudged])


def _write(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], shape: Shape) -> None:
    if shape is Shape.TABLE:
        from supportops.cli.tables.sla import clock_table

        clock_table(rows)
    elif shape is Shape.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            cells = (row[name] for name in columns)
            writer.writerow([_cell(c) for c in cells])
    else:
        before = "["
        for row in rows:
            sys.stdout.write(f"{before}\n{printable_json(row, None)}")
            before = ","
        sys.stdout.write("\n]\n" if before == "," else "[]\n")


def _cell(value: Any) -> Any:
    return never_formula(printable_line(value)) if isinstance(value, str) else value


def _end(unjudged: Sequence[tuple[str, str, str]]) -> None:
    for source, ticket, why in unjudged:
        warn(f"{source}/{ticket} cannot be judged: {why}")
    raise typer.Exit(FINDINGS if unjudged else FINE)


def _at(at: datetime | None) -> datetime:
    return now() if at is None else to_utc(at)


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
    from supportops.flows.sla import sla_sweep as flow

    moment = now()
    with open_context() as context:
        summary = flow.hourly(context, to_utc(at) if at else moment, moment)
    if as_json:
        print_json(summary)
    else:
        echo("\n".join(_sweep_lines(summary)))
    for fault in summary["faults"]:
        warn(fault)
    if summary["faults"]:
        raise typer.Exit(USAGE)
    raise typer.Exit(FINDINGS if summary["unjudgeable"] else FINE)


def _sweep_lines(summary: dict[str, Any]) -> list[str]:
    counted = ("tickets", "clocks", "raised", "untold", "resolved", "retracted")
    lines = [", ".join(f"{name}: {summary[name]}" for name in counted)]
    standing = summary["standing"].items()
    lines += [f"{kind.replace('_', ' ')}: {count} in force" for kind, count in sorted(standing)]
    failed = (f"cannot judge {one['ticket']}: {one['error']}" for one in summary["unjudgeable"])
    lines += map(printable_line, failed)
    return lines + ([summary["note"]] if summary["note"] else [])
