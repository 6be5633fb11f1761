"""Reports as they were made and as they were issued, with their documents.

Rows are appended, one an edition. What one says never changes; that it was issued, and who approved
or rejected it, is stored once, beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, case, func, insert, select, update

from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import report_documents, reports
from supportops.db.sound_json import sound_json
from supportops.reports.formats.file import File
from supportops.reports.period import Cadence

_c = reports.c


class Approval(StrEnum):
    """What became of an edition that is sent when somebody has approved it."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLACED = "replaced"  # by a later edition, before anybody had decided


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as it was made. `period` is its label, `configuration` the digest of the one that
    it was made by, `code` the version that made it; `figures` are plain JSON values; `troubles`
    say what could not be made.
    """

    cadence: Cadence
    period: str
    audience: str
    customer: str | None
    starts_at: datetime
    ends_at: datetime
    as_of: datetime
    data_until: datetime | None
    made_at: datetime
    configuration: str
    code: str
    subject: str
    figures: Mapping[str, Any]
    troubles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """What a list of reports shows of one. `edition` counts from 1 for each period and audience.

    `issued_at`, `alert` and `recipients` (names) are set by issuing it. `approval` is None where
    nobody was asked for it.
    """

    id: int
    cadence: Cadence
    period: str
    audience: str
    edition: int
    customer: str | None
    starts_at: datetime
    ends_at: datetime
    as_of: datetime
    data_until: datetime | None
    made_at: datetime
    issued_at: datetime | None
    alert: str | None
    configuration: str
    code: str
    subject: str
    recipients: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    approval: Approval | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredReport(ReportEntry):
    """An edition as stored, with its figures."""

    figures: Mapping[str, Any] = field(default_factory=dict)


ENTRY_COLUMNS = tuple(reports.c[each.name] for each in fields(ReportEntry))
_STORED = tuple(reports.c[each.name] for each in fields(StoredReport))


def keep(connection: Connection, draft: Draft, files: Sequence[File]) -> StoredReport:
    """Appends a report as the next edition of its cadence, period and audience, with its files.

    One writer at a time, until its transaction ends, so that two get different editions.
    """
    advisory_lock(connection, Lock.STORE_REPORT)
    last = select(func.max(_c.edition)).where(*_named(draft.cadence, draft.period, draft.audience))
    row = {each.name: getattr(draft, each.name) for each in fields(Draft)} | {
        "cadence": draft.cadence.value,
        "edition": (connection.execute(last).scalar() or 0) + 1,
        "recipients": [],
        "figures": dict(draft.figures),
        "troubles": list(draft.troubles),
    }
    number = connection.execute(insert(reports).values(row).returning(_c.id)).scalar_one()
    if files:
        connection.execute(insert(report_documents), [_document(number, file) for file in files])
    stored = connection.execute(select(*_STORED).where(_c.id == number)).mappings().one()
    return _stored(stored)


def issue(
    connection: Connection, report: int, alert: str, recipients: Sequence[str], now: datetime
) -> bool:
    """Marks a report as issued by this alert, to these; False if it was issued before."""
    statement = update(reports).where(_c.id == report, _c.issued_at.is_(None))
    waits = _c.approval == Approval.WAITING.value  # and nobody is asked any more
    unasked = case((waits, None), else_=_c.approval)
    values = {
        "issued_at": now,
        "alert": alert,
        "recipients": list(recipients),
        "approval": unasked,
    }
    return connection.execute(statement.values(values)).rowcount == 1


def ask(connection: Connection, report: StoredReport) -> None:
    """Has an edition wait for approval."""
    unasked = (_c.id == report.id, _c.approval.is_(None), _c.issued_at.is_(None))
    connection.execute(update(reports).where(*unasked).values(approval=Approval.WAITING.value))


def replace_waiting(connection: Connection, report: StoredReport, audiences: Sequence[str]) -> None:
    """Of the same report, an edition other than this one that waits for approval is replaced by it.

    `audiences`: the names under which it may be stored.
    """
    same = (
        _c.cadence == report.cadence.value,
        _c.period == report.period,
        _c.audience.in_(list(audiences)),
    )
    waits = (*same, _c.approval == Approval.WAITING.value, _c.id != report.id)
    connection.execute(update(reports).where(*waits).values(approval=Approval.REPLACED.value))


def decide(connection: Connection, report: int, approval: Approval, by: str, now: datetime) -> bool:
    """Approves or rejects an edition that waits; False if it does not, or somebody was faster."""
    waiting = (_c.id == report, _c.approval == Approval.WAITING.value, _c.issued_at.is_(None))
    values = {"approval": approval.value, "decided_by": by, "decided_at": now}
    return connection.execute(update(reports).where(*waiting).values(values)).rowcount == 1


def asked(
    connection: Connection, cadence: Cadence, period: str, audience: str
) -> StoredReport | None:
    """The newest edition that waits for approval or was rejected."""
    states = (Approval.WAITING.value, Approval.REJECTED.value)
    return _first(connection, _editions(cadence, period, audience).where(_c.approval.in_(states)))


def waiting(connection: Connection, limit: int) -> list[ReportEntry]:
    """Editions that wait for approval, in the order in which they were made."""
    rows = select(*ENTRY_COLUMNS).where(_c.approval == Approval.WAITING.value).order_by(_c.id)
    return [as_entry(row) for row in connection.execute(rows.limit(limit)).mappings()]


def by_id(connection: Connection, report: int) -> StoredReport | None:
    """An edition by its id."""
    return _first(connection, select(*_STORED).where(_c.id == report))


def issued(
    connection: Connection, cadence: Cadence, period: str, audience: str
) -> StoredReport | None:
    """The newest edition that was issued."""
    return _first(connection, _editions(cadence, period, audience).where(_c.issued_at.is_not(None)))


def newest(
    connection: Connection, cadence: Cadence, period: str, audience: str
) -> StoredReport | None:
    """The newest edition, issued or not."""
    return _first(connection, _editions(cadence, period, audience))


def edition(
    connection: Connection, cadence: Cadence, period: str, audience: str, number: int
) -> StoredReport | None:
    """One edition."""
    return _first(connection, _editions(cadence, period, audience).where(_c.edition == number))


def issued_among(
    connection: Connection, cadence: Cadence, audience: str, periods: Sequence[str]
) -> Iterator[StoredReport]:
    """Of these periods, those that were issued: their newest issued editions, oldest first.

    One at a time: the figures of a large desk are megabytes.
    """
    conditions = (*_issued(cadence, audience), _c.period.in_(list(periods)))
    last = select(func.max(_c.id)).where(*conditions).group_by(_c.period)
    rows = select(*_STORED).where(_c.id.in_(last)).order_by(_c.starts_at, _c.id)
    for row in connection.execute(rows).mappings():
        yield _stored(row)


def restatements_after(
    connection: Connection, cadence: Cadence, audience: str, after: datetime
) -> Iterator[tuple[datetime, Sequence[Mapping[str, Any]]]]:
    """What the reports on periods that begin after an instant restated, oldest first, each with
    when it was made: of each period its newest issued edition, without its other figures.
    """
    conditions = (*_issued(cadence, audience), _c.starts_at > after)
    last = select(func.max(_c.id)).where(*conditions).group_by(_c.period)
    stored = sound_json(_c.figures)["restatements"].label("restated")
    rows = select(_c.made_at, stored).where(_c.id.in_(last)).order_by(_c.starts_at, _c.id)
    for row in connection.execute(rows):
        yield row.made_at, row.restated or ()


def by_alert(connection: Connection, keys: Sequence[str]) -> dict[str, StoredReport]:
    """The reports that these alerts issued, by the alert's key."""
    rows = select(*_STORED).where(_c.alert.in_(list(keys)))
    return {row["alert"]: _stored(row) for row in connection.execute(rows).mappings()}


def listing(
    connection: Connection,
    limit: int,
    *,
    cadence: Cadence | None = None,
    audience: str | None = None,
) -> list[ReportEntry]:
    """The newest reports first, by period, then by edition; those that meet all that is given."""
    rows = select(*ENTRY_COLUMNS).order_by(_c.ends_at.desc(), _c.audience, _c.edition.desc(), _c.id)
    for column, value in ((_c.cadence, cadence), (_c.audience, audience)):
        if value is not None:
            rows = rows.where(column == value)
    return [as_entry(row) for row in connection.execute(rows.limit(limit)).mappings()]


def audiences_of(connection: Connection, cadence: Cadence, period: str) -> list[str]:
    """The audiences that have a report on a period, by name."""
    conditions = (_c.cadence == cadence.value, _c.period == period)
    rows = select(_c.audience).distinct().where(*conditions).order_by(_c.audience)
    return list(connection.execute(rows).scalars())


def files(connection: Connection, report: int, names: Sequence[str] | None = None) -> list[File]:
    """The files of a report by name, or those of them with these names."""
    table = report_documents.c
    rows = select(table.name, table.media_type, table.content).where(table.report == report)
    if names is not None:
        rows = rows.where(table.name.in_(list(names)))
    return [File(*row) for row in connection.execute(rows.order_by(table.name))]


def file(
    connection: Connection,
    cadence: Cadence,
    period: str,
    audience: str,
    number: int | None,
    name: str,
) -> File | None:
    """A file of an edition; without a number of the newest issued one, or else the newest."""
    if number is not None:
        stored = edition(connection, cadence, period, audience, number)
    else:
        of = (connection, cadence, period, audience)
        stored = issued(*of) or newest(*of)
    found = files(connection, stored.id, [name]) if stored else []
    return found[0] if found else None


def digests(connection: Connection, report: int) -> dict[str, str]:
    """The SHA-256 of each file of a report, by name."""
    table = report_documents.c
    rows = select(table.name, table.digest).where(table.report == report).order_by(table.name)
    return {row.name: row.digest for row in connection.execute(rows)}


def as_entry(row: RowMapping) -> ReportEntry:
    """Out of a row of ENTRY_COLUMNS."""
    return ReportEntry(**_values(row))


def _named(cadence: Cadence, period: str, audience: str) -> tuple[Any, ...]:
    return (_c.cadence == cadence.value, _c.period == period, _c.audience == audience)


def _issued(cadence: Cadence, audience: str) -> tuple[Any, ...]:
    return (_c.cadence == cadence.value, _c.audience == audience, _c.issued_at.is_not(None))


def _editions(cadence: Cadence, period: str, audience: str) -> Select[Any]:
    chosen = select(*_STORED).where(*_named(cadence, period, audience))
    return chosen.order_by(_c.edition.desc()).limit(1)


def _first(connection: Connection, rows: Select[Any]) -> StoredReport | None:
    row = connection.execute(rows).mappings().first()
    return None if row is None else _stored(row)


def _document(report: int, file: File) -> dict[str, Any]:
    return {
        "report": report,
        "name": file.name,
        "media_type": file.media_type,
        "digest": file.digest,
        "content": file.content,
    }


def _stored(row: RowMapping) -> StoredReport:
    return StoredReport(**_values(row))


def _values(row: RowMapping) -> dict[str, Any]:
    return {
        **row,
        "cadence": Cadence(row["cadence"]),
        "recipients": tuple(row["recipients"]),
        "troubles": tuple(row["troubles"]),
        "approval": Approval(row["approval"]) if row["approval"] else None,
    }
