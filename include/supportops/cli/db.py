"""`supportops db`: brings the store to the schema of this version."""

from __future__ import annotations

import typer

from supportops.bootstrap import open_context
from supportops.cli.output import echo

app = typer.Typer(name="db", help="The store.", no_args_is_help=True)


@app.command("upgrade")
def upgrade() -> None:
    """Migrate the store to this version's schema."""
    from supportops.db.migrate import upgrade as migrate

    with open_context(migrated=False) as context:
        echo(f"the store is at revision {migrate(context.engine)}")
