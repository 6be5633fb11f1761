"""`supportops public`: where receivers take alerts from their messages, and jobs push."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import echo, fail, warn
from supportops.context import Context

app = typer.Typer()
MOST_CONNECTIONS = 50


@app.command("public")
def public(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8090,
) -> None:
    """Serve the links by which receivers take alerts, and take the pushes of jobs."""
    from supportops.alerts.acts.link import SECRET, Links
    from supportops.config.snapshots import LastConfiguration
    from supportops.web.public.app import make_public_app
    from supportops.web.public.serving import serve as serve_publicly
    from supportops.web.shared_context import SharedContext

    with open_context() as context:  # says at once what is wrong with the store
        secret = context.secrets(SECRET)
        pushes = bool(_monitors(context))
    variable = f"AIRFLOW_CONN_{SECRET.upper()}"
    if not secret and not pushes:
        fail(f"no secret signs the links: set {variable} to 32 random characters")
    try:
        links = Links(secret) if secret else None
    except ValueError as error:
        fail(str(error))
    if links is None:
        warn(f"no links of alerts are served: {variable} is not set")
    shared = SharedContext(open_context)
    logging.basicConfig(level=logging.WARNING)
    what = "the links of alerts" if links is not None else "pushes"
    also = " and pushes" if links is not None and pushes else ""
    echo(f"http://{host}:{port}/ serves {what}{also}; Ctrl-C ends it")
    try:
        served = make_public_app(shared, LastConfiguration(), links, now)
        serve_publicly(served, host, port, MOST_CONNECTIONS)
    finally:
        shared.close()


def _monitors(context: Context) -> tuple[object, ...]:
    """The push monitors of the configuration in force; none before the first."""
    from supportops.config.snapshots import newest
    from supportops.db.engine import reading

    with reading(context.engine) as connection:
        configuration = newest(connection)
    return configuration.monitors.all if configuration is not None else ()
