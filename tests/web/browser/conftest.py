"""One browser and one board for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from supportops.db.engine import make_engine
from web.boards import NOON, make_board
from web.browser.opening import close_browser, in_browser_thread
from web.browser.seeding import seeded
from web.browser.serving import serving


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    in_browser_thread(lambda: pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(scope="session", autouse=True)
def _browser() -> Iterator[None]:
    yield
    close_browser()


@pytest.fixture(scope="session")
def board_address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a board with something on every page is served; it ends with a slash."""
    folder = tmp_path_factory.mktemp("board")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    app = make_board(seeded(engine, folder / "config"), lambda: NOON)
    with serving(app, user=None) as server:
        yield f"{server.url}/"
    engine.dispose()
