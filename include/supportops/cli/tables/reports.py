"""How the terminal shows reports: the results of a run, a list, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from supportops.flows.reports.report import ReportEntry, ReportResult, ReportState
from supportops.flows.reports.report_approval import Decided
from supportops.flows.reports.report_comparison import Compared
from supportops.rendering.catalogue import DEFAULT
from supportops.rendering.printable import printable_line
from supportops.reports.document import Tone
from supportops.reports.words import comparing
from supportops.reports.words.dates import Reader

_STATES = {
    ReportState.SENT: "queued for {to}",
    ReportState.DRAFT: "kept as draft {edition}",
    ReportState.UNCHANGED: "draft {edition} says the same",
    ReportState.WAITING: "edition {edition} waits for approval",
    ReportState.REJECTED: "edition {edition} was rejected; --again makes a corrected one",
    ReportState.SENT_BEFORE: "was sent before to {to}; --again sends a corrected edition",
}


def result_lines(results: Sequence[ReportResult], out: Path | None) -> None:
    """Two lines a report, its subject and its state; then where its documents are."""
    console = Console(soft_wrap=True, highlight=False)
    for each in results:
        state = _STATES[each.state].format(
            to=", ".join(each.recipients) or "nobody", edition=each.edition
        )
        console.print(_plain(each.subject))
        console.print(_plain(f"  {each.cadence} {each.period} for {each.audience}: {state}"))
        for trouble in each.troubles:
            console.print(Text(f"  {printable_line(trouble)}", style="red"))
    if out is not None and results:
        console.print(_plain(f"The documents are in {out}"))
    if not results:
        console.print("Nobody gets this report: reports.yaml names no audience for it.")


def decided_lines(decided: Sequence[Decided]) -> None:
    """A line a report: what became of it."""
    console = Console(soft_wrap=True, highlight=False)
    for each in decided:
        state = f"queued for {', '.join(each.recipients)}" if each.approved else "rejected"
        whose = each.report.customer or each.report.audience
        words = f"{each.report.period} for {whose}: {each.why or state}"
        console.print(Text(printable_line(words), style="red" if each.why else ""))


def report_table(found: Sequence[ReportEntry], none: str) -> None:
    """One line a report, the newest first; `none` where there is no report."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("report", "period", "for", "edition", "state", "subject"):
        table.add_column(name, overflow="fold")
    for each in found:
        issued = f"issued {each.issued_at:%Y-%m-%d %H:%M}" if each.issued_at else _unissued(each)
        table.add_row(
            each.cadence,
            each.period,
            _plain(each.customer or each.audience),
            str(each.edition),
            issued,
            _plain(each.subject),
        )
    Console().print(table if table.row_count else none)


def _unissued(each: ReportEntry) -> str:
    return f"{each.approval}" if each.approval else "draft"


_COLOURS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.QUIET: "dim"}


def comparison_tables(found: Compared, tier_titles: Mapping[str, str]) -> None:
    """The answer, what to know before it, what was restated, and a table a group of figures."""
    console = Console(soft_wrap=True, highlight=False)
    reader = Reader(DEFAULT, "UTC", tier_titles=tier_titles)
    console.print(_plain(comparing.answer(found.comparison)))
    for note in found.notes:
        console.print(_plain(f"  {note}"))
    for each in found.comparison.restated:
        console.print(_plain(f"  Restated: {comparing.restated(each, reader)}"))
    heads = [f"{each.period}, edition {each.edition}" for each in (found.first, found.second)]
    for block in comparing.blocks(found.comparison, reader):
        table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
        for name in (block.title, "figure", *heads, "difference"):
            table.add_column(name, overflow="fold")
        for row in block.rows:
            words = Text(row.difference or "–", style=_COLOURS.get(row.tone, ""))
            table.add_row(_plain(row.name), row.what, row.first, row.second, words)
        console.print()
        Console().print(table)


@contextmanager
def bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error: reports made, of how many, and the time that is left."""
    columns = (
        TextColumn("Reports"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reports", total=None)

        def advance(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        yield advance


def _plain(text: str) -> Text:
    """Foreign text is shown, never read as markup or as control characters."""
    return Text(printable_line(text))
