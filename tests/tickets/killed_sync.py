"""A program that syncs in processes of its own and lets each be killed at a point of its choice.

It reads jobs from its input, a JSON object a line: `store`, `zendesk`, `now` (epoch seconds) and
`point`, the number of the point at which the sync kills itself with SIGKILL (0: never). Points
are before and after each request, and before and after each commit. It answers a line with the
signal that ended the sync, and how many points it passed. Each sync is a process of its own,
forked while this one has a single thread.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from supportops.db.engine import make_engine
from supportops.flows.ticket_sync import sync
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.http import ZendeskHttp
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource


class Points:
    """Counts the points that a sync passes, and kills it at the one that was chosen."""

    def __init__(self, chosen: int, counter: int) -> None:
        self.chosen = chosen
        self.passed = 0
        self.counter = counter

    def here(self) -> None:
        self.passed += 1
        os.write(self.counter, b".")
        if self.passed == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)


def one_sync(job: dict[str, Any], points: Points) -> None:
    engine = make_engine(job["store"])
    account = Account(job["zendesk"], job["login"], job["token"])
    now = datetime.fromtimestamp(job["now"], UTC)
    attempt, commit = ZendeskHttp._attempt, engine.dialect.do_commit

    def asked(http: ZendeskHttp, request: Any) -> Any:
        points.here()
        answer = attempt(http, request)
        points.here()
        return answer

    def committed(connection: Any) -> None:
        points.here()
        commit(connection)
        points.here()

    ZendeskHttp._attempt = asked  # type: ignore[method-assign]
    engine.dialect.do_commit = committed  # type: ignore[method-assign]
    with Client(account, sleep=lambda _: None) as client:
        sync(engine, ZendeskSource(client), lambda: now)
    engine.dispose()


def in_a_process(job: dict[str, Any]) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            one_sync(job, Points(job["point"], writer))
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as passed:
        count = len(passed.read())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), count


def main() -> None:
    for line in sys.stdin:
        code, passed = in_a_process(json.loads(line))
        print(json.dumps({"code": code, "passed": passed}), flush=True)


if __name__ == "__main__":
    main()
