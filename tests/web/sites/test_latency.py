from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from supportops.sites.check import Phases
from supportops.sites.history import Span
from supportops.web.latency import HEIGHT, WIDTH, latency_chart

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DAY = Span(NOON - timedelta(days=1), NOON)


def at(hours: float) -> datetime:
    return DAY.start + timedelta(hours=hours)


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", path)]


def test_each_phase_lies_on_the_one_before_it() -> None:
    chart = latency_chart([(at(3), Phases(10, 30, 60, 90, 100))], DAY)
    assert chart is not None
    assert [area.median for area in chart.areas] == [10, 20, 30, 30, 10]
    left, right = WIDTH / 48 * 6, WIDTH / 48 * 7
    tops = []
    for area in chart.areas:
        (path,) = area.paths
        points = numbers(path)
        assert {x for x, _ in points} == {left, right}
        tops.append(HEIGHT - min(y for _, y in points))
    assert [round(top / HEIGHT * 100) for top in tops] == [10, 30, 60, 90, 100]


def test_a_phase_that_was_not_reached_takes_no_time() -> None:
    chart = latency_chart([(at(3), Phases(None, 20, None, 50, 80))], DAY)
    assert chart is not None
    assert [area.median for area in chart.areas] == [0, 20, 0, 30, 30]


def test_hours_without_checks_are_a_gap_and_a_slow_check_moves_no_median() -> None:
    quick, slow = Phases(1, 2, 3, 4, 40), Phases(1, 2, 3, 4, 4000)
    checks = [(at(hour + part / 100), quick) for hour in (1, 5) for part in range(9)]
    chart = latency_chart([*checks, (at(1.2), slow)], DAY)
    assert chart is not None
    assert len(chart.areas[0].paths) == 2
    assert (chart.median, chart.slowest) == (40, 4000)
    assert chart.levels[-1].words == "50 ms"


def test_without_a_good_check_there_is_no_picture() -> None:
    assert latency_chart([], DAY) is None
    assert latency_chart([(at(-1), Phases(1, 2, 3, 4, 5)), (at(1), Phases())], DAY) is None
