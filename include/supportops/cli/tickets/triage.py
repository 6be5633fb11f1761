"""`supportops triage`: tries the rules that give a ticket its tier, and decides in doubt."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supportops.bootstrap import config_folder, open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, fields, print_json
from supportops.files import open_file
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.tickets.triage import Decision

app = typer.Typer(name="triage", help="Which tier a ticket gets, and why.", no_args_is_help=True)


@app.command("explain")
def explain_text(
    text: Annotated[str, typer.Argument(help="What the customer wrote.")] = "",
    ticket: Annotated[
        str, typer.Option(help="A stored ticket instead: NUMBER or SOURCE/NUMBER.")
    ] = "",
    subject: Annotated[str, typer.Option(help="The ticket's subject.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")] = None,
    channel: Annotated[str, typer.Option(help="How it came: voice, email, web, ...")] = "",
    header: Annotated[
        list[str] | None, typer.Option(help="A header of the e-mail, NAME=VALUE; may be repeated.")
    ] = None,
    priority: Annotated[str | None, typer.Option(help="What an agent has set.")] = None,
    site: Annotated[str | None, typer.Option(help="Its site; is it down now?")] = None,
    outage: Annotated[bool, typer.Option("--outage", help="As if its site were down.")] = False,
    as_json: Json = False,
) -> None:
    """Say which rule decides on a text or a stored ticket, and what every rule found."""
    if ticket:
        given = (text, subject, tag, field, channel, header, priority, site, outage)
        if any(given):
            fail("--ticket takes everything from the stored ticket: give nothing else")
        _explain_stored(ticket, as_json)
        return
    if not (text or subject or tag or field or channel or header or priority or site or outage):
        fail("nothing to explain: give a text, or a stored ticket with --ticket")
    from supportops.config.loader import load_triage
    from supportops.tickets.triage import Situation, explain

    rules = load_triage(config_folder())
    situation = Situation(
        subject=subject,
        text=text,
        tags=frozenset(tag or ()),
        fields=_pairs("--field", field or []),
        outage=outage or (site is not None and _is_down(site, now())),
        priority=priority,
        channel=channel,
        headers=_pairs("--header", header or []),
    )
    _show_decision(explain(situation, rules), as_json)


@app.command("test")
def try_texts(
    file: Annotated[Path, typer.Argument(help="CSV with the columns subject, text and tier.")],
    at_least: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Exit 1 if fewer than so many per cent are right."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try the rules on texts whose tier is known: a confusion table, and every miss."""
    from supportops.config.loader import load_triage
    from supportops.tickets.trial import LabelsError, run

    rules = load_triage(config_folder())
    try:
        with TextIOWrapper(open_file(file), encoding="utf-8-sig", newline="") as lines:
            outcome = run(rules, lines)
    except LabelsError as error:
        fail(f"{file}: {error}")
    if as_json:
        print_json(outcome.to_json())
    else:
        from supportops.cli.tables.triage import outcome_table

        outcome_table(outcome)
    short = at_least is not None and outcome.share * 100 < at_least
    raise typer.Exit(FINDINGS if short else FINE)


@app.command("doubtful")
def doubtful(as_json: Json = False) -> None:
    """List the open tickets whose tier a person should decide, the oldest first."""
    from supportops.flows.tickets import doubtful_tickets as flow

    with open_context() as context:
        found = flow.undecided(context, now())
    if as_json:
        print_json([fields(each) for each in found])
        return
    if not found:
        echo("no open ticket is doubtful")
        return
    from supportops.cli.tables.triage import doubtful_table

    doubtful_table(found)


@app.command("decide")
def decide(
    ticket: Annotated[str, typer.Argument(help="NUMBER or SOURCE/NUMBER.")],
    tier: Annotated[str, typer.Argument(help="The tier that it has had from its creation.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    as_json: Json = False,
) -> None:
    """Decide which tier a doubtful ticket has; who and when are stored."""
    from supportops.flows.tickets import doubtful_tickets as flow

    with open_context() as context:
        decided = flow.decide(context, ticket, tier, by, now())
    if as_json:
        print_json(decided)
        return
    echo(f"{decided['ticket']} is {decided['tier']}, decided by {printable_line(decided['by'])}")


def _explain_stored(ticket: str, as_json: bool) -> None:
    from supportops.flows.tickets import doubtful_tickets as flow

    with open_context() as context:
        stored = flow.explain_stored(context, ticket, now())
    more = {"ticket": ticket, "stored_tier": stored.tier, "stored_by": stored.by}
    _show_decision(stored.decision, as_json, more if as_json else None)
    if not as_json:
        by = f", by {printable_line(stored.by)}" if stored.by else ""
        echo(f"the ticket's tier is {stored.tier or 'not set yet'}{by}")


def _is_down(site: str, at: datetime) -> bool:
    from supportops.flows.tickets.ticket_import import outages

    with open_context() as context:
        return outages(context.engine, at)(site, at)


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            fail(f"{option} {name!r}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _show_decision(decision: Decision, as_json: bool, more: dict[str, Any] | None = None) -> None:
    if as_json:
        print_json(asdict(decision) | {"doubtful": decision.doubtful} | (more or {}))
        return
    from supportops.cli.tables.triage import decision_table

    decision_table(decision)
