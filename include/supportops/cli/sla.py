"""`supportops explain`, `clocks` and `replay`: the service levels, told from a shell."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.output import FINDINGS, FINE, Json, fail, print_json
from supportops.rendering.formulas import never_formula

if TYPE_CHECKING:
    from supportops.flows.ticketing.judged_tickets import Unjudged
    from supportops.sla.policy import PolicyBook


Clock = Callable[[], datetime]
Told = Callable[[], AbstractContextManager[None]]
FORMATS = [
    *("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"),
    *("%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
]
At = Annotated[datetime | None, typer.Option(formats=FORMATS, help="As of then (UTC); else now.")]


class Shape(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def mount(app: typer.Typer, now: Clock, told: Told) -> None:
    """Adds the commands, with the clock and the teller of faults of the entrance."""
    _mount_explain(app, now, told)
    _mount_clocks(app, now, told)
    _mount_replay(app, now, told)


def _mount_explain(app: typer.Typer, now: Clock, told: Told) -> None:
    @app.command("explain")
    def explain(
        ticket: Annotated[str, typer.Argument(help="The ticket's number, or SOURCE/NUMBER.")],
        at: At = None,
        source: Annotated[str | None, typer.Option(help="Where the ticket is from.")] = None,
        as_json: Json = False,
    ) -> None:
        """Explain a ticket's clocks: when each ran, what was promised, why it is due when it is."""
        from supportops.db.engine import reading
        from supportops.flows.explain_ticket import of_ticket
        from supportops.flows.ticketing.judged_tickets import policy_book

        with told(), open_context() as context:
            book = policy_book(context.config)
            with reading(context.engine) as connection:
                found = of_ticket(connection, book, ticket, source, _instant(at) or now())
        if as_json:
            print_json(found.to_json())
            return
        from supportops.cli.tables.sla import explained

        explained(found)


def _mount_clocks(app: typer.Typer, now: Clock, told: Told) -> None:
    @app.command("clocks")
    def clocks(
        at: At = None,
        as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
        as_json: Json = False,
        open_only: Annotated[bool, typer.Option("--open", help="Those still open alone.")] = False,
        tier: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    ) -> None:
        """List every clock of every ticket, a row each. Exit 1 if a ticket cannot be judged."""
        from supportops.db.engine import reading
        from supportops.flows import list_clocks
        from supportops.flows.ticketing.judged_tickets import Unjudgeable, policy_book

        if as_csv and as_json:
            fail("either --csv or --json")
        shape = Shape.CSV if as_csv else Shape.JSON if as_json else Shape.TABLE
        unjudgeable = Unjudgeable()
        with told(), open_context() as context:
            book = policy_book(context.config)
            _check_tiers(tier or [], book)
            with reading(context.engine) as connection:
                _write(
                    list_clocks.rows(
                        connection,
                        book,
                        _instant(at) or now(),
                        unjudgeable,
                        open_only=open_only,
                        tiers=tier or [],
                    ),
                    list_clocks.COLUMNS,
                    shape,
                )
                unjudged = unjudgeable.named(connection)
        _end(unjudged)


def _mount_replay(app: typer.Typer, now: Clock, told: Told) -> None:
    @app.command("replay")
    def replay(
        start: Annotated[datetime, typer.Option("--from", formats=FORMATS, help="UTC.")],
        end: Annotated[datetime, typer.Option("--to", formats=FORMATS, help="UTC, exclusive.")],
        policy: Annotated[
            list[Path] | None,
            typer.Option(help="Another service_levels.yaml to judge by; may be repeated."),
        ] = None,
        as_recorded: Annotated[
            bool, typer.Option("--as-recorded", help="By what had reached the store each hour.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Tell what every sweep of a past period said, and how its promises were kept.

        With other policies, how they would have been kept, side by side. Sends nothing.
        """
        from supportops.db.engine import reading
        from supportops.flows.replay import Period
        from supportops.flows.replay import replay as retell
        from supportops.flows.ticketing.judged_tickets import policy_book, policy_book_of

        period = Period(_aware(start), _aware(end), now())
        if period.end <= period.start:
            fail(f"--to must be after --from; found {period.start} to {period.end}")
        with told(), open_context() as context:
            books = {"in force": policy_book(context.config)}
            for file in policy or []:
                books[_name(file, books)] = policy_book_of(file)
            with reading(context.engine) as connection:
                found = retell(connection, books, period, as_recorded=as_recorded)
        if as_json:
            print_json(found.to_json())
        else:
            from supportops.cli.tables.sla import replayed

            replayed(found)
        _end(found.unjudged)


def _name(file: Path, books: dict[str, PolicyBook]) -> str:
    """A policy file's name in the answer; its path where the name is taken."""
    name = file.stem if file.stem not in books else str(file)
    if name in books:
        fail(f"--policy {file} is given twice")
    return name


def _check_tiers(tiers: list[str], book: PolicyBook) -> None:
    known = {p.tier for version in book.versions for p in version.promises}
    for tier in tiers:
        if tier not in known:
            raise LookupError(f"no tier {tier!r}; the promises know {', '.join(sorted(known))}")


def _write(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], shape: Shape) -> None:
    if shape is Shape.TABLE:
        from supportops.cli.tables.sla import clock_table

        clock_table(rows)
    elif shape is Shape.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            cells = (row[name] for name in columns)
            writer.writerow([never_formula(c) if isinstance(c, str) else c for c in cells])
    else:
        before = "["
        for row in rows:
            sys.stdout.write(f"{before}\n{json.dumps(row, ensure_ascii=False)}")
            before = ","
        sys.stdout.write("\n]\n" if before == "," else "[]\n")


def _end(unjudged: tuple[Unjudged, ...]) -> None:
    from supportops.rendering.render import one_line

    for each in unjudged:
        named = one_line(f"{each.source}/{each.ticket} cannot be judged: {each.why}")
        typer.echo(f"supportops: {named}", err=True)
    raise typer.Exit(FINDINGS if unjudged else FINE)


def _instant(at: datetime | None) -> datetime | None:
    return None if at is None else _aware(at)


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
