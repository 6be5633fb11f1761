"""`supportops report`: daily, weekly and monthly reports from a shell, of any past period."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, fail, print_json, warn
from supportops.files import create_file, make_folder
from supportops.rendering.formulas import csv_without_formulas
from supportops.reports.period import Cadence

if TYPE_CHECKING:
    from supportops.flows.reports.report import OnProgress, ReportRequest, ReportResult
    from supportops.reports.formats.file import File


Audience = Annotated[list[str] | None, typer.Option(help="Else all; may be repeated.")]
Send = Annotated[bool, typer.Option("--send", help="Issue it and queue it for its recipients.")]
Again = Annotated[
    bool, typer.Option("--again", help="With --send: a corrected edition of what was issued.")
]
Out = Annotated[Path | None, typer.Option(help="A folder to write the documents into.")]


app = typer.Typer(
    name="report",
    help="Daily, weekly and monthly reports: make, send, compare and list them.",
    no_args_is_help=True,
)

_HELP = """Make the {cadence} report of one {period} or of many. Kept as a draft unless --send.

Drafts of many hold mail and page; --out or --send makes the PDF, the workbook and so on.
Exit 1 if a document could not be made.
"""


def _add(cadence: Cadence, period: str, example: str, all_of_them: str) -> None:
    """Adds the command that makes one cadence's report; `period` names its option."""
    label_option = typer.Option(None, f"--{period}", help=f"Such as {example}; else the last.")
    to_option = typer.Option(None, help=f"With --{period}: {all_of_them}.")

    def make(
        label: str | None = label_option,
        to: str | None = to_option,
        audience: Audience = None,
        send: Send = False,
        again: Again = False,
        out: Out = None,
        as_json: Json = False,
    ) -> None:
        from supportops.flows.reports.report import ReportRequest

        _check(label, to, again=again, send=send)
        labels = (label,) if label is not None else ()
        request = ReportRequest(cadence, labels, tuple(audience or ()), send, again)
        _run(request, to, out, as_json=as_json)

    app.command(cadence.value, help=_HELP.format(cadence=cadence, period=period))(make)


def _check(label: str | None, to: str | None, *, again: bool, send: bool) -> None:
    if to is not None and label is None:
        fail("--to needs the first one too")
    if again and not send:
        fail("--again needs --send: without it a draft is kept anyway")


_add(Cadence.WEEKLY, "week", "2026-W47", "every week up to this")
_add(Cadence.DAILY, "day", "2026-11-20", "every working day to it")


@app.command("monthly", help=_HELP.format(cadence=Cadence.MONTHLY, period="month"))
def monthly(
    month: Annotated[str | None, typer.Option(help="Such as 2026-11; else the last.")] = None,
    to: Annotated[str | None, typer.Option(help="With --month: every month up to this.")] = None,
    customer: Annotated[
        list[str] | None, typer.Option(help="By any name; else all. May be repeated.")
    ] = None,
    audience: Audience = None,
    send: Send = False,
    again: Again = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    from supportops.flows.reports.report import ReportRequest

    if customer and audience:
        fail("--customer and --audience name readers in two ways: give one of them")
    _check(month, to, again=again, send=send)
    request = ReportRequest(
        Cadence.MONTHLY,
        (month,) if month is not None else (),
        tuple(audience or ()),
        send,
        again,
        customers=tuple(customer or ()),
    )
    _run(request, to, out, as_json=as_json)


@app.command("list")
def list_reports(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30,
    as_json: Json = False,
) -> None:
    """List the stored reports, the newest first."""
    from supportops.flows.reports import report as flow

    with open_context() as context:
        entries = flow.list_reports(context, limit)
    if as_json:
        print_json([asdict(each) for each in entries])
        return
    from supportops.cli.tables.reports import report_table

    report_table(entries, "no report is stored yet")


@app.command("compare")
def compare_reports(
    first: Annotated[str, typer.Argument(metavar="WEEK", help="Such as 2026-W46, or 2026-W46/2.")],
    second: Annotated[str, typer.Argument(metavar="WEEK", help="The one to compare it with.")],
    audience: Annotated[str | None, typer.Option(help="Needed where several have both.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two stored reports: figures, differences, and what was restated since.

    A number after the slash chooses an edition; days work like weeks.
    """
    from supportops.flows.reports import report_comparison as flow

    try:
        with open_context() as context:
            found, tiers = flow.compare_on_request(context, first, second, audience)
    except flow.NotCompared as error:
        fail(str(error))
    if as_json:
        print_json(flow.plain(found))
        return
    from supportops.cli.tables.reports import comparison_tables

    comparison_tables(found, tiers)


Month = Annotated[str | None, typer.Option(help="Only of this month, such as 2026-11.")]
Customers = Annotated[
    list[str] | None, typer.Option("--customer", help="Only of this one; may be repeated.")
]
By = Annotated[str, typer.Option(help="Who decides: your name.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]


@app.command("waiting")
def waiting(as_json: Json = False) -> None:
    """List the reports that wait for approval."""
    from supportops.flows.reports import report_approval as flow

    with open_context() as context:
        entries = flow.waiting(context)
    if as_json:
        print_json([asdict(each) for each in entries])
        return
    from supportops.cli.tables.reports import report_table

    report_table(entries, "no report waits for approval")


@app.command("approve")
def approve(by: By, month: Month = None, customer: Customers = None, every: All = False) -> None:
    """Approve reports that wait, and queue them for their recipients."""
    _decide(by, month, customer, every=every, approve=True)


@app.command("reject")
def reject(by: By, month: Month = None, customer: Customers = None, every: All = False) -> None:
    """Reject reports that wait: they are kept and not sent."""
    _decide(by, month, customer, every=every, approve=False)


def _decide(
    by: str, month: str | None, customer: list[str] | None, *, every: bool, approve: bool
) -> None:
    from supportops.flows.reports import report_approval as flow

    if not every and month is None and not customer:
        fail("name a --month, a --customer, or --all")
    with open_context() as context:
        chosen = flow.waiting_for(context, month, customer or ())
        ids = [each.id for each in chosen]
        decided = flow.decide(context, ids, by, now(), approve=approve)
    if not decided:
        fail("no report waits for approval" if every else "no such report waits for approval")
    from supportops.cli.tables.reports import decided_lines

    decided_lines(decided)
    raise typer.Exit(FINDINGS if any(each.why for each in decided) else FINE)


def _run(request: ReportRequest, until: str | None, out: Path | None, *, as_json: bool) -> None:
    from supportops.cli.tables.reports import result_lines
    from supportops.flows.reports.report import ReportError, make_on_request

    folder = _Folder(out)
    try:
        with open_context() as context:
            folder.open()
            with _progress() as on_progress:
                results = make_on_request(
                    context,
                    request,
                    now(),
                    until=until,
                    bare_drafts=out is None,
                    on_report=folder.write,
                    on_progress=on_progress,
                )
    except ReportError as error:
        fail(str(error))
    if as_json:
        print_json([each.to_json() for each in results])
    else:
        result_lines(results, out)
    for fault in folder.faults:
        warn(fault)
    troubled = folder.faults or any(each.troubles for each in results)
    raise typer.Exit(FINDINGS if troubled else FINE)


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
            make_folder(self.out)
            with tempfile.TemporaryFile(dir=self.out):
                pass
        except OSError as error:
            fail(f"nothing can be written into {self.out}: {error.strerror}")

    def write(self, result: ReportResult, files: Sequence[File]) -> None:
        """The documents of a report in a folder of its own. One that fails harms no other: what
        is sent is sent, and every report is in the store.
        """
        if self.out is None:
            return
        from supportops.reports.formats.file import COUNTED

        folder = self.out / f"{result.cadence}-{result.period}-{result.audience}"
        try:
            make_folder(folder)
            for file in files:
                content = file.content
                if file.name == COUNTED:
                    content = csv_without_formulas(content)
                with create_file(folder / Path(file.name).name) as written:
                    written.write(content)
        except OSError as error:
            self.faults.append(f"not all is written into {folder}: {error.strerror}")


@contextmanager
def _progress() -> Iterator[OnProgress]:
    """A bar on a terminal; elsewhere nothing, so that logs stay short."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from supportops.cli.tables.reports import bar

    with bar() as advance:
        yield advance
