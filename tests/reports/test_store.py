"""Reports are appended and issued once; what they said never changes, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, configurations, report_documents, reports
from supportops.reports import store as report_store
from supportops.reports.formats.file import COUNTED, PDF, File
from supportops.reports.period import Cadence

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)
WEEKLY = Cadence.WEEKLY


@pytest.fixture
def desk(store: Engine) -> Engine:
    with writing(store) as connection:
        row = {"digest": "d1", "loaded_at": MONDAY, "document": {}}
        connection.execute(insert(configurations), [row])
    return store


def draft(week: int = 47, audience: str = "managers", **changes: Any) -> report_store.Draft:
    start = datetime(2026, 11, 16, tzinfo=UTC) + (week - 47) * WEEK
    return report_store.Draft(
        **{
            "cadence": WEEKLY,
            "period": f"2026-W{week}",
            "audience": audience,
            "customer": None,
            "starts_at": start,
            "ends_at": start + WEEK,
            "as_of": start + WEEK + timedelta(hours=8),
            "data_until": start + WEEK,
            "made_at": MONDAY,
            "configuration": "d1",
            "code": "1.0",
            "subject": f"SLA week {week}",
            "figures": {"promises": [{"met": 3, "share": 0.75}], "title": "Ünï"},
            "troubles": ("the PDF could not be made",),
        }
        | changes
    )


def pdf(content: bytes = b"%PDF") -> File:
    return File(PDF, "application/pdf", content)


def keep(desk: Engine, *drafts: report_store.Draft, files: list[File] | None = None) -> list[Any]:
    with writing(desk) as connection:
        return [report_store.keep(connection, each, files or []) for each in drafts]


def issue(desk: Engine, report: int, alert: str | None = None) -> bool:
    with writing(desk) as connection:
        key = alert or f"report:{report}"
        return report_store.issue(connection, report, key, ["bo_email"], MONDAY)


def test_a_report_comes_back_as_it_was_kept(desk: Engine) -> None:
    [kept] = keep(desk, draft(), files=[pdf(), File(COUNTED, "text/csv", b"a,b\n")])
    with reading(desk) as connection:
        assert report_store.newest(connection, WEEKLY, "2026-W47", "managers") == kept
        assert report_store.files(connection, kept.id) == [
            File(COUNTED, "text/csv", b"a,b\n"),
            pdf(),
        ]
        assert report_store.files(connection, kept.id, [PDF]) == [pdf()]
        assert report_store.digests(connection, kept.id)[PDF] == pdf().digest
    for name in ("period", "starts_at", "as_of", "data_until", "figures", "troubles"):
        assert getattr(kept, name) == getattr(draft(), name)
    assert (kept.edition, kept.issued_at, kept.alert, kept.recipients) == (1, None, None, ())


def test_editions_count_for_each_period_and_audience_of_its_own(desk: Engine) -> None:
    found = keep(desk, draft(), draft(), draft(46), draft(audience="team"), draft())
    assert [each.edition for each in found] == [1, 2, 1, 1, 3]


def test_two_writers_at_once_get_different_editions(desk: Engine) -> None:
    found: list[int] = []
    start = threading.Barrier(4)

    def write() -> None:
        start.wait()
        found.append(keep(desk, draft())[0].edition)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(found) == [1, 2, 3, 4]


def test_a_report_is_issued_once(desk: Engine) -> None:
    [kept] = keep(desk, draft())
    assert issue(desk, kept.id, "report:first")
    assert not issue(desk, kept.id, "report:second")
    with reading(desk) as connection:
        stored = report_store.issued(connection, WEEKLY, "2026-W47", "managers")
    assert stored is not None
    assert (stored.issued_at, stored.alert) == (MONDAY, "report:first")
    assert stored.recipients == ("bo_email",)


def test_nothing_overwrites_what_was_kept(desk: Engine) -> None:
    def rows() -> list[tuple[Any, ...]]:
        with reading(desk) as connection:
            columns = [c for c in reports.c if c.name not in ("issued_at", "alert", "recipients")]
            first = select(*columns).where(reports.c.id == kept.id)
            own = select(report_documents).where(report_documents.c.report == kept.id)
            return [tuple(row) for query in (first, own) for row in connection.execute(query)]

    [kept] = keep(desk, draft(), files=[pdf(b"first")])
    before = rows()
    [later] = keep(desk, draft(figures={"promises": []}), files=[pdf(b"second")])
    issue(desk, kept.id)
    issue(desk, later.id)
    issue(desk, kept.id, "report:again")
    assert rows() == before


def test_the_newest_issued_edition_counts_until_a_later_one_is_issued(desk: Engine) -> None:
    first, second = keep(desk, draft(), draft())
    with reading(desk) as connection:
        assert report_store.issued(connection, WEEKLY, "2026-W47", "managers") is None
    issue(desk, first.id)
    with reading(desk) as connection:
        of = (connection, WEEKLY, "2026-W47", "managers")
        assert report_store.issued(*of).edition == 1
        assert report_store.newest(*of).edition == 2
    issue(desk, second.id)
    with reading(desk) as connection:
        assert report_store.issued(connection, WEEKLY, "2026-W47", "managers").edition == 2


def test_the_issued_reports_among_periods_are_the_last_of_each(desk: Engine) -> None:
    for week in (43, 44, 45, 46, 47):
        first, second = keep(desk, draft(week), draft(week))
        issue(desk, first.id)
        if week == 45:
            issue(desk, second.id)
    keep(desk, draft(42), draft(44, audience="team"))
    with reading(desk) as connection:
        of = (connection, WEEKLY, "managers")
        among = list(report_store.issued_among(*of, ["2026-W47", "2026-W45", "2026-W42"]))
        assert list(report_store.issued_among(*of, [])) == []
    assert [(each.period[-2:], each.edition) for each in among] == [("45", 2), ("47", 1)]


def test_a_file_is_that_of_the_edition_asked_for_or_of_what_was_issued(desk: Engine) -> None:
    [first] = keep(desk, draft(), files=[pdf(b"first")])
    keep(desk, draft(), files=[pdf(b"second")])

    def content(number: int | None, name: str = PDF) -> bytes | None:
        with reading(desk) as connection:
            found = report_store.file(connection, WEEKLY, "2026-W47", "managers", number, name)
        return found and found.content

    assert (content(1), content(2), content(3)) == (b"first", b"second", None)
    assert content(None) == b"second"
    issue(desk, first.id)
    assert content(None) == b"first"
    assert content(None, "secrets.txt") is None


def test_the_list_shows_the_newest_first_without_what_is_heavy(desk: Engine) -> None:
    keep(desk, draft(45), draft(47), draft(46, "acme"), draft(47), draft(46))
    with reading(desk) as connection:
        listed = report_store.listing(connection, 4)
        assert [(each.period[-2:], each.audience, each.edition) for each in listed] == [
            ("47", "managers", 2),
            ("47", "managers", 1),
            ("46", "acme", 1),
            ("46", "managers", 1),
        ]
        assert not any(hasattr(each, "figures") for each in listed)
        assert len(report_store.listing(connection, 9, audience="managers")) == 4
        assert report_store.listing(connection, 9, cadence=Cadence.DAILY) == []


def test_a_report_is_found_by_the_alert_that_issued_it(desk: Engine) -> None:
    [kept] = keep(desk, draft())
    issue(desk, kept.id, "report:managers")
    with reading(desk) as connection:
        found = report_store.by_alert(connection, ["report:managers", "report:nobody"])
        assert {key: each.id for key, each in found.items()} == {"report:managers": kept.id}
        assert not connection.execute(select(alerts)).all()
