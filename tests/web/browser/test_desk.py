"""The desk as an operator uses it, in a real browser: the queue, a call, its answer, its end."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from supportops.db.engine import make_engine
from web.browser.opening import open_page
from web.browser.serving import serving
from web.desk import Desk


@pytest.fixture(scope="module")
def desk_address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk with two bugs, the older of which is due first."""
    folder = tmp_path_factory.mktemp("desk")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    desk = Desk(engine, folder / "config")
    desk.ticket("1", ago=timedelta(minutes=20), subject="Younger")
    desk.ticket("2", ago=timedelta(hours=3), subject="Older", customer="Umbrella")
    with serving(desk.client.app, user=None) as server:
        yield f"{server.url}/"
    engine.dispose()


def test_what_is_due_next_is_first_and_counts_down_and_turns_at_zero(desk_address: str) -> None:
    with open_page(f"{desk_address}tickets") as opened:
        first = opened.page.locator(".queue li").first
        assert "Older" in first.inner_text()
        clock = first.locator(".countdown").first
        clock.evaluate("each => { each.dataset.left = 1; each.dataset.runs = 60; }")
        opened.page.wait_for_function(
            "() => document.querySelector('.countdown').textContent.startsWith('late by')"
        )
        assert "late" in (clock.get_attribute("class") or "").split()
        opened.page.select_option("select[name=customer]", "Umbrella")
        opened.page.get_by_role("button", name="Show").click()
        opened.page.wait_for_url("**/tickets?**")
        assert "customer=Umbrella" in opened.page.url
        assert opened.page.locator(".queue li").count() == 1
        assert opened.problems == []


def test_a_call_is_taken_answered_and_solved(desk_address: str) -> None:
    with open_page(f"{desk_address}call") as opened:
        page = opened.page
        page.fill("input[name=site]", "shop.example")
        page.locator("input[name=site]").blur()
        page.wait_for_selector("text=shop.example is checked and has no open incident")
        assert page.input_value("input[name=customer]") == "Acme"
        assert "Younger" in page.inner_text("#look")
        page.fill("input[name=number]", "no number")
        page.locator("input[name=number]").blur()
        page.wait_for_selector("text=expected a telephone number")
        page.fill("input[name=number]", "+44 20 7946 0958")
        page.wait_for_selector(".fault-of", state="detached")
        page.fill("textarea[name=what]", "The shop shows <b>nothing</b>")
        page.select_option("select[name=tier]", "mission_critical")
        page.wait_for_selector("text=the engineers are paged")
        page.click("text=Log the call")
        page.wait_for_url(re.compile(r"ticket\?source=phone"))
        assert page.inner_text("h1") == "The shop shows <b>nothing</b>"
        page.fill("textarea[name=text]", "We have restarted it.")
        page.click("text=Write down the reply")
        page.wait_for_selector("blockquote:has-text('We have restarted it.')")
        page.get_by_role("button", name="Solve", exact=True).click()
        page.wait_for_timeout(450)  # sooner it would be a double click
        page.get_by_role("button", name="Press again to solve it").click()
        page.wait_for_selector("text=Reopen")
        assert "solved" in page.inner_text(".verdict")
        assert opened.problems == []


def test_the_support_bundle_is_copied(desk_address: str) -> None:
    with open_page(f"{desk_address}ticket?source=zendesk&id=1") as opened:
        opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened.page.click("#copy-bundle")
        opened.page.wait_for_selector("text=Copied.")
        text = opened.page.evaluate("() => navigator.clipboard.readText()")
        assert '"product"' in text
        assert "Younger" not in text
        assert opened.problems == []
