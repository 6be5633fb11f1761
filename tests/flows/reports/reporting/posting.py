"""A desk that has reports to send: who gets them, their stored files, and how they are issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dispatching import LEVELS, Desk, everything_to, receivers
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.config.snapshots import newest
from supportops.db.engine import writing
from supportops.flows.reports.reporting.messages import post
from supportops.reports import store
from supportops.reports.formats.file import File
from supportops.reports.period import Cadence, parse

BOARD = "https://airflow.example.org/plugin/support"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\n" + b"\0\xff\r\n.\r\n" * 500
MAIL_HTML = (
    '<html><body><h1>Bug fixes 91 %</h1><img src="cid:trend.png" alt="steady"></body></html>\n'
)
MAIL_TEXT = "Bug fixes 91 %\n\nThe page: https://airflow.example.org/\n"


def readers(*, audiences: Sequence[dict[str, Any]] = (), **more: Any) -> Configuration:
    """Managers get the weekly report; two addresses are the receiver `manager`.

    Every alert goes to `team_email`, on a route that matches everything.
    """
    known = receivers("team_email", "acme_email", "manager_chat", "manager_sms")
    manager = [receivers(name)[name][0] for name in ("boss_email", "owner_email")]
    alerts = {
        "board_url": BOARD,
        "receivers": known | {"manager": manager},
        "routes": [everything_to("team_email")],
    } | more.pop("alerts", {})
    weekly = {"name": "managers", "title": "Managers", "receivers": ["manager"]}
    plan = {"audiences": [*audiences] or [weekly | {"reports": ["weekly"]}]} | more
    sites: dict[str, Any] = {"sites": []}
    levels = plan.pop("levels", LEVELS)
    others = {"sites": sites, "alerts": alerts, "service_levels": levels}
    return restore(others | {"reports": plan})


def files(**changes: bytes | None) -> list[File]:
    """The stored files of a report; `report_pdf=None` leaves the PDF out."""
    content: dict[str, bytes | None] = {
        "mail_html": MAIL_HTML.encode(),
        "mail_txt": MAIL_TEXT.encode(),
        "page_html": b"<p>never sent</p>",
        "trend_png": PNG,
        "report_pdf": PDF,
        "counted_csv": b"never,sent\n",
    }
    kinds = {"png": "image/png", "pdf": "application/pdf", "html": "text/html; charset=utf-8"}
    return [
        File(name.replace("_", "."), kinds.get(name.rpartition("_")[2], "text/plain"), found)
        for name, found in (content | changes).items()
        if found is not None
    ]


def keep(
    desk: Desk,
    audience: str = "managers",
    period: str = "2026-W47",
    *,
    report_files: Sequence[File] | None = None,
    **changes: Any,
) -> store.StoredReport:
    """A draft, made now."""
    cadence = Cadence.WEEKLY if "W" in period else Cadence.DAILY
    about = parse(cadence, period, "Europe/London")
    with writing(desk.store) as connection:
        configuration = newest(connection)
        assert configuration is not None
        draft = store.Draft(
            cadence=cadence,
            period=period,
            audience=audience,
            customer=None,
            starts_at=about.start,
            ends_at=about.end,
            as_of=desk.clock.now,
            data_until=desk.clock.now,
            made_at=desk.clock.now,
            configuration=configuration.digest,
            code="1",
            subject="SLA week 47 (16–22 Nov): 91 % 🔥",
            figures={},
        )
        return store.keep(
            connection, replace(draft, **changes), files() if report_files is None else report_files
        )


def send(desk: Desk, report: store.StoredReport) -> int:
    """Issues a stored report to its audience; answers how many messages were queued."""
    with writing(desk.store) as connection:
        configuration = newest(connection)
        assert configuration is not None
        (audience,) = (a for a in configuration.reports.audiences if a.name == report.audience)
        known = configuration.alerts.receivers
        targets = [target for name in audience.receivers for target in known[name]]
        return post(connection, report, targets, desk.clock.now)


def issue(desk: Desk, *args: Any, **changes: Any) -> store.StoredReport:
    """Keeps a report and issues it."""
    report = keep(desk, *args, **changes)
    assert send(desk, report) > 0
    return report
