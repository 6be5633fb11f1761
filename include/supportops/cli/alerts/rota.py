"""`supportops rota`: who is on duty, what is wrong with the rota, and calendars in and out."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import config_folder, open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, USAGE, Json, echo, fail, fields, print_json, warn
from supportops.connections import SetupError
from supportops.files import open_file
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.config.configuration import Configuration
    from supportops.context import Context
    from supportops.flows.rota.rota import OnDuty

app = typer.Typer(name="rota", help="Who is on duty.", no_args_is_help=True)

TeamName = Annotated[str | None, typer.Option(help="A team of rota.yaml; all by default.")]
_DAYS = 90
_LARGEST = 20_000_000


@app.command("who")
def who(
    team: TeamName = None,
    at: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="Then (UTC); now by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who is on duty, until when, and who comes next. Exit 1 where nobody is."""
    from supportops.flows.rota import rota as flow

    with ExitStack() as stack:
        configuration, _ = _opened(stack)
        found = flow.who(configuration, team, now() if at is None else to_utc(at))
    if as_json:
        print_json([each.to_json() for each in found])
    else:
        for each in found:
            echo(printable_line(_line(each)))
    raise typer.Exit(FINE if all(each.people for each in found) else FINDINGS)


@app.command("check")
def check(as_json: Json = False) -> None:
    """Check the year to come: gaps, overlaps, hours that a clock skips, people without a way.

    Exit 1 where something is found, 2 where rota.yaml or alerts.yaml cannot be used.
    """
    from supportops.config.configuration import File
    from supportops.config.loader import check as check_folder
    from supportops.flows.rota import rota as flow
    from supportops.flows.rota import rota_calendars

    with ExitStack() as stack:
        try:
            context: Context | None = stack.enter_context(open_context())
        except SetupError:
            context = None
            warn("no store is named: whether messages fail is not known")
        calendars = rota_calendars.known(context.engine) if context else {}
        folder = context.config if context else config_folder()
        checked = check_folder(folder, calendars=calendars)
        checked.configuration.require(File.ROTA, File.ALERTS)
        failing = flow.failing_targets(context.engine) if context else set()
        secrets = context.secrets if context else None
        found = [
            *flow.findings(checked.configuration, now(), secrets, failing),
            *rota_calendars.findings(checked.configuration, calendars),
        ]
    faults = [fault for name in (File.ROTA, File.ALERTS) for fault in checked.faults.get(name, ())]
    if as_json:
        print_json([fields(each) for each in (*faults, *found)])
    else:
        for each in (*faults, *found):
            echo(printable_line(str(each)))
        if not (faults or found):
            teams = checked.configuration.rota.teams
            echo(f"fine: {', '.join(teams)}")
    raise typer.Exit(USAGE if faults else FINDINGS if found else FINE)


@app.command("read")
def read(as_json: Json = False) -> None:
    """Read the calendars that rota.yaml names, now. Exit 1 where one cannot be read."""
    from supportops.flows.rota import rota_calendars as flow

    with open_context() as context:
        summary = flow.run(context, now())
    if as_json:
        print_json(summary)
    else:
        for team in summary["read"]:
            unknown = summary["unknown"].get(team, 0)
            echo(printable_line(f"{team}: read{_nobodys(unknown)}"))
        for team, why in summary["failed"].items():
            warn(printable_line(f"{team}: {why}"))
        if not (summary["read"] or summary["failed"]):
            echo(flow.NO_CALENDAR)
    raise typer.Exit(FINDINGS if summary["failed"] else FINE)


def _nobodys(count: int) -> str:
    if not count:
        return ""
    return f"; {count} {'event names' if count == 1 else 'events name'} nobody of rota.yaml"


@app.command("export")
def export(
    team: TeamName = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="Now by default.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=FORMATS, help=f"{_DAYS} days later by default."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Write the duties as a calendar (.ics) that phones and calendar programs read."""
    from supportops.flows.rota import rota as flow

    begin = now() if since is None else to_utc(since)
    end = begin + timedelta(days=_DAYS) if until is None else to_utc(until)
    with ExitStack() as stack:
        configuration, _ = _opened(stack)
        try:
            text = flow.export(configuration, team, begin, end, now())
        except ValueError as error:
            fail(str(error))
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_bytes(text.encode())
    except OSError as error:
        fail(f"{out}: {error.strerror}")
    echo(printable_line(f"written: {out}"))


@app.command("import")
def import_calendar(
    file: Annotated[Path, typer.Argument(help="A calendar (.ics); - for standard input.")],
    team: Annotated[str, typer.Option(help="The team whose duty it is.")],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="Now by default.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=FORMATS, help=f"{_DAYS} days later by default."),
    ] = None,
) -> None:
    """Print the duties in a calendar as `overrides` for rota.yaml. Exit 1 for events of nobody."""
    from supportops.alerts.rota.calendar_reading import CalendarError
    from supportops.flows.rota import rota as flow

    begin = now() if since is None else to_utc(since)
    end = begin + timedelta(days=_DAYS) if until is None else to_utc(until)
    try:
        content = sys.stdin.buffer.read(_LARGEST + 1) if str(file) == "-" else _content(file)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    if len(content) > _LARGEST:
        fail(f"{file}: more than {_LARGEST // 1_000_000} MB")
    with ExitStack() as stack:
        configuration, _ = _opened(stack)
        try:
            found = flow.read_calendar(configuration, team, content.decode(), begin, end)
        except UnicodeDecodeError:
            fail(f"{file}: it is not UTF-8, so no calendar")
        except CalendarError as error:
            fail(f"{file}: {error}")
    for line in found.lines():
        echo(printable_line(line))
    for each in found.unknown:
        warn(
            f"nobody's: {printable_line(each.summary)[:80]!r} at {each.since:%Y-%m-%d %H:%M} UTC; "
            "an event names one person of rota.yaml"
        )
    raise typer.Exit(FINDINGS if found.unknown else FINE)


def _content(file: Path) -> bytes:
    with open_file(file) as opened:
        return opened.read(_LARGEST + 1)


def _opened(stack: ExitStack) -> tuple[Configuration, Context | None]:
    """The configuration that is in force; the files as they are where no store is named."""
    from supportops.config.loader import check as check_folder
    from supportops.flows.active_configuration import load_or_last_good

    try:
        context = stack.enter_context(open_context())
    except SetupError:
        warn("no store is named: the files count as they are, not their last good versions")
        return check_folder(config_folder()).configuration, None
    configuration, _ = load_or_last_good(context.engine, context.config, now())
    return configuration, context


def _line(each: OnDuty) -> str:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(each.zone)
    who_is = " and ".join(each.people) or "nobody: an alert goes to the whole team"
    until = f"{each.until.astimezone(zone):%a %d %b %Y %H:%M %Z}"
    following = " and ".join(each.next_people)
    by = f" ({', '.join(each.targets)})" if each.targets else ""
    return f"{each.team}: {who_is}{by}, until {until}" + (
        f", then {following}" if following else ""
    )
