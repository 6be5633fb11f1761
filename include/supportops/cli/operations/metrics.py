"""`supportops metrics`: the metrics as text, for node_exporter's textfile collector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from supportops.bootstrap import open_context, store_address
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, echo

app = typer.Typer()


@app.command("metrics")
def metrics(
    sites: Annotated[bool, typer.Option("--sites", help="With metrics of each site.")] = False,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="With the findings of the doctor, examined offline.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write this file, replaced as a whole; its folder must exist."),
    ] = None,
) -> None:
    """Print the metrics of this installation in Prometheus's text format.

    Exit code 1 where the store does not answer: the text says `supportops_up 0`.
    """
    from supportops.config.snapshots import LastConfiguration
    from supportops.files import replace_file
    from supportops.flows.operations.doctor import Examination, examine
    from supportops.web.metrics.collect import DOWN, metrics_text

    store_address()  # says what is wrong where none is named
    at = now()
    examination = None
    if doctor:
        with open_context(migrated=False) as context:
            examination = Examination(at, tuple(examine(context, at, online=False)))
    text = metrics_text(
        open_context, LastConfiguration(), at, per_site=sites, examination=examination
    )
    if out is None:
        echo(text.decode().rstrip("\n"))
    else:
        replace_file(out, text)
    raise typer.Exit(FINDINGS if DOWN in text else FINE)
