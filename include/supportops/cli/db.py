"""`supportops db`: brings the store to the schema of this version, and keeps it fast."""

from __future__ import annotations

import typer

from supportops.bootstrap import open_context
from supportops.cli.output import Json, echo, print_json

app = typer.Typer(name="db", help="The store.", no_args_is_help=True)


@app.command("upgrade")
def upgrade() -> None:
    """Migrate the store to this version's schema."""
    from supportops.db.migrate import upgrade as migrate

    with open_context(migrated=False) as context:
        echo(f"the store is at revision {migrate(context.engine)}")


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
