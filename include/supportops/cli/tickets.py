"""`supportops tickets ...` and `supportops triage ...`: load tickets, see one, try the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supportops.bootstrap import config_folder, open_context
from supportops.cli.output import FINDINGS, FINE, Json, print_json

if TYPE_CHECKING:
    from supportops.tickets.imports.csv_import import ImportSummary, Progress
    from supportops.tickets.ticket import Event, Ticket
    from supportops.tickets.triage import Decision


Clock = Callable[[], datetime]
Told = Callable[[], AbstractContextManager[None]]
Instant = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def tickets_app(now: Clock, told: Told) -> typer.Typer:
    """The commands about tickets, with the clock and the teller of faults of the entrance."""
    app = typer.Typer(help="The tickets: load a file, look at one.", no_args_is_help=True)

    @app.command("import")
    def import_tickets(
        file: Annotated[Path, typer.Argument(help="CSV or JSON lines, also gzipped.")],
        mapping: Annotated[str, typer.Option(help="A file's name in config/imports/.")] = "generic",
        rejects: Annotated[
            Path | None, typer.Option(help="Where bad rows go; FILE.quarantine.jsonl if not said.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Load a file of tickets; loading it again changes nothing. Exit 1 if rows were bad."""
        from supportops.flows import ticket_import as flow
        from supportops.tickets.imports.record_file import ImportFault

        with told(), open_context() as context, _bar(file, shown=not as_json) as progress:
            try:
                summary = flow.run(
                    context.engine,
                    context.config,
                    file,
                    mapping,
                    now(),
                    progress=progress,
                    rejects=rejects,
                )
            except (ImportFault, OSError) as error:
                fault = f"{file}: {error}" if isinstance(error, ImportFault) else str(error)
                raise LookupError(fault) from None
        _show_import(summary, as_json)
        raise typer.Exit(FINDINGS if summary.bad else FINE)

    @app.command("show")
    def show(
        ticket: Annotated[str, typer.Argument(help="The ticket's number, or SOURCE/NUMBER.")],
        at: Annotated[
            datetime | None, typer.Option(formats=Instant, help="As it was then (UTC).")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Show a ticket and what happened to it, now or as of any instant."""
        from supportops.db.engine import reading
        from supportops.tickets.log.store import events_of
        from supportops.tickets.ticket import fold

        instant = at.replace(tzinfo=UTC) if at is not None else now()
        with told(), open_context() as context, reading(context.engine) as connection:
            source, number = _found(connection, ticket)
            events = events_of(connection, source, number, until=instant)
            if not events:
                raise LookupError(f"nothing had happened to {ticket!r} by {instant:%Y-%m-%d %H:%M}")
        _show_ticket(fold(events), events, as_json)

    return app


def triage_app(now: Clock, told: Told) -> typer.Typer:
    """The commands about triage, with the clock and the teller of faults of the entrance."""
    app = typer.Typer(help="Which tier a ticket is promised, and why.", no_args_is_help=True)

    @app.callback()
    def _group() -> None:
        """Which tier a ticket is promised, and why."""

    @app.command("explain")
    def explain_text(
        text: Annotated[str, typer.Argument(help="What the customer wrote.")],
        subject: Annotated[str, typer.Option(help="The ticket's subject.")] = "",
        tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
        field: Annotated[
            list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")
        ] = None,
        priority: Annotated[str | None, typer.Option(help="What an agent has set.")] = None,
        site: Annotated[str | None, typer.Option(help="Its site; is it down now?")] = None,
        outage: Annotated[bool, typer.Option("--outage", help="As if its site were down.")] = False,
        as_json: Json = False,
    ) -> None:
        """Say which rule decides on a text, and what every rule found."""
        from supportops.config.triage import load_triage
        from supportops.tickets.triage import Situation, explain

        with told():
            rules = load_triage(config_folder())
            situation = Situation(
                subject=subject,
                text=text,
                tags=frozenset(tag or ()),
                fields=_fields(field or []),
                outage=outage or (site is not None and _is_down(site, now())),
                priority=priority,
            )
        _show_decision(explain(situation, rules), as_json)

    return app


def _is_down(site: str, at: datetime) -> bool:
    from supportops.flows.ticket_import import outages

    with open_context() as context:
        return outages(context.engine, at)(site, at)


def _found(connection: Any, ticket: str) -> tuple[str, str]:
    """Source and number. Raises LookupError where it is none or could be several."""
    from supportops.tickets.log.store import sources_of

    source, slash, number = ticket.partition("/")
    if slash and source in sources_of(connection, number):
        return source, number
    sources = sources_of(connection, ticket)
    if len(sources) == 1:
        return sources[0], ticket
    if sources:
        several = ", ".join(f"{each}/{ticket}" for each in sources)
        raise LookupError(f"several tickets are called {ticket!r}: {several}")
    raise LookupError(f"no ticket {ticket!r}")


def _fields(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise LookupError(f"--field {name!r}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


@contextmanager
def _bar(file: Path, *, shown: bool) -> Iterator[Progress | None]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from supportops.rendering.render import one_line

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(one_line(file.name), total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


def _show_import(summary: ImportSummary, as_json: bool) -> None:
    from supportops.rendering.render import one_line

    if as_json:
        print_json(summary.to_json())
        return
    typer.echo(
        f"{summary.rows} rows: {summary.loaded} loaded, {summary.bad} bad; "
        f"{summary.new_events} new events, {summary.known_events} known, "
        f"{summary.new_tickets} new tickets"
    )
    if summary.rejects is not None:
        typer.echo(f"the bad rows and why: {one_line(summary.rejects)}")


def _show_ticket(ticket: Ticket, events: tuple[Event, ...], as_json: bool) -> None:
    if as_json:
        told = asdict(ticket) | {"open": ticket.open}
        print_json({"ticket": told, "events": [_event_json(event) for event in events]})
        return
    from supportops.cli.tables.tickets import event_table, ticket_lines

    ticket_lines(ticket)
    event_table(events)


def _show_decision(decision: Decision, as_json: bool) -> None:
    if as_json:
        print_json(asdict(decision))
        return
    from supportops.cli.tables.tickets import decision_table

    decision_table(decision)


def _event_json(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__} | {"facts": dict(event.facts)}
