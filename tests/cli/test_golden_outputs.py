"""What the command line prints and writes about two real weeks is the same, byte for byte."""

# golden_outputs.json holds a digest of each output. They were made on Linux x86-64 with the locked
# requirements and Python 3.11, and are the same under 3.12 and 3.13. Other versions of NumPy,
# Matplotlib, Typst, Babel or holidays may give other bytes, and so may another processor. Pictures
# (drawn by FreeType) and whatever depends on the clock are left out. Workbooks are compared by
# their contents, since each Python's zlib packs them differently, and PDFs by their text, since
# they contain the program's version.
#
# When an output is meant to change, write the digests again, after looking at what has changed:
#
#     PYTHONPATH=include python tests/cli/test_golden_outputs.py

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = next(each for each in Path(__file__).resolve().parents if (each / "pyproject.toml").exists())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULE, FUNCTION = PROJECT["scripts"]["supportops"].split(":")
EXPECTED = Path(__file__).with_name("golden_outputs.json")
(LOG,) = (ROOT / "include").rglob("uci_incidents_2weeks.csv.gz")
MAPPING = ROOT / "include/config/imports/uci.yaml"
PERIOD = ("--from", "2016-02-29", "--to", "2016-03-14")
END = ("--at", "2016-03-14T09:00")
TICKETS = 25
PICTURE = ".png"

# Not the shipped files, which may change.
CONFIGURATION = {
    "sites.yaml": """
sites:
  - {name: shop, customer: Acme, url: "https://shop.example/"}
""",
    "alerts.yaml": """
timezone: Europe/London
board_url: https://airflow.example.org/plugin/support
receivers:
  manager: [{name: manager_email, channel: email, secret: apprise_manager_email}]
  team: [{name: team_email, channel: email, secret: apprise_team_email}]
routes:
  - {name: everything, steps: [{receivers: [team]}]}
""",
    "reports.yaml": """
targets: {user_support: 95%, bug_fix: 95%, mission_critical: 95%}
availability: {default: 99.9%}
audiences:
  - {name: managers, title: Managers, receivers: [manager], reports: [weekly],
     formats: [pdf, xlsx, csv, json]}
  - {name: bug_desk, title: Bug desk, receivers: [team], reports: [weekly], tiers: [bug_fix],
     sections: [tiers, open_breaches, at_risk, assignees], formats: [csv, json],
     timezone: America/New_York, language: de-DE}
""",
    "service_levels.yaml": """
calendars:
  office:
    timezone: Europe/London
    hours:
      mon: [["09:00", "17:00"]]
      tue: [["09:00", "17:00"]]
      wed: [["09:00", "17:00"]]
      thu: [["09:00", "17:00"]]
      fri: [["09:00", "17:00"]]
    region: GB/ENG
  always:
    timezone: Europe/London
    hours:
      mon: [["00:00", "24:00"]]
      tue: [["00:00", "24:00"]]
      wed: [["00:00", "24:00"]]
      thu: [["00:00", "24:00"]]
      fri: [["00:00", "24:00"]]
      sat: [["00:00", "24:00"]]
      sun: [["00:00", "24:00"]]
default_tier: user_support
policies:
  - name: published
    from: 2000-01-01
    working_days: business_hours
    promises:
      - tier: user_support
        calendar: office
        targets:
          first_reply_time: {within: 3 working days}
          next_reply_time: {within: 3 working days}
          resolution_time: {pauses: [pending]}
        escalation: {warn: 75%, warn_before: 1h, follow_up: 1 working day}
      - tier: bug_fix
        calendar: office
        targets:
          first_reply_time: {within: 1 working day}
          next_reply_time: {within: 1 working day}
          update_time: {within: 1 working day, pauses: [pending]}
          resolution_time: {within: 2 working days, aim: 1 working day, pauses: [pending]}
        escalation: {warn: 75%, warn_before: 1h, follow_up: 1 working day}
      - tier: mission_critical
        calendar: always
        targets:
          first_reply_time: {within: 15m}
          next_reply_time: {within: 30m}
          update_time: {within: 60m, pauses: [pending]}
          resolution_time: {pauses: [pending]}
        escalation: {warn: 75%, warn_before: 5m, follow_up: 15m}
""",
}
# Several commands in one process, since most of a short command's time is Python's start. The
# output of each goes to a file of its own.
RUN = f"""
import contextlib, json, pathlib, sys
from {MODULE} import {FUNCTION} as command

for name, arguments in json.load(sys.stdin):
    sys.argv = ["supportops", *arguments]
    path = pathlib.Path(name)
    with path.open("w", encoding="utf-8", newline="") as file, contextlib.redirect_stdout(file):
        try:
            command()
        except SystemExit as end:
            if end.code:
                sys.exit(f"{{name}}: exit code {{end.code}}")
"""


def supportops(folder: Path, commands: dict[str, tuple[str, ...]]) -> None:
    """Runs commands in one process; the output of each is a file in the folder `out`."""
    (folder / "out").mkdir(exist_ok=True)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SUPPORT"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([(f"out/{name}", arguments) for name, arguments in commands.items()]),
        cwd=folder,
        env=own
        | {
            "PYTHONPATH": str(ROOT / "include"),
            "COLUMNS": "120",
            "FORCE_COLOR": "",
            "SUPPORTOPS_DATABASE_URL": f"sqlite+pysqlite:///{folder}/store.db",
            "SUPPORTOPS_CONFIG": str(folder / "config"),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def some_tickets() -> list[str]:
    """Tickets from all over the log."""
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as file:
        numbers = list(dict.fromkeys(row["number"] for row in csv.DictReader(file)))
    return numbers[:: len(numbers) // (TICKETS - 1)][:TICKETS]


def write_outputs(folder: Path) -> Path:
    """Imports the log into a new store and runs every command; the folder with the outputs."""
    for name, text in CONFIGURATION.items():
        path = folder / "config" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "config/imports").mkdir()
    shutil.copy(MAPPING, folder / "config/imports")
    shutil.copy(LOG, folder / "log.csv.gz")
    load = ("tickets", "import", "log.csv.gz", "--mapping", "uci", "--json")
    supportops(folder, {"upgrade.txt": ("db", "upgrade"), "import.json": load})
    explained = {f"explain-{each}.txt": ("explain", each, *END) for each in some_tickets()}
    explained |= {
        f"explain-{each}.json": ("explain", each, *END, "--json") for each in some_tickets()
    }
    supportops(folder, explained)
    weeks = ("--week", "2016-W09", "--to", "2016-W10", "--out", "out/reports")
    supportops(
        folder,
        {
            "clocks.csv": ("clocks", "--csv", *END),
            "replay.txt": ("replay", *PERIOD),
            "replay.json": ("replay", *PERIOD, "--json"),
            "weekly.txt": ("report", "weekly", *weeks),
        },
    )
    return folder / "out"


def digests(out: Path) -> dict[str, str]:
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.suffix != PICTURE:
            name = path.relative_to(out).as_posix()
            found[name] = hashlib.sha256(comparable(name, path.read_bytes())).hexdigest()
    return found


def comparable(name: str, content: bytes) -> bytes:
    """The content without packing, versions of program and schema, and when a replay was made."""
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(each.encode() + book.read(each) for each in book.namelist())
    if name.endswith(".pdf"):
        pages = PdfReader(io.BytesIO(content)).pages
        content = "\f".join(page.extract_text() for page in pages).encode()
    if name == "upgrade.txt":
        content = re.sub(rb"\b[0-9]{4}\b", b"newest", content)
    if name == "replay.json":
        content = re.sub(rb'\n  "as_of": .*', b"", content)
    return content.replace(f"supportops {PROJECT['version']}".encode(), b"supportops")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_outputs(tmp_path_factory.mktemp("golden"))


def test_the_outputs_of_two_real_weeks_are_unchanged(outputs: Path) -> None:
    expected, found = json.loads(EXPECTED.read_text(encoding="utf-8")), digests(outputs)
    assert found.keys() == expected.keys()
    changed = [name for name, digest in found.items() if digest != expected[name]]
    assert not changed, f"changed, see {outputs}: {', '.join(changed)}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        written = digests(write_outputs(Path(folder)))
    EXPECTED.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"{EXPECTED}: {len(written)} outputs")
