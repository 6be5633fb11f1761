"""`supportops report` as a user runs it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from airflow_home import ROOT
from builders import configure
from cli.process.running import run_command
from flows.reports.reporting.report_builders import ALERTS, READERS, SITES, WEEK, WHOLE, a_week
from supportops.config.loader import load
from supportops.config.snapshots import newest_digest, save
from supportops.db.engine import make_engine, reading, writing
from supportops.tickets.log.store import append_events


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with a week of tickets."""
    config = configure(tmp_path / "config", SITES)
    (config / "alerts.yaml").write_text(ALERTS)
    (config / "reports.yaml").write_text(READERS)
    address = f"sqlite+pysqlite:///{shutil.copy(sqlite_template, tmp_path)}"
    engine: Engine = make_engine(address)
    with writing(engine) as connection:
        append_events(connection, a_week(), datetime(2030, 1, 1, tzinfo=UTC))
    engine.dispose()
    return {"SUPPORTOPS_DATABASE_URL": address, "SUPPORTOPS_CONFIG": str(config)}


def environment(place: dict[str, str]) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SUPPORT"))}
    return own | {"PYTHONPATH": str(ROOT / "include"), "COLUMNS": "200"} | place


def report(place: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("report", *arguments, **place)


def test_a_week_is_made_and_its_documents_are_written_down(
    place: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config" / "reports.yaml").write_text(WHOLE)
    out = tmp_path / "out"
    done = report(place, "weekly", "--week", WEEK, "--audience", "managers", "--out", str(out))

    assert done.returncode == 0, done.stderr
    assert f"weekly {WEEK} for managers: kept as draft 1" in done.stdout
    assert f"The documents are in {out}" in done.stdout
    folder = out / f"weekly-{WEEK}-managers"
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert (folder / "report.xlsx").read_bytes().startswith(b"PK")
    assert "<html" in (folder / "mail.html").read_text()
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["period"]["label"] == WEEK


def test_a_folder_that_cannot_be_written_is_shown_before_anything_is_made(
    place: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file"
    done = report(place, "weekly", "--week", WEEK, "--send", "--out", str(out))

    assert done.returncode == 2
    assert done.stderr == f"supportops: nothing can be written into {out}: it is no folder\n"
    assert json.loads(report(place, "list", "--json").stdout) == []
    assert out.read_text() == "mine"


def test_documents_that_cannot_be_written_keep_no_report_back(
    place: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / f"weekly-{WEEK}-managers").write_text("in the way")
    done = report(place, "weekly", "--week", WEEK, "--send", "--json", "--out", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("supportops: not all is written into ")
    assert [each["state"] for each in json.loads(done.stdout)] == ["sent", "sent"]
    assert (tmp_path / f"weekly-{WEEK}-acme" / "mail.html").exists()


def test_a_report_is_sent_once_and_listed(place: dict[str, str]) -> None:
    first = report(place, "weekly", "--week", WEEK, "--send")
    second = report(place, "weekly", "--week", WEEK, "--send", "--json")
    listed = report(place, "list", "--json")

    assert "queued for manager_email" in first.stdout
    assert [each["state"] for each in json.loads(second.stdout)] == ["sent before"] * 2
    assert {each["audience"] for each in json.loads(listed.stdout)} == {"managers", "acme"}
    assert all(each["issued_at"] for each in json.loads(listed.stdout))
    assert f"weekly  {WEEK}" in report(place, "list").stdout


def all_that_is_shown(terminal: int) -> str:
    """Until nobody writes to it any more, which Linux says by an error."""
    shown = b""
    with suppress(OSError):
        while piece := os.read(terminal, 4096):
            shown += piece
    return shown.decode(errors="replace")


def test_what_is_sent_is_known_to_the_dispatcher(place: dict[str, str], tmp_path: Path) -> None:
    """Also where the file was changed, taken up and changed back since the last check."""
    folder = tmp_path / "config"
    engine = make_engine(place["SUPPORTOPS_DATABASE_URL"])
    for written in (ALERTS, ALERTS.replace("acme_email", "other_email")):
        (folder / "alerts.yaml").write_text(written)
        with writing(engine) as connection:
            save(connection, load(folder), datetime(2026, 4, 20, 7, tzinfo=UTC))
    (folder / "alerts.yaml").write_text(ALERTS)
    report(place, "weekly", "--week", WEEK, "--audience", "acme", "--send")

    with reading(engine) as connection:
        assert newest_digest(connection) == load(folder).digest
    engine.dispose()


def test_many_weeks_are_made_with_a_bar_on_a_terminal(place: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [
            *(sys.executable, "-m", "supportops.cli.main", "report", "weekly"),
            *("--week", "2026-W15", "--to", "2026-W17", "--audience", "acme", "--json"),
        ],
        env=environment(place) | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    shown = all_that_is_shown(ours)
    os.close(ours)
    stdout, _ = done.communicate(timeout=120)

    assert done.returncode == 0
    assert [each["period"] for each in json.loads(stdout)] == [
        "2026-W15",
        "2026-W16",
        "2026-W17",
    ]
    assert "Reports" in shown
    assert "3/3" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["weekly", "--week", "2026-W54"], "2026-W54"),
        (["weekly", "--week", "2199-W01"], "2199-W01 has not begun: choose one that has"),
        (["weekly", "--week", WEEK, "--to", "2026-W02"], f"2026-W02 comes before {WEEK}"),
        (["weekly", "--to", WEEK], "--to needs the first one too"),
        (["weekly", "--again"], "--again needs --send"),
        (["daily", "--day", "2026-02-30"], "2026-02-30"),
        (["daily", "--audience", "nobody"], "no audience 'nobody' gets the daily report"),
    ],
)
def test_what_cannot_be_made_is_one_line(
    place: dict[str, str], arguments: list[str], words: str
) -> None:
    done = report(place, *arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_two_weeks_are_compared_in_words_and_as_json(place: dict[str, str]) -> None:
    report(place, "weekly", "--week", "2026-W15", "--to", "2026-W16", "--audience", "managers")
    shown = report(place, "compare", "2026-W15", "2026-W16")
    assert shown.returncode == 0, shown.stderr
    assert "2026-W15, edition 1, is a draft: it was not sent." in shown.stdout
    assert "Promises kept" in shown.stdout
    found = json.loads(report(place, "compare", "2026-W15", "2026-W16", "--json").stdout)
    assert (found["first"]["period"], found["second"]["period"]) == ("2026-W15", "2026-W16")
    assert found["lines"]
    missing = report(place, "compare", "2026-W15", "2026-W40")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (2, 1)
    assert "nobody has weekly reports on 2026-W15 and 2026-W40" in missing.stderr


def test_a_customers_month_waits_until_somebody_approves_it(
    place: dict[str, str], tmp_path: Path
) -> None:
    config = Path(place["SUPPORTOPS_CONFIG"])
    (config / "customers.yaml").write_text(
        "customers:\n  - {name: Acme, contacts: [acme], reports: [monthly], language: fr}\n"
    )
    out = tmp_path / "out"
    made = report(place, "monthly", "--month", "2026-04", "--send", "--out", str(out))
    assert made.returncode == 0, made.stderr
    assert "edition 1 waits for approval" in made.stdout
    (folder,) = out.iterdir()
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "avril 2026" in (folder / "mail.txt").read_text()
    assert "waiting" in report(place, "waiting").stdout
    nobody = report(place, "approve", "--by", "ada")
    assert (nobody.returncode, nobody.stderr) == (
        2,
        "supportops: name a --month, a --customer, or --all\n",
    )
    done = report(place, "approve", "--customer", "acme", "--by", "ada")
    assert done.stdout == "2026-04 for Acme: queued for acme_email\n"
    again = report(place, "reject", "--all", "--by", "ada")
    assert again.stderr == "supportops: no report waits for approval\n"
