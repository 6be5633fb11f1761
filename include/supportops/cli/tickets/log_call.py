"""`supportops log-call`: logs a customer's call without Airflow's form."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import typer

from supportops.bootstrap import open_context
from supportops.cli.alerts.options import By, person
from supportops.cli.instants import now
from supportops.cli.output import Json, echo, fail, print_json
from supportops.rendering.printable import printable_line

app = typer.Typer()


@app.command("log-call")
def log_call(
    customer: Annotated[str, typer.Argument(help="Who calls.")],
    what: Annotated[str, typer.Argument(help="What has happened, in the caller's words.")],
    site: Annotated[str, typer.Option(help="Its name or address, if it is about one.")] = "",
    number: Annotated[str, typer.Option(help="Where to call back.")] = "",
    tier: Annotated[
        str, typer.Option(help="How urgent it is; by triage of its words if left out.")
    ] = "",
    call_id: Annotated[
        str | None, typer.Option("--id", help="Repeating a call with its id adds nothing.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take down a call: a ticket, and a page with the next dispatch if its tier wakes people."""
    from supportops.flows.tickets import log_call as flow

    try:
        call = flow.Call.checked(customer, what, site, number, tier, person(by))
    except flow.CallError as error:
        fail(str(error))
    run_id = f"shell__{call_id or uuid.uuid4()}"
    with open_context() as context:
        at = now()
        try:
            summary = flow.run(context.engine, context.config, call, run_id, at, at)
        except flow.CallError as error:
            fail(str(error))
    if as_json:
        print_json(summary)
    else:
        _show(summary)


def _show(summary: dict[str, Any]) -> None:
    state = "logged" if summary["new"] else "was logged before"
    echo(f"{summary['ticket']} {state}")
    tier = printable_line(summary["tier"] or "default tier")
    echo(f"{tier}: {'the engineers are paged' if summary['pages'] else _WAITS}")
    if summary["site"] and not summary["site_known"]:
        hint = _hint(summary["near"])
        echo(f"we check no site called {printable_line(summary['site'])!r}{hint}")
    if summary["near_customers"]:
        echo(f"no file names this customer{_hint(summary['near_customers'])}")
    if summary["outage"]:
        echo(f"we know already: {printable_line(summary['outage'])}")
    if summary["hint"]:
        echo(f"a hint: {printable_line(summary['hint'])}")


_WAITS = "nobody is paged; if it cannot wait: `supportops tickets set TICKET --tier ...`"


def _hint(names: list[str]) -> str:
    return f"; did you mean {printable_line(' or '.join(names))}?" if names else ""
