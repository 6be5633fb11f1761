"""A sweep in processes of their own, to be killed: `python sweeper_process.py ORDER`.

ORDER is JSON: `store`, and `swept`: instants (ISO). Each is swept by one child after another, in
chunks of two tickets; the n-th is killed at its n-th statement or commit of the store, and the
first that survives is the last. Prints how many died.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import event

from dispatcher_process import in_a_child
from flows.sweep_builders import TIERS
from sla.policies import book
from supportops.db.engine import make_engine
from supportops.flows.sla import sla_sweep

MOMENTS = ("commit", "after_cursor_execute")
BOOK = book()


def main(order: dict[str, Any]) -> None:
    died = 0
    for at in order["swept"]:
        died += sum(die_everywhere(order["store"], moment, at) for moment in MOMENTS)
    print(died)


def die_everywhere(store: str, moment: str, at: str) -> int:
    for n in range(1, 400):
        if in_a_child(lambda n=n: sweep(store, moment, at, n)):
            return n - 1
    raise AssertionError("a sweep without an end")


def sweep(store: str, moment: str, at: str, n: int) -> None:
    engine, seen = make_engine(store), 0

    def count(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, moment, count)
    instant = datetime.fromisoformat(at)
    sla_sweep.run(engine, BOOK, TIERS, instant, instant, size=2)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
