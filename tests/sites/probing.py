"""How the tests probe: one URL or many, one result each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from supportops.sites.check import ProbeResult
from supportops.sites.probe.probe import Target, probe
from supportops.sites.site import CheckPolicy, Expectation

MOMENT = datetime(2026, 4, 4, 11, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\n"


def policy(deadline: float = 5, rate: float = 0, in_flight: int = 64) -> CheckPolicy:
    return CheckPolicy(deadline=timedelta(seconds=deadline), rate=rate, in_flight=in_flight)


def probe_all(
    urls: Sequence[str],
    *,
    expect: Expectation | None = None,
    allow_private: bool = True,
    deadline: float = 5,
    trust: Path | None = None,
    nameservers: Sequence[str] | None = None,
) -> list[ProbeResult]:
    targets = [Target(url, expect or Expectation(), allow_private) for url in urls]
    return probe(
        targets,
        policy(deadline),
        lambda: MOMENT,
        trust=str(trust) if trust else None,
        nameservers=nameservers,
    )


def probe_one(url: str, **given: object) -> ProbeResult:
    (result,) = probe_all([url], **given)  # type: ignore[arg-type]
    return result
