"""No word of one customer is in any file of another's month."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from flows.reports.monthly.months import MONTHLY, monthly
from flows.reports.reporting.report_builders import ReportDesk, raised, reporting_desk
from sla.policies import london
from supportops.config.reports import audience_name
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import reports
from supportops.flows.alerts import incident_notes
from supportops.reports.formats.file import PDF, File
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes

ANIMALS = ("Aardvark", "Bittern", "Civet")
SHARED = "stonehenge9"  # a server of all of them
ALERTS = """
receivers:
  team: [{name: team_email, channel: email, secret: apprise_team_email}]
RECEIVERS
routes:
  - {name: everything, steps: [{receivers: [team]}]}
"""


def marked(animal: str) -> dict[str, str]:
    """Everything that is a customer's own, each with its mark."""
    mark = animal.lower()
    return {
        "name": f"{animal} Ltd",
        "alias": f"{animal}alias",
        "receiver": f"{mark}contact",
        "site": f"{mark}shop",
        "url": f"https://{mark}host.example/{mark}path",
        "subject": f"{animal}subject about the shop",
        "requester": f"{mark}person",
        "assignee": f"{mark}agent",
        "cause": f"{animal}cause",
        "note": f"{animal}note",
        "done": f"{animal}done",
        "reason": f"status {mark}reason",
    }


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    readers = MONTHLY.replace("APPROVAL", "none").replace("FORMATS", "pdf, xlsx, csv, json")
    made = reporting_desk(store, tmp_path / "config", readers)
    own = [marked(animal) for animal in ANIMALS]
    receivers = "\n".join(
        f"  {each['receiver']}: [{{name: {each['receiver']}_email, channel: email, secret: s}}]"
        for each in own
    )
    (made.folder / "alerts.yaml").write_text(ALERTS.replace("RECEIVERS", receivers))
    customers = "\n".join(
        f"  - {{name: {each['name']}, aliases: [{each['alias']}], contacts: [{each['receiver']}],"
        f" reports: [monthly]}}"
        for each in own
    )
    (made.folder / "customers.yaml").write_text(f"customers:\n{customers}\n")
    sites = "\n".join(
        f"  - {{name: {each['site']}, customer: {each['alias']}, url: '{each['url']}',"
        f" host: {SHARED}}}"
        for each in own
    )
    (made.folder / "sites.yaml").write_text(f"sites:\n{sites}\n")
    made.load_or_last_good("2026-04-01 08:00")
    for number, each in enumerate(own):
        lives(made, number, each)
    return made


def lives(desk: ReportDesk, number: int, own: dict[str, str]) -> None:
    """A month of a customer: tickets, an outage of its own, and a cause and notes."""
    for n in range(3):
        lines = [
            f"2026-04-1{n + 3} 09:00 asks",
            f"2026-04-1{n + 3} 09:01 assignee {own['assignee']}",
            *([f"2026-04-1{n + 3} 15:00 answers"] if n else []),
            *([f"2026-04-1{n + 4} 10:00 status solved"] if n == 1 else []),
        ]
        ticket = f"{own['site']}-{n}"
        desk.append(*raised(ticket, *lines, customer=own["alias"], subject=own["subject"]))
    start = london(f"2026-04-2{number} 10:00")
    outage = Incident(
        kind=IncidentKind.OUTAGE,
        subject=own["site"],
        reason=own["reason"],
        started_at=start,
        opened_at=start + timedelta(minutes=1),
        site=own["site"],
        customer=own["name"],
        ended_at=start + timedelta(hours=1),
    )
    with writing(desk.store) as connection:
        save_changes(connection, [Change(ChangeKind.OPENED, outage, "")])
    context = Context(desk.store, desk.folder, {}.get)
    when = start + timedelta(days=1)
    incident_notes.note(
        context, outage.key, own["cause"], own["note"], "anna", when, done=own["done"]
    )


def text_of(file: File) -> str:
    """Everything that a file holds, as a reader could get at it."""
    if file.name == PDF:
        read = PdfReader(io.BytesIO(file.content))
        pages = " ".join(page.extract_text() for page in read.pages)
        return f"{pages} {read.metadata}".replace("\u200b", "").replace("\n", " ")
    if file.name.endswith(".xlsx"):
        import zipfile

        with zipfile.ZipFile(io.BytesIO(file.content)) as book:
            return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return file.content.decode("utf-8", "replace")


def rows(desk: ReportDesk) -> list[Any]:
    with reading(desk.store) as connection:
        return list(connection.execute(reports.select()).mappings())


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_no_file_holds_a_word_of_another_customer(desk: ReportDesk) -> None:
    monthly(desk, send=True)
    stored = {row["audience"]: f"{row['figures']} {row['subject']}" for row in rows(desk)}
    for animal in ANIMALS:
        audience, own = audience_name(f"{animal} Ltd"), marked(animal)
        texts = {file.name: text_of(file) for file in desk.files[audience]}
        assert {"mail.html", "mail.txt", "page.html", "report.pdf", "figures.json"} <= texts.keys()
        texts["the store"] = stored[audience]
        for name, text in texts.items():
            for other in ANIMALS:
                if other != animal:
                    assert other.lower() not in text.lower(), f"{other} in {name} of {animal}"
            assert SHARED not in text, f"the server in {name}"
        for word in ("name", "site", "subject", "cause", "done"):
            assert own[word] in texts["mail.txt"].replace("\n", " "), word
            assert own[word] in texts["report.pdf"], word
        for inside in ("note", "assignee", "alias"):  # the agency's own affairs
            assert not any(own[inside] in text for text in texts.values()), inside
