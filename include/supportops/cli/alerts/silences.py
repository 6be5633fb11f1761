"""`supportops alerts silence`: who is not to be notified of what, until when, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.alerts.options import By, For, Until, end, person
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, print_json, warn
from supportops.context import Context
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.alerts.silencing.silence import Silence
    from supportops.flows.alerts.silences import NewSilence

group = typer.Typer(
    name="silence", help="Alarms that are not to be sent for a time.", no_args_is_help=True
)

Matchers = Annotated[
    list[str],
    typer.Argument(
        metavar="LABEL=VALUE...",
        help="site=shop, kind=outage,fault, site=shop-*, host=~web-[0-9]+; all have to match. "
        "Labels: kind, severity, site, customer, host.",
    ),
]
Reason = Annotated[str, typer.Option(help="Why.")]
Start = Annotated[
    datetime | None,
    typer.Option("--from", formats=FORMATS, help="From when; now if left out. UTC without offset."),
]
Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The silence's number.")]


@group.command("add")
def add(
    matchers: Matchers,
    reason: Reason,
    length: For = None,
    until: Until = None,
    start: Start = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Send no alarms, steps and reminders about what matches; what is open at the end is sent."""
    from supportops.flows.alerts import silences as flow

    at = now()
    new = _new(matchers, reason, length, until, start, by, at)
    _show(lambda context: flow.add(context, new, at), as_json)


@group.command("change")
def change(
    number: Number,
    matchers: Matchers,
    reason: Reason,
    length: For = None,
    until: Until = None,
    start: Start = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Replace a silence: the one ends and another begins, without a gap."""
    from supportops.flows.alerts import silences as flow

    at = now()
    new = _new(matchers, reason, length, until, start, by, at)
    _show(lambda context: flow.change(context, number, new, at), as_json)


@group.command("expire")
def expire(number: Number, by: By = None, as_json: Json = False) -> None:
    """End a silence now: what it kept back and is still open is sent by the next dispatch."""
    from supportops.flows.alerts import silences as flow

    who, at = person(by), now()
    _show(lambda context: flow.expire(context, number, who, at), as_json)


@group.command("list")
def list_silences(
    expired: Annotated[bool, typer.Option(help="Also those that are over.")] = False,
    as_json: Json = False,
) -> None:
    """Show the silences that are in force or to come, and the open alerts that they are about."""
    from supportops.cli.tables.alerts import silence_json, silence_table
    from supportops.flows.alerts import silences as flow

    with open_context() as context:
        found = flow.listed(context, now(), expired=expired)
    if as_json:
        print_json([silence_json(each) for each in found])
    else:
        silence_table(found)
    raise typer.Exit(FINE)


@group.command("preview")
def preview(matchers: Matchers, as_json: Json = False) -> None:
    """Show what a silence would be about now: open alerts, and sites of the configuration."""
    from supportops.alerts.routing.matcher import MatcherError
    from supportops.alerts.silencing.silence import parsed
    from supportops.cli.tables.alerts import preview_json, preview_lines
    from supportops.flows.alerts import silences as flow

    with open_context() as context:
        try:
            found = flow.preview(context, parsed(matchers), now())
        except MatcherError as error:
            fail(str(error))
    if as_json:
        print_json(preview_json(found))
    else:
        echo("\n".join(preview_lines(found)))
    raise typer.Exit(FINE if found.alerts or found.sites else FINDINGS)


def _new(
    matchers: list[str],
    reason: str,
    length: str | None,
    until: datetime | None,
    start: datetime | None,
    by: str | None,
    at: datetime,
) -> NewSilence:
    from supportops.alerts.routing.matcher import MatcherError
    from supportops.alerts.silencing.silence import parsed
    from supportops.flows.alerts.silences import NewSilence

    begins = at if start is None else to_utc(start)
    ends = end(length, until, max(begins, at))
    if ends is None:
        fail("until when? say --for 2h or --until 2026-11-24T14:00")
    try:
        return NewSilence(parsed(matchers), begins, ends, reason, person(by))
    except MatcherError as error:
        fail(str(error))


def _show(act: Callable[[Context], Silence], as_json: bool) -> None:
    from supportops.alerts.routing.matcher import MatcherError
    from supportops.cli.tables.alerts import silence_json, silence_line
    from supportops.flows.alerts import silences as flow

    with open_context() as context:
        try:
            made = act(context)
        except (flow.SilenceError, MatcherError) as error:
            fail(str(error))
        known = flow.preview(context, made.matchers, now())
    if as_json:
        print_json(silence_json(made))
        return
    echo(printable_line(silence_line(made)))
    for line in known.unknown if made.expired_at is None else ():
        warn(line)
