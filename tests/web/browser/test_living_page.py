"""What happens in a real browser after the page has arrived."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from supportops.db.engine import writing
from supportops.db.schema import configurations
from supportops.reports import store as report_store
from supportops.reports.formats.file import PAGE, File
from supportops.reports.links import report_path
from supportops.reports.period import Cadence
from supportops.sites.check import Reason
from web.boards import NOON, draft, live_through, make_board, site_entry, slots_until, write_config
from web.browser.serving import serving

Browse = Callable[..., str]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """The page as it stands after `seconds` of the browser's own, virtual time."""
    chromium = shutil.which("chromium")
    assert chromium, "the pages are tested in Debian's chromium: apt-get install chromium"

    def look(url: str, seconds: int) -> str:
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'browser'}",
            f"--virtual-time-budget={seconds * 1000}",
            "--dump-dom",
            url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert "<main>" in done.stdout, done.stderr[-2000:]
        return done.stdout

    return look


@pytest.fixture
def board(store: Engine, tmp_path: Path) -> object:
    write_config(tmp_path / "config", [site_entry("alpha")])
    live_through(store, tmp_path / "config", slots_until(NOON, 3), lambda *_: Reason.OK)
    return make_board(store, lambda: NOON)


def age(page: str) -> str:
    found = re.search(r'<p id="age"[^>]*>[^<]*', page)
    assert found
    return found[0]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_age_of_the_last_check_turns_red_by_itself_when_no_server_answers(
    board: object, browse: Browse
) -> None:
    with serving(board) as server:
        young = browse(server.url, 5)
        server.answering = False
        old = browse(server.url, 500)
    assert "Last check 4 min ago" in age(young)
    assert 'class="stale"' not in age(young)
    assert 'class="stale"' in age(old)
    assert re.search(r"Last check 1[12] min ago", age(old))
    assert re.search(r"<body[^>]*stale", old)
    assert re.search(r'<p id="outdated" class="notice bad">', old)
    assert re.search(r'<p id="silence" class="notice bad">', old)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_page_brings_itself_up_to_date(store: Engine, tmp_path: Path, browse: Browse) -> None:
    write_config(tmp_path / "config", [site_entry("alpha")])
    live_through(store, tmp_path / "config", slots_until(NOON, 3), lambda *_: Reason.OK)
    requests = 0

    def clock():
        nonlocal requests
        requests += 1
        return NOON + timedelta(hours=1 if requests > 1 else 0)

    with serving(make_board(store, clock)) as server:
        page = browse(server.url, 45)
    assert requests >= 2
    assert "The site is unknown" in page
    assert 'class="stale"' in age(page)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_page_takes_airflows_theme_from_around_its_frame(board: object, browse: Browse) -> None:
    frame = """<!doctype html><html class="dark"><iframe id="frame" src="/"></iframe><main></main>
        <script>setTimeout(() => {
            const inside = document.getElementById("frame").contentDocument.documentElement;
            document.querySelector("main").textContent = "theme:" + inside.className;
        }, 2000)</script>"""

    async def around(scope, receive, send):
        from fastapi.responses import HTMLResponse

        app = HTMLResponse(frame) if scope["path"] == "/around" else board
        await app(scope, receive, send)

    with serving(around) as server:
        assert "theme:dark" in browse(f"{server.url}/around", 5)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_reports_frame_is_as_tall_as_what_it_shows(
    board: object, store: Engine, browse: Browse
) -> None:
    tall = b'<!doctype html><style>body {margin: 0}</style><div style="height: 3210px"></div>'
    with writing(store) as connection:
        report = draft(connection.execute(select(configurations.c.digest)).scalar_one(), NOON)
        report_store.keep(connection, report, [File(PAGE, "text/html", tall)])
    with serving(board) as server:
        page = browse(f"{server.url}/{report_path(Cadence.WEEKLY, '2026-W46', 'managers')}", 5)
    assert re.search(r'<iframe[^>]* style="height: 3210px;"', page)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_no_page_holds_a_script_or_style_of_its_own(board: object) -> None:
    client = TestClient(board)
    for path in ("/", "/alerts", "/reports", "/site?name=alpha"):
        page = client.get(path, headers={"x-user": "bob"}).text
        assert re.findall(r"<script[^>]*>[^<]", page) == []
        assert "<style" not in page
        assert re.findall(r"\s(?:style|on\w+)=", page) == []
