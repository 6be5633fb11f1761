"""What strangers write, in tickets, sites, alerts and files, is shown and never obeyed."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from airflow_home import ROOT
from alert_builders import alert
from cli.hostile.test_every_argument import answer, obeyed
from cli.hostile.test_streams import start
from cli.hostile.values import SEQUENCES
from supportops.alerts.store import raise_alert
from supportops.cli.reports import report
from supportops.db.engine import writing
from supportops.rendering.formulas import csv_without_formulas
from supportops.rendering.printable import printable, printable_json, printable_line
from supportops.reports.formats.file import File

HEADER = "ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def settings(store: Engine, store_address: str, tmp_path: Path) -> dict[str, str]:
    """A store with hostile words in its alerts and tickets."""
    with writing(store) as connection:
        assert raise_alert(connection, alert(SEQUENCES, headline=f"down {SEQUENCES}"), NOW)
    words = SEQUENCES.replace('"', "")
    row = f'"{words}",e1,2026-11-20T10:00:00Z,created,customer,,"{words}","{words}","{words}",,'
    (tmp_path / "log.csv").write_text(f'{HEADER}\n{row}"{words}","{words}","{words}"\n')
    found = {
        "SUPPORTOPS_DATABASE_URL": store_address,
        "SUPPORTOPS_CONFIG": str(ROOT / "include/config"),
    }
    code, out, errors = answer(["tickets", "import", str(tmp_path / "log.csv")], **found)
    assert code == 0, out + errors
    return found


@pytest.mark.parametrize(
    "command",
    [
        "alerts list",
        "alerts list --json",
        "clocks",
        "clocks --csv",
        "clocks --json",
        "sla-sweep",
        "sla-sweep --json",
        "report list",
        "alert-dispatch",
        "replay --from 2026-11-19 --to 2026-11-22",
        "replay --from 2026-11-19 --to 2026-11-22 --json",
    ],
)
def test_what_the_store_holds(settings: dict[str, str], command: str) -> None:
    _, out, errors = answer(command.split(), **settings)
    if command.startswith(("alerts list", "clocks")):
        assert r"\x1b[2J" in out or r"\u001b[2J" in out, out + errors
    if "--json" in command:
        json.loads(out)


@pytest.mark.parametrize("command", [["tickets", "show"], ["explain"]])
@pytest.mark.parametrize("shape", [[], ["--json"]])
def test_a_ticket(settings: dict[str, str], command: list[str], shape: list[str]) -> None:
    listed = json.loads(answer(["clocks", "--json"], **settings)[1])
    number = listed[0]["ticket"]
    code, out, _ = answer([*command, *shape, "--", number], **settings)
    assert code == 0 or obeyed(number)
    assert out or code == 2


def test_on_a_terminal_too(settings: dict[str, str]) -> None:
    """There the output has colours, and those sequences are the only ones."""
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    order = start("alerts", "list", **settings, TERM="xterm", COLUMNS="200")
    subprocess.run(**order, stdout=follower, stderr=follower, timeout=60, check=False)
    os.close(follower)
    shown = os.read(leader, 1_000_000).decode()
    os.close(leader)
    assert r"\x1b]8;;http://evil.example/\x07" in shown
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown
    assert not {"\x9b", "\u202e", "\x07", "\x08"} & set(shown)


def test_the_header_of_a_file(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(f"{SEQUENCES},b\n1,2\n")
    code, _, errors = answer(["tickets", "import", str(tmp_path / "odd.csv")], **settings)
    assert code == 2
    assert r"\x1b[2J\x1b]0;t\x07" in errors


def test_cells_for_a_spreadsheet() -> None:
    content = b'number,tier,due\n=1+1,"@a,b",-5\n+x,"\tx",2026-01-01\n'
    rows = list(csv.reader(io.StringIO(csv_without_formulas(content).decode(), newline="")))
    assert rows[1:] == [["'=1+1", "'@a,b", "-5"], ["'+x", "'\tx", "2026-01-01"]]
    assert csv_without_formulas(b"a,b\n1,x\n") == b"a,b\n1,x\n"


def test_only_what_a_terminal_obeys_is_written_out() -> None:
    assert printable("a\nb\x1b\ud800") == "a\nb\\x1b\\ud800"
    assert printable_line(" a\n\tb\r\nc\rd ") == "a b c\\rd"
    plain = "Ünï 日本 \U0001f469\u200d\U0001f680 שלום [red]"
    assert printable(plain) == printable_line(plain) == plain
    value = {"a": ["\x1b\x7f\u202e\U000e0041\ud800", timedelta(1)]}
    shown = printable_json(value)
    assert not obeyed(shown)
    assert json.loads(shown)["a"][0] == value["a"][0]


def test_the_counted_promises_beside_a_report(tmp_path: Path) -> None:
    """The store keeps them as they are, for later reports; a person gets them for a spreadsheet."""
    content = b"source,number,customer\nzendesk,1,=HYPERLINK(1)\n"
    files = [File("counted.csv", "text/csv", content), File("report.json", "text/x", b"=1")]
    folder = report._Folder(tmp_path / "out")
    folder.open()
    result: Any = SimpleNamespace(cadence="weekly", period="2026-W47", audience="team")
    folder.write(result, files)
    written = tmp_path / "out/weekly-2026-W47-team"
    assert (written / "counted.csv").read_text().splitlines()[1] == "zendesk,1,'=HYPERLINK(1)"
    assert (written / "report.json").read_bytes() == b"=1"
    assert folder.faults == []
