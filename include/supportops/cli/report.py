"""`supportops report`: the daily and the weekly report from a shell, of any past period."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, fail, print_json
from supportops.context import Context

if TYPE_CHECKING:
    from supportops.flows.reporting.making import Made, Progress
    from supportops.reports.formats.file import File
    from supportops.reports.period import Cadence


Audience = Annotated[list[str] | None, typer.Option(help="Else all; may be repeated.")]
Send = Annotated[bool, typer.Option("--send", help="Issue it and queue it for its recipients.")]
Again = Annotated[
    bool, typer.Option("--again", help="With --send: a corrected edition of what was issued.")
]
Out = Annotated[Path | None, typer.Option(help="A folder to write the documents into.")]


app = typer.Typer(
    name="report", help="Daily and weekly reports: make, send and list them.", no_args_is_help=True
)


@app.command("weekly")
def weekly(
    week: Annotated[str | None, typer.Option(help="Such as 2026-W47; else the last.")] = None,
    to: Annotated[str | None, typer.Option(help="With --week: every week up to this.")] = None,
    audience: Audience = None,
    send: Send = False,
    again: Again = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Make the weekly report of one week or of many. Kept as a draft unless --send.

    Drafts of many hold mail and page; --out or --send makes the PDF, the workbook and so on.
    Exit 1 if a document could not be made.
    """
    from supportops.reports.period import Cadence

    asked = _Asked(Cadence.WEEKLY, week, to, audience or [], send, again, out, as_json)
    _run(asked, now())


@app.command("daily")
def daily(
    day: Annotated[str | None, typer.Option(help="Such as 2026-11-20; else the last.")] = None,
    to: Annotated[str | None, typer.Option(help="With --day: every working day to it.")] = None,
    audience: Audience = None,
    send: Send = False,
    again: Again = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Make the daily report of one day or of many. Kept as a draft unless --send.

    Drafts of many hold mail and page; --out or --send makes the PDF, the workbook and so on.
    Exit 1 if a document could not be made.
    """
    from supportops.reports.period import Cadence

    asked = _Asked(Cadence.DAILY, day, to, audience or [], send, again, out, as_json)
    _run(asked, now())


@app.command("list")
def list_reports(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30,
    as_json: Json = False,
) -> None:
    """List the reports that are kept, the newest first."""
    from supportops.db.engine import reading
    from supportops.reports.store import listing

    with open_context() as context, reading(context.engine) as connection:
        found = listing(connection, limit=limit)
    if as_json:
        plain = [asdict(each) for each in found]
        print_json(plain)
        return
    from supportops.cli.tables.reports import report_table

    report_table(found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one command was told."""

    cadence: Cadence
    first: str | None
    last: str | None
    audiences: Sequence[str]
    send: bool
    again: bool
    out: Path | None
    as_json: bool


def _run(asked: _Asked, now: datetime) -> None:
    from supportops.cli.tables.reports import made_lines
    from supportops.flows.reporting.making import ReportError

    if asked.last and not asked.first:
        fail("--to needs the first one too")
    if asked.again and not asked.send:
        fail("--again needs --send: without it a draft is kept anyway")
    folder = _Folder(asked.out)
    try:
        with open_context() as context:
            folder.open()
            made = _made(context, asked, now, folder)
    except ReportError as error:
        fail(str(error))
    if asked.as_json:
        print_json([each.to_json() for each in made])
    else:
        made_lines(made, asked.out)
    for fault in folder.faults:
        typer.echo(f"supportops: {fault}", err=True)
    troubled = folder.faults or any(each.troubles for each in made)
    raise typer.Exit(FINDINGS if troubled else FINE)


def _made(context: Context, asked: _Asked, now: datetime, folder: _Folder) -> list[Made]:
    from supportops.config.loader import load
    from supportops.config.snapshots import save
    from supportops.db.engine import writing
    from supportops.flows.reporting.making import Wanted, make
    from supportops.flows.reporting.tasks import labels_between, works

    configuration = load(context.config)
    if asked.send:  # else the dispatcher might not know the receivers
        with writing(context.engine) as connection:
            save(connection, configuration, now)
    labels: tuple[str, ...] = (asked.first,) if asked.first else ()
    if asked.first and asked.last:
        office = works(configuration.office)
        labels = labels_between(asked.cadence, asked.first, asked.last, office)
    bare = len(labels) > 1 and not asked.send and asked.out is None
    wanted = Wanted(asked.cadence, labels, tuple(asked.audiences), asked.send, asked.again, bare)
    with _progress() as progress:
        return make(
            context.engine, configuration, wanted, now, now, told=folder.write, progress=progress
        )


class _Folder:
    """Where the documents are written, if anywhere. `faults`: what could not be."""

    def __init__(self, out: Path | None) -> None:
        self.out = out
        self.faults: list[str] = []

    def open(self) -> None:
        """Fails before anything is made where nothing could be written."""
        if self.out is None:
            return
        try:
            if self.out.exists() and not self.out.is_dir():
                fail(f"nothing can be written into {self.out}: it is no folder")
            self.out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.out):
                pass
        except OSError as error:
            fail(f"nothing can be written into {self.out}: {error.strerror}")

    def write(self, made: Made, files: Sequence[File]) -> None:
        """The documents of a report in a folder of its own. One that fails harms no other: what
        is sent is sent, and every report is kept in the store.
        """
        if self.out is None:
            return
        folder = self.out / f"{made.cadence}-{made.period}-{made.audience}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file in files:
                (folder / Path(file.name).name).write_bytes(file.content)
        except OSError as error:
            self.faults.append(f"not all is written into {folder}: {error.strerror}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal; elsewhere nothing, so that logs stay short."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from supportops.cli.tables.reports import bar

    with bar() as advance:
        yield advance
