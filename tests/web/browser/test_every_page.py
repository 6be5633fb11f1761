"""Every page in a real browser: nothing is refused, nothing is cut off, nobody is shut out."""

from __future__ import annotations

import pytest

from supportops.web.pages.registry import PAGES
from web.browser.addresses import ADDRESSES
from web.browser.opening import LARGE, SMALL, open_page

# What people name, as one word that is wider than a phone.
LENGTHEN = """() => {
    const texts = "p, strong, dd, blockquote, h1, h2, li, li > a, .quiet, .words, option";
    for (const each of document.querySelectorAll("main :is(" + texts + ")"))
        if (!each.children.length && each.textContent.trim().length > 3)
            each.textContent = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbaubeamte";
}"""


def test_every_page_of_the_board_has_an_address_here() -> None:
    assert set(ADDRESSES) == {page.name for page in PAGES}


@pytest.mark.parametrize(("theme", "zone"), [("light", "Europe/London"), ("dark", "Asia/Tokyo")])
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_works_on_every_screen_and_for_everybody(
    name: str, theme: str, zone: str, board_address: str
) -> None:
    with open_page(board_address + ADDRESSES[name], theme, LARGE, zone=zone) as opened:
        assert opened.page.locator("main h1").count() == 1
        assert opened.problems == []
        assert opened.sideways(LARGE) == []
        assert opened.barriers() == []
        assert opened.sideways(SMALL) == []
        assert opened.barriers() == []
        assert opened.problems == []
        opened.page.evaluate(LENGTHEN)
        assert opened.sideways(SMALL) == []


def test_who_may_only_read_meets_no_barrier_either(board_address: str) -> None:
    with open_page(board_address + "alerts", user="bob") as opened:
        assert opened.page.locator("button[data-act]").count() == 0
        assert opened.barriers() == []


def test_times_are_on_the_viewers_clock_with_the_offices_beside_them(board_address: str) -> None:
    times = "section.verdict time"
    address = board_address + ADDRESSES["site"]
    with open_page(address) as opened:
        assert opened.page.locator(times).all_inner_texts() == ["Wed 18 Nov 2026 11:45 GMT"]
    with open_page(address, zone="Asia/Tokyo") as opened:
        page = opened.page
        for _ in range(2):
            (shown,) = page.locator(times).all_inner_texts()
            assert shown == "Wed 18 Nov 2026 20:45 GMT+9 11:45 GMT"
            page.evaluate("refresh(true)")
        ended = page.locator("#chain time", has_text="Thu 20 Aug 2026 21:00 GMT+9")
        assert ended.locator(".office").inner_text() == "13:00 BST"
    with open_page(address, zone="Pacific/Auckland") as opened:
        (shown,) = opened.page.locator(times).all_inner_texts()
        assert shown == "Thu 19 Nov 2026 00:45 GMT+13 Wed 11:45 GMT"


def test_the_checks_notice_what_they_are_for(board_address: str) -> None:
    with open_page(board_address) as opened:
        opened.page.evaluate(
            """() => {
                const wide = document.createElement("div");
                wide.style.width = "3000px";
                wide.innerHTML = '<img src="static/board.css"><button></button>wide';
                document.querySelector("main").append(wide);
                document.body.insertAdjacentHTML("beforeend", '<p style="color: red">x</p>');
            }"""
        )
        opened.page.wait_for_timeout(50)
        assert opened.sideways(SMALL) != []
        assert {"button-name", "image-alt"} <= {rule for _, rule, _ in opened.barriers()}
        assert any("Content Security Policy" in each for each in opened.problems)
