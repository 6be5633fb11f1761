"""The demo's past of sites, and the monthly reports that it makes possible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from supportops.alerts.store import list_open
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.db.schema import alerts, check_runs, incidents
from supportops.flows.operations import demo_history
from supportops.flows.reports import monthly_report
from supportops.flows.reports.report import ReportRequest, make_on_request
from supportops.flows.sites import site_availability
from supportops.local.demo import tickets
from supportops.local.demo.config import choose_ports, write
from supportops.local.demo.tickets import HISTORY
from supportops.local.install.installation import Installation
from supportops.reports.formats.file import PDF, File
from supportops.reports.period import Cadence

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
# A month that ends on a Sunday, a leap year's, one after a change of clocks.
ENDS = ["2026-05-31T23:30+00:00", "2028-03-01T08:00+00:00", "2026-11-26T09:00+00:00"]


@pytest.fixture
def demo(store: Engine, tmp_path: Path) -> Context:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    write(here, choose_ports(8080))
    return Context(store, here.demo_config, no_secrets)


@pytest.mark.parametrize("instant", ENDS)
def test_every_customer_had_an_outage_in_the_month_before(demo: Context, instant: str) -> None:
    now = datetime.fromisoformat(instant)
    demo_history.run(demo, HISTORY, now)
    end = now.replace(day=1, hour=0, minute=0)
    start = (end - timedelta(days=1)).replace(day=1)
    found = site_availability.of_period(demo.engine, start, end)
    down = {each.site.customer for each in found if each.availability.outages}
    assert {"Bluebird Books", "Kestrel Cycles", "Harbour Trust"} <= down
    assert all(each.availability.unknown < timedelta(minutes=1) for each in found)
    assert all(each.availability.up_share > 0.998 for each in found)


def test_nobody_is_notified_and_nothing_is_open(demo: Context) -> None:
    now = datetime.fromisoformat(ENDS[2])
    assert demo_history.run(demo, HISTORY, now)
    with reading(demo.engine) as connection:
        assert list_open(connection) == []
        assert connection.execute(select(func.count()).select_from(alerts)).scalar_one() == 0
        still = select(func.count()).where(incidents.c.closed_at.is_(None))
        assert connection.execute(still).scalar_one() == 0
        last = connection.execute(select(func.max(check_runs.c.slot))).scalar_one()
    assert timedelta(0) <= now - last < timedelta(minutes=10)
    assert demo_history.run(demo, HISTORY, now) is None, "a store with checks is left as it is"


def test_each_customer_gets_a_month_with_content_in_its_language(
    demo: Context, tmp_path: Path
) -> None:
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    demo_history.run(demo, HISTORY, now)
    tickets.load(demo, now, tmp_path / "rejects.jsonl")
    written: list[Sequence[File]] = []
    made = make_on_request(
        demo,
        ReportRequest(Cadence.MONTHLY),
        now,
        on_report=lambda _, files: written.append(files),
    )
    assert len(made) == 3
    texts = []
    for files in written:
        by_name = {file.name: file.content for file in files}
        assert by_name[PDF].startswith(b"%PDF")
        texts.append(by_name["mail.txt"].decode())
    english, german, french = (
        next(text for text in texts if words in text)
        for words in ("Work that was done", "Erledigte Arbeiten", "Travaux effectués")
    )
    assert "Automatic updates of plug-ins are off" in " ".join(english.split())
    assert "expected text is missing" in " ".join(english.split())
    assert "Nächtliche Sicherung sperrte die Datenbank" in " ".join(german.split())
    assert "Panne d'électricité chez l'hébergeur" in " ".join(french.split())
    for text in texts:
        assert "text_missing" not in text
        assert "Service Levels of Example Agency" in " ".join(text.split())
    assert monthly_report.run(demo, now, now)["troubles"] == []
