"""A dispatcher in a process of its own, to be killed: `python dispatcher_process.py ORDER`.

ORDER is JSON: `store`, `secrets`, `now` (ISO) and what is to happen, `act`:
- once: waits for a line on its standard input, then dispatches.
- die_before_send: is killed when it would send, after the message was claimed and committed.
- die_everywhere: for each n raises an alert and dispatches in a child that is killed at its n-th
  `begin` or `commit` of the store, then dispatches again ten minutes later; ends with the first n
  that a child survives. Prints how many died.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import Engine, event

from alert_builders import alert
from supportops.alerts.store import raise_alert
from supportops.db.engine import make_engine, writing
from supportops.flows.alerts import alert_dispatch
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send


def main(order: dict[str, Any]) -> None:
    now = datetime.fromisoformat(order["now"])
    if order["act"] == "die_everywhere":
        for moment in ("begin", "commit"):
            print(die_everywhere(order, moment, now))
        return
    engine = make_engine(order["store"])
    print("ready", flush=True)
    sys.stdin.readline()
    by = die if order["act"] == "die_before_send" else send
    dispatch(engine, order, now, by)


def dispatch(engine: Engine, order: dict[str, Any], now: datetime, by: Any) -> None:
    summary = alert_dispatch.run(engine, order["secrets"].get, lambda: now, send=by)
    print(json.dumps(summary))


def die(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("not reached")


def post(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
    """Without Apprise, whose import would be most of each child's life."""
    body = json.dumps({"message": message.text}).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=timeout):
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)


def die_everywhere(order: dict[str, Any], moment: str, now: datetime) -> int:
    for n in range(1, 100):
        raised = now + timedelta(hours=n)

        def first(n: int = n, raised: datetime = raised) -> None:
            engine = make_engine(order["store"])
            with writing(engine) as connection:
                raise_alert(connection, alert(f"Site {moment} {n}", opened_at=raised), raised)
            die_at(engine, moment, n)
            dispatch(engine, order, raised, post)

        def again(raised: datetime = raised) -> None:
            dispatch(make_engine(order["store"]), order, raised + timedelta(minutes=10), post)

        survived = in_a_child(first)
        assert in_a_child(again)
        if survived:
            return n - 1
    raise AssertionError("a dispatch without an end")


def die_at(engine: Engine, moment: str, n: int) -> None:
    seen = 0

    def count(_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, moment, count)


def in_a_child(act: Callable[[], None]) -> bool:
    """Whether `act` came to its end; False when its process was killed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            sys.stdout = sys.stderr
            act()
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status == 0


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
