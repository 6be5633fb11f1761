"""What is shown once everything runs: the address, the login, and three things to try."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

DEMO = (
    (
        ".venv/bin/supportops demo break bluebird-shop",
        "an outage: e-mail, SMS and chat arrive here",
    ),
    (".venv/bin/supportops demo break web-2", "a whole server: one alert, not four"),
    (".venv/bin/supportops demo mend --all", "all is well again, and everybody is notified"),
)
PLAIN = (
    (".venv/bin/supportops probe https://www.example.com/ --json", "one check, without Airflow"),
    ("$EDITOR include/config/sites.yaml", "your sites; the next check takes them"),
    (".venv/bin/supportops config check", "reports what is wrong with the files"),
)


def welcome(url: str, password: str, *, demo: bool) -> Panel:
    """The address and the login, and where the logs are."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold")
    rows.add_column(no_wrap=True)
    rows.add_row("Open", url)
    rows.add_row("Login", f"admin / {password}")
    rows.add_row("Logs", ".local/logs")
    rows.add_row("Inbox", "here, and .local/inbox") if demo else None
    return Panel(rows, title=Text("supportops is up", style="bold green"), expand=False)


def things_to_try(*, demo: bool) -> Table:
    """Commands are not wrapped, so that they can be copied from the terminal."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    for number, (command, effect) in enumerate(DEMO if demo else PLAIN, start=1):
        table.add_row(Text(f"{number}. {effect}"))
        table.add_row(Text(f"   {command}", style="bold"))
    return table
