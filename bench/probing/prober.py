"""One measured run of one engine, in a process of its own that does nothing else.

    python -m bench.probing.prober ours < job.json

Prints `{"cpu": s, "wall": s, "peak_mb": n, "good": n, "down": n}`; CPU counts from the first
check to the last, without the imports; `down` are sites that answer and were called down.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from bench.probing.farm import TEXT


@dataclass(frozen=True)
class Job:
    """What every engine is given: the same list, deadline and number in flight."""

    urls: list[str]
    authority: str
    deadline: float = 10.0
    in_flight: int = 64
    rate: float = 0.0
    nameservers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Measured:
    """`cpu` and `wall` in seconds, `checks` in all, `down` healthy sites called down."""

    cpu: float
    wall: float
    peak_mb: float
    checks: int
    good: int
    down: int

    @property
    def cpu_ms(self) -> float:
        return self.cpu / self.checks * 1000


Engine = Callable[[Job], Sequence[bool]]


def healthy(url: str) -> bool:
    return "/site/" in url and "//dead" not in url


def measured(job: Job, good: Sequence[bool], cpu: float, wall: float, peak_mb: float) -> Measured:
    down = sum(healthy(url) and not fine for url, fine in zip(job.urls, good, strict=True))
    return Measured(cpu, wall, peak_mb, len(good), sum(good), down)


def ours(job: Job) -> list[bool]:
    from supportops.sites.probe.probe import Target, probe
    from supportops.sites.site import CheckPolicy, Expectation

    policy = CheckPolicy(
        deadline=timedelta(seconds=job.deadline), rate=job.rate, in_flight=job.in_flight
    )
    expect = Expectation(contains=(TEXT,))
    targets = [Target(url, expect, allow_private=True) for url in job.urls]
    results = probe(
        targets,
        policy,
        lambda: datetime.now(UTC),
        trust=job.authority,
        nameservers=job.nameservers,
    )
    return [result.good for result in results]


def safe_requests(job: Job) -> list[bool]:
    from bench.probing.safe_requests import check_all

    return check_all(job.urls, job.authority, job.deadline, job.in_flight)


ENGINES: dict[str, Engine] = {"ours": ours, "requests": safe_requests}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(engine: Engine, job: Job) -> Measured:
    engine(Job(job.urls[-1:], job.authority, job.deadline, job.in_flight, 0.0, job.nameservers))
    cpu, wall = _cpu(), monotonic()
    good = engine(job)
    cpu, wall = _cpu() - cpu, monotonic() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return measured(job, good, cpu, wall, peak)


if __name__ == "__main__":
    print(json.dumps(asdict(run(ENGINES[sys.argv[1]], Job(**json.load(sys.stdin))))))
