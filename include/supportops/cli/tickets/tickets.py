"""`supportops tickets`: loads a file of tickets, shows one, and works on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supportops.bootstrap import open_context, open_ticket_sources
from supportops.cli.alerts.options import person
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, print_json
from supportops.rendering.printable import printable_line
from supportops.tickets.imports.mapping import FileFormat
from supportops.tickets.ticket import Status

if TYPE_CHECKING:
    from supportops.flows.tickets.show_ticket import TicketHistory
    from supportops.tickets.imports.file_import import Progress
    from supportops.tickets.imports.summary import ImportSummary
    from supportops.tickets.ticket import Event


class Order(StrEnum):
    """What stands first in dates such as 03/04/2026."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class Decimal(StrEnum):
    """The sign before decimals."""

    COMMA = "comma"
    POINT = "point"


app = typer.Typer(
    name="tickets", help="The tickets: load a file, look at one, work on one.", no_args_is_help=True
)


Named = Annotated[str, typer.Argument(help="The ticket's number, or SOURCE/NUMBER.")]
Words = Annotated[str, typer.Argument(help="The text.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; your login name if left out.")]


@app.command("import")
def import_tickets(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or JSON; text also gzipped.")],
    mapping: Annotated[str, typer.Option(help="A file's name in config/imports/.")] = "generic",
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad rows go; FILE.quarantine.jsonl by default.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be loaded, and load nothing.")
    ] = False,
    form: Annotated[
        FileFormat | None, typer.Option("--format", help="Instead of the mapping's.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Such as utf-8 or cp1252.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Such as ; or tab.")] = None,
    dates: Annotated[
        Order | None, typer.Option(help="Day, month or year first: dmy, mdy, ymd.")
    ] = None,
    decimal: Annotated[Decimal | None, typer.Option(help="The sign before decimals.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="The zone of instants without one, such as Europe/Lisbon.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Load a file of tickets; loading it again changes nothing. Exit 1 if rows were bad."""
    from supportops.flows.tickets import ticket_import as flow
    from supportops.tickets.imports.file_form import ImportFault
    from supportops.tickets.imports.written import Written

    written = Written(
        form,
        _checked("--encoding", encoding),
        _checked("--delimiter", delimiter),
        None if dates is None else dates.value,
        _checked("--zone", zone),
        None if decimal is None else decimal is Decimal.COMMA,
    )
    with open_context() as context, _bar(file, shown=not as_json) as progress:
        act = partial(flow.trial if dry_run else flow.run, context.engine, context.config, file)
        more = {} if dry_run else {"rejects": rejects}
        try:
            summary = act(mapping, now(), progress=progress, written=written, **more)
        except (ImportFault, OSError) as error:
            fail(f"{file}: {error}" if isinstance(error, ImportFault) else str(error))
    _show_import(summary, as_json)
    raise typer.Exit(FINDINGS if summary.bad else FINE)


@app.command("mapping")
def propose_mapping(
    file: Annotated[Path, typer.Argument(help="A file of tickets.")],
    source: Annotated[str, typer.Option(help="The name of the tickets' source.")] = "helpdesk",
) -> None:
    """Propose a mapping for a file, as YAML, with what was guessed and from which columns."""
    from supportops.tickets.imports.file_form import ImportFault
    from supportops.tickets.imports.proposal import proposed

    try:
        echo(proposed(file, source))
    except ImportFault as error:
        fail(f"{file}: {error}")


def _checked(option: str, word: str | None) -> str | None:
    """A word for an option that a mapping could hold as well; fails for another."""
    if word is None:
        return None
    from supportops.config.of_tickets.imports import delimiter_sign, encoding_name
    from supportops.config.values import zone_name

    checks = {"--encoding": encoding_name, "--delimiter": delimiter_sign, "--zone": zone_name}
    try:
        return checks[option](word)
    except ValueError as error:
        fail(f"{option} {word[:60]}: {error}")


@app.command("show")
def show(
    ticket: Annotated[str, typer.Argument(help="The ticket's number, or SOURCE/NUMBER.")],
    at: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="As it was then (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a ticket and what happened to it, now or as of any instant."""
    from supportops.flows.tickets import show_ticket as flow

    with open_context() as context:
        history = flow.as_of(context, ticket, to_utc(at) if at is not None else now())
    _show_ticket(history, as_json)


@app.command("note")
def note(ticket: Named, text: Words, by: By = None, as_json: Json = False) -> None:
    """Add an internal note to a ticket."""
    from supportops.flows.tickets import ticket_acts as flow

    _act(ticket, lambda: flow.note(person(by), text), as_json)


@app.command("reply")
def reply(ticket: Named, text: Words, by: By = None, as_json: Json = False) -> None:
    """Write down what the customer was answered: it counts as the reply."""
    from supportops.flows.tickets import ticket_acts as flow

    _act(ticket, lambda: flow.reply(person(by), text), as_json)


@app.command("solve")
def solve(
    ticket: Named,
    text: Annotated[str, typer.Argument(help="What the customer was answered, if at all.")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Solve a ticket; the alert of a call ends with it."""
    from supportops.flows.tickets import ticket_acts as flow

    _act(ticket, lambda: flow.solve(person(by), text), as_json)


@app.command("reopen")
def reopen(ticket: Named, by: By = None, as_json: Json = False) -> None:
    """Open a solved ticket again: its clocks go on."""
    from supportops.flows.tickets import ticket_acts as flow

    _act(ticket, lambda: flow.reopen(person(by)), as_json)


@app.command("set")
def set_values(
    ticket: Named,
    status: Annotated[
        Status | None, typer.Option(help="pending (waits for the customer), hold or open.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="A tier of service_levels.yaml.")] = None,
    priority: Annotated[str | None, typer.Option(help="low, normal, high or urgent.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who works on it.")] = None,
    site: Annotated[str | None, typer.Option(help="The site that it is about.")] = None,
    customer: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="A site or customer that nothing else names too.")
    ] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Change a ticket's status, tier, priority, assignee, site or customer."""
    from supportops.flows.tickets import ticket_acts as flow
    from supportops.tickets.ticket import EventKind

    given = {
        EventKind.TIER: tier,
        EventKind.PRIORITY: priority,
        EventKind.ASSIGNEE: assignee,
        EventKind.SITE: site,
        EventKind.CUSTOMER: customer,
    }
    values = {kind: value for kind, value in given.items() if value is not None}
    _act(ticket, lambda: flow.change(person(by), status, values), as_json, as_written=as_written)


def _act(ticket: str, made: Callable[[], Any], as_json: bool, *, as_written: bool = False) -> None:
    from supportops.flows.tickets import ticket_acts as flow

    try:
        act = made()
        with open_context() as context, open_ticket_sources() as sources:
            done = flow.run(context, ticket, act, now(), sources, as_written=as_written)
    except flow.ActError as error:
        hint = " (--as-written stores it all the same)" if error.free else ""
        fail(f"{ticket}: {error}{hint}")
    if as_json:
        print_json(done.to_json())
    else:
        echo(printable_line(f"{done.ticket}: {'; '.join(done.said)}"))


@contextmanager
def _bar(file: Path, *, shown: bool) -> Iterator[Progress | None]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(printable_line(file.name), total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


def _show_import(summary: ImportSummary, as_json: bool) -> None:
    if as_json:
        print_json(summary.to_json())
        return
    from supportops.cli.tables.imports import summary_lines

    for line in summary_lines(summary):
        echo(line)


def _show_ticket(history: TicketHistory, as_json: bool) -> None:
    ticket, events = history.ticket, history.events
    if as_json:
        state = asdict(ticket) | {"open": ticket.open}
        print_json({"ticket": state, "events": [_event_json(event) for event in events]})
        return
    from supportops.cli.tables.tickets import event_table, ticket_lines

    ticket_lines(ticket)
    event_table(events)


def _event_json(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__} | {"facts": dict(event.facts)}
