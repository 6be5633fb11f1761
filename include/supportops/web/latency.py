"""Latency by its phases over a day, as areas of a picture: where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from supportops.sites.check import Phases
from supportops.sites.history import Span

WIDTH, HEIGHT = 720.0, 160.0
BUCKETS = 48
PHASES = ("DNS", "Connect", "TLS", "First byte", "Body")
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Area:
    """One phase; `paths` are closed SVG paths, one for each stretch without a gap. `share`: of the
    whole time, in words that need no picture: the median in ms."""

    name: str
    number: int
    paths: tuple[str, ...]
    median: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the picture: at `x` or `y`, with its words."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class LatencyChart:
    """The picture: areas from the bottom up, and the marks of its axes. `slowest` in ms."""

    areas: tuple[Area, ...]
    levels: tuple[Mark, ...]
    hours: tuple[datetime, ...]
    slowest: float
    median: float


def latency_chart(checks: Sequence[tuple[datetime, Phases]], day: Span) -> LatencyChart | None:
    """Of good checks, each with its instant; the median of each half hour. None without any.

    A phase that was not measured (such as TLS of a plain address) takes no time.
    """
    unit = (day.end - day.start) / BUCKETS
    buckets: list[list[tuple[float, ...]]] = [[] for _ in range(BUCKETS)]
    lengths = []
    for at, phases in checks:
        if not day.covers(at) or phases.total is None:
            continue
        taken = _lengths(phases)
        lengths.append(taken)
        buckets[int((at - day.start) / unit)].append(taken)
    if not lengths:
        return None
    stacked = [_stacked(bucket) for bucket in buckets]
    top = _ceiling(max(each[-1] for each in stacked if each))
    areas = tuple(
        Area(name, number, _paths(stacked, number, top), median(each[number] for each in lengths))
        for number, name in enumerate(PHASES)
    )
    wholes = [sum(each) for each in lengths]
    levels = tuple(Mark(_y(top * part, top), _ms(top * part)) for part in (0.5, 1.0))
    hours = tuple(day.start + timedelta(hours=hour) for hour in (0, 6, 12, 18, 24))
    return LatencyChart(areas, levels, hours, max(wholes), median(wholes))


def _lengths(phases: Phases) -> tuple[float, ...]:
    """The time of each phase in ms: the differences of the ends of the phases."""
    found, before = [], 0.0
    for end in (phases.dns, phases.connect, phases.tls, phases.first_byte, phases.total):
        reached = before if end is None else max(end, before)
        found.append(reached - before)
        before = reached
    return tuple(found)


def _stacked(bucket: Sequence[tuple[float, ...]]) -> tuple[float, ...] | None:
    """The upper edge of each phase in ms, the first being 0; None for a half hour without any."""
    if not bucket:
        return None
    edges = [0.0]
    for number in range(len(PHASES)):
        edges.append(edges[-1] + median(each[number] for each in bucket))
    return tuple(edges)


def _paths(stacked: Sequence[tuple[float, ...] | None], number: int, top: float) -> tuple[str, ...]:
    width = WIDTH / BUCKETS
    paths, run = [], list[tuple[float, float, float]]()
    for place, edges in enumerate([*stacked, None]):
        if edges is not None:
            low, high = _y(edges[number], top), _y(edges[number + 1], top)
            run += [(place * width, low, high), ((place + 1) * width, low, high)]
        elif run:
            above = " ".join(f"{x:.1f},{high:.1f}" for x, _, high in run)
            below = " ".join(f"{x:.1f},{low:.1f}" for x, low, _ in reversed(run))
            paths.append(f"M{above} {below}z")
            run = []
    return tuple(paths)


def _y(ms: float, top: float) -> float:
    return round(HEIGHT - ms / top * HEIGHT, 1)


def _ceiling(highest: float) -> float:
    """The next number of the form 1, 2 or 5 times a power of ten."""
    power = 1.0
    while True:
        for step in _STEPS:
            if step * power >= highest:
                return step * power
        power *= 10


def _ms(value: float) -> str:
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"
