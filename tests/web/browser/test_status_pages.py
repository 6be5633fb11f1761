"""Status pages as a customer opens them, from the server that ships, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.customers.publishing.agency import Agency
from supportops.db.engine import make_engine
from supportops.flows.sites import maintenance
from supportops.sites.announced.window import Scope
from supportops.sites.check import Reason
from supportops.sites.site import FIVE_MINUTES
from supportops.web.public.status_pages import make_status_app
from web.browser.opening import LARGE, SMALL, open_page
from web.browser.serving import serving

SHOP, BLOG = "bluebird-shop.example", "bluebird-blog.example"


@dataclass(frozen=True)
class Published:
    """Where the pages are, by customer; checked at `checked`, which is just now."""

    addresses: dict[str | None, str]
    checked: datetime


@pytest.fixture(scope="module")
def published(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("status")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    agency = Agency(engine, folder)
    now = datetime.now(UTC)
    now = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    agency.now = now - 40 * FIVE_MINUTES
    agency.activate()
    agency.check(6)
    agency.down = {"kestrel.example": Reason.STATUS, BLOG: Reason.TIMEOUT}
    agency.later(4)
    agency.down = {SHOP: Reason.TIMEOUT}
    agency.later(36)
    start = now + timedelta(days=1)
    window = (start + timedelta(hours=2), "New disks", "Priya", now, start)
    maintenance.announce(agency.context, Scope.CUSTOMER, "Bluebird Books", *window)
    agency.write()
    with serving(make_status_app(agency.folder), user=None) as server:
        addresses = {name: f"{server.url}/{path}" for name, path in agency.addresses().items()}
        yield Published(addresses, now)
    engine.dispose()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("customer", [None, "Bluebird Books", "Kestrel Cycles"])
def test_a_page_works_on_every_screen_and_for_everybody(
    published: Published, customer: str | None, theme: str
) -> None:
    with open_page(published.addresses[customer], theme) as opened:
        assert opened.page.locator("h1").count() == 1
        for summary in opened.page.locator("summary").all():
            summary.click()
        for width in (LARGE, SMALL):
            assert opened.sideways(width) == []
            assert opened.barriers() == []
        assert opened.problems == []


def test_a_page_declares_itself_out_of_date(published: Published) -> None:
    with open_page(published.addresses[None]) as opened:
        page, stale = opened.page, opened.page.locator("#stale")
        assert not stale.is_visible()
        page.clock.install(time=published.checked + timedelta(minutes=16))
        page.reload()
        assert stale.is_visible()
        assert opened.problems == []


def test_a_page_is_whole_without_scripts(published: Published) -> None:
    for customer, words in (
        (None, "This page was made"),
        ("Kestrel Cycles", "Diese Seite ist vom"),
    ):
        address = published.addresses[customer]
        with open_page(address, scripts=False) as plain, open_page(address) as opened:
            text = plain.page.locator("body").inner_text()
            assert words in text
            assert text == opened.page.locator("body").inner_text()
            assert opened.page.locator(".bars path.down").first.is_visible()


def test_the_page_of_a_broken_site_says_what_is_wrong(published: Published) -> None:
    with open_page(published.addresses["Bluebird Books"]) as opened:
        text = opened.page.locator("main").inner_text()
        assert f"{SHOP}: Not working" in text
        assert "Planned maintenance" in text
        assert text.index("What is wrong now") < text.index(SHOP) < text.index("The last 14 days")
        assert opened.page.title() == (
            "1 of 2 sites is not working. Status of the websites of Bluebird Books"
        )
