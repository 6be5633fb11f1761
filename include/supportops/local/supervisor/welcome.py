"""What is shown once everything runs: the address, the login, and three things to try."""

from __future__ import annotations

from collections.abc import Sequence

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

DEMO = (
    (
        ".venv/bin/supportops demo break bluebird-shop",
        "an outage: e-mail, SMS and chat arrive here",
    ),
    (".venv/bin/supportops demo break web-2", "a whole server: one alert, not four"),
    (".venv/bin/supportops demo voicemail", "a voicemail: pages the engineer, plays on its ticket"),
    (
        ".venv/bin/supportops demo break shop-backup",
        "a job falls silent",
    ),
    (
        ".venv/bin/supportops report monthly --out monthly",
        "customers' months as PDFs",
    ),
    (".venv/bin/supportops demo mend --all", "all is well again, and everybody is notified"),
)
PLAIN = (
    ("$EDITOR include/config/sites.yaml", "your sites; the next check takes them"),
    (
        ".venv/bin/supportops receivers test",
        "a test message to each receiver with an address",
    ),
    (".venv/bin/supportops go-live", "who would be notified of what; alerts are held until then"),
)


def welcome(
    url: str, logins: Sequence[str], place: str, demo: bool, status: str | None = None
) -> Panel:
    """The address and the logins, and where logs are; `place` is the folder of the state, `status`
    the address of the public status page."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold")
    rows.add_column(no_wrap=True)
    rows.add_row("Open", url)
    for number, login in enumerate(logins):
        rows.add_row("" if number else "Login", login)
    rows.add_row("Status", status) if status else None
    rows.add_row("Logs", f"{place}/logs")
    rows.add_row("Inbox", f"here, and {place}/inbox") if demo else None
    return Panel(rows, title=Text("supportops is up", style="bold green"), expand=False)


def things_to_try(*, demo: bool) -> Table:
    """Commands are not wrapped, so that they can be copied from the terminal."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_row(Text("Try, in another terminal:"))
    for number, (command, effect) in enumerate(DEMO if demo else PLAIN, start=1):
        table.add_row(Text(f"{number}. {effect}"))
        table.add_row(Text(f"   {command}", style="bold"))
    return table
