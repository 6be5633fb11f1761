"""One page in Debian's Chromium, and what is checked of it.

    with open_page(f"{board}/alerts", theme="dark", width=390) as opened:
        opened.page.click("text=Acknowledge")
        assert opened.problems == []

Playwright's own API runs an event loop in the thread that starts it, which would stand in the way
of every later `asyncio.run`. So it lives in a thread of its own, and `in_browser_thread` runs the
tests of this folder there.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SMALL, LARGE = 390, 1280
GRAVE = ("serious", "critical")

_RUN_AXE = """async () => (await axe.run(document, {
    resultTypes: ["violations"], iframes: false,
})).violations.map(each => [each.impact, each.id, each.nodes.map(node => node.html)])"""


@dataclass
class Opened:
    """`problems`: what the browser wrote to its console as an error, CSP violations among it."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def sideways(self, width: int) -> list[str]:
        """What makes the page scroll sideways on a screen of `width` CSS pixels."""
        self.page.set_viewport_size({"width": width, "height": 844})
        found: list[str] = self.page.evaluate(
            """() => {
                const most = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= most) return [];
                return [...document.querySelectorAll("body *")]
                    .filter(each => each.getBoundingClientRect().right > most + 0.5)
                    .map(each => each.outerHTML.slice(0, 120));
            }"""
        )
        return found

    def barriers(self) -> list[tuple[str, str, list[str]]]:
        """What axe-core finds serious or critical: impact, rule, and the elements."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        return [tuple(each) for each in self.page.evaluate(_RUN_AXE) if each[0] in GRAVE]


@contextmanager
def open_page(
    url: str,
    theme: str = "light",
    width: int = LARGE,
    user: str = "ada",
    scripts: bool = True,
    zone: str = "Europe/London",
) -> Iterator[Opened]:
    """The page in a browser profile of its own; `ada` may act, everybody else only read.

    `zone`: of the viewer's clock, the office's by default.
    """
    context = _browser()[1].new_context(
        color_scheme=theme,
        java_script_enabled=scripts,
        timezone_id=zone,
        viewport={"width": width, "height": 844},
        extra_http_headers={"x-user": user},
    )
    try:
        opened = Opened(context.new_page())
        opened.page.on("console", lambda line: _note(opened, line))
        opened.page.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.page.goto(url)
        yield opened
    finally:
        context.close()


def in_browser_thread(act: Callable[[], Any]) -> Any:
    return _thread().submit(act).result()


def close_browser() -> None:
    """Ends what was started, if anything was."""
    if not _thread.cache_info().currsize:
        return
    if _browser.cache_info().currsize:
        playwright, browser = in_browser_thread(_browser)
        in_browser_thread(browser.close)
        in_browser_thread(playwright.stop)
        _browser.cache_clear()
    _thread().shutdown()
    _thread.cache_clear()


@functools.cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "browser")


@functools.cache
def _browser() -> tuple[Playwright, Browser]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "the pages are tested in Debian's chromium: apt-get install chromium"
    playwright = sync_playwright().start()
    return playwright, playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
    )


def _note(opened: Opened, line: Any) -> None:
    # The icon is that of the origin, which is Airflow's.
    if line.type == "error" and not line.location["url"].endswith("/favicon.ico"):
        opened.problems.append(f"{line.text} {line.location['url']}")
