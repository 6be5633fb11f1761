"""`supportops demo`: breaks and mends the demo's sites, and shows when the next check is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.cli.instants import now
from supportops.cli.output import fail
from supportops.local.demo import breakage, voicemail
from supportops.local.demo.breakage import WORDS, FailureMode
from supportops.local.demo.sites import Demo
from supportops.local.install.installation import Installation
from supportops.rendering.printable import printable_line
from supportops.rendering.render import one_line
from supportops.sites.site import Site

app = typer.Typer(
    name="demo",
    help="Break and mend the sites of `make demo`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Where = Annotated[
    Path,
    typer.Option("--local", envvar="SUPPORTOPS_LOCAL", help="In the place of .local.", hidden=True),
]
Names = Annotated[list[str], typer.Argument(metavar="SITE...", help="Sites, or whole servers.")]
STATE = Installation().local
MEANINGS = ", ".join(f"{how} ({words})" for how, words in WORDS.items())


def demo_at(local: Path) -> Demo:
    """The demo of the installation whose state is in `local`."""
    return Demo(Installation(local=local.absolute()).demo)


def write_line(line: str) -> None:
    """Prints one line, however narrow the terminal."""
    Console(highlight=False, soft_wrap=True).print(Text(printable_line(line)))


@app.command("break")
def break_command(
    names: Names,
    how: Annotated[
        FailureMode, typer.Option(help=f"What the site does instead: {MEANINGS}.")
    ] = FailureMode.REFUSED,
    local: Where = STATE,
) -> None:
    """Break a site, or every site of a server."""
    demo = demo_at(local)
    for name in demo.break_sites(names, how):
        write_line(f"{name} {WORDS[how]} from now on.")
    write_line(demo.when("about a minute later the inbox shows it"))
    write_line("Not waiting for it: supportops demo check")


@app.command("mend")
def mend_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SITE...]", help="Sites, or whole servers.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is broken.")] = False,
    local: Where = STATE,
) -> None:
    """Mend sites that were broken."""
    if bool(names) == everything:
        fail("name the sites to mend, or --all")
    demo = demo_at(local)
    mended = demo.mend(names or [])
    for name in mended:
        write_line(f"{name} answers well again.")
    write_line(
        demo.when("soon after the inbox shows it") if mended else "Nothing of that was broken."
    )


@app.command("check")
def check_command(local: Where = STATE) -> None:
    """Check the sites now, without waiting for the clock."""
    write_line(demo_at(local).check_now())


@app.command("voicemail")
def voicemail_command(
    number: Annotated[
        str, typer.Option(help="The caller's, empty if it is withheld.")
    ] = voicemail.NUMBER,
    words: Annotated[str, typer.Option(help="What the caller says.")] = voicemail.WORDS,
    local: Where = STATE,
) -> None:
    """Leave a message on the demo's answerphone."""
    demo = demo_at(local)
    demo.sites()  # whether there is a demo
    answerphone = voicemail.Answerphone(demo.here)
    answerphone.take(now(), one_line(number)[:40], one_line(words)[:2_000])
    write_line("A message waits on the answerphone, which is read every minute.")
    write_line("Not waiting for it: supportops mailbox read")


@app.command("status")
def status_command(local: Where = STATE) -> None:
    """List the demo's sites and what is broken."""
    demo = demo_at(local)
    shown = table(demo.sites(), breakage.read(demo.here.broken))
    Console(highlight=False).print(shown)
    write_line(demo.when("about a minute later the inbox shows what it found"))


def table(sites: Sequence[Site], broken: dict[str, FailureMode]) -> Table:
    """One line a site, with what it does instead where it is broken."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("Site", "Server", "Address", "State"):
        shown.add_column(heading, no_wrap=True)
    for site in sites:
        how = broken.get(site.name)
        state = Text(WORDS[how], style="red") if how else Text("answers well", style="green")
        texts = (site.name, site.host or "", site.url)
        shown.add_row(*(Text(printable_line(each)) for each in texts), state)
    return shown
