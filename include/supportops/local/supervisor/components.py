"""The parts of a running installation: migrations that run first, and processes that stay."""

from __future__ import annotations

from supportops.local.install.installation import Installation
from supportops.local.supervisor.processes import Command, python

# The option of `demo_tickets` with which it goes on for ever.
FOLLOW = "--follow"


def migrations(here: Installation) -> list[tuple[str, Command]]:
    """Both databases, in order, each with the words that are shown while it runs."""
    return [
        (
            "Preparing Airflow's database",
            Command(
                "airflow db migrate",
                python("-m", "airflow", "db", "migrate"),
                here.logs / "airflow-db-migrate.log",
            ),
        ),
        (
            "Preparing the store",
            Command(
                "supportops db upgrade",
                python("-m", "supportops.cli.main", "db", "upgrade"),
                here.logs / "supportops-db-upgrade.log",
            ),
        ),
    ]


def airflow(here: Installation, port: int) -> list[Command]:
    """Airflow's parts without the scheduler.

    Task logs are read from the disk that all parts share, so none serves logs on a port of its
    own: a second installation on this machine has no port to fight over but the UI's.
    """
    return [
        part(here, "api-server", "--host", "127.0.0.1", "--port", str(port)),
        part(here, "dag-processor"),
        part(here, "triggerer", "--skip-serve-logs"),
    ]


def scheduler(here: Installation) -> Command:
    """To be started once the API answers: a task that was due while nothing ran begins at once,
    and fails when it finds no API."""
    return part(here, "scheduler", "--skip-serve-logs")


def part(here: Installation, name: str, *options: str) -> Command:
    """One of Airflow's parts, with its log."""
    return Command(name, python("-m", "airflow", name, *options), here.logs / f"{name}.log")


def demo(here: Installation, smtp: int, http: int, status: int) -> list[Command]:
    """The demo sites with what else can be broken, the inbox that alerts arrive in on two ports,
    and the server of status pages."""
    return [
        Command(
            "demo sites",
            python("-m", "supportops.local.demo.farm", str(here.demo_config), str(here.broken)),
            here.logs / "demo-sites.log",
        ),
        Command(
            "inbox",
            python(
                "-m", "supportops.local.demo.inbox_servers", str(here.inbox), str(smtp), str(http)
            ),
            here.logs / "inbox.log",
        ),
        Command(
            "status pages",
            python(
                *("-m", "supportops.cli.main", "status-pages", "serve"),
                *("--host", "127.0.0.1", "--port", str(status)),
            ),
            here.logs / "status-pages.log",
        ),
    ]


def public(here: Installation, port: int) -> Command:
    """Where the demo's jobs report, and the links of its messages lead. It serves what the store's
    configuration names, so it starts when there is one."""
    argv = python("-m", "supportops.cli.main", "public", "--port", str(port))
    return Command("public endpoint", argv, here.logs / "public.log")


def demo_tickets(here: Installation) -> Command:
    """Loads what has happened in the demo's log of tickets by now."""
    argv = python("-m", "supportops.local.demo.tickets", str(here.logs / "demo-rejects.jsonl"))
    return Command("demo tickets", argv, here.logs / "demo-tickets.log")


def follow_demo_tickets(here: Installation) -> Command:
    """Goes on loading the log as time passes."""
    return Command(
        "demo tickets to come",
        (*demo_tickets(here).argv, FOLLOW),
        here.logs / "demo-tickets-to-come.log",
    )


def go_live(here: Installation) -> Command:
    """Lets alerts go out; done already where they do."""
    argv = python("-m", "supportops.cli.main", "go-live", "--yes", "--by", "make demo")
    return Command("supportops go-live", argv, here.logs / "go-live.log")
