"""`supportops tickets import` and `mapping`, as a shell meets them: trials, guesses, overrides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from builders import SHIPPED
from supportops.cli.main import app

# A number with a decimal comma, and dates of which no day is above 12.
HEADER = "Nummer;Betreff;Status;Erstellt;Antwort (Std.);Gelöst"
ROWS = (
    "1;Café geschlossen;Offen;03/04/2026 10:00;1,5;",
    "2;Ruf zurück;Erledigt;05/04/2026 09:00;0,25;06/04/2026 09:00",
)
MAPPING: dict[str, Any] = {
    "source": "desk",
    "times": {"zone": "UTC"},
    "rows": "tickets",
    "ticket": "Nummer",
    "created": {"at": "Erstellt", "subject": "{Betreff}"},
    "instants": {
        "first_response": {"column": "Antwort (Std.)", "after_creation": "hours"},
        "solved": "Gelöst",
    },
    "state": {"status": {"column": "Status", "values": {"Offen": "open", "Erledigt": "solved"}}},
}


@pytest.fixture(autouse=True)
def config(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    store, folder = tmp_path / "store.db", tmp_path / "config"
    store.write_bytes(sqlite_template.read_bytes())
    (folder / "imports").mkdir(parents=True)
    for name in ("triage.yaml", "service_levels.yaml", "sites.yaml", "alerts.yaml"):
        (folder / name).write_text((SHIPPED / name).read_text())
    (folder / "imports" / "desk.yaml").write_text(yaml.safe_dump(MAPPING, allow_unicode=True))
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", f"sqlite:///{store}")
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    return folder


def write(folder: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path = folder / "export.csv"
    path.write_bytes("\n".join([HEADER, *rows, ""]).encode(encoding))
    return path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *arguments])


def load(file: Path, *options: str) -> dict[str, Any]:
    result = call("import", str(file), "--mapping", "desk", "--json", *options)
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.output)
    return summary


def instants(ticket: str) -> list[str]:
    events = json.loads(call("show", ticket, "--json").output)["events"]
    return [f"{each['kind']} {each['happened_at'][:16]}" for each in events]


def test_a_trial_says_what_would_happen_and_stores_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, *ROWS, "2;Ruf zurück;Offen;05/04/2026 09:00;0,25;", "3;x;Vertagt;x;;")
    result = call("import", str(file), "--mapping", "desk", "--dry-run", "--dates", "dmy")
    assert result.exit_code == 1
    for words in (
        "dry run: nothing is stored",
        "4 rows: 2 loaded, 2 bad",
        "2 created",
        "clocks that would start: 2 first_reply_time",
        "decimal comma, as in 1,5 in Antwort (Std.)",
        "line 3 has the same, with other content",
        "'x' is no instant",
    ):
        assert words in result.output
    assert call("show", "1").exit_code == 2
    assert [path.name for path in tmp_path.glob("*.jsonl")] == []


def test_ambiguous_dates_ask_and_are_read_as_somebody_says(tmp_path: Path) -> None:
    file = write(tmp_path, *ROWS)
    asked = call("import", str(file), "--mapping", "desk")
    assert asked.exit_code == 2
    assert "say with --dates dmy (day first) or --dates mdy (month first)" in asked.output
    load(file, "--dates", "mdy")
    assert instants("1")[0] == "created 2026-03-04 10:00"


def test_a_decimal_comma_is_guessed_and_said(tmp_path: Path) -> None:
    summary = load(write(tmp_path, *ROWS), "--dates", "dmy")
    assert any("decimal comma" in words for words in summary["guessed"])
    assert "comment 2026-04-03 11:30" in instants("1")
    assert "comment 2026-04-05 09:15" in instants("2")


@pytest.mark.parametrize(
    ("decimal", "answered"), [("comma", "2026-04-03 11:30"), ("point", "2026-05-15 10:30")]
)
def test_what_may_be_thousands_is_read_as_somebody_says(
    tmp_path: Path, decimal: str, answered: str
) -> None:
    file = write(tmp_path, "1;x;Offen;03/04/2026 10:00;1,500;", "2;y;Offen;13/04/2026 10:00;;")
    if decimal == "comma":
        asked = call("import", str(file), "--mapping", "desk")
        assert asked.exit_code == 2
        assert "--decimal comma or --decimal point" in asked.output
    else:
        file = write(
            tmp_path, "1;x;Offen;03/04/2026 10:00;1,008.5;", "2;y;Offen;13/04/2026 10:00;;"
        )
    load(file, "--decimal", decimal)
    assert f"comment {answered}" in instants("1")


def test_every_guess_can_be_overridden(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    text = "\n".join([HEADER, *ROWS, ""]).replace(";", "|").replace("/04/", ".04.")
    file.write_bytes(text.encode("cp1250"))
    told = ("--encoding", "cp1250", "--delimiter", "|", "--format", "csv", "--dates", "dmy")
    summary = load(file, *told, "--zone", "Europe/Berlin", "--decimal", "comma")
    assert summary["guessed"] == []
    assert instants("1")[0] == "created 2026-04-03 08:00"
    shown = json.loads(call("show", "1", "--json").output)
    assert shown["ticket"]["subject"] == "Café geschlossen"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--encoding", "klingon"], "--encoding klingon: an encoding such as"),
        (["--delimiter", "||"], "--delimiter ||: one character"),
        (["--zone", "Mars/Base"], "--zone Mars/Base: "),
        (["--dates", "ydm"], "ydm"),
        (["--decimal", "dot"], "dot"),
        (["--format", "xlsx"], "no .xlsx workbook"),
        (["--encoding", "utf-16"], "it is not UTF-16"),
    ],
)
def test_an_override_that_cannot_be_is_refused(
    tmp_path: Path, options: list[str], reason: str
) -> None:
    file = write(tmp_path, *ROWS)
    result = call("import", str(file), "--mapping", "desk", "--dry-run", *options)
    assert result.exit_code == 2
    assert reason in " ".join(result.output.split())


def test_a_proposed_mapping_loads_its_file(config: Path, tmp_path: Path) -> None:
    file = write(
        tmp_path, *ROWS[:1], "2;Ruf zurück;Erledigt;15/04/2026 09:00;0,25;16/04/2026 09:00"
    )
    proposal = call("mapping", str(file), "--source", "desk2")
    assert proposal.exit_code == 0, proposal.output
    written = yaml.safe_load(proposal.output)
    assert (written["source"], written["rows"], written["ticket"]) == ("desk2", "tickets", "Nummer")
    (config / "imports" / "desk.yaml").write_text(proposal.output)
    summary = load(file)
    assert (summary["loaded"], summary["bad"]) == (2, 0)
    assert instants("desk2/2")[0] == "created 2026-04-15 08:00"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"%PDF-1.7\n", "PDF"), (b"a;b\n1;2\n", "column")],
)
def test_a_file_without_tickets_gets_no_mapping(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(content)
    result = call("mapping", str(file))
    assert result.exit_code == 2
    assert reason in result.output
