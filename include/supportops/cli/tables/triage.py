"""What the command line shows of triage; text from outside is made printable."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from supportops.cli.tables.tickets import plain, plain_table, when
from supportops.flows.tickets.doubtful_tickets import DoubtfulTicket
from supportops.tickets.triage import Decision
from supportops.tickets.trial import Outcome

_LONGEST_WORDS = 100


def decision_table(decision: Decision) -> None:
    """Prints the tier with its rule, then every rule and what it found."""
    console = Console()
    console.print(plain(f"{decision.tier}: {decision.rule}"))
    if decision.doubtful:
        console.print(plain(f"doubtful: it may be {' or '.join(decision.alternatives)}"))
    table = plain_table("rule", "tier", "matched", "why")
    for finding in decision.findings:
        matched = Text("yes", style="green") if finding.matched else Text("no")
        table.add_row(plain(finding.rule), plain(finding.tier), matched, plain(finding.why))
    console.print(table)


def outcome_table(outcome: Outcome) -> None:
    """Prints how many texts of each tier got which, then every miss."""
    console = Console()
    counted, tiers = outcome.confusion(), outcome.tiers
    table = plain_table("should be", *(printed.plain for printed in map(plain, tiers)), "right")
    for label in tiers:
        row = [counted[label, found] for found in tiers]
        if sum(row):
            right = f"{counted[label, label]} of {sum(row)}"
            table.add_row(plain(label), *(str(each or "") for each in row), right)
    console.print(table)
    console.print(
        f"{outcome.right} of {len(outcome.judged)} right ({outcome.share:.1%}), "
        f"{len(outcome.doubtful)} doubtful"
    )
    if not outcome.misses:
        return
    misses = plain_table("line", "should be", "is", "rule", "words")
    for each in outcome.misses:
        situation = each.labelled.situation
        words = f"{situation.subject} | {situation.text}"
        misses.add_row(
            str(each.labelled.line),
            plain(each.labelled.tier),
            plain(each.decision.tier),
            plain(each.decision.rule),
            plain(words[:_LONGEST_WORDS]),
        )
    console.print(misses)


def doubtful_table(found: Sequence[DoubtfulTicket]) -> None:
    """Prints a line for each doubtful ticket."""
    table = plain_table("ticket", "created (UTC)", "tier", "may be", "why", "subject")
    for each in found:
        table.add_row(
            plain(f"{each.source}/{each.ticket}"),
            when(each.created_at),
            plain(each.tier),
            plain(" or ".join(each.may_be)),
            plain(each.why),
            plain(each.subject),
        )
    Console().print(table)
