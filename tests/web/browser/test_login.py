"""People sign in to a real Airflow in a browser, and come to the page that a message led to."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page

import airflow_home
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import incident_link, incident_path
from supportops.alerts.store import find_open
from supportops.db.engine import make_engine, reading
from supportops.sites.check import Reason
from supportops.sites.site import Site
from web.boards import NOON, live_through, site_entry, slots_until, write_config
from web.browser.opening import open_page
from web.browser.serving import serving

PASSWORDS = {"vera": "viewer-password", "otto": "op-password"}
USERS = "vera:viewer,otto:op"


@dataclass
class Airflow:
    """Airflow's own server over a store with one outage, at `url`."""

    url: str
    outage: Alert


@pytest.fixture(scope="module")
def airflow(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    folder = tmp_path_factory.mktemp("airflow")
    address = f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}"
    engine = make_engine(address)
    write_config(folder / "config", [site_entry("shop & café?", host="web-1")])
    live_through(engine, folder / "config", slots_until(NOON, 2), _down)
    with reading(engine) as connection:
        outage = find_open(connection, Kind.OUTAGE, "shop & café?")
    assert outage is not None
    engine.dispose()
    home = airflow_home.migrated()
    passwords = home / "desk_passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SUPPORTOPS_DATABASE_URL", address)
        patched.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", USERS)
        patched.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        with _served() as url:
            yield Airflow(url, outage)


@contextmanager
def _served() -> Iterator[str]:
    from airflow import plugins_manager
    from airflow.api_fastapi.app import create_app

    with serving(create_app(), user=None) as server:
        boards = [
            each["app"]
            for each in plugins_manager.get_fastapi_plugins()[0]
            if each["url_prefix"] == "/support"
        ]
        for board in boards:
            board.close()  # it opens this test's store
        yield server.url
        for board in boards:
            board.close()


def _down(site: Site, page: str, at: object) -> Reason:
    return Reason.REFUSED


def sign_in(page: Page, name: str) -> None:
    page.wait_for_url("**/auth/login?next=*")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORDS[name])
    page.keyboard.press("Enter")


def framed(page: Page) -> FrameLocator:
    """The board inside Airflow's page."""
    return page.frame_locator("iframe")


@pytest.mark.parametrize("name", PASSWORDS)
def test_a_mails_link_leads_through_the_login_to_its_incident(airflow: Airflow, name: str) -> None:
    link = incident_link(f"{airflow.url}/plugin/support", airflow.outage)
    assert link is not None
    with open_page(link) as opened:
        sign_in(opened.page, name)
        board = framed(opened.page)
        board.locator("h1", has_text="DOWN: shop & café?").wait_for()
        taking = board.get_by_role("button", name="Acknowledge with a note")
        assert taking.count() == (name == "otto")
        links = board.locator("nav a").all_inner_texts()
        assert ("Take a call" in links) == (name == "otto")


def test_an_address_of_the_board_itself_leads_through_the_login_and_back(airflow: Airflow) -> None:
    address = f"{airflow.url}/support/{incident_path(airflow.outage.key)}"
    with open_page(address) as opened:
        page = opened.page
        sign_in(page, "otto")
        page.locator("h1", has_text="DOWN: shop & café?").wait_for()
        assert page.url == address
        page.fill("#take [name=note]", "on it")
        page.get_by_role("button", name="Acknowledge with a note").click()
        page.locator("#said", has_text="otto has it").wait_for()
        # The login ends while somebody works.
        page.context.clear_cookies()
        page.evaluate("refresh(true)")
        page.locator("#silence a", has_text="Sign in").click()
        sign_in(page, "vera")
        page.locator("h1", has_text="DOWN: shop & café?").wait_for()
        assert page.locator("[data-act]").count() == 0
        answer = page.evaluate("key => send('unacknowledge', {key})", airflow.outage.key)
        assert answer["failed"] == "Not done. You may only read."


def test_a_script_without_a_login_is_told_so(airflow: Airflow) -> None:
    with open_page(f"{airflow.url}/auth/login") as opened:
        found = opened.page.evaluate(
            """async () => {
                const asked = ["support/", "support/api/board", "support/tickets.csv"];
                const answers = asked.map(each => fetch(`/${each}`, { redirect: "manual" }));
                return (await Promise.all(answers)).map(each => [each.type, each.status]);
            }"""
        )
        assert found == [["basic", 401]] * 3
        assert re.search(r"/auth/login", opened.page.url)
