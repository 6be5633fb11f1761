"""The commands about tickets and triage, as a shell meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supportops.cli.main import app

ROWS = """ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags
T1,1,2026-07-01T10:00Z,created,customer,,It is [bold]broken,,ann,,,,
T1,2,2026-07-01T11:00Z,status,agent,solved,,,,,,,
"""


@pytest.fixture(autouse=True)
def _store(store_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("SUPPORTOPS_CONFIG", raising=False)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_file_is_imported_and_a_ticket_shown(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ROWS)
    loaded = call("tickets", "import", str(file))
    assert loaded.exit_code == 0
    assert "2 rows: 2 loaded, 0 bad" in loaded.output
    shown = call("tickets", "show", "T1")
    assert shown.exit_code == 0
    assert "It is [bold]broken" in shown.output
    assert "solved" in shown.output
    before = call("tickets", "show", "import/T1", "--at", "2026-07-01T10:30", "--json")
    assert json.loads(before.output)["ticket"]["status"] == "new"
    assert len(json.loads(before.output)["events"]) == 2


def test_bad_rows_end_in_one_and_say_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ROWS + "T2,1,yesterday,created,customer,,,,,,,,\n")
    loaded = call("tickets", "import", str(file), "--json")
    assert loaded.exit_code == 1
    summary = json.loads(loaded.output)
    assert (summary["loaded"], summary["bad"]) == (2, 1)
    assert "yesterday" in Path(summary["rejects"]).read_text()


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
def test_what_cannot_be_done_ends_in_two(arguments: list[str], reason: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert reason in result.output


def test_triage_explains_itself() -> None:
    plain = call("triage", "explain", "my site is down")
    assert plain.exit_code == 0
    assert plain.output.startswith("mission_critical: a site or server is down")
    whole = call("triage", "explain", "x", "--priority", "high", "--site", "shop", "--json")
    assert json.loads(whole.output)["tier"] == "bug_fix"
