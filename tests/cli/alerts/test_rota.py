"""`supportops rota`: who is on duty, what is wrong, and the calendar."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from config.test_rota_file import folder, with_
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import raise_alert
from supportops.cli.main import app
from supportops.db.engine import make_engine, writing

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)  # a Monday
PAIR = with_(
    turn={"people": ["anna", "ben"]},
    people={
        "anna": {"name": "Anna Ä. Berg; the, \\ first", "receivers": ["engineers"]},
        "ben": {"receivers": ["support"]},
    },
)


@pytest.fixture(autouse=True)
def store(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("supportops.cli.alerts.rota.now", lambda: NOW)
    monkeypatch.setattr("supportops.cli.operations.config.now", lambda: NOW)
    for name in ("engineer_sms", "engineer_chat", "support_chat", "manager_email"):
        monkeypatch.setenv(f"AIRFLOW_CONN_APPRISE_{name.upper()}", "json://localhost")
    return path


def call(tmp_path: Path, *arguments: str, rota: Any = PAIR) -> Result:
    folder(tmp_path / "config", rota)
    return CliRunner().invoke(app, arguments)


def test_who_is_on_duty_until_when_and_who_follows(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "who")
    assert result.exit_code == 0, result.output
    assert result.output == (
        "web: Anna Ä. Berg; the, \\ first (engineer_sms, engineer_chat), "
        "until Fri 24 Jul 2026 09:00 BST, then ben\n"
    )
    [found] = json.loads(call(tmp_path, "rota", "who", "--at", "2026-07-25", "--json").output)
    assert (found["people"], found["targets"]) == (["ben"], ["support_chat"])
    # The override of three days ends when ben's own week begins.
    assert found["until"] == "2026-08-03T08:00:00+00:00"


def test_where_nobody_is_on_duty_the_exit_code_says_so(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "who", "--at", "2025-07-25")
    assert result.exit_code == 1
    assert "nobody: an alert goes to the whole team" in result.output


def test_an_unknown_team_is_refused_with_the_near_one(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "who", "--team", "wep")
    assert result.exit_code == 2
    assert "no team 'wep'; did you mean web?" in result.output


def test_without_a_rota_there_is_nothing_to_ask(tmp_path: Path) -> None:
    folder(tmp_path / "config", None, "engineers")
    for command in ("who", "check", "export"):
        result = CliRunner().invoke(app, ["rota", command])
        assert result.exit_code == 2
        assert "rota.yaml" in result.output
        assert "no such file" in result.output


def test_a_rota_without_fault_is_fine(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "check")
    assert (result.exit_code, result.output) == (0, "fine: web\n")
    assert call(tmp_path, "config", "check").exit_code == 0


def test_gaps_are_found_by_both_checks(tmp_path: Path) -> None:
    gap = with_(turn={"days": ["mon", "tue", "wed", "thu", "fri", "sat"]})
    for command in ("rota", "config"):
        result = call(tmp_path, command, "check", rota=gap)
        assert result.exit_code == 1, result.output
        assert (
            "rota.yaml teams.web: found nobody on duty from Sun 02 Aug 2026 00:00 to Mon 03 Aug "
            "2026 00:00" in result.output.replace("\n", " ")
        ), result.output
    [*_, last] = json.loads(call(tmp_path, "rota", "check", "--json", rota=gap).output)
    assert last["file"] == "rota.yaml"


def test_somebody_without_an_address_or_whose_messages_fail_is_found(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_APPRISE_SUPPORT_CHAT")
    result = call(tmp_path, "rota", "check")
    assert result.exit_code == 1
    assert "people.ben: found no receiver that works: support_chat has no address" in result.output
    monkeypatch.setenv("AIRFLOW_CONN_APPRISE_SUPPORT_CHAT", "json://localhost")
    failing = Alert("d", Kind.DELIVERY, Severity.CRITICAL, "support_chat", "it fails", NOW)
    with writing(make_engine(f"sqlite:///{store}")) as connection:
        raise_alert(connection, failing, NOW)
    assert "support_chat fails" in call(tmp_path, "rota", "check").output


def test_a_faulty_rota_is_a_fault_and_not_a_finding(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "check", rota=with_(turn={"people": ["bem"]}))
    assert result.exit_code == 2
    assert "'bem'" in result.output


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_the_calendar_has_an_event_for_each_duty(tmp_path: Path) -> None:
    out = tmp_path / "rota.ics"
    span = ("--from", "2026-07-20T12:00", "--to", "2026-08-04")
    assert call(tmp_path, "rota", "export", *span, "--out", str(out)).exit_code == 0
    text = out.read_bytes().decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = unfolded(text)
    starts = [line for line in lines if line.startswith("DTSTART")]
    assert starts == [
        "DTSTART:20260720T120000Z",
        "DTSTART:20260724T080000Z",
        "DTSTART:20260803T080000Z",
    ]
    assert "SUMMARY:Anna Ä. Berg\\; the\\, \\\\ first (web)" in lines
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 3
    assert len({line for line in lines if line.startswith("UID")}) == 3
    printed = call(tmp_path, "rota", "export", *span)
    assert printed.output.replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_a_calendar_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    result = call(tmp_path, "rota", "export", "--to", "2020-01-01")
    assert result.exit_code == 2


def test_alerts_who_names_the_person_on_call(tmp_path: Path) -> None:
    result = call(tmp_path, "alerts", "who", "--kind", "outage", "--at", "2026-07-25T12:00")
    assert "support_chat (chat), route mission_critical, step 1, on call for web" in result.output


def test_the_shape_of_the_file_is_described(tmp_path: Path) -> None:
    schema = json.loads(call(tmp_path, "config", "schema", "rota").output)
    assert set(schema["properties"]) == {"timezone", "holidays", "people", "teams"}


def test_a_calendar_is_read_as_overrides_that_the_file_takes(tmp_path: Path) -> None:
    out = tmp_path / "rota.ics"
    span = ("--from", "2026-07-20T12:00", "--to", "2026-08-04")
    call(tmp_path, "rota", "export", *span, "--out", str(out))
    result = call(tmp_path, "rota", "import", str(out), "--team", "web", *span)
    assert result.exit_code == 0, result.output
    overrides = yaml.safe_load(result.output)["overrides"]
    assert overrides[1] == {
        "from": "2026-07-24 09:00",
        "until": "2026-08-03 09:00",
        "person": "ben",
    }
    plain = with_(people=PAIR["people"], team={"overrides": overrides}, turn={"people": ["anna"]})
    assert call(tmp_path, "rota", "check", rota=plain).exit_code == 0


def test_an_event_of_nobody_is_said_and_left_out(tmp_path: Path) -> None:
    text = out_of_office = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260722T080000Z\n"
    text += "SUMMARY:Benny\nEND:VEVENT\nEND:VCALENDAR\n"
    (tmp_path / "x.ics").write_text(text)
    result = call(tmp_path, "rota", "import", str(tmp_path / "x.ics"), "--team", "web")
    assert result.exit_code == 1
    assert "overrides: []" in result.output
    assert "nobody's: 'Benny' at 2026-07-22 08:00 UTC" in result.output
    (tmp_path / "x.ics").write_text(out_of_office)
    cut = call(tmp_path, "rota", "import", str(tmp_path / "x.ics"), "--team", "web")
    assert (cut.exit_code, "ends in the middle" in cut.output) == (2, True)
    missing = call(tmp_path, "rota", "import", "/nowhere.ics", "--team", "web")
    assert (missing.exit_code, "No such file" in missing.output) == (2, True)
