"""`supportops demo`: breaks and mends the demo's sites, and says when that will show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.local.demo import breakage
from supportops.local.demo.breakage import WORDS, How
from supportops.local.demo.sites import Demo, DemoError
from supportops.local.install.installation import ROOT, Installation
from supportops.sites.site import Site

app = typer.Typer(
    help="Break and mend the sites of `make demo`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Where = Annotated[
    Path, typer.Option("--local", envvar="SUPPORTOPS_LOCAL", help="The demo's state.", hidden=True)
]
Names = Annotated[list[str], typer.Argument(metavar="SITE...", help="Sites, or whole servers.")]
STATE = ROOT / ".local"
MEANINGS = ", ".join(f"{how} ({words})" for how, words in WORDS.items())


def demo_at(local: Path) -> Demo:
    return Demo(Installation(local=local.absolute()))


def say(line: str) -> None:
    Console(highlight=False, soft_wrap=True).print(Text(line))


def refuse(error: DemoError) -> typer.Exit:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"supportops demo: {error}"))
    return typer.Exit(2)


@app.command("break")
def break_command(
    names: Names,
    how: Annotated[
        How, typer.Option(help=f"What the site does instead: {MEANINGS}.")
    ] = How.REFUSED,
    local: Where = STATE,
) -> None:
    """Break a site, or every site of a server."""
    demo = demo_at(local)
    try:
        broken = demo.break_sites(names, how)
    except DemoError as error:
        raise refuse(error) from None
    for name in broken:
        say(f"{name} {WORDS[how]} from now on.")
    say(demo.when("about a minute later the inbox shows it"))
    say("Not waiting for it: supportops demo check")


@app.command("mend")
def mend_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SITE...]")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is broken.")] = False,
    local: Where = STATE,
) -> None:
    """Mend sites that were broken."""
    demo = demo_at(local)
    try:
        if bool(names) == everything:
            raise DemoError("name the sites to mend, or --all")
        mended = demo.mend(names or [])
    except DemoError as error:
        raise refuse(error) from None
    for name in mended:
        say(f"{name} answers well again.")
    say(demo.when("soon after the inbox shows it") if mended else "Nothing of that was broken.")


@app.command("check")
def check_command(local: Where = STATE) -> None:
    """Check the sites now, without waiting for the clock."""
    try:
        say(demo_at(local).check_now())
    except DemoError as error:
        raise refuse(error) from None


@app.command("status")
def status_command(local: Where = STATE) -> None:
    """List the demo's sites and what is broken."""
    demo = demo_at(local)
    try:
        sites = demo.sites()
    except DemoError as error:
        raise refuse(error) from None
    Console(highlight=False).print(table(sites, breakage.read(demo.here.broken)))
    say(demo.when("about a minute later the inbox shows what it found"))


def table(sites: Sequence[Site], broken: dict[str, How]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("Site", "Server", "Address", "State"):
        shown.add_column(heading, no_wrap=True)
    for site in sites:
        how = broken.get(site.name)
        state = Text(WORDS[how], style="red") if how else Text("answers well", style="green")
        shown.add_row(Text(site.name), Text(site.host or ""), Text(site.url), state)
    return shown
