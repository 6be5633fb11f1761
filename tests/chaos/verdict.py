"""What was due against what arrived, from the store's alerts and the receivers' records alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from chaos.receivers import Arrival
from chaos.world import TARGETS, World, engine_of
from supportops.alerts.description import reference_of
from supportops.db.schema import alerts, tickets

# In the text of one message, and in the title or the text of several in one.
MARK = "may be repeated"
ENDINGS = ("outage", "host_outage")


@dataclass
class Verdict:
    """Counts of messages due; `lost` and `doubled` name those that should not be."""

    due: int = 0
    once: int = 0
    marked: int = 0
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        self.due += other.due
        self.once += other.once
        self.marked += other.marked
        self.doubled += other.doubled
        self.lost += other.lost

    @property
    def fine(self) -> bool:
        return not self.lost and not self.doubled


def judge(made: World) -> Verdict:
    """Every cause has its alert, and every alert its messages, each once or marked."""
    verdict = Verdict(lost=list(_lost_causes(made)))
    for row in _alerts(made):
        for target in TARGETS:
            about = [a for a in made.arrivals if a.target == target and _is_about(row, a)]
            # Its end has another heading: RESOLVED, or DOWN AGAIN where that is so by then.
            first = _heading(about[0]) if about else ""
            raised = [a for a in about if _heading(a) == first]
            if row.resolved_at is None or raised:
                _count(verdict, f"{row.key} to {target}", raised)
            if row.resolved_at is not None and raised and row.kind in ENDINGS:
                ends = [a for a in about if _heading(a) != first]
                _count(verdict, f"the end of {row.key} to {target}", ends)
    return verdict


def _count(verdict: Verdict, name: str, arrived: Sequence[Arrival]) -> None:
    verdict.due += 1
    unmarked = [each for each in arrived if MARK not in each.text]
    headings = Counter(map(_heading, unmarked))
    if not arrived:
        verdict.lost.append(name)
    elif max(headings.values(), default=0) > 1:
        titles = " / ".join(each.text.strip().partition("\n")[0] for each in unmarked)
        verdict.doubled.append(f"{name}: {len(unmarked)} times, {titles}")
    elif len(arrived) > 1:
        verdict.marked += 1
    else:
        verdict.once += 1


def _alerts(made: World) -> list[Any]:
    engine = engine_of(made)
    with engine.connect() as connection:
        found = list(connection.execute(select(alerts).order_by(alerts.c.key)))
    engine.dispose()
    return found


def _lost_causes(made: World) -> Iterable[str]:
    """Down sites, calls, reports and tickets of which the store knows nothing."""
    known = _alerts(made)
    open_outages = {row.subject for row in known if row.kind == "outage" and not row.resolved_at}
    yield from (f"the outage of {name}" for name in sorted(made.down - open_outages))
    texts = [f"{row.key} {row.subject} {row.headline} {row.facts}" for row in known]
    for call in made.calls:
        if not any(call in each for each in texts):
            yield f"the call {call}"
    for day in made.reports:
        if not any(row.kind == "report" and day in row.key for row in known):
            yield f"the report of {day}"
    engine = engine_of(made)
    with engine.connect() as connection:
        numbers = set(connection.execute(select(tickets.c.ticket)).scalars())
    engine.dispose()
    expected = {str(number) for number in made.zendesk.tickets}
    for file in made.files:
        expected |= {row.split(",")[1] for row in file.read_text().splitlines()[1:]}
    yield from (f"the ticket {number}" for number in sorted(expected - numbers))


def _is_about(row: Any, arrival: Arrival) -> bool:
    if row.kind == "report":
        day = date.fromisoformat(row.key.split(":")[2])
        return f"{day:%A} {day.day} {day:%b}" in arrival.text
    # A call names the alert of the outage that it may be about.
    return re.search(rf"(?<!alert )#{reference_of(row.key)}", arrival.text) is not None


def _heading(arrival: Arrival) -> str:
    """Such as DOWN, RESOLVED or NO CHECKS AGAIN."""
    title = arrival.text.strip().partition("\n")[0]
    return title.partition(":")[0].strip("*# \U0001f534\U0001f7e0\U0001f7e1\U0001f7e2\U0001f535")
