"""How every command answers: exit codes, JSON, and one line for a fault."""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn

import typer

FINE, FINDINGS, USAGE = 0, 1, 2

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def print_json(value: Any) -> None:
    """`value`, indented; what JSON does not know as its text."""
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def fail(*lines: str) -> NoReturn:
    """Ends the command as wrongly used or configured; each line goes to standard error."""
    for line in lines:
        typer.echo(f"supportops: {line}", err=True)
    raise typer.Exit(USAGE)
