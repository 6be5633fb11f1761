"""Decisions about a report in processes that are killed: `python killed_approvals.py ORDER`.

ORDER is JSON: `store`, `report` (its id), `approve`. For each `begin` and `commit` of the store a
child decides and is killed there, then another decides again. Prints a JSON list: of each round
whether the first was killed, what it left (the state of the report and how many messages), and
what the second found.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update

from dispatcher_process import die_at, in_a_child
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import alerts, messages, reports
from supportops.flows.reports import report_approval

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
MOST = 20
Left = tuple[str, str | None, int, int]


def main(order: dict[str, Any]) -> None:
    rounds = []
    for moment in ("begin", "commit"):
        for n in range(1, MOST):
            survived = in_a_child(lambda m=moment, n=n: decide(order, "ada", m, n))
            first = left(order)
            assert in_a_child(lambda: decide(order, "bob"))
            rounds.append((not survived, first, left(order)))
            in_a_child(lambda: reset(order))
            if survived:
                break
    print(json.dumps(rounds))


def decide(order: dict[str, Any], who: str, moment: str = "", n: int = 0) -> None:
    engine = make_engine(order["store"])
    if moment:
        die_at(engine, moment, n)
    context = Context(engine, Path("/nowhere"), no_secrets)
    report_approval.decide(context, [order["report"]], who, NOW, approve=order["approve"])


def left(order: dict[str, Any]) -> Left:
    engine = make_engine(order["store"])
    with reading(engine) as connection:
        c = reports.c
        row = connection.execute(select(reports).where(c.id == order["report"])).one()
        count = connection.execute(select(func.count()).select_from(messages)).scalar_one()
        raised = connection.execute(select(func.count()).select_from(alerts)).scalar_one()
    engine.dispose()
    return row.approval, row.decided_by, count, raised


def reset(order: dict[str, Any]) -> None:
    engine = make_engine(order["store"])
    with writing(engine) as connection:
        connection.execute(delete(messages))
        connection.execute(delete(alerts))
        values = {"approval": "waiting", "decided_by": None, "decided_at": None, "issued_at": None}
        connection.execute(update(reports).where(reports.c.id == order["report"]).values(values))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
