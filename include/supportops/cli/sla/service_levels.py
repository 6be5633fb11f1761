"""`supportops sla`: what is promised, as customers read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from supportops.bootstrap import config_folder
from supportops.cli.instants import now
from supportops.cli.output import echo, fail
from supportops.rendering.catalogue import DEFAULT, language_of, languages

app = typer.Typer(name="sla", help="What is promised.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What is promised."""


@app.command("page")
def page(
    out: Annotated[
        Path | None, typer.Option(help="The file to write; standard output by default.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="en, de or fr; the customer's own.")] = None,
    customer: Annotated[str, typer.Option(help="With what was promised to this one.")] = "",
) -> None:
    """Write the page of service levels: tiers, promises, office hours, and how to reach you.

    An existing file is replaced whole, and only where the page has changed.
    """
    from supportops.config.loader import check
    from supportops.flows.sla import service_levels_page as flow

    configuration = check(config_folder()).configuration
    tag = language or configuration.customers.get(customer).language
    if language_of(tag) not in languages():
        fail(f"no language {tag!r}; there are {', '.join(languages())}")
    text = flow.html(configuration, now(), DEFAULT if tag == "en" else tag, customer)
    if out is None:
        echo(text)
        return
    changed = flow.write(out, text)
    echo(f"{out}: {'written' if changed else 'as it was'}")
