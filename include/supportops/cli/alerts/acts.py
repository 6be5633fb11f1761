"""`supportops alerts ack|take|unack|snooze|history`: what people do with an alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.alerts.options import By, For, Note, Ref, Until, end, person
from supportops.cli.instants import now
from supportops.cli.output import FINE, Json, echo, fail, fields, print_json
from supportops.context import Context
from supportops.rendering.printable import printable_line

app = typer.Typer()


@app.command("ack")
def acknowledge(
    ref: Ref,
    by: By = None,
    note: Note = "",
    length: For = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Take an alert: its reminders and later steps stop, for a time or until its end."""
    from supportops.flows.alerts import alert_acts as flow

    at, who = now(), person(by)
    last = end(length, until, at)
    _act(lambda c: flow.acknowledge(c, ref, who, at, note=note, until=last), as_json)


@app.command("take")
def take_over(
    ref: Ref,
    by: By = None,
    note: Note = "",
    length: For = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Take an alert over from whoever has it."""
    from supportops.flows.alerts import alert_acts as flow

    at, who = now(), person(by)
    last = end(length, until, at)
    _act(lambda c: flow.take_over(c, ref, who, at, note=note, until=last), as_json)


@app.command("unack")
def unacknowledge(ref: Ref, by: By = None, note: Note = "", as_json: Json = False) -> None:
    """Give an alert back: nobody has it, and it is escalated again."""
    from supportops.flows.alerts import alert_acts as flow

    at, who = now(), person(by)
    _act(lambda c: flow.unacknowledge(c, ref, who, at, note=note), as_json)


@app.command("snooze")
def snooze(
    ref: Ref,
    length: For = None,
    until: Until = None,
    over: Annotated[bool, typer.Option("--end", help="End a snooze before its time.")] = False,
    by: By = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Send no reminders of an alert and no further steps for a time; then they go on."""
    from supportops.flows.alerts import alert_acts as flow

    at, who = now(), person(by)
    last = end(length, until, at)
    if over:
        if last is not None:
            fail("--end ends a snooze: neither --for nor --until goes with it")
        _act(lambda c: flow.end_snooze(c, ref, who, at, note=note), as_json)
        return
    if last is None:
        fail("until when? say --for 2h or --until 2026-11-24T14:00")
    instant = last
    _act(lambda c: flow.snooze(c, ref, who, instant, at, note=note), as_json)


@app.command("history")
def history(ref: Ref, as_json: Json = False) -> None:
    """Show what became of an alert: acts, messages, silences, its beginning and end."""
    from supportops.flows.alerts import alert_acts as flow

    with open_context() as context:
        try:
            found = flow.history(context, ref, now())
        except flow.AlertActError as error:
            fail(str(error))
    if as_json:
        entries = [fields(each) for each in found.entries]
        print_json({"alert": fields(found.alert), "entries": entries})
        return
    from supportops.cli.tables.alerts import history_lines

    echo("\n".join(history_lines(found)))


def _act(act: Callable[[Context], Any], as_json: bool) -> None:
    from supportops.alerts.words.ticket import title
    from supportops.flows.alerts.alert_acts import AlertActError

    with open_context() as context:
        try:
            done = act(context)
        except AlertActError as error:
            fail(str(error))
    if as_json:
        print_json({"alert": fields(done.alert), "said": done.said})
    else:
        echo(printable_line(f"{title(done.alert)}: {done.said}"))
    raise typer.Exit(FINE)
