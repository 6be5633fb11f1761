"""The parts of runs in the store: what was judged, in the order in which a replay must fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, union_all

from supportops.db.schema import check_parts, check_results, check_runs
from supportops.sites import store
from supportops.sites.incident import VANTAGE, Run
from supportops.sites.runs.due import from_text
from supportops.sites.runs.parts import PageKey
from supportops.sites.site import Fleet
from supportops.sites.standing import Attempt
from supportops.sites.summaries import store as summaries


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement as recorded: of the run's remainder, or of the part with this number."""

    order: int
    slot: datetime
    configuration: str
    is_part: bool


def part_of(
    run: store.CheckRun,
    fleet: Fleet,
    attempts: Collection[Attempt],
    judged: Collection[PageKey],
    pages: Collection[PageKey],
) -> Run:
    """What a judgement of `pages` sees of a run, after earlier ones of the pages `judged`."""
    seen = set(judged) | set(pages)
    fronts = {site for site, page in seen if page == ""}
    pending = frozenset(s.name for s in from_text(fleet, run.due) if s.name not in fronts)
    found = [a for a in attempts if a.site == VANTAGE or (a.site, a.page) in seen]
    return Run(run.slot, found, frozenset(judged), pending)


def rest_of(run: store.CheckRun, attempts: Collection[Attempt], judged: Collection[PageKey]) -> Run:
    """What the last judgement of a run sees of it: everything."""
    return Run(run.slot, list(attempts), frozenset(judged))


def append(connection: Connection, part: Run, pages: Collection[PageKey], at: datetime) -> None:
    """Records that `pages` were judged, and which checks of control addresses were known."""
    controls = Counter(a.page for a in part.attempts if a.site == VANTAGE)
    row = {
        "judged_order": store.next_judgement(connection),
        "slot": part.slot,
        "judged_at": at,
        "pages": [list(key) for key in sorted(pages)],
        "controls": dict(sorted(controls.items())),
    }
    connection.execute(insert(check_parts), [row])


def judged_pages(
    connection: Connection, slot: datetime, before: int | None = None
) -> frozenset[PageKey]:
    """The pages that the parts of a run judged, all of them or those before a number."""
    statement = select(check_parts.c.pages).where(check_parts.c.slot == slot)
    if before is not None:
        statement = statement.where(check_parts.c.judged_order < before)
    found = connection.execute(statement).scalars()
    return frozenset((site, page) for pages in found for site, page in pages)


def with_controls_numbered(
    connection: Connection, slot: datetime, attempts: Sequence[Attempt]
) -> list[Attempt]:
    """The same checks, those of control addresses with the numbers after those recorded.

    Every shard of a run checks the control addresses: none knows how often the others did.
    """
    c = check_results.c
    found = select(c.page).where(c.slot == slot, c.site == VANTAGE)
    recorded = Counter(connection.execute(found).scalars())
    numbered = []
    for each in attempts:
        if each.site == VANTAGE:
            numbered.append(replace(each, number=recorded[each.page]))
            recorded[each.page] += 1
        else:
            numbered.append(each)
    return numbered


def judgements(connection: Connection) -> Iterator[Judgement]:
    """Every judgement, in the order in which a replay must fold them."""
    p, r = check_parts.c, check_runs.c
    parts: Select[Any] = select(p.judged_order, p.slot)
    rests: Select[Any] = select(r.judged_order, r.slot).where(r.judged_order.is_not(None))
    rows = connection.execute(union_all(parts, rests)).all()
    found = connection.execute(select(r.slot, r.configuration))
    digests = {row.slot: row.configuration for row in found}
    of_parts = set(connection.execute(select(p.judged_order)).scalars())
    for order, slot in sorted((order, slot) for order, slot in rows):
        yield Judgement(order, slot, digests[slot], order in of_parts)


def judged_run(connection: Connection, judgement: Judgement, fleet: Fleet) -> Run:
    """What a judgement saw: folding this again gives the same changes.

    Raises LookupError where the checks of its run were removed: its incidents and the summaries of
    its hour remain, and cannot be made again.
    """
    removed = summaries.pruned_until(connection)
    if removed is not None and judgement.slot < removed:
        raise LookupError(
            f"the checks of the run of {judgement.slot.isoformat()} were removed, as all before "
            f"{removed.isoformat()} were; its incidents and the summaries of its hour remain"
        )
    run = store.run_of(connection, judgement.slot)
    assert run is not None
    attempts = store.attempts(connection, judgement.slot)
    judged = judged_pages(connection, judgement.slot, judgement.order)
    if not judgement.is_part:
        return rest_of(run, attempts, judged)
    c = check_parts.c
    row = connection.execute(
        select(c.pages, c.controls).where(c.judged_order == judgement.order)
    ).one()
    known: Mapping[str, int] = row.controls
    seen = [a for a in attempts if a.site != VANTAGE or a.number < known.get(a.page, 0)]
    return part_of(run, fleet, seen, judged, [(site, page) for site, page in row.pages])
