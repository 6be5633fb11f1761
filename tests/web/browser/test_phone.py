"""An outage taken from the link of its SMS: the endpoint on a port of its own, in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from supportops.alerts.acts.link import Links
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.db.schema import alert_acts, notification_log
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import alert_dispatch
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.web.public.app import make_public_app
from web.boards import NOON
from web.browser.acting import NOW, Desk, desk
from web.browser.opening import SMALL, open_page
from web.browser.serving import serving

TARGETS = ("engineer_sms", "engineer_chat", "team_email", "support_chat", "manager_email")
SECRETS = {"alert_links": "s" * 40} | {f"apprise_{name}": f"json://{name}" for name in TARGETS}
NEXT_STEP = timedelta(minutes=32)


@dataclass
class Phone:
    """The desk, what its dispatches sent (address and text), and where the endpoint listens."""

    desk: Desk
    public: str
    sent: list[tuple[str, str]]

    def dispatch(self, at: datetime) -> None:
        def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
            self.sent.append((url, message.text))
            return Delivery(Outcome.HANDED_OVER, "handed over", 0.1)

        alert_dispatch.run(self.desk.engine, SECRETS.get, lambda: at, send=send)

    def link(self, site: str, target: str = "engineer_sms") -> str:
        """The address in the message to `target` about the outage of `site`."""
        pattern = re.compile(re.escape(self.public) + r"/\S+")
        (found,) = {
            match[0]
            for url, text in self.sent
            if url.endswith(target) and site in text and (match := pattern.search(text))
        }
        return found


@pytest.fixture(scope="module")
def phone(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A desk whose outages have just been sent to those who are on the first step."""
    folder = tmp_path_factory.mktemp("phone")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    with desk(engine, folder / "config") as found, _endpoint(engine, folder / "config") as url:
        phone = Phone(found, url, [])
        phone.dispatch(NOW)
        yield phone
    engine.dispose()


@contextmanager
def _endpoint(engine: Engine, config: Path) -> Iterator[str]:
    context = Context(engine, config, SECRETS.get)

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield context

    links = Links(SECRETS["alert_links"])
    app = make_public_app(open_context, LastConfiguration(), links, lambda: NOW)
    with serving(app, user=None) as server:
        alerts = config / "alerts.yaml"
        # With the limit of five they would be one SMS about six outages.
        written = alerts.read_text().replace("count: 5,", "count: 9,")
        alerts.write_text(f"public_url: {server.url}\n{written}")
        _, error = load_or_last_good(engine, config, NOON)
        assert error is None
        yield server.url


def acts(phone: Phone, site: str) -> list[tuple[str, str]]:
    found = phone.desk.rows(alert_acts, alert=phone.desk.outage(site)["key"])
    return [(each["kind"], each["who"]) for each in found]


def notified_of(phone: Phone, site: str) -> list[str]:
    found = phone.desk.rows(notification_log, alert=phone.desk.outage(site)["key"])
    return [each["target"] for each in found]


def test_an_outage_is_acknowledged_from_its_sms_without_a_script(phone: Phone) -> None:
    taken, left = "Atlas Books", "Borealis Tea"
    with open_page(phone.link(taken), width=SMALL, scripts=False) as opened:
        page = opened.page
        assert "Atlas Books" in page.locator("h1").inner_text()
        assert "Nobody has it yet." in page.locator("main").inner_text()
        page.reload()
        assert acts(phone, taken) == []
        page.fill("[name=name]", "Ada")
        page.fill("[name=note]", "on the train, restarting it")
        page.select_option("[name=length]", "2h")
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_role("status").wait_for()
        assert "Ada (engineer_sms) has it until" in page.get_by_role("status").inner_text()
        assert opened.problems == []
    assert acts(phone, taken) == [("acknowledged", "Ada (engineer_sms)")]

    before = {name: notified_of(phone, name) for name in (taken, left)}
    phone.dispatch(NOW + NEXT_STEP)
    assert notified_of(phone, taken) == before[taken]
    assert "manager_email" in notified_of(phone, left)[len(before[left]) :]

    with open_page(phone.desk.url + "alerts") as opened:
        card = opened.page.locator(".alerts li", has_text=taken).inner_text()
        assert "Ada (engineer_sms)" in card
        opened.page.goto(phone.desk.incident(taken))
        words = opened.page.locator("main").inner_text()
        assert "on the train, restarting it" in words
        assert "Take over from Ada (engineer_sms)" in words


def test_of_two_telephones_the_second_is_shown_who_has_it_and_takes_over(phone: Phone) -> None:
    site = "Cobalt Cycles"
    address = phone.link(site)
    with (
        open_page(address, width=SMALL, scripts=False) as one,
        open_page(address, width=SMALL, scripts=False) as two,
    ):
        for each, name in ((one, "Ada"), (two, "Ben")):
            each.page.fill("[name=name]", name)
            each.page.get_by_role("button", name="Acknowledge").click()
        refused = two.page.get_by_role("alert")
        refused.wait_for()
        assert "Ada (engineer_sms) has it already." in refused.inner_text()
        assert acts(phone, site) == [("acknowledged", "Ada (engineer_sms)")]
        two.page.fill("[name=name]", "Ben")
        two.page.get_by_role("button", name="Take it over").click()
        two.page.get_by_role("status").wait_for()
    assert acts(phone, site)[-1] == ("taken_over", "Ben (engineer_sms)")


def test_the_page_of_a_link_has_no_barrier_and_a_foreign_one_shows_nothing(phone: Phone) -> None:
    with open_page(phone.link("Dunes Hotel"), theme="dark", width=SMALL) as opened:
        assert opened.sideways(SMALL) == []
        assert opened.barriers() == []
        address = opened.page.url
        changed = address[:-2] + ("A" if address[-2] != "A" else "B") + address[-1]
        opened.page.goto(changed)
        assert "this is no address of ours" in opened.page.locator("main").inner_text().lower()
        assert "Dunes" not in opened.page.content()
    with open_page(phone.link("onerror", "team_email"), width=SMALL) as opened:
        assert opened.page.locator("img, script").count() == 0
        assert opened.problems == []
