"""What another service_levels.yaml would have made of a past period, beside the one in force.

A replay runs in a thread of the process that was asked, one at a time in a store; its progress and
its result are in the store, so that any process shows it and can cancel it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import tickets, what_ifs
from supportops.db.storable import storable
from supportops.flows.sla.judging.judged_tickets import customers_in, policy_book, policy_book_in
from supportops.flows.sla.replay import replay
from supportops.flows.sla.replayed import Period, Replay
from supportops.sla.policy import PolicyBook

log = logging.getLogger(__name__)

LONGEST = timedelta(days=366)
LONGEST_POLICY = 200_000
MOST_LISTED = 20
FILE = "service_levels.yaml"
# A replay that says nothing for so long has died with its process.
DEAD_AFTER = timedelta(minutes=3)
_c = what_ifs.c


class State(StrEnum):
    """How a replay stands. LOST: its process ended before it did."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"


class WhatIfError(ValueError):
    """Why no replay was started, in one line; `field`: what of it is wrong."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


class _CancelledError(Exception):
    """Somebody cancelled the replay, or removed it."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A replay as stored. `done` of `total` tickets are judged; `result` as `_result` writes it.
    `error`: why it failed, or who cancelled it."""

    id: int
    by: str
    started_at: datetime
    start: datetime
    end: datetime
    policy: str
    state: State
    done: int
    total: int
    result: dict[str, Any] | None
    error: str | None


def start(
    context: Context, text: str, begin: datetime, end: datetime, by: str, now: datetime
) -> int:
    """Begins the replay of [begin, end) under the policies of `text`; returns its number.

    Raises ConfigurationError for a text with mistakes, WhatIfError for what cannot be replayed,
    LookupError while no policy is in force.
    """
    if end <= begin:
        raise WhatIfError("end", "it ends before it begins")
    if end - begin > LONGEST:
        raise WhatIfError("end", f"longer than {LONGEST.days} days")
    if begin >= now:
        raise WhatIfError("begin", "nothing has happened in it yet")
    if len(text) > LONGEST_POLICY:
        raise WhatIfError("policy", f"more than {LONGEST_POLICY:,} characters")
    books = {
        "in force": policy_book(context.config),
        "other": policy_book_in(text, FILE, customers_in(context.config)),
    }
    with writing(context.engine) as connection:
        if (running := _running(connection, now)) is not None:
            raise WhatIfError("policy", f"replay {running} is running: wait for it or cancel it")
        total = connection.execute(select(func.count()).select_from(tickets)).scalar_one()
        row = {
            "started_by": storable(by),
            "started_at": now,
            "starts_at": begin,
            "ends_at": end,
            "policy": storable(text),
            "state": State.RUNNING.value,
            "done": 0,
            "total": total,
            "seen_at": now,
        }
        number: int = connection.execute(insert(what_ifs).values(row).returning(_c.id)).scalar_one()
    period = Period(begin, end, now)
    thread = threading.Thread(
        target=_run, args=(context.engine, number, books, period, _clock(now)), daemon=True
    )
    thread.start()
    return number


def cancel(context: Context, number: int, by: str, now: datetime) -> bool:
    """`by` ends a replay at its next step; False where it is over."""
    with writing(context.engine) as connection:
        return _end(connection, number, State.CANCELLED, now, error=f"by {storable(by)}")


def find(connection: Connection, number: int, now: datetime) -> WhatIf | None:
    """The replay with this number."""
    row = connection.execute(select(what_ifs).where(_c.id == number)).mappings().first()
    return None if row is None else _what_if(row, now)


def latest(connection: Connection, now: datetime) -> list[WhatIf]:
    """The last replays, the newest first."""
    rows = connection.execute(select(what_ifs).order_by(_c.id.desc()).limit(MOST_LISTED))
    return [_what_if(row, now) for row in rows.mappings()]


def _run(
    engine: Engine,
    number: int,
    books: dict[str, PolicyBook],
    period: Period,
    clock: Callable[[], datetime],
) -> None:
    done = 0

    def progress(judged: int) -> None:
        nonlocal done
        done += judged
        with writing(engine) as connection:
            going_on = (
                update(what_ifs)
                .where(_c.id == number, _c.state == State.RUNNING.value)
                .values(done=done, seen_at=clock())
            )
            if connection.execute(going_on).rowcount != 1:
                raise _CancelledError

    try:
        with reading(engine) as connection:
            found = replay(connection, books, period, with_messages=False, on_progress=progress)
        with writing(engine) as connection:
            _end(connection, number, State.DONE, clock(), result=_result(found))
    except _CancelledError:
        log.info("replay %s was cancelled", number)
    except Exception as error:
        log.exception("replay %s failed", number)
        with writing(engine) as connection:
            _end(connection, number, State.FAILED, clock(), error=type(error).__name__)


def _end(connection: Connection, number: int, state: State, now: datetime, **values: Any) -> bool:
    ended = (
        update(what_ifs)
        .where(_c.id == number, _c.state == State.RUNNING.value)
        .values(state=state.value, seen_at=now, **values)
    )
    return connection.execute(ended).rowcount == 1


def _running(connection: Connection, now: datetime) -> int | None:
    rows = select(_c.id).where(_c.state == State.RUNNING.value, _c.seen_at > now - DEAD_AFTER)
    return connection.execute(rows.order_by(_c.id).limit(1)).scalar()


def _what_if(row: RowMapping, now: datetime) -> WhatIf:
    state = State(row["state"])
    if state is State.RUNNING and row["seen_at"] <= now - DEAD_AFTER:
        state = State.LOST
    return WhatIf(
        id=row["id"],
        by=row["started_by"],
        started_at=row["started_at"],
        start=row["starts_at"],
        end=row["ends_at"],
        policy=row["policy"],
        state=state,
        done=row["done"],
        total=row["total"],
        result=row["result"],
        error=row["error"],
    )


def _result(found: Replay) -> dict[str, Any]:
    """Attainment side by side, and the promises that are judged otherwise. JSON values."""
    first, second = (each.attainment for each in found.policies)
    return {
        "attainment": [
            {
                "tier": tier,
                "metric": metric,
                "due": [_due(first, tier, metric), _due(second, tier, metric)],
                "met": [_met(first, tier, metric), _met(second, tier, metric)],
            }
            for tier, metric in sorted({*first, *second})
        ],
        "changed": [
            {
                "source": each.source,
                "ticket": each.ticket,
                "metric": each.metric,
                "instance": each.instance,
                "met": list(each.met),
            }
            for each in found.changed
        ],
        "changed_total": found.changed_total,
        "unjudged": len(found.unjudged),
    }


def _due(attainment: dict[tuple[str, str], Any], tier: str, metric: str) -> int:
    found = attainment.get((tier, metric))
    return found.due if found else 0


def _met(attainment: dict[tuple[str, str], Any], tier: str, metric: str) -> int:
    found = attainment.get((tier, metric))
    return found.met if found else 0


def _clock(now: datetime) -> Callable[[], datetime]:
    """The time that passes from `now` on."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
