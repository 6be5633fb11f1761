"""A desk whose reports are made: tickets on London's clock, audiences, and what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from builders import configure
from sla.policies import london, story
from supportops.config.configuration import Configuration
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.db.engine import reading, writing
from supportops.db.schema import messages, report_documents, reports
from supportops.flows.reports.reporting.keeping import ReportResult
from supportops.flows.reports.reporting.pipeline import make_reports
from supportops.flows.reports.reporting.selection import ReportRequest
from supportops.reports.formats.file import File
from supportops.reports.period import Cadence
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event

ALERTS = """
timezone: Europe/London
board_url: https://airflow.example.org/plugin/support
receivers:
  manager: [{name: manager_email, channel: email, secret: apprise_manager_email}]
  team: [{name: team_email, channel: email, secret: apprise_team_email}]
  acme: [{name: acme_email, channel: email, secret: apprise_acme_email}]
routes:
  - {name: everything, steps: [{receivers: [team]}]}
"""
# Few parts and no pictures: most tests are about what becomes of a report.
READERS = """
targets: {user_support: 95%, bug_fix: 95%}
availability: {default: 99.9%}
audiences:
  - {name: managers, title: Managers, receivers: [manager], reports: [weekly, daily],
     sections: [tiers, restatements], formats: [csv, json]}
  - {name: acme, title: Acme, customer: Acme, receivers: [acme], reports: [weekly],
     sections: [tiers, breaches], formats: []}
"""
# Every part and every format.
WHOLE = """
targets: {user_support: 95%, bug_fix: 95%}
availability: {default: 99.9%}
audiences:
  - {name: managers, title: Managers, receivers: [manager], reports: [weekly, daily],
     formats: [pdf, xlsx, csv, json]}
  - {name: acme, title: Acme, customer: Acme, receivers: [acme], reports: [weekly],
     formats: [pdf, xlsx, csv, json]}
"""
SITES = [
    {"name": "shop", "url": "https://shop.example/"},
    {"name": "club", "url": "https://club.example/", "customer": "Birch"},
]
# From Monday 13 to Sunday 19 April 2026.
WEEK = "2026-W16"


def raised(ticket: str, *lines: str, customer: str = "Acme", subject: str = "Help") -> list[Event]:
    """A ticket's story; its first line says when it was raised."""
    begun = lines[0].rsplit(" ", 1)[0]
    events = story(*lines, f"{begun} customer {customer}", ticket=ticket)
    facts = {"subject": subject, "requester": "ann", "text": ""}
    return [replace(events[0], facts=facts), *events[1:]]


def later_event(ticket: str, line: str) -> Event:
    """One more event of a ticket."""
    (event,) = story(line, ticket=ticket)
    return replace(event, source_event=f"{ticket}, {line}")


def a_week() -> list[Event]:
    """Acme's 1 is answered in time, its 2 late, 3 never; Birch's 4 in time; 5 is a bug, open."""
    return [
        *raised(
            "1",
            "2026-04-13 09:00 asks",
            "2026-04-14 10:00 answers",
            "2026-04-15 10:00 status solved",
        ),
        *raised("2", "2026-04-13 09:00 asks", "2026-04-16 10:00 answers"),
        *raised("3", "2026-04-14 09:00 asks"),
        *raised("4", "2026-04-13 11:00 asks", "2026-04-13 12:00 answers", customer="Birch"),
        *raised("5", "2026-04-15 09:00 asks", "2026-04-15 09:00 tier bug_fix", customer="Birch"),
    ]


@dataclass
class ReportDesk:
    """`at` and `now` are local times, "2026-04-20 08:00"."""

    store: Engine
    folder: Path
    files: dict[str, list[File]] = field(default_factory=dict)

    @property
    def configuration(self) -> Configuration:
        return load(self.folder)

    def append(self, *events: Event) -> None:
        with writing(self.store) as connection:
            append_events(connection, events, london("2030-01-01 00:00"))

    def load_or_last_good(self, now: str) -> None:
        """The first run of anything takes the configuration up."""
        with writing(self.store) as connection:
            save(connection, self.configuration, london(now))

    def weekly(
        self, *labels: str, at: str = "2026-04-20 08:00", **options: Any
    ) -> list[ReportResult]:
        return self.make(ReportRequest(Cadence.WEEKLY, labels, **options), at)

    def daily(self, *labels: str, at: str, **options: Any) -> list[ReportResult]:
        return self.make(ReportRequest(Cadence.DAILY, labels, **options), at)

    def make(self, request: ReportRequest, at: str) -> list[ReportResult]:
        when = london(at)

        def on_report(result: ReportResult, files: Sequence[File]) -> None:
            self.files[result.audience] = list(files)

        return make_reports(
            self.store, self.configuration, request, when, when, on_report=on_report
        )

    def text(self, audience: str, name: str = "mail.txt") -> str:
        """A document of the report that was made last for an audience."""
        (found,) = (file for file in self.files[audience] if file.name == name)
        return found.content.decode()

    def queued(self) -> list[tuple[str, str]]:
        """Target and alert of every message, as queued."""
        with reading(self.store) as connection:
            rows = select(messages.c.target, messages.c.alert).order_by(messages.c.id)
            return [(row.target, row.alert) for row in connection.execute(rows)]

    def editions(self) -> list[Any]:
        """Every row of reports, as it was made."""
        with reading(self.store) as connection:
            return list(connection.execute(select(reports).order_by(reports.c.id)))

    def documents(self) -> list[Any]:
        with reading(self.store) as connection:
            table = report_documents
            order = (table.c.report, table.c.name)
            return list(
                connection.execute(
                    select(table.c.report, table.c.name, table.c.digest).order_by(*order)
                )
            )


def reporting_desk(store: Engine, folder: Path, readers: str = READERS) -> ReportDesk:
    configure(folder, SITES)
    (folder / "alerts.yaml").write_text(ALERTS, encoding="utf-8")
    (folder / "reports.yaml").write_text(readers, encoding="utf-8")
    return ReportDesk(store, folder)
