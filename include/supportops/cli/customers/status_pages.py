"""`supportops status-pages`: writes the pages, shows their addresses, and serves them."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from supportops.bootstrap import STATUS_PAGES_VARIABLE, open_context, status_pages_folder
from supportops.cli.instants import now
from supportops.cli.output import FINE, Json, echo, fail, print_json
from supportops.rendering.printable import printable_line

app = typer.Typer(
    name="status-pages", help="Status pages for customers, in a folder.", no_args_is_help=True
)
MOST_CONNECTIONS = 100


@app.command("write")
def write(as_json: Json = False) -> None:
    """Write every page as of now; each check of the sites does so too."""
    from supportops.flows.customers import status_pages as flow

    with open_context() as context:
        try:
            done = flow.write(context, now())
        except (flow.StatusPagesError, LookupError) as error:
            fail(str(error))
    if as_json:
        print_json(done.to_json())
    else:
        public = "with the public one" if done.public else "without a public one"
        echo(f"pages: {done.pages}, {public}; files written: {done.files}, removed: {done.removed}")
    raise typer.Exit(FINE)


@app.command("list")
def list_pages(as_json: Json = False) -> None:
    """Show where each customer's page is. Who knows an address sees the page."""
    from supportops.flows.customers import status_pages as flow

    with open_context() as context:
        try:
            found = flow.addresses(context)
        except (flow.StatusPagesError, LookupError) as error:
            fail(str(error))
    if as_json:
        print_json([{"customer": e.customer, "path": e.path, "url": e.url} for e in found])
    else:
        for each in found:
            name = each.customer or "(public)"
            echo(printable_line(f"{name}: {each.url or each.path or './'}"))
    raise typer.Exit(FINE)


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8091,
) -> None:
    """Serve the folder until it is interrupted; it needs neither Airflow nor the store."""
    from supportops.web.public.serving import serve as serve_publicly
    from supportops.web.public.status_pages import make_status_app

    folder = status_pages_folder()
    if folder is None:
        fail(f"no folder is named: set {STATUS_PAGES_VARIABLE} to the one to serve")
    logging.basicConfig(level=logging.WARNING)
    echo(f"http://{host}:{port}/ serves {printable_line(folder)}; Ctrl-C ends it")
    serve_publicly(make_status_app(folder), host, port, MOST_CONNECTIONS)
