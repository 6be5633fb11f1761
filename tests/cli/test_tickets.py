"""The commands about tickets and triage, as a shell meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from supportops.cli.tickets import tickets_app, triage_app
from supportops.config.yaml_source import ConfigurationError

ROWS = """ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags
T1,1,2026-07-01T10:00Z,created,customer,,It is [bold]broken,,ann,,,,
T1,2,2026-07-01T11:00Z,status,agent,solved,,,,,,,
"""


@contextmanager
def told() -> Iterator[None]:
    try:
        yield
    except (LookupError, ConfigurationError) as error:
        typer.echo(f"supportops: {error}", err=True)
        raise typer.Exit(2) from None


@pytest.fixture
def shell(store_address: str, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("SUPPORTOPS_CONFIG", raising=False)
    app = typer.Typer()
    app.add_typer(tickets_app(lambda: datetime(2026, 11, 23, tzinfo=UTC), told), name="tickets")
    app.add_typer(triage_app(lambda: datetime(2026, 11, 23, tzinfo=UTC), told), name="triage")
    return app


def call(shell: typer.Typer, *arguments: str) -> Result:
    return CliRunner().invoke(shell, arguments)


def test_a_file_is_imported_and_a_ticket_shown(shell: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ROWS)
    loaded = call(shell, "tickets", "import", str(file))
    assert loaded.exit_code == 0
    assert "2 rows: 2 loaded, 0 bad" in loaded.output
    shown = call(shell, "tickets", "show", "T1")
    assert shown.exit_code == 0
    assert "It is [bold]broken" in shown.output
    assert "solved" in shown.output
    before = call(shell, "tickets", "show", "import/T1", "--at", "2026-07-01T10:30", "--json")
    assert json.loads(before.output)["ticket"]["status"] == "new"
    assert len(json.loads(before.output)["events"]) == 2


def test_bad_rows_end_in_one_and_say_where_they_are(shell: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ROWS + "T2,1,yesterday,created,customer,,,,,,,,\n")
    loaded = call(shell, "tickets", "import", str(file), "--json")
    assert loaded.exit_code == 1
    told = json.loads(loaded.output)
    assert (told["loaded"], told["bad"]) == (2, 1)
    assert "yesterday" in Path(told["rejects"]).read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["tickets", "import", "/nowhere/log.csv"], "No such file"),
        (["tickets", "import", "/tmp", "--mapping", "uci"], "Is a directory"),
        (["tickets", "import", "/x", "--mapping", "mine"], "no such mapping"),
        (["tickets", "show", "404"], "no ticket '404'"),
        (["triage", "explain", "x", "--field", "plan"], "NAME=VALUE"),
    ],
)
def test_what_cannot_be_done_ends_in_two(
    shell: typer.Typer, arguments: list[str], reason: str
) -> None:
    result = call(shell, *arguments)
    assert result.exit_code == 2
    assert reason in result.output


def test_triage_explains_itself(shell: typer.Typer) -> None:
    plain = call(shell, "triage", "explain", "my site is down")
    assert plain.exit_code == 0
    assert plain.output.startswith("mission_critical: a site or server is down")
    whole = call(shell, "triage", "explain", "x", "--priority", "high", "--site", "shop", "--json")
    assert json.loads(whole.output)["tier"] == "bug_fix"
