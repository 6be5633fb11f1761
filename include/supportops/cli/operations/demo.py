"""`supportops demo`: breaks and mends the demo's sites, and shows when the next check is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Sites, servers, jobs or domains.")
]
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
    """Break a site, every site of a server, a job that reports, or the records of a domain."""
    demo = demo_at(local)
    broken = demo.break_sites(names, how)
    for name in broken:
        write_line(f"{name} {demo.words(name, how)} from now on.")
    for line in _not_waiting(demo, broken):
        write_line(line)


def _not_waiting(
    demo: Demo, names: Sequence[str], then: str = "about a minute later the inbox shows it"
) -> Iterator[str]:
    """When it is noticed, and what notices it at once."""
    jobs, domains = set(demo.jobs()), set(demo.domains())
    if any(name not in jobs | domains for name in names):
        yield demo.when(then)
        yield "To check now: .venv/bin/supportops demo check"
    if jobs.intersection(names):
        yield "Jobs are judged every five minutes, and are silent after three."
        yield "To check now: .venv/bin/supportops push check"
    if domains.intersection(names):
        yield "Domains are checked once a day."
        yield "To check now: .venv/bin/supportops domains check --again"


@app.command("mend")
def mend_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Sites, servers, jobs or domains."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is broken.")] = False,
    local: Where = STATE,
) -> None:
    """Mend what was broken."""
    if bool(names) == everything:
        fail("name the sites to mend, or --all")
    demo = demo_at(local)
    mended = demo.mend(names or [])
    others = (*demo.jobs(), *demo.domains())
    for name in mended:
        write_line(f"{name} {'is as it was' if name in others else 'answers well again'}.")
    for line in _not_waiting(demo, mended, "soon after the inbox shows it"):
        write_line(line)
    if not mended:
        write_line("None of these was broken.")


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
    write_line("To check now: .venv/bin/supportops mailbox read")


@app.command("status")
def status_command(local: Where = STATE) -> None:
    """List the demo's sites and what is broken."""
    demo = demo_at(local)
    broken = breakage.read(demo.here.broken)
    Console(highlight=False).print(table(demo.sites(), broken))
    for name in (*demo.jobs(), *demo.domains()):
        state = demo.words(name, broken[name]) if name in broken else "is well"
        write_line(f"{name} {state}")
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
