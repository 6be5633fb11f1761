"""`supportops tutorials`: which of them answer a text, and how often that is right."""

from __future__ import annotations

from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import config_folder, open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, Json, echo, fail, print_json
from supportops.files import open_file
from supportops.rendering.printable import printable_line

if TYPE_CHECKING:
    from supportops.config.configuration import Configuration
    from supportops.tutorials.trial import Trial

app = typer.Typer(name="tutorials", help="Tutorials that answer tickets.", no_args_is_help=True)

Least = Annotated[
    float | None, typer.Option(min=1, max=100, help="At another threshold, in per cent.")
]
_MOST_SHOWN = 20


@app.command("suggest")
def suggest(
    text: Annotated[str, typer.Argument(help="What the customer wrote.")] = "",
    ticket: Annotated[str | None, typer.Option(help="NUMBER or SOURCE/NUMBER instead.")] = None,
    least: Least = None,
    as_json: Json = False,
) -> None:
    """Show the tutorials that answer a text or a stored ticket. Exit 1 where none does."""
    from supportops.tutorials.matching import suggest as matching

    if bool(text.strip()) == (ticket is not None):
        fail("give a text, or a stored ticket with --ticket")
    library = _configuration().tutorials
    asked = text if ticket is None else _text_of(ticket)
    at = None if least is None else least / 100
    found = matching(asked, library, least=at)
    if as_json:
        print_json(
            [
                {"title": m.tutorial.title, "address": m.tutorial.address, "score": m.score}
                for m in found
            ]
        )
    else:
        threshold = library.offer.least if at is None else at
        for match in found:
            line = f"{match.score:.0%} {match.tutorial.title}: {match.tutorial.address}"
            echo(printable_line(line))
        if not found:
            echo(f"no tutorial reaches {threshold:.0%}")
    raise typer.Exit(FINE if found else FINDINGS)


@app.command("test")
def try_texts(
    file: Annotated[Path, typer.Argument(help="CSV with the columns text and tutorial.")],
    least: Least = None,
    at_least: Annotated[
        float | None, typer.Option(min=0, max=100, help="Exit 1 if the recall is lower, per cent.")
    ] = None,
    at_most: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Exit 1 if more unrelated texts get one, per cent."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try the tutorials on texts of which is known what answers them; every miss is shown."""
    from supportops.flows.tickets.tutorials import tried
    from supportops.tutorials.trial import LabelsError

    library = _configuration().tutorials
    try:
        with TextIOWrapper(open_file(file), encoding="utf-8-sig", newline="") as lines:
            outcome = tried(library, lines, None if least is None else least / 100)
    except (LabelsError, UnicodeDecodeError) as error:
        fail(f"{file}: {error}")
    if as_json:
        print_json(outcome.to_json())
    else:
        _show(outcome)
    short = at_least is not None and (outcome.recall or 0) * 100 < at_least
    wrong = at_most is not None and (outcome.wrong_offers or 0) * 100 > at_most
    raise typer.Exit(FINDINGS if short or wrong else FINE)


@app.command("spared")
def spared(
    since: Annotated[datetime, typer.Option("--from", formats=FORMATS, help="From then (UTC).")],
    until: Annotated[
        datetime | None, typer.Option("--to", formats=FORMATS, help="Until then; now by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which tutorials would have spared how many tickets, the most useful first."""
    from supportops.db.engine import reading
    from supportops.flows.tickets.tutorials import sparing

    start, end = to_utc(since), now() if until is None else to_utc(until)
    configuration = _configuration()
    with open_context() as context, reading(context.engine) as connection:
        found = sparing(connection, configuration, start, end)
    if as_json:
        lines = [
            {"title": e.tutorial.title, "address": e.tutorial.address, "tickets": e.tickets}
            for e in found.lines
        ]
        print_json({"tickets": found.asked, "matched": found.matched, "tutorials": lines})
        return
    for each in found.lines:
        echo(printable_line(f"{each.tickets:5} {each.tutorial.title}: {each.tutorial.address}"))
    echo(f"{found.matched} of {found.asked} tickets match a tutorial")


@app.command("read")
def read(
    address: Annotated[str, typer.Argument(help="A sitemap or feed: http, https, or a file.")],
    private: Annotated[
        bool, typer.Option("--private", help="It may be inside our own network.")
    ] = False,
) -> None:
    """Print the tutorials of a sitemap, RSS or Atom feed as entries for tutorials.yaml.

    Those that the file has already are left out. The questions are for you to write.
    """
    from supportops.flows.tickets.tutorials import DownloadError, FeedError, entries_of

    library = _configuration().tutorials
    try:
        found = entries_of(address, library, allow_private=private)
    except (DownloadError, FeedError) as error:
        fail(f"{address}: {error}")
    echo(found.rstrip("\n") if found else "# tutorials.yaml has all of them")


def _configuration() -> Configuration:
    from supportops.config.configuration import File
    from supportops.config.loader import check

    configuration = check(config_folder()).configuration
    configuration.require(File.TUTORIALS)
    return configuration


def _text_of(ticket: str) -> str:
    from supportops.flows.tickets.show_ticket import as_of
    from supportops.flows.tickets.tutorials import text_of

    with open_context() as context:
        return text_of(as_of(context, ticket, now()).events)


def _show(outcome: Trial) -> None:
    from supportops.tutorials.trial import AT

    recall, wrong = outcome.recall, outcome.wrong_offers
    right = sum(each.right for each in outcome.answered)
    offered = sum(not each.right for each in outcome.unrelated)
    if recall is not None:
        echo(f"recall at {AT}: {recall:.0%} ({right} of {len(outcome.answered)} texts)")
    if wrong is not None:
        echo(f"wrong offers: {wrong:.0%} ({offered} of {len(outcome.unrelated)} unrelated texts)")
    echo(f"at the threshold {outcome.least:.0%}")
    for each in outcome.misses[:_MOST_SHOWN]:
        found = ", ".join(f"{m.tutorial.address} {m.score:.0%}" for m in each.offered) or "nothing"
        expected = each.labelled.tutorial or "nothing"
        line = f"line {each.labelled.line}: expected {expected}, found {found}: "
        echo(printable_line(line + each.labelled.text[:80]))
