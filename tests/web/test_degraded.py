"""What fails at times on the board: its own state, colour, words and time, on both databases."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.sites.check import Reason
from supportops.sites.site import Site
from supportops.web import app
from web.boards import (
    NOON,
    READER,
    live_through,
    make_board,
    site_entry,
    slots_until,
    visible,
    write_config,
)

CSS = Path(app.__file__).parent / "static" / "board.css"
STATES = ("up", "down", "degraded", "fault", "maintenance", "unknown")


def lossy(site: Site, page: str, at: datetime) -> Reason:
    """Two of three requests to the shop, and to the basket of the blog, fail for two hours."""
    late = at > NOON - timedelta(hours=2)
    is_lossy = (site.name, page) in (("shop", ""), ("blog", "/basket"))
    return Reason.STATUS if is_lossy and late and at.second < 40 else Reason.OK


@pytest.fixture
def board(store: Engine, tmp_path: Path) -> TestClient:
    pages = [{"path": "/basket"}]
    sites = [site_entry("shop"), site_entry("blog", pages=pages), site_entry("calm")]
    write_config(tmp_path, sites)
    live_through(store, tmp_path, slots_until(NOON, 36), lossy)
    return TestClient(make_board(store, lambda: NOON))


def get(board: TestClient, path: str = "/", **query: str) -> str:
    response = board.get(path, params=query, headers=dict(READER))
    assert response.status_code == 200
    return response.text


def test_the_verdict_counts_it_apart_from_what_is_down(board: TestClient) -> None:
    page = get(board)
    assert 'class="verdict degraded"' in page
    assert "No site is down; 1 of 3 is degraded" in visible(page)


def test_its_tile_says_that_it_is_degraded_and_for_how_long(board: TestClient) -> None:
    page = get(board)
    (row,) = re.findall(r'<li class="degraded">.*?</li>', page, re.DOTALL)
    assert 'href="site?name=shop"' in row
    assert re.search(r"Degraded requests fail at times for (1 h 5\d min|2 h)", visible(row))


def test_a_page_that_fails_at_times_is_a_fault_of_its_site(board: TestClient) -> None:
    (row,) = re.findall(r'<li class="fault">.*?</li>', get(board), re.DOTALL)
    assert "/basket" in visible(row)
    assert "fails at times" in visible(row)


def test_it_can_be_filtered_by(board: TestClient) -> None:
    page = get(board, state="degraded")
    assert re.findall(r'href="site\?name=([^"]+)"', page) == ["shop"]
    assert re.search(r'class="degraded"[^>]*aria-current="true"', page)


def test_the_strip_has_a_piece_of_its_colour_where_it_was(board: TestClient) -> None:
    (row,) = re.findall(r'<li class="degraded">.*?</li>', get(board), re.DOTALL)
    (x, width) = next(
        (float(x), float(width))
        for x, width in re.findall(
            r'<rect class="degraded" x="([\d.]+)"[^>]*? width="([\d.]+)"', row
        )
    )
    assert x == pytest.approx(264, abs=2)
    assert x + width == pytest.approx(288, abs=0.5)


def test_the_legend_and_the_style_sheet_know_every_state(board: TestClient) -> None:
    legend = get(board).split("The strips show", 1)[1]
    css = CSS.read_text()
    for state in STATES:
        assert f'<span class="key {state}"></span> {state}' in legend
        assert re.findall(rf"\.key\.{state} {{ (.*?) }}", css), state
    keys = {re.findall(rf"\.key\.{state} {{ (.*?) }}", css)[0] for state in STATES}
    assert len(keys) == len(STATES)
    assert re.findall(r"rect\.degraded { (.*?) }", css) == ["fill: var(--degraded);"]
    colours = re.findall(r"--(?:up|down|fault|degraded|unknown|maintenance): (#\w+)", css)
    assert len(set(colours)) == 2 * len(STATES)  # by day and by night


def test_the_incident_says_how_many_requests_fail(board: TestClient) -> None:
    text = visible(get(board))
    assert "shop (degraded)" in text
    assert re.search(r"\d+ of \d+ requests in \d+ min fail, the last with", text)


def test_the_sites_page_gives_its_time_beside_the_share_up(board: TestClient) -> None:
    page = get(board, "/site", name="shop")
    text = visible(page)
    assert "Degraded is the part of the time up in which many requests failed." in text
    (row,) = re.findall(r"<tr><th scope=\"row\">24 hours</th>.*?</tr>", page, re.DOTALL)
    assert re.search(r"(1 h 5\d min|2 h)", visible(row))
    assert 'class="degraded"' in page
