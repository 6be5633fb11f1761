"""Two stored reports of an audience, side by side: what the board and the command line show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from supportops.config.snapshots import get, newest_digest
from supportops.context import Context
from supportops.customers import Customers
from supportops.db.engine import reading
from supportops.flows.active_configuration import customers_now
from supportops.reports import store
from supportops.reports.compare import Comparison, compare, last_restated
from supportops.reports.figures import Restatement
from supportops.reports.period import Cadence
from supportops.reports.store import ReportEntry, StoredReport

MOST_CHOICES = 120
_CADENCES = {
    Cadence.DAILY: re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
    Cadence.WEEKLY: re.compile(r"\d{4}-W\d{2}", re.ASCII),
    Cadence.MONTHLY: re.compile(r"\d{4}-\d{2}", re.ASCII),
}
_CHOICE = re.compile(r"([0-9W-]{4,12})(?:/([1-9]\d{0,8}))?", re.ASCII)


class NotCompared(LookupError):
    """There is no such pair of reports; one line that says what is missing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A report by its period and edition; without one the edition that counts."""

    period: str
    edition: int | None = None

    @classmethod
    def of(cls, text: str) -> Choice:
        """ "2026-W47" or "2026-W47/2". Raises NotCompared."""
        found = _CHOICE.fullmatch(text)
        if found is None:
            raise NotCompared(
                f"{text[:40]!r} names no report: expected a week such as 2026-W47, or an edition "
                "of it such as 2026-W47/2"
            )
        return cls(found[1], int(found[2]) if found[2] else None)

    @property
    def cadence(self) -> Cadence:
        """Which report has such a period. Raises NotCompared."""
        for cadence, form in _CADENCES.items():
            if form.fullmatch(self.period):
                return cadence
        raise NotCompared(f"{self.period} is no period of a report: expected one such as 2026-W47")


@dataclass(frozen=True, slots=True)
class Compared:
    """Both reports, without their figures, and the comparison. `notes`: why the two may differ for
    another reason than that something became better or worse, a sentence each.
    """

    first: ReportEntry
    second: ReportEntry
    comparison: Comparison
    notes: tuple[str, ...]


def choices(connection: Connection, cadence: Cadence, audience: str) -> list[ReportEntry]:
    """The stored editions that may be chosen, the newest period and edition first."""
    return store.listing(connection, MOST_CHOICES, cadence=cadence, audience=audience)


def last_two(entries: list[ReportEntry]) -> tuple[Choice, Choice] | None:
    """The last two periods of a list, the earlier one first; None where there are not two."""
    periods = list(dict.fromkeys(each.period for each in entries))
    if len(periods) < 2:
        return None
    return Choice(periods[1]), Choice(periods[0])


def audiences_with(connection: Connection, cadence: Cadence, *both: Choice) -> list[str]:
    """The audiences that have a report on the periods of all of these, by name."""
    found: set[str] | None = None
    for choice in both:
        names = set(store.audiences_of(connection, cadence, choice.period))
        found = names if found is None else found & names
    return sorted(found or ())


def compared(
    connection: Connection, cadence: Cadence, audience: str, first: Choice, second: Choice
) -> Compared:
    """The two side by side as they were stored. Raises NotCompared."""
    mine, yours = (_stored(connection, cadence, audience, each) for each in (first, second))
    if mine.id == yours.id:
        raise NotCompared(f"{mine.period}, edition {mine.edition}, is compared with itself")
    restated = [
        *_restated(connection, mine),
        *(() if mine.period == yours.period else _restated(connection, yours)),
    ]
    customers = customers_now(connection)
    comparison = compare(mine.figures, yours.figures, restated)
    return Compared(mine, yours, comparison, tuple(_notes(mine, yours, customers)))


def compare_on_request(
    context: Context, first: str, second: str, audience: str | None
) -> tuple[Compared, Mapping[str, str]]:
    """Two reports as a command line names them, and the titles of tiers by name.

    Raises NotCompared, also where `audience` is left out and several have both.
    """
    both = Choice.of(first), Choice.of(second)
    cadence, other = (each.cadence for each in both)
    if cadence is not other:
        raise NotCompared(f"{first} is a {cadence} report and {second} a {other} one")
    with reading(context.engine) as connection:
        if audience is None:
            audience = _only_audience(connection, cadence, *both)
        found = compared(connection, cadence, audience, *both)
        return found, _tier_titles(connection)


def _only_audience(connection: Connection, cadence: Cadence, *both: Choice) -> str:
    names = audiences_with(connection, cadence, *both)
    if len(names) == 1:
        return names[0]
    periods = " and ".join(each.period for each in both)
    if not names:
        raise NotCompared(f"nobody has {cadence} reports on {periods}: see `report list`")
    raise NotCompared(f"name one of the audiences that have both, by --audience: {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"


def _tier_titles(connection: Connection) -> Mapping[str, str]:
    """Of the active configuration; none before the first."""
    digest = newest_digest(connection)
    return get(connection, digest).tiers.titles() if digest else {}


def plain(found: Compared) -> dict[str, Any]:
    """The comparison as plain values: periods and editions, notes, lines and restatements."""
    return {
        **{
            name: {
                "cadence": each.cadence.value,
                "period": each.period,
                "audience": each.audience,
                "edition": each.edition,
                "issued_at": each.issued_at,
                "as_of": each.as_of,
            }
            for name, each in (("first", found.first), ("second", found.second))
        },
        "notes": list(found.notes),
        **asdict(found.comparison),
    }


def _stored(
    connection: Connection, cadence: Cadence, audience: str, choice: Choice
) -> StoredReport:
    of = (connection, cadence, choice.period, audience)
    if choice.edition is not None:
        found = store.edition(*of, choice.edition)
        what = f"{choice.period}, edition {choice.edition},"
    else:
        found = store.issued(*of) or store.newest(*of)
        what = choice.period
    if found is None:
        raise NotCompared(f"no {cadence} report on {what} for {audience} is stored")
    return found


def _restated(connection: Connection, report: StoredReport) -> tuple[Restatement, ...]:
    """What was said anew of a report since it was made."""
    of = (connection, report.cadence, report.audience, report.starts_at)
    later = store.restatements_after(*of)
    since = [restated for made_at, restated in later if made_at >= report.made_at]
    return last_restated(report.period, since)


def _notes(first: StoredReport, second: StoredReport, customers: Customers) -> Iterator[str]:
    if not customers.same(first.customer, second.customer):
        yield "They are not about the same customer."
    if set(first.figures.get("tiers", ())) != set(second.figures.get("tiers", ())):
        yield "They are not about the same service levels."
    for each in (first, second):
        name = f"{each.period}, edition {each.edition},"
        if each.issued_at is None:
            yield f"{name} is a draft: it was not sent."
        if each.as_of < each.ends_at:
            yield f"{name} was made before its period was over."
        if each.figures.get("stale"):
            yield f"{name} was made with old ticket data."
    if first.configuration != second.configuration:
        yield "The configuration was changed between the two: promises or sites may differ."
