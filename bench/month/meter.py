"""What each flow costs, day by day."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


@dataclass(slots=True)
class Cost:
    """So many runs, their CPU seconds together, and the longest of one by the wall."""

    runs: int = 0
    cpu: float = 0.0
    longest: float = 0.0

    @property
    def mean(self) -> float:
        """CPU seconds of one run."""
        return self.cpu / self.runs if self.runs else 0.0


@dataclass
class Meter:
    """Costs by flow and day. `own_thread`: of flows in which servers of the month work too, which
    are not the program's, the CPU of the calling thread alone counts."""

    costs: dict[str, dict[int, Cost]] = field(default_factory=lambda: defaultdict(dict))

    @contextmanager
    def run(self, flow: str, day: int, *, own_thread: bool = False) -> Iterator[None]:
        cpu = time.thread_time if own_thread else time.process_time
        began, busy = time.perf_counter(), cpu()
        yield
        cost = self.costs[flow].setdefault(day, Cost())
        cost.runs += 1
        cost.cpu += cpu() - busy
        cost.longest = max(cost.longest, time.perf_counter() - began)

    def total(self, flow: str) -> Cost:
        """Of all days."""
        every = self.costs[flow].values()
        return Cost(
            sum(each.runs for each in every),
            sum(each.cpu for each in every),
            max(each.longest for each in every),
        )


def postgres_seconds() -> float:
    """The CPU of all servers named postgres below this process or beside it, with what ended."""
    total = 0.0
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            try:
                times = process.cpu_times()
                total += times.user + times.system
                if process.parent() is None or process.parent().name() != "postgres":
                    total += times.children_user + times.children_system
            except psutil.Error:
                continue
    return total
