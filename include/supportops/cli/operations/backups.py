"""`supportops db backup|verify|restore|copy`: the whole store in a file, or in another database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from supportops.bootstrap import open_context
from supportops.cli.output import Json, echo, fail, print_json, warn
from supportops.files import open_file

app = typer.Typer()

KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="Encrypt with this key: `openssl rand -hex 32 > FILE`."),
]
File = Annotated[Path, typer.Argument(help="The file of the backup; - for standard input.")]
_STREAM = "-"


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="The file of the backup; - for standard output.")],
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Back the store up into one file, while everything runs.

    The file holds the store as of one instant and appears when it was compared with it. A store
    of an older version is backed up as it is.
    """
    from supportops.flows.operations import backup as flow

    streamed = str(file) == _STREAM
    if streamed and as_json:
        fail("with - the backup itself goes to standard output: leave out --json, or name a file")
    if streamed and sys.stdout.isatty():
        fail("standard output is a terminal: supportops db backup - > FILE")
    with (
        open_context(migrated=False) as context,
        _refusals(),
        _progress("backed up", as_json) as on_rows,
    ):
        if streamed:
            copied = flow.send(context, sys.stdout.buffer, _key(key_file), on_rows)
        else:
            copied = flow.backup(context, file, _key(key_file), on_rows)
    if streamed:
        warn(_summary(copied, "standard output has the store"))
    else:
        _say(copied, f"{file} has the store", as_json)


@app.command("verify")
def verify(file: File, key_file: KeyFile = None, as_json: Json = False) -> None:
    """Open a backup, bring it to this version in a copy, and count what it holds."""
    from supportops.flows.operations import backup as flow

    with _refusals(), _given(file) as given:
        copied = flow.verify(given, _key(key_file))
    name = "the backup" if str(file) == _STREAM else file
    _say(copied, f"{name} can be restored", as_json)


@app.command("restore")
def restore(file: File, key_file: KeyFile = None, as_json: Json = False) -> None:
    """Fill an empty database with a backup, of this version or an older one.

    A database that has no tables yet gets them.
    """
    from supportops.flows.operations import backup as flow

    with (
        open_context(migrated=False) as context,
        _refusals(),
        _given(file) as given,
        _progress("restored", as_json) as on_rows,
    ):
        copied = flow.restore(context, given, _key(key_file), on_rows)
    _say(copied, "the store is restored", as_json)


@app.command("copy")
def copy(
    to: Annotated[
        str,
        typer.Argument(
            metavar="VARIABLE",
            help="The environment variable that holds the address of the other, empty database.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Copy the store to another database, SQLite or PostgreSQL, row for row.

    The address is read from a variable, since an argument can be read by everybody on the machine.
    """
    from supportops.flows.operations import backup as flow

    address = os.environ.get(to)  # noqa: TID251 (a command is an entrance)
    if not to.isidentifier():  # the address itself is a mistake that lies near
        fail("expected the name of a variable that holds the address, not what was given")
    if not address:
        fail(f"the variable {to} is not set; expected the address of the other database in it")
    with open_context() as context, _refusals(), _progress("copied", as_json) as on_rows:
        copied = flow.copy(context, address, on_rows)
    _say(copied, "the store is copied", as_json)


def _key(file: Path | None) -> bytes | None:
    if file is None:
        return None
    with open_file(file) as opened:
        return opened.read(4096)


def _say(copied: Mapping[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        print_json({name: {"rows": c.rows, "sha256": c.digest} for name, c in copied.items()})
        return
    echo(_summary(copied, words))


def _summary(copied: Mapping[str, Any], words: str) -> str:
    rows = sum(each.rows for each in copied.values())
    return f"{words}: {rows:,} rows of {len(copied)} tables, compared"


@contextmanager
def _given(file: Path) -> Iterator[Path]:
    from supportops.flows.operations import backup as flow

    if str(file) != _STREAM:
        yield file
        return
    if sys.stdin.isatty():
        fail("standard input is a terminal: supportops db restore - < FILE")
    with flow.received(sys.stdin.buffer) as received:
        yield received


@contextmanager
def _refusals() -> Iterator[None]:
    from supportops.flows.operations import backup as flow

    try:
        yield
    except (
        flow.BackupError,
        flow.SealError,
        flow.StoreInUseError,
        flow.DifferentCopyError,
    ) as error:
        fail(str(error))


@contextmanager
def _progress(words: str, as_json: bool) -> Iterator[Any]:
    """A line that shows which table is at hand, on a terminal."""
    console = Console(stderr=True)
    shown = not as_json and console.is_terminal
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("")

        def on_rows(table: str, rows: int) -> None:
            progress.update(task, description=f"{table}: {rows:,} rows {words}")

        yield on_rows
