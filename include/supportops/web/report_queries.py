"""The rows that the pages about reports read from the store: bounded, without figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, or_, select

from supportops.db.schema import report_documents, reports
from supportops.reports.links import report_path
from supportops.reports.period import Cadence
from supportops.reports.store import ENTRY_COLUMNS, ReportEntry, as_entry

_c = reports.c


@dataclass(frozen=True, slots=True)
class Line:
    """One report: its newest issued edition, else its newest, and the number of the newest."""

    entry: ReportEntry
    newest: int


@dataclass(frozen=True, slots=True)
class About:
    """Whom reports are for and which customer they are about, as stored."""

    audience: str
    customer: str


def lines(
    connection: Connection, cadence: Cadence | None, audience: str, skip: int, most: int
) -> list[Line]:
    """Reports by period, the newest first: those of a cadence and an audience, where given."""
    issued = case((_c.issued_at.is_not(None), _c.id))
    counts = func.coalesce(func.max(issued), func.max(_c.id))
    statement = (
        select(counts.label("id"), func.max(_c.edition).label("newest"))
        .group_by(_c.cadence, _c.period, _c.audience)
        .order_by(func.max(_c.ends_at).desc(), _c.cadence.desc(), _c.audience, _c.period)
    )
    if cadence is not None:
        statement = statement.where(_c.cadence == cadence.value)
    if audience:
        statement = statement.where(_c.audience == audience)
    found = connection.execute(statement.offset(skip).limit(most)).all()
    rows = select(*ENTRY_COLUMNS).where(_c.id.in_([row.id for row in found]))
    entries = {row["id"]: as_entry(row) for row in connection.execute(rows).mappings()}
    return [Line(entries[row.id], row.newest) for row in found]


def issued_about(connection: Connection) -> list[About]:
    """Every audience and customer that an issued report has, reports on no customer left out."""
    issued = (_c.issued_at.is_not(None), _c.customer.is_not(None))
    statement = select(_c.audience, _c.customer).where(*issued).distinct()
    found = connection.execute(statement.order_by(_c.audience, _c.customer))
    return [About(row.audience, row.customer) for row in found]


def issued_lines(
    connection: Connection, about: Sequence[About], skip: int, most: int
) -> list[ReportEntry]:
    """The newest issued edition of each report about one of `about`, the newest period first."""
    if not about:
        return []
    theirs = or_(*(and_(_c.audience == a.audience, _c.customer == a.customer) for a in about))
    last = (
        select(func.max(_c.id))
        .where(theirs, _c.issued_at.is_not(None))
        .group_by(_c.cadence, _c.period, _c.audience)
    )
    order = (_c.ends_at.desc(), _c.cadence.desc(), _c.audience, _c.period, _c.id)
    rows = select(*ENTRY_COLUMNS).where(_c.id.in_(last)).order_by(*order).offset(skip).limit(most)
    return [as_entry(row) for row in connection.execute(rows).mappings()]


def audiences(connection: Connection) -> list[str]:
    """The audiences of all stored reports, by name."""
    statement = select(_c.audience).distinct().order_by(_c.audience)
    return list(connection.execute(statement).scalars())


def audiences_of(connection: Connection, cadence: Cadence) -> list[str]:
    """The audiences that have a stored report of this cadence, by name."""
    statement = select(_c.audience).where(_c.cadence == cadence.value).distinct()
    return list(connection.execute(statement.order_by(_c.audience)).scalars())


def editions(
    connection: Connection, cadence: Cadence, period: str, audience: str, most: int
) -> list[ReportEntry]:
    """The newest editions of one report, the newest first."""
    statement = (
        select(*ENTRY_COLUMNS)
        .where(_c.cadence == cadence.value, _c.period == period, _c.audience == audience)
        .order_by(_c.edition.desc())
        .limit(most)
    )
    return [as_entry(row) for row in connection.execute(statement).mappings()]


def edition_path(connection: Connection, alert: str) -> str | None:
    """The page of the edition that this alert issued."""
    statement = select(_c.cadence, _c.period, _c.audience, _c.edition).where(_c.alert == alert)
    found = connection.execute(statement).first()
    return report_path(Cadence(found.cadence), *found[1:]) if found else None


def sizes(connection: Connection, report: int) -> dict[str, int]:
    """The bytes of each file of an edition, by its name."""
    c = report_documents.c
    size = func.length(c.content).label("size")
    statement = select(c.name, size).where(c.report == report).order_by(c.name)
    return {row.name: row.size for row in connection.execute(statement)}
