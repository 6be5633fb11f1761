"""`supportops db`: brings the store to the schema of this version, and keeps it fast."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli import backups
from supportops.cli.instants import now
from supportops.cli.output import Json, echo, print_json, warn

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
    from supportops.flows import housekeeping as flow

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
    from supportops.flows import housekeeping as flow

    with open_context() as context:
        retention = flow.retention_of(context.engine, context.config, now())
        if dry_run:
            found = flow.old(context.engine, retention, now())
            if as_json:
                print_json([each.to_json() for each in found])
            elif retention.checks and all(each.kind != "checks" for each in found):
                echo(
                    "checks: none is folded into summaries yet; without --dry-run that comes first"
                )
            for each in () if as_json else found:
                size = "" if each.size is None else f", about {each.size / 1_000_000:,.1f} MB"
                if each.kind == "configurations":
                    echo(f"{each.kind}: {each.rows:,} whose equal parts are to be stored once")
                else:
                    echo(f"{each.kind}: {each.rows:,} rows of {each.table}{size}")
            return
        for _ in flow.fold(context.engine):
            pass  # What is not folded is not removed.
        shown, rows, longest = 0.0, dict[str, int](), 0.0
        for done in flow.prune(context.engine, retention, now()):
            rows, longest = {kind.value: number for kind, number in done.rows.items()}, done.longest
            if not as_json and monotonic() - shown > EVERY_SECONDS:
                shown = monotonic()
                echo(_words(rows))
    if as_json:
        print_json({"rows": rows, "longest": longest})
    else:
        echo(_words(rows))


def _words(rows: Mapping[str, int]) -> str:
    found = ", ".join(f"{number:,} of {kind}" for kind, number in rows.items() if number)
    return f"removed rows: {found or 'none'}"
