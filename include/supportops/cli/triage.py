"""`supportops triage`: tries the rules that give a ticket its tier."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import config_folder, open_context
from supportops.cli.instants import now
from supportops.cli.output import Json, fail, print_json

if TYPE_CHECKING:
    from supportops.tickets.triage import Decision

app = typer.Typer(name="triage", help="Which tier a ticket gets, and why.", no_args_is_help=True)


@app.command("explain")
def explain_text(
    text: Annotated[str, typer.Argument(help="What the customer wrote.")],
    subject: Annotated[str, typer.Option(help="The ticket's subject.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")] = None,
    priority: Annotated[str | None, typer.Option(help="What an agent has set.")] = None,
    site: Annotated[str | None, typer.Option(help="Its site; is it down now?")] = None,
    outage: Annotated[bool, typer.Option("--outage", help="As if its site were down.")] = False,
    as_json: Json = False,
) -> None:
    """Say which rule decides on a text, and what every rule found."""
    from supportops.config.loader import load_triage
    from supportops.tickets.triage import Situation, explain

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


def _is_down(site: str, at: datetime) -> bool:
    from supportops.flows.ticket_import import outages

    with open_context() as context:
        return outages(context.engine, at)(site, at)


def _fields(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            fail(f"--field {name!r}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _show_decision(decision: Decision, as_json: bool) -> None:
    if as_json:
        print_json(asdict(decision))
        return
    from supportops.cli.tables.tickets import decision_table

    decision_table(decision)
