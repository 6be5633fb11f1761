"""`supportops public`: the endpoint at which receivers take alerts from their messages."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import echo, fail

app = typer.Typer()


@app.command("public")
def public(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8090,
) -> None:
    """Serve the links by which receivers take alerts, until it is interrupted."""
    import uvicorn

    from supportops.alerts.acts.link import SECRET, Links
    from supportops.config.snapshots import LastConfiguration
    from supportops.web.public.app import make_public_app
    from supportops.web.shared_context import SharedContext

    with open_context() as context:  # says at once what is wrong with the store
        secret = context.secrets(SECRET)
    if not secret:
        fail(
            f"no secret signs the links: set AIRFLOW_CONN_{SECRET.upper()} to 32 random characters"
        )
    try:
        links = Links(secret)
    except ValueError as error:
        fail(str(error))
    shared = SharedContext(open_context)
    logging.basicConfig(level=logging.WARNING)
    echo(f"http://{host}:{port}/ serves the links of alerts; Ctrl-C ends it")
    try:
        # No access log: an address is a key to its alert.
        uvicorn.run(
            make_public_app(shared, LastConfiguration(), links, now),
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            limit_concurrency=50,
            timeout_keep_alive=5,
        )
    finally:
        shared.close()
