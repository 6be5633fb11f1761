"""`supportops demo`: breaks and mends the demo's sites, and says when that will show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from supportops.config.loader import load
from supportops.config.yaml_source import ConfigurationError
from supportops.local import breakage, single
from supportops.local.breakage import WORDS, How
from supportops.local.clock import utc_now
from supportops.local.installation import ROOT, Installation
from supportops.sites.site import FIVE_MINUTES, Site

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


class DemoError(Exception):
    """What is wrong with the request; one line."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo whose state is in `here`; `clock` tells the time, aware UTC."""

    here: Installation
    clock: Callable[[], datetime] = utc_now

    def sites(self) -> tuple[Site, ...]:
        """What can be broken. Raises DemoError when there is no demo."""
        try:
            return load(self.here.demo_config).fleet.sites
        except ConfigurationError as error:
            if not (self.here.demo_config / "sites.yaml").exists():
                raise DemoError("there is no demo here yet; `make demo` starts one") from None
            raise DemoError(str(error)) from None

    def chosen(self, names: Sequence[str]) -> list[str]:
        """The sites that `names` mean, each a site or a server. Raises DemoError, with the list."""
        sites = self.sites()
        found: dict[str, None] = {}
        for name in names:
            meant = [site.name for site in sites if name in (site.name, site.host)]
            if not meant:
                known = ", ".join(site.name for site in sites)
                raise DemoError(f"there is no demo site {name!r}; there are: {known}")
            found.update(dict.fromkeys(meant))
        return list(found)

    def break_sites(self, names: Sequence[str], how: How) -> list[str]:
        """Breaks them; the sites that it came to."""
        chosen = self.chosen(names)
        if how is How.PAGE:
            self._need_pages(chosen)
        broken = breakage.read(self.here.broken) | dict.fromkeys(chosen, how)
        breakage.write(self.here.broken, broken)
        return chosen

    def mend(self, names: Sequence[str]) -> list[str]:
        """Mends them, or every broken one for no names; the sites that were broken."""
        broken = breakage.read(self.here.broken)
        chosen = self.chosen(names) if names else list(broken)
        left = {name: how for name, how in broken.items() if name not in chosen}
        breakage.write(self.here.broken, left)
        return [name for name in chosen if name in broken]

    def when(self, then: str) -> str:
        """The next check in words, in local time, and what comes `then`; or how to get one."""
        if single.address(self.here.running) is None:
            return "Nothing checks the sites just now: `make demo` does."
        now = self.clock()
        next_check = next_slot(now)
        at = next_check.astimezone().strftime("%H:%M")
        minutes = -(-(next_check - now) // timedelta(minutes=1))
        return f"Next check at {at}, in {minutes} min; {then}."

    def _need_pages(self, chosen: Sequence[str]) -> None:
        with_pages = [site.name for site in self.sites() if site.pages]
        for name in chosen:
            if name not in with_pages:
                known = ", ".join(with_pages)
                raise DemoError(f"{name} has no further pages to break; these have: {known}")


def next_slot(now: datetime) -> datetime:
    """The next full five minutes after `now`, the instant of the next check."""
    passed = timedelta(seconds=now.timestamp() % FIVE_MINUTES.total_seconds())
    return (now - passed + FIVE_MINUTES).replace(microsecond=0)


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
