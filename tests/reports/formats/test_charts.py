import io
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import matplotlib
import pytest
from PIL import Image

from reports.document_builders import bars_chart, points, trend_chart
from reports.hostile_texts import HOSTILE
from supportops.reports.document import Chart, TrendPoint
from supportops.reports.formats.charts.charts import png, svg
from supportops.reports.formats.charts.trend_picture import lowest_share
from supportops.reports.formats.charts.typeface import BOX, drawable


@cache
def words(chart: Chart) -> list[str]:
    """Every text of a picture, which matplotlib names beside its outlines."""
    named = re.findall(r"<!-- (.*?) -->", svg(chart).decode())
    return [word.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for word in named]


@pytest.mark.parametrize("chart", [trend_chart(), bars_chart()])
def test_a_picture_is_the_same_each_time_and_sharp_and_small(chart: Chart) -> None:
    drawn = png(chart)
    assert drawn == png(chart)
    assert svg(chart) == svg(chart)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.size == (1200, 540)
        assert not {"Software", "Date", "Creation Time"} & set(picture.info)
    assert len(drawn) < 60_000


def test_a_trend_names_its_weeks_its_limits_its_target_and_this_weeks_figure() -> None:
    shown = words(trend_chart())
    assert {"W35", "W47", "limits 86–98 %", "mean 92 %", "target 95 %", "91 %"} <= set(shown)


def test_a_signal_is_named_by_its_figure_and_by_a_shape_of_its_own() -> None:
    assert {"signal", "62 %"} <= set(words(trend_chart()))
    calm = trend_chart(points=points((0.9, 0.92, 0.91)))
    assert "signal" not in words(calm)
    assert "62 %" not in words(calm)


def test_a_signal_this_week_is_named_once() -> None:
    shares = (0.9, 0.92, 0.62)
    assert words(trend_chart(points=points(shares))).count("62 %") == 1


def test_weeks_with_few_promises_are_a_gap_that_is_named() -> None:
    assert words(trend_chart()).count("few") == 1
    few = trend_chart(points=(TrendPoint("W46", 0.5, True, True, False),))
    assert "50 %" not in [word for word in words(few) if not word.startswith("target")]


def test_only_what_is_drawn_is_explained() -> None:
    shown = words(trend_chart(mean=None, low=None, high=None, target=None))
    assert not [word for word in shown if word.startswith(("mean", "limits", "target"))]
    issued = trend_chart(points=tuple(replace(point, issued=True) for point in points()))
    assert "computed now" not in words(issued)
    assert "computed now" in words(trend_chart())


def test_shares_are_rounded_down_so_that_nothing_missed_reads_as_everything_kept() -> None:
    assert "99 %" in words(trend_chart(points=points((0.9, 0.9, 0.9999)), high=0.99))


def test_nothing_at_all_is_a_picture_that_says_so() -> None:
    nothing = trend_chart(points=(), mean=None, low=None, high=None, target=None)
    assert "too few promises for a share" in words(nothing)
    assert "nothing to count" in words(bars_chart(labels=(), series=()))
    assert png(nothing)


def test_the_axis_begins_a_little_below_what_is_drawn() -> None:
    assert lowest_share(trend_chart().picture) == 0.5
    assert lowest_share(trend_chart(points=points((0.01, 0.9)), low=0.0).picture) == 0.0
    calm = trend_chart(points=points((0.99, 1.0)), low=0.98, mean=0.99, target=0.99)
    assert lowest_share(calm.picture) == 0.7


def test_bars_show_their_counts_unless_there_are_too_many() -> None:
    assert {"arrived", "solved", "tickets", "Mon", "14", "15"} <= set(words(bars_chart()))
    many = bars_chart(labels=tuple(map(str, range(60))), series=(("a", (777,) * 60),))
    assert "777" not in words(many)


def test_a_strangers_text_is_drawn_as_it_is() -> None:
    texts = (*HOSTILE, r"$x$ \frac{ $$", "\ud800", "\u65e5\u672c")
    hostile = bars_chart(series=tuple((text, (1, 2, 3, 4, 5)) for text in texts), axis=texts[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = words(hostile)
        assert png(hostile)
        assert png(trend_chart(points=tuple(replace(points()[0], label=text) for text in texts)))
    for text in filter(None, texts):
        # An XML comment cannot hold two hyphens in a row: matplotlib puts a blank between them.
        assert drawable(text, 15).replace("--", "- -") in shown


def test_signs_without_a_glyph_are_boxes_and_hidden_ones_are_left_out() -> None:
    assert drawable("a\u65e5\u0e01\U0001f525b") == f"a\u65e5{BOX}{BOX}b"
    assert drawable("a\u202e\u200d\ufe0fb\x00\nc") == "ab c"
    assert drawable("\u0645\u0631 \u05e9\u05dc é Ω Ж €") == "\u0645\u0631 \u05e9\u05dc é Ω Ж €"
    assert drawable("x" * 10_000, 20) == "x" * 19 + "…"


def test_threads_draw_what_one_alone_draws_and_settings_stay_as_they_were() -> None:
    before = dict(matplotlib.rcParams)
    charts = (trend_chart(points=points((0.9, 0.8))), bars_chart(labels=("Mon",), series=()))
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(svg, charts))
    assert together == [svg(chart) for chart in charts]
    assert dict(matplotlib.rcParams) == before
