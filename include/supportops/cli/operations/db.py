"""`supportops db`: brings the store to the schema of this version, and keeps it fast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.operations import backups
from supportops.cli.output import Json, echo, print_json, warn

if TYPE_CHECKING:
    from supportops.flows.operations.housekeeping import Folded

# How often a long pruning says how far it is.
EVERY_SECONDS = 5.0

app = typer.Typer(name="db", help="The store.", no_args_is_help=True)
app.add_typer(backups.app)


@app.command("upgrade")
def upgrade(
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be migrated, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Migrate the store to this version's schema, while others use it."""
    from supportops.db.migrate import upgrade as migrate
    from supportops.db.upgrade_plan import plan_of

    with open_context(migrated=False) as context:
        if plan:
            found = plan_of(context.engine)
            if as_json:
                print_json(found.to_json())
                return
            echo(f"the store is at revision {found.at or 'none'}, this version needs {found.to}")
            for step in found.steps:
                echo(f"{step.revision}: {step.about}")
            for table in found.tables if found.steps else ():
                size = "" if table.size is None else f", {table.size / 1_000_000:,.1f} MB"
                echo(f"{table.name}: about {table.rows:,} rows{size}")
            return
        revision = migrate(context.engine, say=warn)
        if as_json:
            print_json({"revision": revision})
        else:
            echo(f"the store is at revision {revision}")


@app.command("fold")
def fold(as_json: Json = False) -> None:
    """Fold the checks of every hour that is over into summaries of days."""
    from supportops.flows.operations import housekeeping as flow

    with open_context() as context:
        for progress in flow.fold(context.engine):
            if not as_json:
                echo(f"folded until {progress.until:%Y-%m-%d %H:%M}: {progress.days} summaries")
        found = flow.folded(context.engine)
    if as_json:
        print_json(found.to_json())
        return
    until = f", all until {found.until:%Y-%m-%d %H:%M} UTC" if found.until else ""
    echo(f"{found.sites} sites are folded{until}; {found.behind} of them wait to be confirmed")


@app.command("prune")
def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what is older than store.yaml keeps it; summaries of days remain."""
    from supportops.flows.operations import housekeeping as flow

    with open_context() as context:
        retention = flow.retention_of(context.engine, context.config, now())
        if dry_run:
            found = flow.old(context.engine, retention, now())
            if as_json:
                print_json([each.to_json() for each in found])
            elif retention.checks:
                _say_what_folding_adds(flow.folded(context.engine), now() - retention.checks)
            for each in () if as_json else found:
                size = "" if each.size is None else f", about {each.size / 1_000_000:,.1f} MB"
                if each.kind == "configurations":
                    echo(f"{each.kind}: {each.rows:,} whose equal parts are to be stored once")
                else:
                    echo(f"{each.kind}: {each.rows:,} rows of {each.table}{size}")
            return
        shown, rows, longest = monotonic(), dict[str, int](), 0.0
        for progress in flow.fold(context.engine):  # What is not folded is not removed.
            if not as_json and monotonic() - shown > EVERY_SECONDS:
                shown = monotonic()
                echo(f"folded until {progress.until:%Y-%m-%d %H:%M}: {progress.days} summaries")
        for done in flow.prune(context.engine, retention, now()):
            rows, longest = {kind.value: number for kind, number in done.rows.items()}, done.longest
            if not as_json and monotonic() - shown > EVERY_SECONDS:
                shown = monotonic()
                echo(_words(rows))
    if as_json:
        print_json({"rows": rows, "longest": longest})
    else:
        echo(_words(rows))


def _say_what_folding_adds(found: Folded, before: datetime) -> None:
    """`before`: checks before it are to go. What is needed to judge the next week stays, too."""
    if found.until is None:
        echo("checks: none is folded into summaries yet; without --dry-run that comes first")
    elif found.behind and found.until < before + timedelta(days=8):
        echo(
            f"checks: {found.behind} sites can be folded further, from "
            f"{found.until:%Y-%m-%d %H:%M} UTC on; without --dry-run that comes first, and more "
            "may go"
        )


def _words(rows: Mapping[str, int]) -> str:
    found = ", ".join(f"{number:,} of {kind}" for kind, number in rows.items() if number)
    return f"removed rows: {found or 'none'}"
