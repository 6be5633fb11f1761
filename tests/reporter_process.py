"""Reports kept in processes of their own, to be killed: `python reporter_process.py ORDER`.

ORDER is JSON: `store`, and what is to happen, `act`:
- die_everywhere: keeps and sends each of REPORTS in one child after another; the n-th is killed
  at its n-th statement or commit of the store, and the first that survives is the last. Prints
  how many died.
- once: waits for a line on its standard input, keeps and sends the first of REPORTS, and prints
  what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event

from dispatcher_process import in_a_child
from flows.reports.reporting.posting import files, readers
from supportops.db.engine import make_engine
from supportops.flows.reports.reporting.keeping import FinishedReport, ReportResult, keep_and_send
from supportops.flows.reports.reporting.selection import FactsRequest, ReportJob, ReportRequest
from supportops.reports.formats.render import Rendered
from supportops.reports.period import Cadence, parse

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
# Two people get it, as the builders have it.
BOOK = readers()
# One that could not be made whole, and the next that could: it ends the alert of the first.
REPORTS = (
    ("2026-W46", ("the PDF could not be made (PdfFailed)",)),
    ("2026-W47", ()),
)


def main(order: dict[str, Any]) -> None:
    if order["act"] == "die_everywhere":
        print(sum(die_everywhere(order["store"], *each) for each in REPORTS))
        return
    engine = make_engine(order["store"])
    print("ready", flush=True)
    sys.stdin.readline()
    print(keep_one(engine, *REPORTS[0]).state)


def keep_one(engine: Engine, week: str, troubles: tuple[str, ...]) -> ReportResult:
    (reader,) = BOOK.reports.audiences
    job = ReportJob(reader, FactsRequest(parse(Cadence.WEEKLY, week, reader.zone), AT))
    rendered = Rendered(f"SLA {week}", tuple(files()), troubles)
    request = ReportRequest(Cadence.WEEKLY, (week,), send=True)
    return keep_and_send(engine, BOOK, request, FinishedReport(job, {"due": 6}, AT, rendered), AT)


def die_everywhere(store: str, *report: Any) -> int:
    for n in range(1, 100):
        if in_a_child(lambda n=n: die_at(store, n, *report)):
            return n - 1
    raise AssertionError("a report without an end")


def die_at(store: str, n: int, *report: Any) -> None:
    engine, seen = make_engine(store), 0

    def count(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("after_cursor_execute", "commit"):
        event.listen(engine, moment, count)
    keep_one(engine, *report)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
