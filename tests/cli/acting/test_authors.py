"""A command by which a person does something takes that person's name."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from typer.main import get_command
from typer.testing import CliRunner

from builders import configure
from supportops.cli.main import app
from supportops.db.schema import ticket_events

# They look, compute and send what is due, as the DAGs do, or look after the store itself: nobody's
# decision is in them. What is made anew by hand is an edition of a report with its own number.
NOBODYS = {
    *("probe", "site-check", "availability", "push", "domains", "alert-dispatch", "public"),
    *("doctor", "metrics", "ticket-sync", "mailbox", "tutorials", "explain", "clocks", "replay"),
    *("sla-sweep", "sla", "status-pages", "rota", "customers", "config", "db", "demo"),
    *("alerts list", "alerts who", "alerts history", "alerts silence list"),
    *("alerts silence preview", "incidents list", "incidents causes", "notices list"),
    *("notices show", "notices run", "receivers list", "maintenance list", "tickets import"),
    *("tickets mapping", "tickets show", "triage explain", "triage test", "triage doubtful"),
    *("report weekly", "report daily", "report monthly", "report list", "report compare"),
    "report waiting",
}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), command


def test_every_command_asks_who_does_it_or_does_nothing_in_a_persons_name() -> None:
    unnamed = {
        name
        for name, command in commands(get_command(app))
        if not any("--by" in parameter.opts for parameter in command.params)
    }
    assert unnamed == {
        each for each in unnamed if each in NOBODYS or each.partition(" ")[0] in NOBODYS
    }


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("options", "who"), [((), getpass.getuser()), (("--by", "ada"), "ada")])
def test_a_call_is_taken_down_in_somebodys_name(
    store: Engine,
    store_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    who: str,
) -> None:
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(configure(tmp_path / "config", [])))
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    command = ["log-call", "Acme", "Help", "--tier", "mission_critical", *options]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    with store.connect() as connection:
        rows = connection.execute(select(ticket_events)).all()
    assert {row.facts["by"] for row in rows if row.author == "agent"} == {who}
